-- text, never jsonb: the bytes are what was signed. COLLATE "C": names sort by their bytes, whatever the database's locale.
CREATE TABLE entry (
    idx      bigint  PRIMARY KEY CHECK (idx >= 0),
    seq      bigint  NOT NULL CHECK (seq >= 0),
    jti      uuid    NOT NULL UNIQUE,
    registry boolean NOT NULL,
    stream   text    COLLATE "C" NOT NULL,
    entry    text    NOT NULL,
    UNIQUE (stream, seq)
);
