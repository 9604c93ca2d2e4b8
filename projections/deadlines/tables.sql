-- A clock as it stood from one entry to another: set, paused, varied, met, missed.
CREATE TABLE {deadline_state} (
    subject     TEXT   NOT NULL,
    since       BIGINT NOT NULL,
    since_ms    BIGINT NOT NULL,
    until       BIGINT NOT NULL,
    until_ms    BIGINT NOT NULL,
    milestone   TEXT   NOT NULL,
    set_by      TEXT   NOT NULL,
    about       TEXT,
    owes_agency TEXT   NOT NULL,
    owes_unit   TEXT   NOT NULL,
    started_ms  BIGINT NOT NULL,
    due_ms      BIGINT,
    met_ms      BIGINT,
    breached_ms BIGINT,
    varied      BIGINT NOT NULL,
    policy      BIGINT NOT NULL,
    governorate TEXT   NOT NULL
);
CREATE INDEX {deadline_state}_until ON {deadline_state} (until, met_ms, due_ms);
CREATE INDEX {deadline_state}_subject ON {deadline_state} (subject, set_by, milestone, since);
