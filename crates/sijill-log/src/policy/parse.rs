//! Reading a policy, line by line.

use std::{collections::HashSet, str::FromStr};

use super::{Group, LogKey, Member, Policy, Witness};
use crate::{KeyKind, LogError, NoteVerifier, note::MAX_NOTE_BYTES, parse_decimal};

/// Most logs, witnesses and groups each (the draft asks for at least 32).
const MAX_OF_EACH: usize = 256;

impl Policy {
    /// Reads a policy file. Every line ends with a newline; items are separated by spaces and tabs.
    pub fn parse(bytes: &[u8]) -> Result<Self, LogError> {
        let text = std::str::from_utf8(bytes).map_err(|_| LogError::PolicyEncoding)?;
        let forbidden = |byte: u8| (byte < 0x20 && byte != b'\n' && byte != b'\t') || byte == 0x7f;
        if bytes.len() > MAX_NOTE_BYTES || text.bytes().any(forbidden) {
            return Err(LogError::PolicyEncoding);
        }
        let mut reader = Reader::default();
        for line in text.split_inclusive('\n') {
            reader.line += 1;
            // A file cut short must not pass for a weaker policy.
            let line = line.strip_suffix('\n').ok_or_else(|| reader.problem("no newline at its end"))?;
            reader.read(line)?;
        }
        if !reader.has_quorum {
            return Err(LogError::PolicyQuorumLine);
        }
        Ok(Self { logs: reader.logs, members: reader.members, quorum: reader.quorum })
    }
}

impl FromStr for Policy {
    type Err = LogError;

    fn from_str(text: &str) -> Result<Self, LogError> {
        Self::parse(text.as_bytes())
    }
}

#[derive(Default)]
struct Reader {
    /// Number of the current line, from 1.
    line: usize,
    logs: Vec<LogKey>,
    members: Vec<Member>,
    /// Members that are in a group already.
    grouped: HashSet<usize>,
    keys: HashSet<[u8; 32]>,
    quorum: Option<usize>,
    has_quorum: bool,
}

impl Reader {
    fn read(&mut self, line: &str) -> Result<(), LogError> {
        let items: Vec<&str> = line.split([' ', '\t']).filter(|item| !item.is_empty()).collect();
        match *items.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with('#') => Ok(()),
            ["log", vkey] => self.log(vkey, None),
            ["log", vkey, url] => self.log(vkey, Some(url)),
            ["witness", name, vkey] => self.witness(name, vkey, None),
            ["witness", name, vkey, url] => self.witness(name, vkey, Some(url)),
            ["group", name, threshold, ref members @ ..] => self.group(name, threshold, members),
            ["quorum", name] => self.quorum(name),
            _ => Err(self.problem("not a log, witness, group or quorum line")),
        }
    }

    fn log(&mut self, vkey: &str, url: Option<&str>) -> Result<(), LogError> {
        let key = self.key(vkey, KeyKind::Log)?;
        self.logs.push(LogKey { key, url: url.map(str::to_owned) });
        if self.logs.len() > MAX_OF_EACH { Err(LogError::PolicyLimit) } else { Ok(()) }
    }

    fn witness(&mut self, name: &str, vkey: &str, url: Option<&str>) -> Result<(), LogError> {
        self.check_new(name)?;
        let key = self.key(vkey, KeyKind::Witness)?;
        self.define(Member::Witness(Box::new(Witness {
            name: name.to_owned(),
            key,
            url: url.map(str::to_owned),
        })))
    }

    fn group(&mut self, name: &str, threshold: &str, names: &[&str]) -> Result<(), LogError> {
        self.check_new(name)?;
        let mut members = Vec::with_capacity(names.len());
        for member in names {
            let position = self.position(member)?;
            // Else one witness could count twice.
            if !self.grouped.insert(position) {
                return Err(LogError::PolicyNameTwice { line: self.line, name: (*member).to_owned() });
            }
            members.push(position);
        }
        let threshold = match threshold {
            "all" => Some(members.len()),
            "any" => Some(1),
            number => parse_decimal(number).and_then(|number| usize::try_from(number).ok()),
        };
        let threshold = threshold.filter(|threshold| (1..=members.len()).contains(threshold));
        let threshold = threshold.ok_or(LogError::PolicyThreshold { line: self.line })?;
        self.define(Member::Group(Group { name: name.to_owned(), threshold, members }))
    }

    fn quorum(&mut self, name: &str) -> Result<(), LogError> {
        if self.has_quorum {
            return Err(LogError::PolicyQuorumLine);
        }
        self.has_quorum = true;
        self.quorum = if name == "none" { None } else { Some(self.position(name)?) };
        Ok(())
    }

    fn key(&mut self, vkey: &str, kind: KeyKind) -> Result<NoteVerifier, LogError> {
        let key: NoteVerifier = vkey.parse()?;
        key.require(kind)?;
        if !self.keys.insert(*key.public_key()) {
            return Err(LogError::PolicyKeyTwice { line: self.line });
        }
        Ok(key)
    }

    fn check_new(&self, name: &str) -> Result<(), LogError> {
        if name == "none" {
            return Err(self.problem("'none' is a reserved name"));
        }
        if self.members.iter().any(|member| member.name() == name) {
            return Err(LogError::PolicyNameTwice { line: self.line, name: name.to_owned() });
        }
        Ok(())
    }

    fn position(&self, name: &str) -> Result<usize, LogError> {
        let position = self.members.iter().position(|member| member.name() == name);
        position.ok_or_else(|| LogError::PolicyNameUnknown { line: self.line, name: name.to_owned() })
    }

    fn define(&mut self, member: Member) -> Result<(), LogError> {
        let of_this_kind =
            |other: &&Member| matches!(other, Member::Group(_)) == matches!(member, Member::Group(_));
        if self.members.iter().filter(of_this_kind).count() >= MAX_OF_EACH {
            return Err(LogError::PolicyLimit);
        }
        self.members.push(member);
        Ok(())
    }

    fn problem(&self, problem: &'static str) -> LogError {
        LogError::PolicyLine { line: self.line, problem }
    }
}
