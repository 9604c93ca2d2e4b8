-- A case as it stood from one entry to another.
CREATE TABLE {case_state} (
    subject      TEXT   NOT NULL,
    since        BIGINT NOT NULL,
    since_ms     BIGINT NOT NULL,
    until        BIGINT NOT NULL,
    until_ms     BIGINT NOT NULL,
    status       TEXT   NOT NULL,
    risk         TEXT   NOT NULL,
    governorate  TEXT   NOT NULL,
    age_band     TEXT   NOT NULL,
    concerns     TEXT   NOT NULL,
    situations   TEXT   NOT NULL,
    owner_agency TEXT   NOT NULL,
    owner_unit   TEXT   NOT NULL,
    officer      TEXT,
    opened_ms    BIGINT NOT NULL,
    reported_ms  BIGINT NOT NULL,
    reopened     BIGINT NOT NULL,
    grounds      BIGINT NOT NULL,
    sex          TEXT,
    safety_plan  BIGINT NOT NULL,
    closing      TEXT
);
CREATE INDEX {case_state}_until ON {case_state} (until, status, owner_agency, owner_unit);
CREATE INDEX {case_state}_subject ON {case_state} (subject, since);
