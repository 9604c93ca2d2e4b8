//! A ledger made in memory for tests and measurements: it signs, sequences and publishes as the real one does, and lets
//! everything be tampered with.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use sijill_audit::{DisclosureRow, Disclosures, Source, Stated, Trust, Unreadable};
use sijill_domain::event::{
    Clock, Founder, Grant, LedgerCreated, LedgerRatified, Name, OfficerEnrolled, OfficerKind,
    ProposalApproved, ProposalOpened, Role, RulesPut, Service, ServiceKey, UnitOpened, WitnessPolicy, prove,
};
use sijill_domain::{AgencyId, OfficerId, Origin, Signer, UnitId};
use sijill_event::{Class, Digest, Draft, Entry, Json, SdJwt, Seen, SigningKey, Stream, Timestamp, Uuid};
use sijill_log::{
    Checkpoint, Hash, NoteSigner, Policy, Tile, TileBuilder, TileSet, TlogProof, leaf_hash, tree,
};

pub(crate) const ORIGIN: &str = "ledger.example/test";
/// `received` of entry 0; each later entry comes a second after the one before.
pub(crate) const START: u64 = 1_767_225_600_000;
/// The agencies of a made ledger; each has the officers `registrar`, and `o0`, `o1`, … with role casework.
pub(crate) const AGENCIES: [&str; 3] = ["moe", "moh", "rop"];

/// The key that this name stands for in every made ledger: `<iss>/<sub>`.
pub(crate) fn key(name: &str) -> SigningKey {
    SigningKey::from_seed(&Digest::of(name).0).expect("a seed")
}

pub(crate) fn log_signer() -> NoteSigner {
    NoteSigner::new(ORIGIN.parse().expect("a key name"), &Digest::of("checkpoint").0)
}

pub(crate) fn stream(name: &str) -> Stream {
    Stream::parse(name).expect("a stream")
}

fn agency(id: &str) -> AgencyId {
    AgencyId::parse(id).expect("an agency id")
}

fn name(en: &str) -> Name {
    Name::new(&format!("ع {en}"), en).expect("a name")
}

/// A version 7 UUID for a number.
pub(crate) fn jti(number: u64) -> Uuid {
    Uuid::from_u128(0x019b_76da_a800_7000_8000_0000_0000_0000 | u128::from(number))
}

/// A draft with these open members of `data`.
pub(crate) fn draft(event_type: &str, data: &Json) -> Draft {
    let members = data.as_object().expect("data is an object");
    members.iter().fold(Draft::new(event_type, 1), |draft, (name, value)| draft.open(name, value.clone()))
}

/// A ledger: its entries so far, and what was delivered with them.
#[derive(Clone)]
pub(crate) struct Made {
    pub(crate) entries: Vec<Vec<u8>>,
    pub(crate) disclosures: Vec<(u64, String)>,
    pub(crate) heads: HashMap<String, (u64, Digest)>,
    pub(crate) edge: TileBuilder,
    jtis: u64,
    salts: u64,
}

impl Made {
    /// Nothing yet.
    pub(crate) fn empty() -> Self {
        Self {
            entries: Vec::new(),
            disclosures: Vec::new(),
            heads: HashMap::new(),
            edge: TileBuilder::new(),
            jtis: 0,
            salts: 0,
        }
    }

    /// A founded ledger: created, ratified, and in each agency a unit, a registrar and `officers` who do casework.
    pub(crate) fn founded(officers: usize) -> Self {
        let mut made = Self::empty();
        made.say("ledger/operator", "ledger", draft(LedgerCreated::TYPE, &created().data()));
        let hash = made.hash(0);
        for id in AGENCIES {
            let ratified = LedgerRatified { created: hash };
            made.say(&format!("{id}/root"), "ledger", draft(LedgerRatified::TYPE, &ratified.data()));
        }
        for id in AGENCIES {
            let (root, stream) = (format!("{id}/root"), format!("agency/{id}"));
            let unit = UnitOpened { unit: UnitId::parse("intake").expect("a unit"), name: name("intake") };
            made.say(&root, &stream, draft(UnitOpened::TYPE, &unit.data()));
            made.say(
                &root,
                &stream,
                draft(OfficerEnrolled::TYPE, &enrolled(id, "registrar", Role::Registrar).data()),
            );
            for number in 0..officers {
                let officer = enrolled(id, &format!("o{number}"), Role::Casework);
                made.say(&format!("{id}/registrar"), &stream, draft(OfficerEnrolled::TYPE, &officer.data()));
            }
        }
        made
    }

    /// The members put a rule-set in force, now or at a time.
    pub(crate) fn put_rules(&mut self, version: u64, effective: Option<Timestamp>) {
        let opened = ProposalOpened { action: RulesPut { version }.into(), effective };
        let index = self.say("moe/root", "ledger", draft(ProposalOpened::TYPE, &opened.data()));
        let approved = ProposalApproved { proposal: self.hash(usize::try_from(index).expect("small")) };
        for id in ["moe", "moh"] {
            self.say(&format!("{id}/root"), "ledger", draft(ProposalApproved::TYPE, &approved.data()));
        }
    }

