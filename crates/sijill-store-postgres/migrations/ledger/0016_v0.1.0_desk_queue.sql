CREATE INDEX desk_queue ON desk (agency, unit, calm, due, case_id, kind);
