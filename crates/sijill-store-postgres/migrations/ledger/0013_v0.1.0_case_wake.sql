-- A read model, as are the tables below: derived from the log. Only cases that wake at all; Unix milliseconds.
CREATE TABLE case_wake (
    case_id  text   COLLATE "C" PRIMARY KEY,
    wakes_at bigint NOT NULL CHECK (wakes_at >= 0)
);