    /// A founded ledger with two officers an agency, and `events` events in cases of up to four.
    pub(crate) fn with_cases(events: u64) -> Self {
        let mut made = Self::founded(2);
        for number in 0..events {
            made.case_event(&format!("case/c{}", number / 4), number);
        }
        made
    }

    /// Something happens in a case: an officer of some agency writes, and addresses the next one.
    pub(crate) fn case_event(&mut self, case: &str, number: u64) -> u64 {
        let author = AGENCIES[usize::try_from(number % 3).expect("small")];
        let draft = Draft::new("referral.sent", 1)
            .open(
                "to",
                Json::object([(
                    "agency",
                    AGENCIES[usize::try_from((number + 1) % 3).expect("small")].into(),
                )]),
            )
            .disclose(Class::Casework, "priority", "high".into())
            .disclose(Class::Casework, "reason", format!("reason {number}").into())
            .disclose(Class::Narrative, "note", "…".into());
        self.say(&format!("{author}/o{}", number % 2), case, draft)
    }

    /// Signs what `who` (`<iss>/<sub>`) says next in a stream, and appends it.
    pub(crate) fn say(&mut self, who: &str, stream: &str, draft: Draft) -> u64 {
        let said = self.sign(who, stream, draft);
        self.append(&said)
    }

    /// Signs what `who` says next in a stream.
    pub(crate) fn sign(&mut self, who: &str, stream: &str, draft: Draft) -> SdJwt {
        let draft = self.placed(who, stream, draft);
        self.sign_with(&key(who), &draft)
    }

    /// A draft with everything set that its place in the ledger decides.
    pub(crate) fn placed(&mut self, who: &str, name: &str, draft: Draft) -> Draft {
        let (iss, sub) = who.split_once('/').expect("<iss>/<sub>");
        let (seq, prev) = self.heads.get(name).map_or((0, None), |(seq, last)| (seq + 1, Some(*last)));
        self.jtis += 1;
        let draft = draft.author(iss, sub).aud(ORIGIN).jti(jti(self.jtis)).iat(self.now() / 1000).at(
            &stream(name),
            seq,
            prev,
        );
        if self.entries.is_empty() { draft } else { draft.seen(self.seen()) }
    }

    pub(crate) fn sign_with(&mut self, key: &SigningKey, draft: &Draft) -> SdJwt {
        let signed = draft.sign_salted(key, || {
            self.salts += 1;
            Ok((u128::from(self.salts) << 64 | 0x5a17).to_be_bytes())
        });
        signed.expect("a well-formed event")
    }

    /// Appends an event, whatever it is.
    pub(crate) fn append(&mut self, said: &SdJwt) -> u64 {
        let index = self.append_bytes(format!("{} {}", self.now(), said.event.jwt).into_bytes());
        self.heads.insert(said.event.stream.as_str().to_owned(), (said.event.seq, said.event.hash()));
        self.disclosures.extend(said.disclosures.iter().map(|(_, d)| (index, d.encoded().to_owned())));
        index
    }

    pub(crate) fn append_bytes(&mut self, entry: Vec<u8>) -> u64 {
        let _ = self.edge.push(leaf_hash(&entry));
        self.entries.push(entry);
        self.edge.size() - 1
    }

    /// `received` of the next entry.
    pub(crate) fn now(&self) -> u64 {
        START + 1000 * self.entries.len() as u64
    }

    pub(crate) fn seen(&self) -> Seen {
        Seen { size: self.edge.size(), root: self.edge.root().0 }
    }

    /// Hash of an entry's JWT.
    pub(crate) fn hash(&self, index: usize) -> Digest {
        Entry::parse(&self.entries[index]).expect("a well-formed entry").event.hash()
    }

    pub(crate) fn trust(&self) -> Trust {
        Trust {
            origin: ORIGIN.to_owned(),
            log_key: log_signer().verifier().clone(),
            genesis: leaf_hash(&self.entries[0]),
            policy: "quorum none\n".parse::<Policy>().expect("a policy"),
        }
    }

    /// The signed checkpoint of the first `size` entries.
    pub(crate) fn checkpoint(&self, size: usize) -> String {
        sign_checkpoint(&self.entries[..size])
    }

    /// A receipt as the ledger gives it when it has `size` entries.
    pub(crate) fn receipt(&self, index: usize, size: usize) -> String {
        let leaves: Vec<Hash> = self.entries[..size].iter().map(|entry| leaf_hash(entry)).collect();
        let proof = TlogProof {
            extra: Vec::new(),
            index: index as u64,
            hashes: tree::inclusion_proof(index as u64, size as u64, &tiles(&leaves)).expect("a proof"),
            checkpoint: sijill_log::Note::parse(self.checkpoint(size).as_bytes()).expect("a note"),
        };
        let received = Entry::parse(&self.entries[index]).expect("an entry").received;
        serde_json::json!({"index": index, "received": received, "proof": proof.to_string(), "jti": "x"})
            .to_string()
    }

