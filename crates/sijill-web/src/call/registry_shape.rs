//! The shape of `GET /v1/registry` for `/openapi.json`. The registry writes itself; a test holds what it
//! writes against this.

use std::collections::BTreeMap;

use utoipa::ToSchema;

macro_rules! shapes {
    ($($(#[$about:meta])* $name:ident as $schema:ident { $($(#[$field_about:meta])* $field:ident: $kind:ty,)+ })+) => {$(
        $(#[$about])*
        #[derive(ToSchema)]
        #[schema(as = $schema)]
        #[expect(dead_code, reason = "it only describes")]
        pub(crate) struct $name {
            $($(#[$field_about])* $field: $kind,)+
        }
    )+};
}

shapes! {
    /// The registry of authority.
    RegistryShape as Registry {
        /// Before which entry this was so.
        at: u64,
        /// Null before entry 0, as all that it fixes.
        #[schema(required = true)]
        origin: Option<String>,
        /// Hash of entry 0's JWT; null before it.
        #[schema(required = true)]
        created: Option<String>,
        /// `live`, `simulated` or `imported`; null before entry 0.
        #[schema(required = true)]
        clock: Option<String>,
        /// Null before entry 0.
        #[schema(required = true)]
        founders: Option<Vec<String>>,
        /// The witness policy (C2SP tlog-policy); null before entry 0.
        #[schema(required = true)]
        witnesses: Option<String>,
        /// Founders that have not ratified yet.
        unratified: Vec<String>,
        /// How many members it takes to decide.
        quorum: u64,
        /// The rule-set version in force.
        rules: u64,
        /// By agency id.
        agencies: BTreeMap<String, AgencyShape>,
        /// By key id (RFC 7638 thumbprint).
        keys: BTreeMap<String, KeyShape>,
        /// By the hash of the JWT that opened it.
        proposals: BTreeMap<String, ProposalShape>,
        /// By kind and id, all versions in order.
        documents: BTreeMap<String, BTreeMap<String, Vec<VersionShape>>>,
        /// Holidays announced, in the order of the log.
        announced: Vec<AnnouncedShape>,
    }

    /// An agency. Its id is for good; what it is called has a history.
    AgencyShape as Agency {
        /// Oldest first.
        names: Vec<NamingShape>,
        grants: Vec<String>,
        /// Whether it votes.
        member: bool,
        standing: StandingShape,
        /// By unit id, closed ones too.
        units: BTreeMap<String, UnitShape>,
        /// By officer id, removed ones too.
        officers: BTreeMap<String, OfficerShape>,
    }

    /// A name and from when it counts, Unix milliseconds.
    NamingShape as Naming {
        since: u64,
        name: NameShape,
    }

    /// A name in both languages.
    NameShape as Name {
        ar: String,
        en: String,
    }

    /// A unit: what cases are addressed to.
    UnitShape as Unit {
        names: Vec<NamingShape>,
        open: bool,
        /// The hours it works by, if it named any.
        calendar: Option<String>,
    }

    /// A person or system that signs for an agency.
    OfficerShape as Officer {
        /// `officer` or `service`.
        kind: String,
        unit: String,
        roles: Vec<String>,
        /// What it was trained in, and until when that counts (RFC 3339).
        certificates: BTreeMap<String, String>,
        /// Whether the members suspended it as registrar.
        suspended: bool,
        removed: bool,
    }

    /// A key. It is good at index i if `added` < i ≤ `revoked`.
    KeyShape as Key {
        owner: OwnerShape,
        key: JwkShape,
        added: u64,
        #[schema(required = true)]
        revoked: Option<u64>,
        /// What it signed with `received` from this Unix millisecond on is disputed.
        #[schema(required = true)]
        disputed_since: Option<u64>,
    }

    /// A public key (RFC 8037).
    JwkShape as Jwk {
        crv: String,
        kty: String,
        x: String,
    }

    /// An officer of an agency.
    OfficerNameShape as OfficerName {
        agency: String,
        officer: String,
    }

    /// A proposal and what became of it.
    ProposalShape as Proposal {
        /// The entry that opened it.
        index: u64,
        by: String,
        /// `{"do": …}` as in the ledger format, Annex B.
        #[schema(value_type = Object)]
        action: (),
        #[schema(required = true)]
        effective: Option<String>,
        /// By agency: in which entry.
        approvals: BTreeMap<String, u64>,
        status: StatusShape,
    }

    /// Why and when a proposal came to nothing.
    VoidShape as Void {
        /// The last entry before.
        index: u64,
        /// The code of the refusal.
        code: String,
    }

    /// A version of a document.
    VersionShape as Version {
        version: u64,
        hash: String,
        /// In force from the entry after this one on.
        index: u64,
        /// And from this Unix millisecond on.
        since: u64,
    }

    /// Days announced as holidays.
    AnnouncedShape as Announced {
        calendar: String,
        /// `YYYY-MM-DD`.
        from: String,
        /// `YYYY-MM-DD`.
        to: String,
        name: NameShape,
        /// The agency.
        by: String,
        index: u64,
        since: u64,
    }
}

/// Whether an agency is there still.
#[derive(ToSchema)]
#[schema(as = Standing, rename_all = "snake_case")]
#[expect(dead_code, reason = "it only describes")]
pub(crate) enum StandingShape {
    Active,
    Removed,
    /// It became part of this one.
    Merged(String),
}

/// Whose a key is, for good.
#[derive(ToSchema)]
#[schema(as = Owner, rename_all = "snake_case")]
#[expect(dead_code, reason = "it only describes")]
pub(crate) enum OwnerShape {
    /// It signs checkpoints and no event.
    Checkpoint,
    Signer(SignerShape),
}

/// Who a signature speaks for.
#[derive(ToSchema)]
#[schema(as = Signer, rename_all = "snake_case")]
#[expect(dead_code, reason = "it only describes")]
pub(crate) enum SignerShape {
    Service(String),
    Root(String),
    Officer(OfficerNameShape),
}

/// What became of a proposal.
#[derive(ToSchema)]
#[schema(as = ProposalStatus, rename_all = "snake_case")]
#[expect(dead_code, reason = "it only describes")]
pub(crate) enum StatusShape {
    Open,
    /// It passed with this entry and waits for its time.
    Scheduled(u64),
    /// It is in force from the entry after this one on.
    Enacted(u64),
    /// Its time came and it could not be enacted any more.
    Void(VoidShape),
}
