-- One line for everything that an indicator counts, as long as it counts there.
CREATE TABLE {indicator_fact} (
    subject     TEXT   NOT NULL,
    since       BIGINT NOT NULL,
    since_ms    BIGINT NOT NULL,
    until       BIGINT NOT NULL,
    until_ms    BIGINT NOT NULL,
    indicator   TEXT   NOT NULL,
    kind        TEXT   NOT NULL,
    band        TEXT   NOT NULL,
    agency      TEXT   NOT NULL,
    unit        TEXT   NOT NULL,
    governorate TEXT   NOT NULL,
    month       BIGINT NOT NULL,
    value       BIGINT NOT NULL,
    begun       BIGINT
);
CREATE INDEX {indicator_fact}_what ON {indicator_fact} (indicator, agency, month);
CREATE INDEX {indicator_fact}_subject ON {indicator_fact} (subject);
-- How many of them count by the latest entry, and what their values come to.
CREATE TABLE {indicator_count} (
    indicator   TEXT   NOT NULL,
    kind        TEXT   NOT NULL,
    band        TEXT   NOT NULL,
    agency      TEXT   NOT NULL,
    unit        TEXT   NOT NULL,
    governorate TEXT   NOT NULL,
    month       BIGINT NOT NULL,
    n           BIGINT NOT NULL,
    total       BIGINT NOT NULL,
    PRIMARY KEY (indicator, agency, unit, governorate, month, kind, band)
);
