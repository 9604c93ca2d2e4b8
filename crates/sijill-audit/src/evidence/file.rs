//! The file: strict JSON, usually compressed.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use sijill_event::{Digest, Json, parse_json};
use sijill_log::Hash;

use super::{Evidence, Exhibit};
use crate::trust::{exactly, text};
use crate::{HeldCheckpoint, Unreadable};

const VERSION: &str = "evidence/2";
/// How a gzip member begins.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Most bytes that a compressed file may unpack to.
const UNPACKED: u64 = 64 << 20;
/// No complete subtree of a log is higher.
const HIGHEST: u64 = 62;

impl Evidence {
    /// Reads an evidence file: strict JSON, no other members, indexes ascending; or that in one gzip member. Refused:
    /// `evidence-malformed`.
    pub fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        let read =
            if bytes.starts_with(&GZIP) { unpack(bytes).and_then(|bytes| read(&bytes)) } else { read(bytes) };
        read.map_err(Unreadable::Evidence)
    }

    /// The evidence file, to be read as text.
    pub fn to_json(&self) -> String {
        let texts = |texts: &[String]| Json::Array(texts.iter().cloned().map(Json::String).collect());
        let entries = self.exhibits.values().map(|exhibit| {
            Json::object([
                // An index beyond what JSON holds belongs to no entry that anyone could have proved.
                ("index", Json::try_from(exhibit.index).unwrap_or(Json::Null)),
                ("entry", exhibit.entry.as_str().into()),
                ("disclosures", texts(&exhibit.disclosures)),
            ])
        });
        let between = self.between.iter().map(|(level, hash)| {
            Json::Array(vec![i64::from(*level).into(), Digest(hash.0).to_string().into()])
        });
        let witnessed = self.witnessed.iter().map(|held| held.note.to_string().into());
        let file = Json::object([
            ("sijill", VERSION.into()),
            ("origin", self.origin.as_str().into()),
            ("checkpoint", self.checkpoint.as_str().into()),
            ("entries", Json::Array(entries.collect())),
            ("between", Json::Array(between.collect())),
            ("witnessed", Json::Array(witnessed.collect())),
        ]);
        file.to_string() + "\n"
    }

    /// The evidence file, compressed: the same bytes for the same evidence.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Unreadable> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        let written = packed.write_all(self.to_json().as_bytes()).and_then(|()| packed.finish());
        written.map_err(|error| Unreadable::Evidence(error.to_string()))
    }
}

fn unpack(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let (mut packed, mut unpacked) = (GzDecoder::new(bytes).take(UNPACKED + 1), Vec::new());
    packed.read_to_end(&mut unpacked).map_err(|error| format!("it cannot be unpacked: {error}"))?;
    if unpacked.len() as u64 > UNPACKED {
        return Err("it unpacks to more than 64 MiB".to_owned());
    }
    match packed.into_inner().into_inner() {
        [] => Ok(unpacked),
        _ => Err("something follows the compressed file".to_owned()),
    }
}

fn read(bytes: &[u8]) -> Result<Evidence, String> {
    let json = parse_json(bytes).map_err(|error| error.to_string())?;
    if text(&json, "sijill").is_ok_and(|version| version == "evidence/1") {
        return Err("it is `evidence/1`, which proved less: have it made anew".to_owned());
    }
    exactly(&json, &["sijill", "origin", "checkpoint", "entries", "between", "witnessed"])?;
    if text(&json, "sijill")? != VERSION {
        return Err(format!("`sijill` is not `{VERSION}`"));
    }
    let exhibits: Vec<Exhibit> =
        array(&json, "entries")?.iter().map(read_exhibit).collect::<Result<_, _>>()?;
    if !exhibits.is_sorted_by(|one, next| one.index < next.index) {
        return Err("its entries are not in ascending order, each once".to_owned());
    }
    let between = array(&json, "between")?.iter().map(|piece| {
        let pair = piece.as_array().and_then(|pair| <&[Json; 2]>::try_from(pair).ok());
        let read = pair.and_then(|[level, hash]| {
            let level = level.as_u64().filter(|level| *level <= HIGHEST)?;
            Some((u8::try_from(level).ok()?, Hash(Digest::parse(hash.as_str()?).ok()?.0)))
        });
        read.ok_or("`between` holds something else than pairs of a level and a hash")
    });
    let witnessed = array(&json, "witnessed")?.iter().map(|note| {
        let held = note.as_str().map(|note| HeldCheckpoint::parse(note.as_bytes()));
        held.and_then(Result::ok).ok_or("`witnessed` holds something else than checkpoints")
    });
    Ok(Evidence::of(
        text(&json, "origin")?.to_owned(),
        text(&json, "checkpoint")?.to_owned(),
        exhibits.into_iter().map(|exhibit| (exhibit.index, exhibit)).collect::<BTreeMap<_, _>>(),
        between.collect::<Result<_, _>>()?,
        witnessed.collect::<Result<_, _>>()?,
    ))
}

fn read_exhibit(json: &Json) -> Result<Exhibit, String> {
    exactly(json, &["index", "entry", "disclosures"])?;
    let disclosures = array(json, "disclosures")?.iter().map(|value| {
        value.as_str().map(str::to_owned).ok_or("`disclosures` holds something else than strings")
    });
    Ok(Exhibit {
        index: json.get("index").and_then(Json::as_u64).ok_or("`index` is not a number")?,
        entry: text(json, "entry")?.to_owned(),
        disclosures: disclosures.collect::<Result<_, _>>()?,
    })
}

fn array<'a>(json: &'a Json, name: &str) -> Result<&'a [Json], String> {
    json.get(name).and_then(Json::as_array).ok_or(format!("`{name}` is not an array"))
}
