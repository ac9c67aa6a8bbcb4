-- +goose Up
-- Times are microseconds since 1970, UTC. The columns beside body are for filters; body is the finding itself.
CREATE TABLE findings (
    seq INTEGER PRIMARY KEY,
    product_arn TEXT NOT NULL,
    finding_id TEXT NOT NULL,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    rule TEXT NOT NULL,
    severity TEXT NOT NULL,
    workflow TEXT NOT NULL,
    record_state TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    imported_at INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    version INTEGER NOT NULL,
    search TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (product_arn, finding_id)
);
CREATE INDEX findings_updated ON findings (updated_at, seq);
CREATE INDEX findings_account ON findings (account, updated_at, seq);
CREATE INDEX findings_rule ON findings (rule, updated_at, seq);
CREATE INDEX findings_id ON findings (finding_id);

CREATE TABLE finding_types (
    finding INTEGER NOT NULL REFERENCES findings (seq) ON DELETE CASCADE,
    type TEXT NOT NULL,
    PRIMARY KEY (type, finding)
);
CREATE INDEX finding_types_finding ON finding_types (finding);

CREATE TABLE finding_resources (
    finding INTEGER NOT NULL REFERENCES findings (seq) ON DELETE CASCADE,
    resource TEXT NOT NULL,
    PRIMARY KEY (resource, finding)
);
CREATE INDEX finding_resources_finding ON finding_resources (finding);

-- Events that wait to be published, in the order of their changes. AUTOINCREMENT never gives a number twice.
CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    event TEXT NOT NULL,
    created_at INTEGER NOT NULL
);

-- +goose Down
DROP TABLE outbox;
DROP TABLE finding_resources;
DROP TABLE finding_types;
DROP TABLE findings;
