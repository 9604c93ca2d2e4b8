//! The running ledger: admission, sequencing, publication, seal and vault.
