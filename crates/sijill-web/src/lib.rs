//! The HTTP API of the ledger; no rule of the domain lives here.
