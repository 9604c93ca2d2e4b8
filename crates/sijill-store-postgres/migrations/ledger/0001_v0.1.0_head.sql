-- One row. Moved by compare-and-swap, in the transaction that writes everything else.
--
-- One statement per migration, here and below: distributed engines that speak PostgreSQL's protocol cannot roll back
-- several changes of schema together. The first word of a migration's name is the release that brought it.
CREATE TABLE head (
    id       smallint PRIMARY KEY CHECK (id = 1),
    size     bigint   NOT NULL CHECK (size >= 0),
    root     bytea    NOT NULL CHECK (octet_length(root) = 32),
    received bigint   NOT NULL CHECK (received >= 0)
);
