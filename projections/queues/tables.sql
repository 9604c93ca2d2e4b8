-- A case's place in a unit's queue from one entry to another.
CREATE TABLE {queue_place} (
    subject  TEXT   NOT NULL,
    since    BIGINT NOT NULL,
    since_ms BIGINT NOT NULL,
    until    BIGINT NOT NULL,
    until_ms BIGINT NOT NULL,
    agency   TEXT   NOT NULL,
    unit     TEXT   NOT NULL,
    kind     TEXT   NOT NULL,
    due_ms   BIGINT,
    urgent   BIGINT NOT NULL
);
CREATE INDEX {queue_place}_until ON {queue_place} (until, agency, unit, due_ms);
CREATE INDEX {queue_place}_subject ON {queue_place} (subject, since);
