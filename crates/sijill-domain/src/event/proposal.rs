//! Stream `ledger` after genesis: what the members decide together.

use std::collections::BTreeSet;

use serde::{Serialize, Serializer};
use sijill_event::{Digest, Json, PublicKey, Timestamp};

use super::field::{Field, Members, Wrong, data, object};
use super::{DocumentKind, Grant, Name, Proof, Service, WitnessRule};
use crate::{AgencyId, OfficerId, UnitId};

data! {
    /// A member proposes an action. It approves nothing by itself.
    ProposalOpened = "proposal.opened" {
        /// What is to be done.
        action: Action,
        /// Not before this time.
        effective: Option<Timestamp>,
    }
}

data! {
    /// A member approves. The one that makes the quorum brings the action into force.
    ProposalApproved = "proposal.approved" {
        /// Hash of the JWT that opened the proposal.
        proposal: Digest,
    }
}

object! {
    /// An agency joins, as a member or not.
    AgencyAdmit {
        /// Its id, for good.
        agency: AgencyId,
        /// What it is called.
        name: Name,
        /// The key of its governance.
        root_key: PublicKey,
        /// That it holds the root key.
        proof: Proof,
        /// What it may have officers for.
        grants: BTreeSet<Grant>,
        /// Whether it votes.
        member: bool,
        /// The quorum from then on.
        quorum: Option<u64>,
    }
}

object! {
    /// An agency leaves for good; none of its keys signs any more, nor those of agencies that became part of it.
    AgencyRemove {
        /// Which agency.
        agency: AgencyId,
        /// The quorum from then on.
        quorum: Option<u64>,
    }
}

object! {
    /// An agency is called something else from then on.
    AgencyRename {
        /// Which agency.
        agency: AgencyId,
        /// What it is called then.
        name: Name,
    }
}

object! {
    /// An agency becomes part of another. Its officers, units and parties stand.
    AgencyMerge {
        /// Which agency.
        agency: AgencyId,
        /// Whom it becomes.
        into: AgencyId,
        /// The quorum from then on.
        quorum: Option<u64>,
    }
}

object! {
    /// What an agency may have officers for from then on.
    GrantsSet {
        /// Which agency.
        agency: AgencyId,
        /// All its grants.
        grants: BTreeSet<Grant>,
    }
}

object! {
    /// An agency's root signs with another key.
    RootKeyReplace {
        /// Which agency.
        agency: AgencyId,
        /// The new key.
        key: PublicKey,
        /// That it holds the key.
        proof: Proof,
    }
}

object! {
    /// A service of the ledger signs with another key.
    ServiceKeyReplace {
        /// Which service.
        service: Service,
        /// The new key.
        key: PublicKey,
        /// That it holds the key.
        proof: Proof,
    }
}

object! {
    /// An officer keeps its agency's registry no more, for now.
    RegistrarSuspend {
        /// Of which agency.
        agency: AgencyId,
        /// Which officer.
        officer: OfficerId,
    }
}

object! {
    /// The end of a suspension.
    RegistrarReinstate {
        /// Of which agency.
        agency: AgencyId,
        /// Which officer.
        officer: OfficerId,
    }
}

object! {
    /// The next version of a policy, code list, manual or calendar.
    DocumentPublish {
        /// What it is.
        kind: DocumentKind,
        /// Which one.
        id: UnitId,
        /// 1, 2, 3…
        version: u64,
        /// SHA-256 of the document.
        hash: Digest,
    }
}

object! {
    /// How many members it takes to decide from then on.
    QuorumSet {
        /// n/2 < k ≤ n.
        quorum: u64,
    }
}

object! {
    /// Under which rule-set later entries are judged.
    RulesPut {
        /// One the program knows.
        version: u64,
    }
}

object! {
    /// Who must cosign checkpoints from then on. From rule-set 2 on.
    WitnessesSet {
        /// The policy.
        policy: WitnessRule,
    }
}

/// The actions: the word after `do`, and its members.
macro_rules! actions {
    ($($name:ident = $word:literal,)*) => {
        /// What a proposal does when it passes.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each variant is the struct it holds")]
        pub enum Action { $($name($name),)* }

        impl Action {
            /// The words for `do`.
            pub const WORDS: &'static [&'static str] = &[$($word,)*];

            /// The word for `do`.
            pub fn word(&self) -> &'static str {
                match self { $(Self::$name(_) => $word,)* }
            }

            fn take(word: &str, members: &mut Members<'_>) -> Result<Self, Wrong> {
                match word {
                    $($word => $name::take(members).map(Self::$name),)*
                    _ => Err(Wrong("do")),
                }
            }

            fn members(&self) -> Vec<(String, Json)> {
                match self { $(Self::$name(action) => action.members(),)* }
            }
        }

        $(impl From<$name> for Action {
            fn from(action: $name) -> Self {
                Self::$name(action)
            }
        })*
    };
}

actions! {
    AgencyAdmit = "agency.admit",
    AgencyRemove = "agency.remove",
    AgencyRename = "agency.rename",
    AgencyMerge = "agency.merge",
    GrantsSet = "grants.set",
    RootKeyReplace = "root_key.replace",
    ServiceKeyReplace = "service_key.replace",
    RegistrarSuspend = "registrar.suspend",
    RegistrarReinstate = "registrar.reinstate",
    DocumentPublish = "document.publish",
    QuorumSet = "quorum.set",
    RulesPut = "rules.set",
    WitnessesSet = "witnesses.set",
}

impl Field for Action {
    fn read(json: Option<&Json>) -> Option<Self> {
        let mut members = Members::of(json?);
        let word: String = members.take("do").ok()?;
        let action = Self::take(&word, &mut members).ok()?;
        members.end().ok()?;
        Some(action)
    }

    fn write(&self) -> Option<Json> {
        let mut members = vec![("do".to_owned(), self.word().into())];
        members.extend(self.members());
        Some(Json::Object(members))
    }
}

/// As in the event.
impl Serialize for Action {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.write().serialize(serializer)
    }
}
