-- Client assertions that may not be used a second time.
CREATE TABLE assertion (
    id      bytea  PRIMARY KEY CHECK (octet_length(id) = 32),
    expires bigint NOT NULL
);
