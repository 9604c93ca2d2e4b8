-- Who may know of a case or contact, from one entry to another: a line for each agency, unit or officer it is tied to.
CREATE TABLE {circle} (
    subject  TEXT   NOT NULL,
    since    BIGINT NOT NULL,
    since_ms BIGINT NOT NULL,
    until    BIGINT NOT NULL,
    until_ms BIGINT NOT NULL,
    tie      TEXT   NOT NULL,
    agency   TEXT   NOT NULL,
    unit     TEXT,
    officer  TEXT,
    ends_ms  BIGINT
);
CREATE INDEX {circle}_agency ON {circle} (agency, tie, until, subject);
CREATE INDEX {circle}_subject ON {circle} (subject, tie, until);