    /// The ledger as a source, with everything an export has.
    pub(crate) fn source(&self) -> Memory {
        let entries = (0..).zip(self.entries.clone()).collect();
        let mut memory = Memory {
            checkpoint: None,
            entries,
            tiles: BTreeMap::new(),
            disclosures: self.disclosures.iter().map(|(index, text)| row(*index, text)).collect(),
            all: true,
            stated: Stated { origin: Some(ORIGIN.to_owned()), size: Some(self.entries.len() as u64) },
        };
        memory.publish();
        memory
    }
}

pub(crate) fn row(index: u64, disclosure: &str) -> DisclosureRow {
    DisclosureRow { index: Some(index), disclosure: Ok(disclosure.to_owned()) }
}

/// Every tile of a tree.
pub(crate) fn tiles(leaves: &[Hash]) -> TileSet {
    let (mut set, mut builder) = (TileSet::new(), TileBuilder::new());
    for full in builder.extend(leaves.iter().copied()) {
        set.insert(full.tile, &full.bytes).expect("a tile");
    }
    for (tile, bytes) in builder.partial_tiles() {
        set.insert(tile, &bytes).expect("a tile");
    }
    set
}

/// What the log signs for these entries.
pub(crate) fn sign_checkpoint(entries: &[Vec<u8>]) -> String {
    let mut builder = TileBuilder::new();
    let _ = builder.extend(entries.iter().map(|entry| leaf_hash(entry)));
    sign(&Checkpoint { origin: ORIGIN.parse().expect("a name"), size: builder.size(), root: builder.root() })
}

pub(crate) fn sign(checkpoint: &Checkpoint) -> String {
    checkpoint.sign(&log_signer()).expect("the log's own origin").to_string()
}

pub(crate) fn created() -> LedgerCreated {
    let services = [Service::Access, Service::Automation, Service::Log].map(|service| {
        let (key, proof) = prove(&key(&format!("ledger/{service}")), ORIGIN, &Signer::Service(service));
        ServiceKey { service, key, proof }
    });
    let founder = |id: &str| Founder {
        agency: agency(id),
        name: name(id),
        root_key: key(&format!("{id}/root")).public().clone(),
        grants: [Grant::Audit, Grant::Casework].into(),
    };
    LedgerCreated {
        origin: Origin::parse(ORIGIN).expect("an origin"),
        log_key: key("checkpoint").public().clone(),
        operator_key: key("ledger/operator").public().clone(),
        services: services.into(),
        clock: Clock::Live,
        founders: AGENCIES.map(founder).into(),
        quorum: 2,
        witnesses: WitnessPolicy::None,
        rules: 1,
    }
}

/// An officer with the key that its name stands for.
pub(crate) fn enrolled(id: &str, officer: &str, role: Role) -> OfficerEnrolled {
    let (agency, officer) = (agency(id), OfficerId::parse(officer).expect("an officer id"));
    let signer = Signer::Officer { agency, officer: officer.clone() };
    let (key, proof) = prove(&key(&format!("{id}/{officer}")), ORIGIN, &signer);
    let unit = UnitId::parse("intake").expect("a unit");
    OfficerEnrolled { officer, kind: OfficerKind::Officer, unit, roles: [role].into(), key, proof }
}

/// A source in memory.
#[derive(Clone)]
pub(crate) struct Memory {
    pub(crate) checkpoint: Option<Vec<u8>>,
    pub(crate) entries: BTreeMap<u64, Vec<u8>>,
    pub(crate) tiles: BTreeMap<Tile, Vec<u8>>,
    pub(crate) disclosures: Vec<DisclosureRow>,
    pub(crate) all: bool,
    pub(crate) stated: Stated,
}

impl Memory {
    /// Makes tiles and checkpoint anew for the entries as they are now: a ledger that hides what it did.
    pub(crate) fn publish(&mut self) {
        let entries: Vec<Vec<u8>> = self.entries.values().cloned().collect();
        self.checkpoint = Some(sign_checkpoint(&entries).into_bytes());
        let mut builder = TileBuilder::new();
        let full = builder.extend(entries.iter().map(|entry| leaf_hash(entry)));
        self.tiles =
            full.into_iter().map(|full| (full.tile, full.bytes)).chain(builder.partial_tiles()).collect();
    }
}

impl Source for Memory {
    fn checkpoint(&self) -> Result<Option<Vec<u8>>, Unreadable> {
        Ok(self.checkpoint.clone())
    }

    fn entries(&self, from: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, Unreadable> {
        Ok(self.entries.range(from..).take(limit).map(|(index, entry)| (*index, entry.clone())).collect())
    }

    fn tile(&self, tile: Tile) -> Result<Option<Vec<u8>>, Unreadable> {
        Ok(self.tiles.get(&tile).cloned())
    }

    fn disclosures(&self, range: Range<u64>, size: u64) -> Result<Disclosures, Unreadable> {
        // What belongs to no entry comes at the end.
        let here = |row: &&DisclosureRow| match row.index {
            Some(index) if index < size => range.contains(&index),
            _ => range.start == size,
        };
        Ok(Disclosures { rows: self.disclosures.iter().filter(here).cloned().collect(), all: self.all })
    }

    fn stated(&self) -> Stated {
        self.stated.clone()
    }
}
