-- The root of an empty tree is SHA-256 of nothing.
INSERT INTO head VALUES (1, 0, '\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 0);
