//! The signed event: JWS, disclosures, entry and keys: pure.
