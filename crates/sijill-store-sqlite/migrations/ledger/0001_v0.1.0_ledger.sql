-- The ledger: its head, its entries and what is kept beside them.
-- The first word of a migration's name is the release that brought it (see src/schema.rs).

-- One row. Moved by compare-and-swap, in the transaction that writes everything else.
CREATE TABLE head (
    only     INTEGER PRIMARY KEY CHECK (only = 1),
    size     INTEGER NOT NULL CHECK (size >= 0),
    root     BLOB    NOT NULL CHECK (length(root) = 32),
    received INTEGER NOT NULL CHECK (received >= 0)
) STRICT;

-- The root of an empty tree is SHA-256 of nothing.
INSERT INTO head VALUES (1, 0, x'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 0);

-- The text stands last: whoever reads the columns before it never loads the pages it overflows into.
CREATE TABLE entry (
    idx      INTEGER PRIMARY KEY CHECK (idx >= 0),
    stream   TEXT    NOT NULL,
    seq      INTEGER NOT NULL CHECK (seq >= 0),
    jti      BLOB    NOT NULL UNIQUE CHECK (length(jti) = 16),
    registry INTEGER NOT NULL CHECK (registry IN (0, 1)),
    entry    TEXT    NOT NULL,
    UNIQUE (stream, seq)
) STRICT;

CREATE INDEX entry_registry ON entry (idx) WHERE registry = 1;

CREATE TABLE stream_head (
    stream  TEXT    PRIMARY KEY,
    seq     INTEGER NOT NULL CHECK (seq >= 0),
    last    BLOB    NOT NULL CHECK (length(last) = 32),
    parties TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- Full tiles only.
CREATE TABLE tile (
    level  INTEGER NOT NULL CHECK (level BETWEEN 0 AND 255),
    idx    INTEGER NOT NULL CHECK (idx >= 0),
    hashes BLOB    NOT NULL CHECK (length(hashes) = 8192),
    PRIMARY KEY (level, idx)
) STRICT;

-- An erased disclosure keeps its digest: the event carries it for ever, and it may occur nowhere else.
CREATE TABLE disclosure (
    idx        INTEGER NOT NULL,
    digest     BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32),
    key_id     BLOB    CHECK (length(key_id) = 16),
    ciphertext BLOB,
    PRIMARY KEY (idx, digest),
    CHECK ((key_id IS NULL) = (ciphertext IS NULL))
) STRICT, WITHOUT ROWID;

-- Client assertions that may not be used a second time.
CREATE TABLE assertion (
    id      BLOB    PRIMARY KEY CHECK (length(id) = 32),
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX assertion_expires ON assertion (expires);

-- An upload in progress has no digest yet; an erased attachment has no key any more.
CREATE TABLE attachment (
    upload BLOB    PRIMARY KEY CHECK (length(upload) = 16),
    begun  INTEGER NOT NULL,
    digest BLOB    UNIQUE CHECK (length(digest) = 32),
    size   INTEGER CHECK (size >= 0),
    chunks INTEGER CHECK (chunks >= 0),
    key_id BLOB    CHECK (length(key_id) = 16),
    -- The first entry that names it; what none names is swept.
    entry  INTEGER,
    erased INTEGER NOT NULL DEFAULT 0 CHECK (erased IN (0, 1)),
    CHECK ((digest IS NULL) = (size IS NULL) AND (digest IS NULL) = (chunks IS NULL)),
    CHECK ((key_id IS NULL) = (digest IS NULL OR erased = 1))
) STRICT, WITHOUT ROWID;

CREATE TABLE attachment_chunk (
    upload     BLOB    NOT NULL REFERENCES attachment (upload) ON DELETE CASCADE,
    number     INTEGER NOT NULL CHECK (number >= 0),
    ciphertext BLOB    NOT NULL,
    PRIMARY KEY (upload, number)
) STRICT;
