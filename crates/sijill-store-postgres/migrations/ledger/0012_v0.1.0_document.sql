-- Public bytes by their hash. `put` is when they were last put, Unix seconds.
CREATE TABLE document (
    hash  bytea  PRIMARY KEY CHECK (octet_length(hash) = 32),
    put   bigint NOT NULL,
    bytes bytea  NOT NULL CHECK (octet_length(bytes) <= 1048576)
);
