-- Wrapped data keys, in a database apart from the ledger. Numbered from 1001, so that the two are never taken for each other.
CREATE TABLE data_key (
    id      bytea PRIMARY KEY CHECK (octet_length(id) = 16),
    wrapped bytea NOT NULL
);
