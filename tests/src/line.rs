//! A line between a mirror and its ledger: a real HTTP server that passes requests on, or does with them what a bad line or a
//! lying server does.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manner {
    /// It is passed on.
    Honest,
    /// It is never answered.
    Stalls,
    /// The head of the answer promises more than comes.
    Truncates,
    /// The answer is random bytes under the status 200.
    Garbage,
    /// The answer never ends.
    Endless,
    /// A byte of the answer is another one.
    Flips,
    /// The same as once before, from a file by path below this folder; what is not there is passed on.
    Plays(std::path::PathBuf),
}

struct Passing {
    to: String,
    manner: Manner,
    /// Requests whose path holds this; the others are honest.
    only: String,
    /// Bytes sent.
    sent: u64,
}

/// A line. Dropped, it is cut.
pub struct Line {
    /// Where it is reached.
    pub url: String,
    passing: Arc<Mutex<Passing>>,
    task: JoinHandle<()>,
}

impl Line {
    /// A line to the server at `to`.
    pub async fn to(to: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (to, only) = (to.to_owned(), String::new());
        let passing = Arc::new(Mutex::new(Passing { to, manner: Manner::Honest, only, sent: 0 }));
        let shared = Arc::clone(&passing);
        let task = tokio::spawn(async move {
            let client = client();
            while let Ok((stream, _)) = listener.accept().await {
                let (shared, client) = (Arc::clone(&shared), client.clone());
                // Whoever is cut off goes away by itself.
                tokio::spawn(async move { drop(serve(stream, &shared, &client).await) });
            }
        });
        Self { url, passing, task }
    }

    /// From now on it behaves so, to requests whose path holds `only`.
    pub fn behaves(&self, manner: Manner, only: &str) {
        let mut passing = self.passing.lock().unwrap_or_else(PoisonError::into_inner);
        (passing.manner, passing.only) = (manner, only.to_owned());
    }

    /// From now on it leads to another server.
    pub fn leads_to(&self, to: &str) {
        to.clone_into(&mut self.passing.lock().unwrap_or_else(PoisonError::into_inner).to);
    }

    /// Bytes of answers sent so far.
    pub fn sent(&self) -> u64 {
        self.passing.lock().unwrap_or_else(PoisonError::into_inner).sent
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An HTTP client, whether or not another one was made before.
pub fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

async fn serve(
    mut stream: TcpStream,
    passing: &Mutex<Passing>,
    client: &reqwest::Client,
) -> std::io::Result<()> {
    let (method, path, headers, body) = request(&mut stream).await?;
    let (to, manner) = {
        let passing = passing.lock().unwrap_or_else(PoisonError::into_inner);
        let manner = if path.contains(&passing.only) { passing.manner.clone() } else { Manner::Honest };
        (passing.to.clone(), manner)
    };
    let head = |status: u16, length: usize| {
        format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n")
    };
    let count = |bytes: usize| passing.lock().unwrap_or_else(PoisonError::into_inner).sent += bytes as u64;
    match manner {
        Manner::Stalls => {
            tokio::time::sleep(Duration::from_hours(1)).await;
            return Ok(());
        }
        Manner::Garbage => {
            let garbage: Vec<u8> =
                (0..50_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0]).collect();
            stream.write_all(head(200, garbage.len()).as_bytes()).await?;
            stream.write_all(&garbage).await?;
            return stream.shutdown().await;
        }
        Manner::Endless => {
            stream.write_all(b"HTTP/1.1 200 x\r\nconnection: close\r\n\r\n").await?;
            let piece = vec![b'x'; 1 << 16];
            loop {
                stream.write_all(&piece).await?;
                count(piece.len());
            }
        }
        Manner::Plays(folder) => {
            if let Ok(bytes) = std::fs::read(folder.join(path.trim_start_matches("/log/"))) {
                stream.write_all(head(200, bytes.len()).as_bytes()).await?;
                stream.write_all(&bytes).await?;
                return stream.shutdown().await;
            }
        }
        Manner::Honest | Manner::Truncates | Manner::Flips => {}
    }
    let manner = passing.lock().unwrap_or_else(PoisonError::into_inner).manner.clone();
    let only = passing.lock().unwrap_or_else(PoisonError::into_inner).only.clone();
    let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
    let mut passed = client.request(method, format!("{to}{path}")).body(body);
    for (name, value) in headers {
        passed = passed.header(name, value);
    }
    let Ok(answer) = passed.send().await else {
        return stream.write_all(head(502, 0).as_bytes()).await;
    };
    let status = answer.status().as_u16();
    let mut bytes = answer.bytes().await.map_or_else(|_| Vec::new(), |bytes| bytes.to_vec());
    let mut promised = bytes.len();
    if path.contains(&only) {
        match manner {
            Manner::Truncates => {
                bytes.truncate(promised / 2);
                promised += 1;
            }
            Manner::Flips => {
                // Near the end: of a bundle that is held in part, only what is new is looked at.
                let last = bytes.len().saturating_sub(2);
                if let Some(byte) = bytes.get_mut(last) {
                    *byte ^= 1;
                }
            }
            _ => {}
        }
    }
    count(bytes.len());
    stream.write_all(head(status, promised).as_bytes()).await?;
    stream.write_all(&bytes).await?;
    stream.shutdown().await
}

type Request = (String, String, Vec<(String, String)>, Vec<u8>);

/// Method, path, the headers that matter, body.
async fn request(stream: &mut TcpStream) -> std::io::Result<Request> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
    let (method, path) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let all: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length =
        all.iter().find(|(name, _)| name == "content-length").and_then(|(_, length)| length.parse().ok());
    let mut body = bytes.split_off(end + 4);
    while body.len() < length.unwrap_or(0) {
        if stream.read_buf(&mut body).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    let kept = all.into_iter().filter(|(name, _)| ["authorization", "content-type"].contains(&name.as_str()));
    Ok((method, path, kept.collect(), body))
}
