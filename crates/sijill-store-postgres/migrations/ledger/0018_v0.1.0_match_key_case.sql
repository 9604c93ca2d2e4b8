CREATE INDEX match_key_case ON match_key (case_id);
