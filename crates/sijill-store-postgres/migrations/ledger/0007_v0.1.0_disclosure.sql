-- An erased disclosure keeps its digest: the event carries it for ever, and it may occur nowhere else.
CREATE TABLE disclosure (
    idx        bigint NOT NULL,
    digest     bytea  NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    key_id     bytea  CHECK (octet_length(key_id) = 16),
    ciphertext bytea,
    PRIMARY KEY (idx, digest),
    CHECK ((key_id IS NULL) = (ciphertext IS NULL))
);
