-- +goose Up
-- What became of notices to people, attempt by attempt. delivery is '' where there never was one.
CREATE TABLE deliveries (
    seq INTEGER PRIMARY KEY,
    delivery TEXT NOT NULL,
    message TEXT NOT NULL,
    execution TEXT NOT NULL,
    status TEXT NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX deliveries_delivery ON deliveries (delivery, status);
CREATE INDEX deliveries_message ON deliveries (message);
CREATE INDEX deliveries_execution ON deliveries (execution);
CREATE INDEX deliveries_at ON deliveries (at);

-- +goose Down
DROP TABLE deliveries;
