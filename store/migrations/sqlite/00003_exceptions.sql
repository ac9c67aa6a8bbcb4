-- +goose Up
-- A removed exception stays, as the record of who had agreed to what.
CREATE TABLE exceptions (
    id TEXT PRIMARY KEY,
    rule TEXT NOT NULL,
    action TEXT NOT NULL,
    account TEXT NOT NULL,
    resource TEXT NOT NULL,
    owner TEXT NOT NULL,
    reason TEXT NOT NULL,
    ticket TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    added_by TEXT NOT NULL,
    removed_at INTEGER,
    removed_by TEXT NOT NULL DEFAULT ''
);
CREATE INDEX exceptions_expires ON exceptions (expires_at);

-- +goose Down
DROP TABLE exceptions;
