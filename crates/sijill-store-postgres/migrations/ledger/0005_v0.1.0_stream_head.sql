CREATE TABLE stream_head (
    stream  text   COLLATE "C" PRIMARY KEY,
    seq     bigint NOT NULL CHECK (seq >= 0),
    last    bytea  NOT NULL CHECK (octet_length(last) = 32),
    parties text   NOT NULL
);
