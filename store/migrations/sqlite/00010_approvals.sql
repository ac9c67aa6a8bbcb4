-- +goose Up
-- Questions whether a plan may be carried out, with their answers: a projection of the journal.
CREATE TABLE approvals (
    id TEXT PRIMARY KEY,
    execution TEXT NOT NULL,
    path TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    closed_at INTEGER,
    superseded INTEGER NOT NULL DEFAULT 0,
    body TEXT NOT NULL
);
CREATE INDEX approvals_asked ON approvals (asked_at, id);
CREATE INDEX approvals_execution ON approvals (execution);
CREATE INDEX approvals_open ON approvals (expires_at) WHERE closed_at IS NULL;

CREATE TABLE approval_answers (
    approval TEXT NOT NULL REFERENCES approvals (id) ON DELETE CASCADE,
    answered_by TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (approval, answered_by)
);

-- +goose Down
DROP TABLE approval_answers;
DROP TABLE approvals;
