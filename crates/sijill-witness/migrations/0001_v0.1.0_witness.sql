-- The logs that are witnessed: the keys each one's checkpoints may be signed with.
CREATE TABLE log_key (
    origin TEXT NOT NULL,
    vkey   TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- What was cosigned last of each log. It outlasts the log's keys: whoever trusts a log anew goes on from here.
CREATE TABLE head (
    origin TEXT NOT NULL PRIMARY KEY,
    size   INTEGER NOT NULL CHECK (size >= 0),
    root   BLOB NOT NULL CHECK (length(root) = 32),
    note   TEXT NOT NULL,
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Checkpoints that a log signed and that were not cosigned because they do not extend what was.
CREATE TABLE evidence (
    origin TEXT NOT NULL,
    kind   TEXT NOT NULL CHECK (kind IN ('fork', 'unproven')),
    size   INTEGER NOT NULL,
    root   BLOB NOT NULL CHECK (length(root) = 32),
    held   TEXT NOT NULL,
    shown  TEXT NOT NULL,
    old    INTEGER NOT NULL,
    proof  TEXT NOT NULL,
    first  INTEGER NOT NULL,
    last   INTEGER NOT NULL,
    times  INTEGER NOT NULL,
    PRIMARY KEY (origin, kind, size, root)
) STRICT, WITHOUT ROWID;

-- How many more there were than are kept.
CREATE TABLE evidence_beyond (
    origin TEXT NOT NULL,
    kind   TEXT NOT NULL,
    times  INTEGER NOT NULL,
    last   INTEGER NOT NULL,
    PRIMARY KEY (origin, kind)
) STRICT, WITHOUT ROWID;
