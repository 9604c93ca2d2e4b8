CREATE TABLE match_key (
    match_key bytea NOT NULL CHECK (octet_length(match_key) = 32),
    case_id   text  COLLATE "C" NOT NULL,
    PRIMARY KEY (match_key, case_id)
);
