//! What the members have decided so far, as the registry tells it, here or over HTTP: one JSON, whoever is asked.

use serde_json::Value;
use sijill_casework::Address;
use sijill_domain::event::{Action, DocumentPublish};
use sijill_event::Digest;

use crate::error::{Error, Result};
use crate::gate::Gate;

/// The registry, asked about proposals and documents.
pub(super) struct Council(Value);

/// A unit that is not open.
pub(super) struct Closed {
    /// Its agency is no active one.
    pub(super) stranger: bool,
    pub(super) unit: Address,
}

impl Council {
    /// As it stands now.
    pub(super) async fn at(gate: &Gate) -> Result<Self> {
        Ok(Self(match gate {
            Gate::Here(ledger) => serde_json::to_value(&*ledger.registry())
                .map_err(|error| Error::Source(format!("the registry cannot be read: {error}")))?,
            Gate::Server(client) => client.registry().await?,
        }))
    }

    /// How many members it takes.
    pub(super) fn quorum(&self) -> u64 {
        self.0["quorum"].as_u64().unwrap_or_default()
    }

    /// Whether documents are judged at all: under rule-set 1 none is.
    pub(super) fn judges_documents(&self) -> bool {
        self.0["rules"].as_u64().is_some_and(|rules| rules >= 2)
    }

    /// The agencies that vote.
    pub(super) fn members(&self) -> impl Iterator<Item = &str> {
        let agencies = self.0["agencies"].as_object().into_iter().flatten();
        agencies.filter(|(_, agency)| agency["member"] == true).map(|(id, _)| id.as_str())
    }

    /// The newest published version of a document, and its hash.
    pub(super) fn latest(&self, kind: &str, id: &str) -> Option<(u64, &str)> {
        let newest = self.0["documents"][kind][id].as_array()?.last()?;
        Some((newest["version"].as_u64()?, newest["hash"].as_str()?))
    }

    /// Whether this very version is published.
    pub(super) fn has(&self, publish: &DocumentPublish) -> bool {
        let versions = self.0["documents"][publish.kind.as_str()][publish.id.as_str()].as_array();
        let (version, hash) = (publish.version, publish.hash.to_string());
        versions.into_iter().flatten().any(|one| one["version"] == version && one["hash"] == hash)
    }

    /// A proposal to do the same that nothing has become of yet; of several the one that is nearest to passing, then the
    /// oldest.
    pub(super) fn pending(&self, publish: &DocumentPublish) -> Result<Option<Digest>> {
        let action = serde_json::to_value(Action::DocumentPublish(publish.clone()))
            .map_err(|error| Error::Source(error.to_string()))?;
        let pending = self.0["proposals"].as_object().into_iter().flatten().filter(|(_, proposal)| {
            let status = &proposal["status"];
            proposal["action"] == action && (*status == "open" || status.get("scheduled").is_some())
        });
        let best = pending.max_by_key(|(_, proposal)| {
            let approvals = proposal["approvals"].as_object().map_or(0, serde_json::Map::len);
            (approvals, std::cmp::Reverse(proposal["index"].as_u64()))
        });
        Ok(best.and_then(|(hash, _)| Digest::parse(hash).ok()))
    }

    /// The members that have approved a proposal, and those that have not.
    pub(super) fn votes(&self, proposal: &Digest) -> (Vec<&str>, Vec<&str>) {
        let approvals = &self.0["proposals"][proposal.to_string()]["approvals"];
        self.members().partition(|member| approvals.get(*member).is_some())
    }

    /// Which of these units no referral can be sent to: they are not open, or never were.
    pub(super) fn closed<'a>(&self, units: impl Iterator<Item = &'a Address>) -> Vec<Closed> {
        let units = units.filter_map(|unit| {
            let agency = &self.0["agencies"][unit.agency.as_str()];
            let open = agency["units"][unit.unit.as_str()]["open"] == true;
            (!open).then(|| Closed { stranger: agency["standing"] != "active", unit: unit.clone() })
        });
        units.collect()
    }
}
