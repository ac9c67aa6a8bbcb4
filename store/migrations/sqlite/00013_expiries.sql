-- +goose Up
-- Effects that riposte takes back by itself at a time: a projection of the journal.
CREATE TABLE expiries (
    execution TEXT NOT NULL,
    effect TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (execution, effect)
);
CREATE INDEX expiries_at ON expiries (at);

-- +goose Down
DROP TABLE expiries;
