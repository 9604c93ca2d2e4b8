-- Casework: documents, and what finds a case. All but the documents are read models, derived from the log.

-- Public bytes by their hash. `put` is when they were last put, Unix seconds.
CREATE TABLE document (
    hash  BLOB    PRIMARY KEY CHECK (length(hash) = 32),
    put   INTEGER NOT NULL,
    bytes BLOB    NOT NULL CHECK (length(bytes) <= 1048576)
) STRICT;

-- Only cases that wake at all; Unix milliseconds.
CREATE TABLE case_wake (
    case_id  TEXT    PRIMARY KEY,
    wakes_at INTEGER NOT NULL CHECK (wakes_at >= 0)
) STRICT, WITHOUT ROWID;

CREATE INDEX case_wake_next ON case_wake (wakes_at, case_id);

-- Calm is what is not urgent, and what is due at no time is due at the end of time (2^63-1): so a desk sorts ascending
-- throughout, and one comparison of rows finds the next page.
CREATE TABLE desk (
    case_id TEXT    NOT NULL,
    agency  TEXT    NOT NULL,
    unit    TEXT    NOT NULL,
    kind    INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 255),
    calm    INTEGER NOT NULL CHECK (calm IN (0, 1)),
    due     INTEGER NOT NULL CHECK (due >= 0),
    PRIMARY KEY (case_id, agency, unit, kind)
) STRICT, WITHOUT ROWID;

CREATE INDEX desk_queue ON desk (agency, unit, calm, due, case_id, kind);

CREATE TABLE match_key (
    match_key BLOB NOT NULL CHECK (length(match_key) = 32),
    case_id   TEXT NOT NULL,
    PRIMARY KEY (match_key, case_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX match_key_case ON match_key (case_id);
