-- One line for each entry of a case or contact: what, by whom, and by how much its times lie apart.
CREATE TABLE {entry_fact} (
    subject  TEXT   NOT NULL,
    since    BIGINT NOT NULL,
    since_ms BIGINT NOT NULL,
    until    BIGINT NOT NULL,
    until_ms BIGINT NOT NULL,
    type     TEXT   NOT NULL,
    agency   TEXT   NOT NULL,
    signer   TEXT   NOT NULL,
    unit     TEXT,
    officer  TEXT,
    late_ms  BIGINT NOT NULL,
    back_ms  BIGINT NOT NULL,
    readable BIGINT NOT NULL
);
CREATE INDEX {entry_fact}_since ON {entry_fact} (since_ms, type);
CREATE INDEX {entry_fact}_subject ON {entry_fact} (subject, since);
