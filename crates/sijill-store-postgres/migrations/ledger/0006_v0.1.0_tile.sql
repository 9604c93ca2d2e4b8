-- Full tiles only.
CREATE TABLE tile (
    level  smallint NOT NULL CHECK (level BETWEEN 0 AND 255),
    idx    bigint   NOT NULL CHECK (idx >= 0),
    hashes bytea    NOT NULL CHECK (octet_length(hashes) = 8192),
    PRIMARY KEY (level, idx)
);
