-- A referral as it stood from one entry to another: its states, one after the other, are its path.
CREATE TABLE {referral_state} (
    subject      TEXT   NOT NULL,
    since        BIGINT NOT NULL,
    since_ms     BIGINT NOT NULL,
    until        BIGINT NOT NULL,
    until_ms     BIGINT NOT NULL,
    referral     TEXT   NOT NULL,
    state        TEXT   NOT NULL,
    from_agency  TEXT   NOT NULL,
    from_unit    TEXT   NOT NULL,
    to_agency    TEXT   NOT NULL,
    to_unit      TEXT   NOT NULL,
    waits_for    TEXT,
    service      TEXT   NOT NULL,
    priority     TEXT   NOT NULL,
    automatic    BIGINT NOT NULL,
    breached     BIGINT NOT NULL,
    disposed     BIGINT NOT NULL,
    requested_ms BIGINT NOT NULL,
    governorate  TEXT   NOT NULL
);
CREATE INDEX {referral_state}_until ON {referral_state} (until, state, to_agency, to_unit);
CREATE INDEX {referral_state}_subject ON {referral_state} (subject, referral, since);
