//! How a ledger begins.

use std::collections::BTreeSet;

use sijill_event::{Digest, PublicKey};

use super::field::{data, object};
use super::{Clock, Grant, Name, Proof, Service, WitnessPolicy};
use crate::{AgencyId, Origin};

data! {
    /// Entry 0, signed by the operator: who keeps the ledger, who founded it, and how they decide.
    LedgerCreated = "ledger.created" {
        /// The ledger's name.
        origin: Origin,
        /// The key that signs checkpoints, and no event.
        log_key: PublicKey,
        /// The key that signs this event.
        operator_key: PublicKey,
        /// The ledger's services, no one twice, without the operator.
        services: Vec<ServiceKey>,
        /// How the ledger's time goes.
        clock: Clock,
        /// The first members, at least one, no one twice.
        founders: Vec<Founder>,
        /// How many members it takes to decide: n/2 < k ≤ n.
        quorum: u64,
        /// Who must cosign checkpoints.
        witnesses: WitnessPolicy,
        /// The rule-set version in force from the next entry on.
        rules: u64,
    }
}

object! {
    /// A service of the ledger with its first key.
    ServiceKey {
        /// Which service.
        service: Service,
        /// Its key.
        key: PublicKey,
        /// For agency `ledger`, officer = the service.
        proof: Proof,
    }
}

object! {
    /// A founding agency. That it holds its root key it proves by ratifying.
    Founder {
        /// Its id.
        agency: AgencyId,
        /// What it is called.
        name: Name,
        /// The key of its governance.
        root_key: PublicKey,
        /// What it may have officers for.
        grants: BTreeSet<Grant>,
    }
}

data! {
    /// A founder's signature under entry 0.
    LedgerRatified = "ledger.ratified" {
        /// Hash of entry 0's JWT.
        created: Digest,
    }
}
