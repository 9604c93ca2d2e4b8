CREATE INDEX case_wake_next ON case_wake (wakes_at, case_id);
