CREATE TABLE attachment_chunk (
    upload     uuid   NOT NULL REFERENCES attachment (upload) ON DELETE CASCADE,
    number     bigint NOT NULL CHECK (number >= 0),
    ciphertext bytea  NOT NULL,
    PRIMARY KEY (upload, number)
);
