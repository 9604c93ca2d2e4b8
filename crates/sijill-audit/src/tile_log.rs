//! A log as it is served: checkpoint, tiles and entry bundles over HTTP (C2SP tlog-tiles v0.1.0).

use std::io::Read;
use std::ops::Range;
use std::thread;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::blocking::{Client, Response};
use sijill_log::{Checkpoint, Note, Tile, bundle, tile::FULL_TILE_BYTES};

use crate::Unreadable;
use crate::source::{Disclosures, Source};

const MAX_CHECKPOINT: usize = 1_000_000;
const MAX_BUNDLE: usize = 256 * (2 + u16::MAX as usize);
const BUNDLE: u64 = 256;

/// Requests under way at once.
const TOGETHER: u64 = 8;
/// Bundles missing in a row after which the rest of the log counts as missing: a checkpoint can claim more bundles than
/// anyone can ask for.
const HOPELESS: u64 = 64;
/// Times a request is made before the log counts as unreachable, and the first pause between two, which doubles.
const ATTEMPTS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(200);

/// A tile log at some URL. It serves no disclosures: they count as withheld.
#[derive(Debug)]
pub struct TileLog {
    client: Client,
    prefix: String,
    token: Option<String>,
    /// As it was at first: the log may grow while it is audited.
    checkpoint: Vec<u8>,
    size: u64,
}

impl TileLog {
    /// Reads the log's checkpoint. `prefix` is the URL that `/checkpoint` and `/tile/…` follow; `token` a bearer token, where
    /// entries are not public. How the client verifies TLS is the caller's to say. Not to be called, nor anything else here,
    /// from an asynchronous task: it blocks. Refused: `tile-log-unreachable`, `no-checkpoint`.
    pub fn open(client: Client, prefix: &str, token: Option<String>) -> Result<Self, Unreadable> {
        let prefix = prefix.trim_end_matches('/').to_owned();
        let mut log = Self { client, prefix, token, checkpoint: Vec::new(), size: 0 };
        let absent = || Unreadable::NoCheckpoint(format!("{}/checkpoint is not there", log.prefix));
        let checkpoint = log.get("checkpoint", MAX_CHECKPOINT)?.ok_or_else(absent)?;
        let read = |note: Note| Checkpoint::parse(note.text()).ok();
        log.size = Note::parse(&checkpoint).ok().and_then(read).map_or(0, |checkpoint| checkpoint.size);
        log.checkpoint = checkpoint;
        Ok(log)
    }

    /// What is at a path, cut off behind `limit` bytes; `None` if there is nothing.
    fn get(&self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, Unreadable> {
        let url = format!("{}/{path}", self.prefix);
        let mut pause = PAUSE;
        for _ in 1..ATTEMPTS {
            match self.try_get(&url, limit) {
                Err(Failure::Passing(_)) => thread::sleep(pause),
                answer => return answer.map_err(|failure| failure.at(url)),
            }
            pause *= 2;
        }
        self.try_get(&url, limit).map_err(|failure| failure.at(url))
    }

    fn try_get(&self, url: &str, limit: usize) -> Result<Option<Vec<u8>>, Failure> {
        let mut request = self.client.get(url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let response: Response =
            request.send().map_err(|error| Failure::Passing(error.without_url().to_string()))?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(None),
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                return Err(Failure::Final(format!("{status}: a token of an auditor or mirror is needed")));
            }
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                return Err(Failure::Passing(status.to_string()));
            }
            status => return Err(Failure::Final(status.to_string())),
        }
        let mut bytes = Vec::new();
        let read = response.take(limit as u64 + 1).read_to_end(&mut bytes);
        read.map(|_| Some(bytes)).map_err(|error| Failure::Passing(error.to_string()))
    }

    /// The entries of a bundle; `None` if it is not there or not exactly as wide as it should be.
    fn bundle(&self, index: u64) -> Result<Option<Vec<Vec<u8>>>, Unreadable> {
        let Some(tile) = Tile::in_tree(0, index, self.size) else { return Ok(None) };
        let Some(bytes) = self.get(&tile.entries_path(), MAX_BUNDLE)? else { return Ok(None) };
        let entries = bundle::decode(&bytes, tile.width).ok();
        Ok(entries.map(|entries| entries.into_iter().map(<[u8]>::to_vec).collect()))
    }

    /// A row of bundles, asked for together.
    fn bundles(&self, numbers: Range<u64>) -> Result<Vec<Option<Vec<Vec<u8>>>>, Unreadable> {
        thread::scope(|scope| {
            let asked: Vec<_> = numbers.map(|number| scope.spawn(move || self.bundle(number))).collect();
            let failed = |_| Err(Unreadable::Threads("a thread that asked for a bundle failed".to_owned()));
            asked.into_iter().map(|answer| answer.join().unwrap_or_else(failed)).collect()
        })
    }
}

/// Why a request came to nothing.
enum Failure {
    /// It may work the next time.
    Passing(String),
    /// It will not.
    Final(String),
}

impl Failure {
    fn at(self, url: String) -> Unreadable {
        let (Self::Passing(why) | Self::Final(why)) = self;
        Unreadable::Http { url, why }
    }
}

impl Source for TileLog {
    fn checkpoint(&self) -> Result<Option<Vec<u8>>, Unreadable> {
        Ok(Some(self.checkpoint.clone()))
    }

    fn entries(&self, from: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, Unreadable> {
        let (mut found, mut next) = (Vec::new(), from / BUNDLE);
        let (end, mut missing) = (self.size.div_ceil(BUNDLE), 0);
        while found.len() < limit && next < end && missing < HOPELESS {
            let together = next..end.min(next + TOGETHER);
            for (number, entries) in together.clone().zip(self.bundles(together.clone())?) {
                missing = if entries.is_some() { 0 } else { missing + 1 };
                let entries =
                    (number * BUNDLE..).zip(entries.unwrap_or_default()).filter(|(index, _)| *index >= from);
                found.extend(entries);
            }
            next = together.end;
        }
        found.truncate(limit);
        Ok(found)
    }

    fn tile(&self, tile: Tile) -> Result<Option<Vec<u8>>, Unreadable> {
        self.get(&tile.path(), FULL_TILE_BYTES)
    }

    fn disclosures(&self, _: Range<u64>, _: u64) -> Result<Disclosures, Unreadable> {
        Ok(Disclosures::default())
    }
}
