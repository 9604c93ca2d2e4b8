//! Trust policies (C2SP tlog-policy, draft): which logs, which witnesses, and how many of them are enough.
//!
//! ```text
//! log <vkey> [<url>]
//! witness <name> <vkey> [<url>]
//! group <name> all|any|<k> <member>…
//! quorum <name>|none
//! ```
//!
//! A name is defined above its use and is a member of at most one group, so a quorum is a tree in which each witness
//! stands once. Stricter than the draft in two points: the file is UTF-8, and one public key serves once, be it as log or
//! as witness.

mod parse;
mod quorum;

pub use quorum::{QuorumTime, Witnessed};

use std::fmt;

use crate::{Checkpoint, LogError, Note, NoteVerifier};

/// A parsed policy. `Display` prints it without comments, logs first, thresholds spelt `all` and `any` where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<LogKey>,
    /// In order of definition: a group stands after its members.
    members: Vec<Member>,
    /// Position in `members`; `None` for `quorum none`.
    quorum: Option<usize>,
}

/// A log line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogKey {
    /// Its key; the key's name is the log's origin.
    pub key: NoteVerifier,
    /// Where it is served.
    pub url: Option<String>,
}

/// A witness line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Its name inside the policy.
    pub name: String,
    /// Its cosignature key.
    pub key: NoteVerifier,
    /// Where checkpoints are submitted to it (C2SP tlog-witness).
    pub url: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    name: String,
    /// How many members must have witnessed, 1 to all.
    threshold: usize,
    /// Positions in [`Policy::members`].
    members: Vec<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Member {
    Witness(Box<Witness>),
    Group(Group),
}

impl Member {
    fn name(&self) -> &str {
        match self {
            Self::Witness(witness) => &witness.name,
            Self::Group(group) => &group.name,
        }
    }
}

impl Policy {
    /// The logs whose checkpoints the policy accepts; none if the log is known from elsewhere.
    pub fn logs(&self) -> &[LogKey] {
        &self.logs
    }

    /// The witnesses, in order of definition.
    pub fn witnesses(&self) -> impl Iterator<Item = &Witness> {
        self.members.iter().filter_map(|member| match member {
            Member::Witness(witness) => Some(witness.as_ref()),
            Member::Group(_) => None,
        })
    }

    /// Reads a note and verifies that it is a checkpoint of one of the policy's logs, cosigned by a quorum.
    pub fn open(&self, bytes: &[u8]) -> Result<(Checkpoint, Note, Witnessed), LogError> {
        let note = Note::parse(bytes)?;
        let (checkpoint, witnessed) = self.open_note(&note)?;
        Ok((checkpoint, note, witnessed))
    }

    /// [`Policy::open`] for a note that has been read already.
    pub fn open_note(&self, note: &Note) -> Result<(Checkpoint, Witnessed), LogError> {
        let checkpoint = Checkpoint::parse(note.text())?;
        // An origin may have several keys while one is being replaced: any one will do, a wrong signature never.
        let keys = self.logs.iter().map(|log| &log.key).filter(|key| *key.name() == checkpoint.origin);
        let keys: Vec<NoteVerifier> = keys.cloned().collect();
        if keys.is_empty() {
            return Err(LogError::PolicyLogUnknown { origin: checkpoint.origin.to_string() });
        }
        note.verify(&keys)?;
        let witnessed = self.satisfied_by(note)?;
        if witnessed.quorum { Ok((checkpoint, witnessed)) } else { Err(LogError::Quorum) }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for log in &self.logs {
            writeln!(f, "log {}{}", log.key, Url(log.url.as_ref()))?;
        }
        for member in &self.members {
            match member {
                Member::Witness(witness) => {
                    writeln!(f, "witness {} {}{}", witness.name, witness.key, Url(witness.url.as_ref()))?;
                }
                Member::Group(group) => {
                    write!(f, "group {} ", group.name)?;
                    match group.threshold {
                        k if k == group.members.len() => f.write_str("all")?,
                        1 => f.write_str("any")?,
                        k => write!(f, "{k}")?,
                    }
                    let names = group.members.iter().filter_map(|&member| self.members.get(member));
                    names.into_iter().try_for_each(|member| write!(f, " {}", member.name()))?;
                    writeln!(f)?;
                }
            }
        }
        let quorum = self.quorum.and_then(|quorum| self.members.get(quorum));
        writeln!(f, "quorum {}", quorum.map_or("none", Member::name))
    }
}

struct Url<'a>(Option<&'a String>);

impl fmt::Display for Url<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |url| write!(f, " {url}"))
    }
}
