//! Offline verification: exports, tile logs, evidence; needs no server and no database.
