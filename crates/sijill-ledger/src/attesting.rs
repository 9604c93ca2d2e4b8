//! What the ledger says of its read models, on the ledger itself: whoever is shown a figure can have it computed again.

use sijill_domain::UnitId;
use sijill_domain::event::{AttestedModel, ProjectionAttested, Service};
use sijill_event::{Digest, Draft, Json, Seen, SigningKey, Stream};
use sijill_projections::digest::ModelDigest;
use sijill_projections::engine::{Base, Projector};
use sijill_projections::{MODELS, ProjectionError, indicators};
use uuid::Uuid;

use crate::error::{LedgerError, Refused};
use crate::ledger::{Ledger, Receipt, Wait};
use crate::read::Next;

/// How often the digests are taken again because the models moved meanwhile.
const TRIES: u32 = 20;

/// Why nothing was attested.
#[derive(Debug, thiserror::Error)]
pub enum AttestError {
    /// The read models.
    #[error(transparent)]
    Projection(#[from] ProjectionError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The ledger did not take it.
    #[error("{}", .0.message)]
    Refused(Refused),
    /// The models never stood still for long enough.
    #[error("the read models move too quickly to be attested now; try again when less is written")]
    Moving,
    /// The event could not be made.
    #[error("the attestation could not be signed: {0}")]
    Unsigned(String),
}

impl AttestError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Projection(error) => error.code(),
            Self::Ledger(_) => "unavailable",
            Self::Refused(refused) => refused.code,
            Self::Moving => "projection-moving",
            Self::Unsigned(_) => "attestation-unsigned",
        }
    }
}

/// Appends what the read models say at the latest size, signed by the ledger's service `log`. Models that are not built yet or
/// lag behind are brought there first.
///
/// # Errors
/// [`AttestError`]: nothing was appended, but for `unavailable`, where nobody knows.
pub async fn attest(
    ledger: &Ledger,
    base: &dyn Base,
    key: &SigningKey,
) -> Result<(ProjectionAttested, Receipt), AttestError> {
    let log = ledger.following();
    let projector = Projector { base, log: &log };
    built(&projector).await?;
    let said = standing(&projector).await?;
    let place = LogStream::next(ledger).await?;
    let receipt = place.append(ledger, key, ProjectionAttested::TYPE, &said.data(), Uuid::now_v7()).await?;
    Ok((said, receipt))
}

/// Builds the models that this release does not find.
pub(crate) async fn built(projector: &Projector<'_>) -> Result<(), AttestError> {
    let unbuilt = projector.unbuilt().await?;
    if !unbuilt.is_empty() {
        projector.rebuild(&unbuilt, &|_| ()).await?;
    }
    Ok(())
}

/// Appends what the ledger says of itself to stream `log`; `seen`: the checkpoint it speaks of, if not the published one.
pub(crate) async fn append(
    ledger: &Ledger,
    key: &SigningKey,
    event_type: &str,
    data: &Json,
    seen: Option<Seen>,
) -> Result<Receipt, AttestError> {
    let place = LogStream::next(ledger).await?;
    let place = match seen {
        Some(seen) => place.seeing(seen),
        None => place,
    };
    place.append(ledger, key, event_type, data, Uuid::now_v7()).await
}

/// A place in stream `log`, where the ledger speaks of itself.
pub(crate) struct LogStream {
    stream: Stream,
    next: Next,
}

impl LogStream {
    /// The next one.
    pub(crate) async fn next(ledger: &Ledger) -> Result<Self, AttestError> {
        let stream =
            Stream::parse("log").ok_or_else(|| AttestError::Unsigned("no stream `log`".to_owned()))?;
        let next = ledger.next(&stream).await?;
        Ok(Self { stream, next })
    }

    /// How many entries the log has that it will have seen; `None` for none.
    pub(crate) fn size(&self) -> Option<u64> {
        self.next.seen.as_ref().map(|seen| seen.size)
    }

    /// Its `seq`.
    pub(crate) fn seq(&self) -> u64 {
        self.next.seq
    }

    /// Speaks of another checkpoint than the published one.
    pub(crate) fn seeing(mut self, seen: Seen) -> Self {
        self.next.seen = Some(seen);
        self
    }

    /// Appends an event of the service `log` there.
    pub(crate) async fn append(
        self,
        ledger: &Ledger,
        key: &SigningKey,
        kind: &str,
        data: &Json,
        jti: Uuid,
    ) -> Result<Receipt, AttestError> {
        let mut draft = Draft::new(kind, 1)
            .author("ledger", Service::Log.as_str())
            .aud(ledger.origin())
            .at(&self.stream, self.next.seq, self.next.prev)
            .jti(jti)
            .iat(ledger.now_ms() / 1_000);
        if let Some(seen) = self.next.seen {
            draft = draft.seen(seen);
        }
        for (name, value) in data.as_object().into_iter().flatten() {
            draft = draft.open(name, value.clone());
        }
        let signed = draft.sign(key).map_err(|error| AttestError::Unsigned(error.to_string()))?;
        let busy = |_| AttestError::Refused(Refused::unavailable("the ledger has too much to do; try again"));
        let mut settled = ledger.append(vec![signed.to_string()], Wait::Published).await.map_err(busy)?;
        match settled.pop() {
            Some(Ok(receipt)) => Ok(receipt),
            Some(Err(refused)) => Err(AttestError::Refused(refused)),
            None => Err(AttestError::Moving),
        }
    }
}

/// The digests of all models at one size.
async fn standing(projector: &Projector<'_>) -> Result<ProjectionAttested, AttestError> {
    for _ in 0..TRIES {
        while !projector.follow().await? {}
        let before = projector.generations().await?;
        let live = |name: &str| before.iter().find(|generation| generation.live && generation.model == name);
        let mut models = Vec::new();
        let mut buckets = Vec::new();
        for model in MODELS {
            let live = live(model.name).ok_or(ProjectionError::NotBuilt(model.name))?;
            let digest = projector.digest(model, live.number).await?;
            if model.name == indicators::MODEL.name {
                buckets = digest.buckets.iter().map(|bucket| Digest(bucket.0)).collect();
            }
            models.push(attested(model.name, model.version, &digest)?);
        }
        let size = before.iter().filter(|generation| generation.live).map(|generation| generation.position);
        let (least, most) = (size.clone().min(), size.max());
        if least == most && projector.generations().await? == before {
            return Ok(ProjectionAttested { size: most.unwrap_or(0), models, buckets });
        }
    }
    Err(AttestError::Moving)
}

fn attested(name: &str, version: u32, digest: &ModelDigest) -> Result<AttestedModel, AttestError> {
    let unnamed = || AttestError::Unsigned(format!("`{name}` is no name of a model"));
    let gaps: u64 = digest.gaps.iter().sum();
    Ok(AttestedModel {
        name: UnitId::parse(name).ok_or_else(unnamed)?,
        version: version.into(),
        root: Digest(digest.root.0),
        gaps: (gaps > 0).then_some(gaps),
    })
}
