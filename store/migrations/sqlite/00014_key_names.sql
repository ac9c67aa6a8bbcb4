-- +goose Up
-- Whose key it is. Keys of before are called by their ids, as in what they have answered.
ALTER TABLE access_keys ADD COLUMN name TEXT NOT NULL DEFAULT '';
UPDATE access_keys SET name = id;
CREATE UNIQUE INDEX access_keys_name ON access_keys (name) WHERE revoked_at IS NULL;

-- +goose Down
DROP INDEX access_keys_name;
ALTER TABLE access_keys DROP COLUMN name;
