-- One line for each event that an early warning may rest on.
CREATE TABLE {warning_sign} (
    subject  TEXT   NOT NULL,
    since    BIGINT NOT NULL,
    since_ms BIGINT NOT NULL,
    until    BIGINT NOT NULL,
    until_ms BIGINT NOT NULL,
    kind     TEXT   NOT NULL,
    other    TEXT   NOT NULL,
    code     TEXT   NOT NULL,
    event    TEXT   NOT NULL
);
CREATE INDEX {warning_sign}_subject ON {warning_sign} (subject, kind, since);
CREATE INDEX {warning_sign}_other ON {warning_sign} (kind, other, since_ms);
-- One line for each warning that somebody reviewed.
CREATE TABLE {warning_review} (
    subject  TEXT   NOT NULL,
    since    BIGINT NOT NULL,
    since_ms BIGINT NOT NULL,
    until    BIGINT NOT NULL,
    until_ms BIGINT NOT NULL,
    rule     TEXT   NOT NULL,
    version  BIGINT NOT NULL,
    events   TEXT   NOT NULL,
    outcome  TEXT   NOT NULL,
    reason   TEXT   NOT NULL,
    ground   TEXT,
    agency   TEXT,
    unit     TEXT,
    officer  TEXT,
    event    TEXT   NOT NULL
);
CREATE INDEX {warning_review}_subject ON {warning_review} (subject, since);
CREATE INDEX {warning_review}_rule ON {warning_review} (rule, version, outcome);
