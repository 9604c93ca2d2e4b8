//! A mirror over HTTP: the log it holds by the paths of C2SP tlog-tiles, proofs, and what a witness answers.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use serde_json::json;
use sijill_event::Digest;
use sijill_log::{Tile, TlogProof, tile::FULL_TILE_BYTES};
use sijill_witness::Settings;
use tokio::sync::Semaphore;

use crate::mirror::Mirror;

/// Readings at once; more are answered 503.
const AT_ONCE: usize = 128;
const TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";

/// Who may read entries: they are pseudonymous personal data and never public. SHA-256 of each bearer token; with none, nobody.
#[derive(Debug, Clone, Default)]
pub struct Readers(pub Vec<Digest>);

struct Door {
    mirror: Mirror,
    readers: Readers,
    room: Semaphore,
}

/// The routes: those of a witness (`POST /add-checkpoint`, `/healthz`, `/metrics`), and the log.
pub fn router(mirror: &Mirror, settings: Settings, readers: Readers) -> Router {
    let door = Arc::new(Door { mirror: mirror.clone(), readers, room: Semaphore::new(AT_ONCE) });
    let log = Router::new()
        .route("/log/checkpoint", get(checkpoint))
        .route("/log/tile/entries/{*tile}", get(entries))
        .route("/log/tile/{*tile}", get(tile))
        .route("/log/documents/{hash}", get(document))
        .route("/v1/proofs/inclusion", get(inclusion))
        .route("/v1/proofs/consistency", get(consistency))
        .layer(middleware::from_fn_with_state(Arc::clone(&door), within))
        .with_state(door);
    let settings = Settings { condition: Some(Arc::new(mirror.clone())), ..settings };
    sijill_witness::router(mirror.shared.witness.clone(), settings).merge(log)
}

async fn within(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    match door.room.try_acquire() {
        Ok(_permit) => next.run(request).await,
        Err(_) => said(StatusCode::SERVICE_UNAVAILABLE, "too many readings at once; try again"),
    }
}

async fn checkpoint(State(door): State<Arc<Door>>) -> Response {
    match &door.mirror.held().note {
        Some(note) => ([(header::CONTENT_TYPE, TEXT), (header::CACHE_CONTROL, "no-cache")], note.to_string())
            .into_response(),
        None => said(StatusCode::NOT_FOUND, "nothing is mirrored yet"),
    }
}

async fn tile(State(door): State<Arc<Door>>, Path(path): Path<String>) -> Response {
    let Ok(tile) = Tile::from_path(&format!("tile/{path}")) else {
        return said(StatusCode::NOT_FOUND, "the path names no tile that could be");
    };
    let held = door.mirror.held();
    if !is_held(tile, held.checkpoint.size) {
        return said(StatusCode::NOT_FOUND, "beyond what is mirrored");
    }
    if let Some(bytes) = held.edge.partial_tile(&tile) {
        return for_ever(bytes);
    }
    // A partial tile is a prefix of the full one.
    match read(&door, &Tile { width: 256, ..tile }.path()).await {
        Some(bytes) if bytes.len() == FULL_TILE_BYTES => {
            for_ever(bytes.get(..tile.byte_len()).unwrap_or_default().to_vec())
        }
        _ => said(StatusCode::NOT_FOUND, "there is no such tile"),
    }
}

async fn entries(State(door): State<Arc<Door>>, Path(path): Path<String>, headers: HeaderMap) -> Response {
    let Ok(tile) = Tile::from_entries_path(&format!("tile/entries/{path}")) else {
        return said(StatusCode::NOT_FOUND, "the path names no bundle that could be");
    };
    if !door.readers.welcome(&headers) {
        let demand = [(header::WWW_AUTHENTICATE, "Bearer")];
        let why =
            "entries are pseudonymous personal data: they are read with a token of this mirror's operator\n";
        return (StatusCode::UNAUTHORIZED, demand, why).into_response();
    }
    if !is_held(tile, door.mirror.held().checkpoint.size) {
        return said(StatusCode::NOT_FOUND, "beyond what is mirrored");
    }
    match read(&door, &tile.entries_path()).await {
        Some(bytes) => {
            ([(header::CONTENT_TYPE, BYTES), (header::CACHE_CONTROL, "no-store")], bytes).into_response()
        }
        None => said(
            StatusCode::NOT_FOUND,
            "this width is not kept: ask for the full bundle, or the one of the checkpoint",
        ),
    }
}

async fn document(State(door): State<Arc<Door>>, Path(hash): Path<String>) -> Response {
    let found = match Digest::parse(&hash) {
        Ok(hash) => read(&door, &format!("documents/{hash}")).await,
        Err(_) => None,
    };
    found.map_or_else(|| said(StatusCode::NOT_FOUND, "there is no such document"), for_ever)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Included {
    index: u64,
}

/// A tlog-proof under the newest checkpoint held.
async fn inclusion(State(door): State<Arc<Door>>, Query(Included { index }): Query<Included>) -> Response {
    let held = door.mirror.held();
    let hashes = door.mirror.auditor().inclusion(index, held.checkpoint.size);
    match (hashes, &held.note) {
        (Some(hashes), Some(note)) => {
            let proof = TlogProof { extra: Vec::new(), index, hashes, checkpoint: note.clone() };
            ([(header::CONTENT_TYPE, TEXT)], proof.to_string()).into_response()
        }
        _ => said(StatusCode::NOT_FOUND, "beyond what is mirrored"),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Extended {
    from: u64,
    to: Option<u64>,
}

async fn consistency(
    State(door): State<Arc<Door>>,
    Query(Extended { from, to }): Query<Extended>,
) -> Response {
    let held = door.mirror.held().checkpoint.size;
    let to = to.unwrap_or(held);
    let proof = if to <= held { door.mirror.auditor().consistency(from, to) } else { None };
    match proof {
        Some(proof) => {
            let proof: Vec<String> = proof.iter().map(|hash| Digest(hash.0).to_string()).collect();
            axum::Json(json!({"from": from, "to": to, "proof": proof})).into_response()
        }
        None => said(StatusCode::NOT_FOUND, "beyond what is mirrored"),
    }
}

impl Readers {
    fn welcome(&self, headers: &HeaderMap) -> bool {
        let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = token.and_then(|value| value.strip_prefix("Bearer "));
        // Digests are compared: how alike they are tells nothing of the token.
        token.is_some_and(|token| self.0.contains(&Digest::of(token)))
    }
}

/// Whether a tree of this size has the tile, at least as wide.
fn is_held(tile: Tile, size: u64) -> bool {
    Tile::in_tree(tile.level, tile.index, size).is_some_and(|held| held.width >= tile.width)
}

async fn read(door: &Arc<Door>, path: &str) -> Option<Vec<u8>> {
    let (door, path) = (Arc::clone(door), path.to_owned());
    let read = tokio::task::spawn_blocking(move || door.mirror.shared.files.read(&path)).await;
    match read {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) => {
            tracing::error!(code = error.code(), %error, "a file of the mirror cannot be read");
            None
        }
        Err(_) => None,
    }
}

fn for_ever(bytes: Vec<u8>) -> Response {
    let cache = (header::CACHE_CONTROL, "public, max-age=31536000, immutable");
    ([(header::CONTENT_TYPE, BYTES), cache], bytes).into_response()
}

fn said(status: StatusCode, text: &str) -> Response {
    (status, format!("{text}\n")).into_response()
}
