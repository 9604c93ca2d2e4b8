//! The code lists in force, for whoever fills in an event.

use std::collections::BTreeMap;

use sijill_casework::case::{Documents, World};
use sijill_casework::codes::{CodeBook, CodeEntry, CodeList};
use sijill_casework::shipped;
use sijill_domain::event::DocumentKind;
use sijill_event::{Digest, Json};

use crate::client::Client;
use crate::error::{Error, Result};
use crate::gate::Gate;
use crate::key_file::Author;

/// What a ledger has published, as far as filling in an event needs it.
#[derive(Debug, Clone, Default)]
pub struct InForce {
    /// The version in force of each code list; none where nothing is known of a ledger.
    versions: Option<BTreeMap<String, u64>>,
    book: CodeBook,
    /// The author's unit.
    unit: Option<String>,
}

impl InForce {
    /// The lists that come with the programme, of no ledger.
    pub fn shipped() -> Result<Self> {
        let lists = shipped::CODE_LISTS.iter().map(|(id, json)| {
            CodeList::parse(json).map_err(|error| Error::malformed(format!("{id}.json"), error.to_string()))
        });
        Ok(Self { versions: None, book: lists.collect::<Result<_>>()?, unit: None })
    }

    /// As published at the gate, for this author.
    pub async fn at(gate: &Gate, author: &Author) -> Result<Self> {
        match gate {
            Gate::Here(ledger) => {
                let mut found = Self::of_world(&ledger.world());
                let registry = ledger.registry();
                let officer =
                    registry.agency(&author.agency).and_then(|agency| agency.officer(&author.officer));
                found.unit = officer.map(|officer| officer.unit.to_string());
                Ok(found)
            }
            Gate::Server(client) => Self::of_server(client, author).await,
        }
    }

    /// As published in this world.
    pub fn of_world(world: &World) -> Self {
        let documents = world.registry().documents();
        let lists = documents.filter(|(kind, ..)| *kind == DocumentKind::CodeList);
        let versions =
            lists.filter_map(|(_, id, versions)| Some((id.to_string(), versions.last()?.version))).collect();
        Self { versions: Some(versions), book: world.book(), unit: None }
    }

    /// Asks the server for its registry; the text of a list that came with the programme is known by its hash.
    async fn of_server(client: &Client, author: &Author) -> Result<Self> {
        let registry = client.registry().await?;
        let mut known = Documents::new();
        for (_, json) in shipped::CODE_LISTS {
            let read = known.insert(DocumentKind::CodeList, json);
            read.map_err(|error| Error::Source(error.to_string()))?;
        }
        let (mut versions, mut book) = (BTreeMap::new(), CodeBook::new());
        let lists = registry["documents"]["code_list"].as_object();
        for (id, published) in lists.into_iter().flatten() {
            let Some(latest) = published.as_array().and_then(|all| all.last()) else { continue };
            versions.insert(id.clone(), latest["version"].as_u64().unwrap_or_default());
            let Some(hash) = latest["hash"].as_str().and_then(|text| Digest::parse(text).ok()) else {
                continue;
            };
            if known.list(&hash).is_none()
                && let Some(bytes) = client.get_file(&["log", "documents", &hash.to_string()]).await?
                && Digest::of(&bytes) == hash
            {
                // One that cannot be read has no labels here, and the ledger judges its codes.
                let _ = known.insert(DocumentKind::CodeList, &bytes);
            }
            if let Some(list) = known.list(&hash) {
                book.insert(std::sync::Arc::clone(list));
            }
        }
        let officer = &registry["agencies"][&author.agency]["officers"][&author.officer];
        let unit = officer["unit"].as_str().map(str::to_owned);
        Ok(Self { versions: Some(versions), book, unit })
    }

    /// The author's unit, if it is known.
    pub fn unit(&self) -> Option<&str> {
        self.unit.as_deref()
    }

    /// The lists.
    pub fn book(&self) -> &CodeBook {
        &self.book
    }

    /// The codes of a list that can be used, with what they mean; none if the list's text is not here.
    pub fn codes(&self, list: &str) -> Vec<&CodeEntry> {
        let list = self.book.list(list);
        list.into_iter().flat_map(|list| &list.codes).filter(|entry| !entry.retired).collect()
    }

    /// The member `codes` of an event that draws on these lists; `None` if it draws on none.
    pub fn versions<'a>(&self, lists: impl IntoIterator<Item = &'a str>) -> Result<Option<Json>> {
        let version = |list: &str| {
            let published = self.versions.as_ref().map_or(Some(&1), |versions| versions.get(list));
            let version = published.and_then(|version| Json::try_from(*version).ok());
            version.map(|version| (list.to_owned(), version)).ok_or_else(|| {
                Error::Usage(format!(
                    "code list `{list}` was never published on this ledger: `sijill documents shipped` publishes those that \
                     come with the programme"
                ))
            })
        };
        let members: Vec<(String, Json)> = lists.into_iter().map(version).collect::<Result<_>>()?;
        Ok((!members.is_empty()).then_some(Json::Object(members)))
    }
}
