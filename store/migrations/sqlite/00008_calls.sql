-- +goose Up
CREATE TABLE calls (
    request_id TEXT PRIMARY KEY,
    at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX calls_at ON calls (at);

-- +goose Down
DROP TABLE calls;
