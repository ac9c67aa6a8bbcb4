-- +goose Up
-- State machines that were created by Step Functions' API. Revisions are never changed or removed, so that it can be told what
-- was in force when.
CREATE TABLE state_machine_revisions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    machine TEXT NOT NULL,
    revision TEXT NOT NULL,
    hash TEXT NOT NULL,
    definition TEXT NOT NULL,
    role TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_at INTEGER NOT NULL
);
CREATE TABLE state_machines (
    name TEXT PRIMARY KEY,
    type TEXT NOT NULL,
    tags TEXT NOT NULL,
    revision INTEGER NOT NULL REFERENCES state_machine_revisions (id),
    created_at INTEGER NOT NULL
);

-- +goose Down
DROP TABLE state_machines;
DROP TABLE state_machine_revisions;
