-- Calm is what is not urgent, and what is due at no time is due at the end of time (2^63-1): so a desk sorts ascending
-- throughout, and one comparison of rows finds the next page.
CREATE TABLE desk (
    case_id text     COLLATE "C" NOT NULL,
    agency  text     COLLATE "C" NOT NULL,
    unit    text     COLLATE "C" NOT NULL,
    kind    smallint NOT NULL CHECK (kind BETWEEN 0 AND 255),
    calm    boolean  NOT NULL,
    due     bigint   NOT NULL CHECK (due >= 0),
    PRIMARY KEY (case_id, agency, unit, kind)
);
