-- Checkpoints that a log signed and that are known here: those cosigned, and those that others hold. Two roots for one size
-- convict the log. `compared`: 0 until whoever holds the log's tree has compared it with that.
CREATE TABLE seen (
    origin   TEXT NOT NULL,
    size     INTEGER NOT NULL CHECK (size >= 0),
    root     BLOB NOT NULL CHECK (length(root) = 32),
    note     TEXT NOT NULL,
    at       INTEGER NOT NULL,
    compared INTEGER NOT NULL,
    PRIMARY KEY (origin, size, root)
) STRICT, WITHOUT ROWID;

INSERT INTO seen (origin, size, root, note, at, compared) SELECT origin, size, root, note, at, 1 FROM head;

CREATE INDEX seen_not_compared ON seen (origin, size) WHERE compared = 0;
