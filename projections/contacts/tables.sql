-- A contact as it stood from one entry to another: what came in, and whether it became a case.
CREATE TABLE {contact_state} (
    subject     TEXT   NOT NULL,
    since       BIGINT NOT NULL,
    since_ms    BIGINT NOT NULL,
    until       BIGINT NOT NULL,
    until_ms    BIGINT NOT NULL,
    by_agency   TEXT   NOT NULL,
    by_unit     TEXT   NOT NULL,
    logged_ms   BIGINT NOT NULL,
    kind        TEXT   NOT NULL,
    category    TEXT,
    action      TEXT,
    channel     TEXT   NOT NULL,
    governorate TEXT,
    repeat      BIGINT NOT NULL,
    cases       BIGINT NOT NULL
);
CREATE INDEX {contact_state}_until ON {contact_state} (until, kind);
CREATE INDEX {contact_state}_subject ON {contact_state} (subject, since);
