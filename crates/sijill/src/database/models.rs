//! What a data directory keeps of read models, to be held against its entries.

use std::sync::Arc;

use sijill_audit::ModelClaim;
use sijill_event::Digest;
use sijill_projections::ProjectionError;
use sijill_projections::engine::{Base, PostgresBase, SqliteBase, digest_at, hangs_together, live};

use crate::config::Engine;
use crate::data_dir::DataDir;
use crate::error::Result;

/// The read models of a data directory, read only; `None` if nobody ever built any.
pub(super) async fn kept(dir: &DataDir) -> Result<Option<Arc<dyn Base>>> {
    Ok(match (dir.config.engine, &dir.config.url) {
        (Engine::Postgres, Some(url)) => {
            PostgresBase::connect_read_only(url).await?.map(|base| Arc::new(base) as Arc<dyn Base>)
        }
        _ => SqliteBase::open_read_only(&dir.projections_path())
            .await?
            .map(|base| Arc::new(base) as Arc<dyn Base>),
    })
}

/// What they say of a log of `size` entries, or of as many of them as they have taken in.
pub(super) async fn claims(
    base: &dyn Base,
    size: u64,
) -> std::result::Result<Vec<ModelClaim>, ProjectionError> {
    let mut claims = Vec::new();
    for (model, generation) in live(base).await? {
        let size = size.min(generation.position);
        let digest = digest_at(base, model, generation.number, size).await?;
        let mut root = Digest(digest.root.0);
        let mut buckets: Vec<Digest> = digest.buckets.iter().map(|bucket| Digest(bucket.0)).collect();
        if !hangs_together(base, model, generation.number).await? {
            // No rows give this root: whatever the entries give, it is something else.
            (root, buckets) = (Digest([0; 32]), Vec::new());
        }
        let version = u64::from(model.version);
        claims.push(ModelClaim { index: None, size, model: model.name.to_owned(), version, root, buckets });
    }
    Ok(claims)
}
