//! Evidence: some entries of a log, with all that is needed to check them offline (`docs/ledger-format.md`, Annex D).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use sijill_event::{Entry, Json, parse_json};
use sijill_log::{Checkpoint, Hash, Note, Tile, leaf_hash};

use crate::Unreadable;
use crate::chunk::Chunks;
use crate::examine::introduces;
use crate::source::{DisclosureRow, Disclosures, Source, Stated};
use crate::tree::Tree;
use crate::trust::{exactly, text};

/// An entry in evidence.
#[derive(Clone, PartialEq, Eq)]
pub struct Exhibit {
    /// Position in the log.
    pub index: u64,
    /// The entry's bytes, as text.
    pub entry: String,
    /// Inclusion proof to the evidence's checkpoint, siblings from the leaf up.
    pub proof: Vec<Hash>,
    /// The disclosures the holder may have, in their base64url form.
    pub disclosures: Vec<String>,
}

impl std::fmt::Debug for Exhibit {
    /// Without the disclosures.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exhibit")
            .field("index", &self.index)
            .field("entry", &self.entry)
            .finish_non_exhaustive()
    }
}

/// An evidence file: the entries to be proved, and every entry of the registry of authority before the last of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    origin: String,
    checkpoint: String,
    exhibits: BTreeMap<u64, Exhibit>,
}

impl Evidence {
    /// Puts evidence together under a signed checkpoint, to which the proofs lead. The entries may come in any order, one
    /// index once; whether they prove anything is for an audit to say. Refused: `evidence-malformed`.
    pub fn build(checkpoint: &str, exhibits: impl IntoIterator<Item = Exhibit>) -> Result<Self, Unreadable> {
        let malformed = |why: &str| Unreadable::Evidence(why.to_owned());
        let parsed = Note::parse(checkpoint.as_bytes()).and_then(|note| Checkpoint::parse(note.text()));
        let origin = parsed.map_err(|error| malformed(&error.to_string()))?.origin.to_string();
        let mut ordered = BTreeMap::new();
        for exhibit in exhibits {
            if ordered.insert(exhibit.index, exhibit).is_some() {
                return Err(malformed("an entry stands twice"));
            }
        }
        Ok(Self { origin, checkpoint: checkpoint.to_owned(), exhibits: ordered })
    }

    /// Evidence of the entries `wanted`, from a source that holds every entry; with their disclosures if `disclose`.
    /// Refused: `evidence-malformed` if the source has no checkpoint, or lacks an entry below its size.
    pub fn gather(source: &dyn Source, wanted: &BTreeSet<u64>, disclose: bool) -> Result<Self, Unreadable> {
        let refused = |why: &str| Unreadable::Evidence(why.to_owned());
        let note = source.checkpoint()?.and_then(|bytes| String::from_utf8(bytes).ok());
        let note = note.ok_or_else(|| refused("the source has no checkpoint"))?;
        let checkpoint = Note::parse(note.as_bytes()).and_then(|note| Checkpoint::parse(note.text()));
        let size = checkpoint.map_err(|error| refused(&error.to_string()))?.size;
        let Some(last) = wanted.last().filter(|last| **last < size) else {
            return Err(refused("an entry is asked for that the checkpoint does not cover, or none at all"));
        };
        let (mut tree, mut exhibits) = (Tree::new(), BTreeMap::new());
        for chunk in Chunks::new(source, size) {
            let chunk = chunk?;
            for (index, bytes) in chunk.entries {
                tree.push(index, leaf_hash(&bytes));
                let parsed = || Entry::parse(&bytes).is_ok_and(|entry| introduces(&entry.event.stream));
                if wanted.contains(&index) || (index < *last && parsed()) {
                    let entry = String::from_utf8(bytes).map_err(|_| refused("an entry is not text"))?;
                    exhibits
                        .insert(index, Exhibit { index, entry, proof: Vec::new(), disclosures: Vec::new() });
                }
            }
            for row in chunk.disclosures.rows.into_iter().filter(|_| disclose) {
                let exhibit = row
                    .index
                    .filter(|index| wanted.contains(index))
                    .and_then(|index| exhibits.get_mut(&index));
                if let (Some(exhibit), Ok(disclosure)) = (exhibit, row.disclosure) {
                    exhibit.disclosures.push(disclosure);
                }
            }
        }
        for (index, exhibit) in &mut exhibits {
            let proof = tree
                .prove(*index, size)
                .ok_or_else(|| refused("the source lacks entries, so nothing can be proved"))?;
            exhibit.proof = proof;
        }
        Self::build(&note, exhibits.into_values())
    }

