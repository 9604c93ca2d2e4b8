-- Wrapped data keys, in a file apart from the ledger. Numbered from 1001, so that the two are never taken for each other.
CREATE TABLE data_key (
    id      BLOB PRIMARY KEY CHECK (length(id) = 16),
    wrapped BLOB NOT NULL
) STRICT, WITHOUT ROWID;
