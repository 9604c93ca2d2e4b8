//! The closed vocabularies of registry events.

use super::field::words;

words! {
    /// What an officer may do.
    Role {
        /// Reads every event to audit the ledger.
        Auditor = "auditor",
        /// Works on cases and contacts.
        Casework = "casework",
        /// Brings old cases into an imported ledger.
        Importer = "importer",
        /// Copies the ledger for its agency.
        Mirror = "mirror",
        /// Watches over the system without identities.
        Oversight = "oversight",
        /// Keeps its agency's units, officers and keys. Any agency may have it.
        Registrar = "registrar",
        /// May be shown sensitive values: medical, forensic, legal.
        Specialist = "specialist",
        /// Approves plans and closures, varies deadlines, resolves escalations, reviews broken glass.
        Supervisor = "supervisor",
    }
}

words! {
    /// What the members have allowed an agency to have officers for.
    Grant {
        /// Auditors.
        Audit = "audit",
        /// The agency announces holidays that cannot wait for the members.
        Calendar = "calendar",
        /// Case workers, their supervisors and specialists, and importers.
        Casework = "casework",
        /// Mirrors.
        Mirror = "mirror",
        /// Oversight.
        Oversight = "oversight",
    }
}

impl Role {
    /// The grant an agency needs before its officers can have this role; `None` if none is needed.
    pub fn grant(self) -> Option<Grant> {
        match self {
            Self::Auditor => Some(Grant::Audit),
            Self::Casework | Self::Importer | Self::Specialist | Self::Supervisor => Some(Grant::Casework),
            Self::Mirror => Some(Grant::Mirror),
            Self::Oversight => Some(Grant::Oversight),
            Self::Registrar => None,
        }
    }
}

words! {
    /// A service of the ledger that signs, by its `sub`.
    Service {
        /// Releases disclosures.
        Access = "access",
        /// Acts as the policy prescribes.
        Automation = "automation",
        /// Records checkpoints and heads.
        Log = "log",
        /// Created the ledger.
        Operator = "operator",
    }
}

words! {
    /// How the ledger's time goes.
    Clock {
        /// An old archive: `occurred` decides, nothing is automated.
        Imported = "imported",
        /// The time of day.
        Live = "live",
        /// A demonstration: `received` follows a clock of its own.
        Simulated = "simulated",
    }
}

words! {
    /// The witness policies rule-set 1 knows.
    WitnessPolicy {
        /// No witnesses.
        None = "quorum none",
    }
}

words! {
    /// Who stands behind an officer id.
    OfficerKind {
        /// A person.
        Officer = "officer",
        /// A system of the agency, which may sign on an officer's behalf (`act`).
        Service = "service",
    }
}

words! {
    /// What the members publish together.
    DocumentKind {
        /// Working hours and holidays.
        Calendar = "calendar",
        /// A code list.
        CodeList = "code_list",
        /// A manual.
        Manual = "manual",
        /// A pathway policy.
        Policy = "policy",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The order of sets in events is the order of the words, and `Ord` is derived.
    #[test]
    fn words_stand_in_ascending_order() {
        assert!(Role::ALL.iter().map(|role| role.as_str()).is_sorted());
        assert!(Grant::ALL.iter().map(|grant| grant.as_str()).is_sorted());
    }
}
