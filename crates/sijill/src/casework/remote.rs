//! A ledger behind its server, as one of its officers may see it: what reading a case takes, by calls of the API.
//!
//! It believes the server, as reading a data directory believes the database; `sijill audit` is what checks either.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sijill_casework::catalogue::CaseEvent;
use sijill_casework::shipped;
use sijill_event::{Digest, Entry, parse_json};
use tokio::runtime::Handle;

use super::reading::parse;
use crate::client::Client;
use crate::error::{Error, Result};

/// Entries and lines asked for at a time; the API gives no more.
const PAGE: u32 = 1_000;

/// A server, and who asks it.
pub(super) struct Remote {
    client: Client,
    handle: Handle,
}

impl Remote {
    pub(super) fn new(client: Client, handle: Handle) -> Self {
        Self { client, handle }
    }

    /// The entries of the registry of authority, in log order.
    pub(super) fn registry_entries(&self) -> Result<Vec<(u64, Entry)>> {
        let registry = self.get(&["v1", "registry"], &[])?;
        let agencies = registry["agencies"].as_object().into_iter().flatten();
        let streams = agencies.map(|(id, _)| format!("agency/{id}")).chain(["ledger".to_owned()]).collect();
        Ok(self.entries_of(&streams)?.into_iter().collect())
    }

    /// The entries of these streams that the officer may see.
    pub(super) fn entries_of(&self, streams: &BTreeSet<String>) -> Result<BTreeMap<u64, Entry>> {
        let mut all = BTreeMap::new();
        for stream in streams {
            let path = ["v1", "streams", stream.as_str(), "events"];
            self.pages(&path, "events", |shown| {
                // To others there is a leaf hash and no more.
                let Some(jwt) = shown["jwt"].as_str() else { return Ok(()) };
                let (index, received) = (number(shown, "index")?, number(shown, "received")?);
                all.insert(index, parse(index, format!("{received} {jwt}").as_bytes())?);
                Ok(())
            })?;
        }
        Ok(all)
    }

    /// What these entries say, as far as it is held and is of a type of the catalogue.
    pub(super) fn read(&self, entries: &BTreeMap<u64, Entry>) -> Result<BTreeMap<u64, CaseEvent>> {
        let of = |entry: &Entry| entry.event.stream.as_str().split_once('/').map(|(_, id)| id.to_owned());
        let ids: BTreeSet<String> = entries.values().filter_map(of).collect();
        let mut read = BTreeMap::new();
        for id in &ids {
            self.pages(&["v1", "cases", id, "history"], "lines", |line| {
                let values = parse_json(line["values"].to_string().as_bytes());
                let values = values.map_err(|error| Error::Source(format!("its history: {error}")))?;
                let event_type = line["type"].as_str().unwrap_or_default();
                if line["erased"] == false
                    && let Some(event) = CaseEvent::of_values(event_type, &values)
                {
                    read.insert(number(line, "index")?, event);
                }
                Ok(())
            })?;
        }
        Ok(read)
    }

    /// A document by its hash. Those that come with the programme need not be asked for.
    pub(super) fn document(&self, hash: &Digest) -> Result<Option<Vec<u8>>> {
        let lists = shipped::CODE_LISTS.iter().map(|(_, bytes)| *bytes);
        let mut here = lists.chain([shipped::POLICY, shipped::CALENDAR]);
        if let Some(bytes) = here.find(|bytes| Digest::of(bytes) == *hash) {
            return Ok(Some(bytes.to_vec()));
        }
        self.handle.block_on(self.client.get_file(&["log", "documents", &hash.to_string()]))
    }

    /// Every element of a list that the API gives in pages.
    fn pages(&self, path: &[&str], list: &str, mut each: impl FnMut(&Value) -> Result<()>) -> Result<()> {
        let mut from = 0;
        loop {
            let query = [("from", from.to_string()), ("limit", PAGE.to_string())];
            let page = self.get(path, &query)?;
            page[list].as_array().into_iter().flatten().try_for_each(&mut each)?;
            match page["next"].as_u64() {
                Some(next) if next > from => from = next,
                _ => return Ok(()),
            }
        }
    }

    fn get(&self, path: &[&str], query: &[(&str, String)]) -> Result<Value> {
        self.handle.block_on(self.client.get_json(path, query))
    }
}

fn number(json: &Value, name: &str) -> Result<u64> {
    json[name].as_u64().ok_or_else(|| Error::Source(format!("the server's answer has no `{name}`")))
}
