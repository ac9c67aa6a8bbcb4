-- +goose Up
-- The audit record: a chain that is only ever added to. body is the whole record, its hash with it, in the form that is hashed.
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    hash TEXT NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    execution TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_execution ON audit (execution) WHERE execution <> '';

-- +goose StatementBegin
CREATE TRIGGER audit_keeps_what_it_says BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'audit records are never changed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_keeps_everything BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'audit records are never removed'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_is_added_to_at_its_end BEFORE INSERT ON audit
WHEN new.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM audit)
BEGIN SELECT RAISE(ABORT, 'audit records are added at the end only'); END;
-- +goose StatementEnd

-- +goose Down
DROP TABLE audit;
