//! The lists in force together.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Code, CodeList};

/// One version of each list, by the list's id: what a policy is checked against.
#[derive(Debug, Clone, Default)]
pub struct CodeBook(BTreeMap<String, Arc<CodeList>>);

impl CodeBook {
    /// No lists.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a list, in place of an earlier version.
    pub fn insert(&mut self, list: Arc<CodeList>) {
        self.0.insert(list.list.to_string(), list);
    }

    /// The list with this id.
    pub fn list(&self, id: &str) -> Option<&CodeList> {
        self.0.get(id).map(AsRef::as_ref)
    }

    /// The codes of a list that are not retired, in its order; none if there is no such list.
    pub fn current(&self, id: &str) -> impl Iterator<Item = &Code> {
        self.list(id)
            .into_iter()
            .flat_map(|list| list.codes.iter().filter(|entry| !entry.retired).map(|entry| &entry.code))
    }
}

impl FromIterator<CodeList> for CodeBook {
    fn from_iter<I: IntoIterator<Item = CodeList>>(lists: I) -> Self {
        let mut book = Self::new();
        for list in lists {
            book.insert(Arc::new(list));
        }
        book
    }
}
