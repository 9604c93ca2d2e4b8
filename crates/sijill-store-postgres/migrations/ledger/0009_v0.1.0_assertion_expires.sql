CREATE INDEX assertion_expires ON assertion (expires);
