-- +goose Up
-- A pause that was ended stays, as the record of who had stopped what and why.
CREATE TABLE pauses (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    rule TEXT NOT NULL,
    action TEXT NOT NULL,
    resource TEXT NOT NULL,
    reason TEXT NOT NULL,
    paused_by TEXT NOT NULL,
    paused_at INTEGER NOT NULL,
    resumed_by TEXT NOT NULL DEFAULT '',
    resumed_at INTEGER
);
CREATE INDEX pauses_in_force ON pauses (paused_at) WHERE resumed_at IS NULL;

-- +goose Down
DROP TABLE pauses;
