-- +goose Up
CREATE TABLE executions (
    id TEXT PRIMARY KEY,
    rule TEXT NOT NULL,
    playbook TEXT NOT NULL,
    cause TEXT NOT NULL,
    root TEXT NOT NULL,
    account TEXT NOT NULL,
    status TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX executions_started ON executions (started_at, id);
CREATE INDEX executions_status ON executions (status, started_at);
CREATE INDEX executions_rule ON executions (rule, started_at);
CREATE INDEX executions_cause ON executions (cause);
CREATE INDEX executions_root ON executions (root);

CREATE TABLE execution_resources (
    execution TEXT NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
    resource TEXT NOT NULL,
    PRIMARY KEY (resource, execution)
);
CREATE INDEX execution_resources_execution ON execution_resources (execution);

-- AWS calls that executions made. request_id is '' where a crash lost it.
CREATE TABLE requests (
    request_id TEXT NOT NULL,
    execution TEXT NOT NULL,
    service TEXT NOT NULL,
    operation TEXT NOT NULL,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    at INTEGER NOT NULL
);
CREATE UNIQUE INDEX requests_known ON requests (request_id) WHERE request_id <> '';
CREATE UNIQUE INDEX requests_lost ON requests (at, execution, service, operation, account, region) WHERE request_id = '';

-- How far a journal has been applied to the tables that are derived from it.
CREATE TABLE projections (
    name TEXT PRIMARY KEY,
    position INTEGER NOT NULL
);

-- +goose Down
DROP TABLE projections;
DROP TABLE requests;
DROP TABLE execution_resources;
DROP TABLE executions;
