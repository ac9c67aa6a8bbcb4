-- +goose Up
CREATE TABLE network_accounts (
    account TEXT PRIMARY KEY,
    first_seen INTEGER NOT NULL
);
CREATE TABLE networks (
    account TEXT NOT NULL,
    prefix TEXT NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    PRIMARY KEY (account, prefix)
);

-- +goose Down
DROP TABLE networks;
DROP TABLE network_accounts;
