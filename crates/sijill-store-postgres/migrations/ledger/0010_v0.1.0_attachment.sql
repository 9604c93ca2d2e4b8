-- An upload in progress has no digest yet; an erased attachment has no key any more. `entry` is the first entry that
-- names it; what none names is swept.
CREATE TABLE attachment (
    upload uuid    PRIMARY KEY,
    begun  bigint  NOT NULL,
    digest bytea   UNIQUE CHECK (octet_length(digest) = 32),
    size   bigint  CHECK (size >= 0),
    chunks bigint  CHECK (chunks >= 0),
    key_id bytea   CHECK (octet_length(key_id) = 16),
    entry  bigint,
    erased boolean NOT NULL DEFAULT false,
    CHECK ((digest IS NULL) = (size IS NULL) AND (digest IS NULL) = (chunks IS NULL)),
    CHECK ((key_id IS NULL) = (digest IS NULL OR erased))
);
