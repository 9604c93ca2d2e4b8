-- One line for every time somebody asked to see, was shown, broke the glass, reviewed that, or took data out.
CREATE TABLE {access} (
    subject  TEXT   NOT NULL,
    since    BIGINT NOT NULL,
    since_ms BIGINT NOT NULL,
    until    BIGINT NOT NULL,
    until_ms BIGINT NOT NULL,
    act      TEXT   NOT NULL,
    agency   TEXT,
    unit     TEXT,
    officer  TEXT,
    code     TEXT,
    classes  TEXT,
    fields   BIGINT NOT NULL,
    event    TEXT   NOT NULL
);
CREATE INDEX {access}_since ON {access} (since_ms, act);
CREATE INDEX {access}_subject ON {access} (subject, since);
