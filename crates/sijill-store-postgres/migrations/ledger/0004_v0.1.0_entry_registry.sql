CREATE INDEX entry_registry ON entry (idx) WHERE registry;
