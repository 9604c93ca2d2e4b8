//! The event store on SQLite: one file, no set-up.
