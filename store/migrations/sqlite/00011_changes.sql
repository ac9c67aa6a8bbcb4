-- +goose Up
-- Changes that executions were about to make: what budgets count. A projection of the journal.
CREATE TABLE changes (
    key TEXT PRIMARY KEY,
    action TEXT NOT NULL,
    account TEXT NOT NULL,
    resource TEXT NOT NULL,
    at INTEGER NOT NULL
);
CREATE INDEX changes_at ON changes (at);

-- +goose Down
DROP TABLE changes;
