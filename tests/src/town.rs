//! A ledger begun with the program alone, and clients of its server.
