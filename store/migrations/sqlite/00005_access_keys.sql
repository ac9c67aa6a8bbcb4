-- +goose Up
CREATE TABLE access_keys (
    id TEXT PRIMARY KEY,
    secret BLOB NOT NULL, -- encrypted with the master key
    account TEXT NOT NULL,
    roles TEXT NOT NULL, -- separated by commas
    speaks_for_aws INTEGER NOT NULL,
    description TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    last_used_at INTEGER,
    revoked_at INTEGER,
    revoked_by TEXT NOT NULL DEFAULT ''
);

-- +goose Down
DROP TABLE access_keys;