    /// Reads an evidence file: strict JSON, no other members, indexes ascending. Refused: `evidence-malformed`.
    pub fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        Self::read(bytes).map_err(Unreadable::Evidence)
    }

    fn read(bytes: &[u8]) -> Result<Self, String> {
        let json = parse_json(bytes).map_err(|error| error.to_string())?;
        exactly(&json, &["sijill", "origin", "checkpoint", "entries"])?;
        if text(&json, "sijill")? != "evidence/1" {
            return Err("`sijill` is not `evidence/1`".to_owned());
        }
        let (origin, checkpoint) = (text(&json, "origin")?.to_owned(), text(&json, "checkpoint")?.to_owned());
        let listed = json.get("entries").and_then(Json::as_array).ok_or("`entries` is not an array")?;
        let exhibits: Vec<Exhibit> = listed.iter().map(read_exhibit).collect::<Result<_, _>>()?;
        if !exhibits.is_sorted_by_key(|exhibit| exhibit.index) {
            return Err("its entries are not in ascending order".to_owned());
        }
        let count = exhibits.len();
        let exhibits: BTreeMap<u64, Exhibit> =
            exhibits.into_iter().map(|exhibit| (exhibit.index, exhibit)).collect();
        if exhibits.len() != count {
            return Err("an entry stands twice".to_owned());
        }
        Ok(Self { origin, checkpoint, exhibits })
    }

    /// The evidence file.
    pub fn to_json(&self) -> String {
        let entries = self.exhibits.values().map(|exhibit| {
            let texts = |texts: Vec<String>| Json::Array(texts.into_iter().map(Json::String).collect());
            Json::object([
                // An index beyond what JSON holds belongs to no entry that anyone could have proved.
                ("index", Json::try_from(exhibit.index).unwrap_or(Json::Null)),
                ("entry", exhibit.entry.as_str().into()),
                ("proof", texts(exhibit.proof.iter().map(Hash::to_base64).collect())),
                ("disclosures", texts(exhibit.disclosures.clone())),
            ])
        });
        Json::object([
            ("sijill", "evidence/1".into()),
            ("origin", self.origin.as_str().into()),
            ("checkpoint", self.checkpoint.as_str().into()),
            ("entries", Json::Array(entries.collect())),
        ])
        .to_string()
    }

    /// The entries, ascending.
    pub fn exhibits(&self) -> impl Iterator<Item = &Exhibit> {
        self.exhibits.values()
    }
}

fn read_exhibit(json: &Json) -> Result<Exhibit, String> {
    exactly(json, &["index", "entry", "proof", "disclosures"])?;
    let texts = |name: &str| -> Result<Vec<String>, String> {
        let array = json.get(name).and_then(Json::as_array).ok_or(format!("`{name}` is not an array"))?;
        let text = |value: &Json| {
            value.as_str().map(str::to_owned).ok_or(format!("`{name}` holds something else than strings"))
        };
        array.iter().map(text).collect()
    };
    let proof = texts("proof")?.iter().map(|text| Hash::from_base64(text)).collect::<Result<_, _>>();
    Ok(Exhibit {
        index: json.get("index").and_then(Json::as_u64).ok_or("`index` is not a number")?,
        entry: text(json, "entry")?.to_owned(),
        proof: proof.map_err(|error| error.to_string())?,
        disclosures: texts("disclosures")?,
    })
}

impl Source for Evidence {
    fn checkpoint(&self) -> Result<Option<Vec<u8>>, Unreadable> {
        Ok(Some(self.checkpoint.clone().into_bytes()))
    }

    fn entries(&self, from: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, Unreadable> {
        let held = self.exhibits.range(from..).take(limit);
        Ok(held.map(|(index, exhibit)| (*index, exhibit.entry.clone().into_bytes())).collect())
    }

    fn tile(&self, _: Tile) -> Result<Option<Vec<u8>>, Unreadable> {
        Ok(None)
    }

    fn disclosures(&self, range: Range<u64>, _: u64) -> Result<Disclosures, Unreadable> {
        let delivered = self.exhibits.range(range).flat_map(|(index, exhibit)| {
            let row = |text: &String| DisclosureRow { index: Some(*index), disclosure: Ok(text.clone()) };
            exhibit.disclosures.iter().map(row)
        });
        Ok(Disclosures { rows: delivered.collect(), all: false })
    }

    fn stated(&self) -> Stated {
        Stated { origin: Some(self.origin.clone()), size: None }
    }

    fn is_whole(&self) -> bool {
        false
    }

    fn inclusion(&self, index: u64) -> Option<Vec<Hash>> {
        self.exhibits.get(&index).map(|exhibit| exhibit.proof.clone())
    }
}
