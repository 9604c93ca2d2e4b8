//! Gossip: witnesses and mirrors compare what each has cosigned, so that a log that shows two histories is found by whoever was
//! shown either.

use std::time::Duration;

use sijill_log::Note;
use sijill_mirror::{Mirror, MirrorError, Unreached};
use sijill_witness::{Heard, Witness};

use crate::error::Result;
use crate::log_over_http::Peers;
use crate::witness_dir::WitnessConfig;

/// How often peers are asked, if the settings do not say.
const EVERY: u64 = 60;

/// Whoever hears what a peer holds.
pub enum Ear {
    /// A witness knows sizes and roots.
    Witness,
    /// A mirror knows the whole tree.
    Mirror(Mirror),
}

impl Ear {
    async fn hear(&self, witness: &Witness, note: &Note) -> Result<&'static str> {
        Ok(match self {
            Self::Witness => match witness.hear(note).await? {
                Heard::Fork => "fork",
                Heard::New | Heard::Known => "agrees",
            },
            Self::Mirror(mirror) => match mirror.hear(note).await {
                Ok(()) => "agrees",
                Err(MirrorError::Forked(_)) => "fork",
                Err(error) => return Err(error.into()),
            },
        })
    }
}

/// Asks the peers of the settings, again and again; ends only with its task. Without peers there is nothing to do.
pub async fn gossip(settings: WitnessConfig, witness: Witness, ear: Ear) -> Result<()> {
    if settings.peers.is_empty() {
        return Ok(());
    }
    let peers = Peers::new(&settings.peers)?;
    let every = Duration::from_secs(settings.gossip_every_s.unwrap_or(EVERY).max(1));
    loop {
        for (path, origin) in witness.paths().await.unwrap_or_default() {
            for peer in peers.urls() {
                let outcome = match compare(&peers, peer, &path, &witness, &ear).await {
                    Ok(outcome) => outcome,
                    Err(why) => {
                        tracing::warn!(peer, log = origin, why, "a peer was not heard");
                        "unreached"
                    }
                };
                metrics::counter!("sijill_gossip_total", "peer" => peer.clone(), "outcome" => outcome)
                    .increment(1);
            }
        }
        tokio::time::sleep(every).await;
    }
}

async fn compare(
    peers: &Peers,
    peer: &str,
    path: &str,
    witness: &Witness,
    ear: &Ear,
) -> Result<&'static str, String> {
    match peers.newest(peer, path).await {
        Ok(None) => Ok("nothing"),
        Ok(Some(note)) => ear.hear(witness, &note).await.map_err(|error| error.to_string()),
        Err(Unreached(why)) => Err(why),
    }
}
