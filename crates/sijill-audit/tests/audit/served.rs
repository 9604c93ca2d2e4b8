//! A tile log over HTTP: an export, served as it lies, by the smallest server that can.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use reqwest::blocking::Client;
use sijill_audit::{FaultCode, Options, Status, TileLog, audit, export};

use crate::made::Made;

/// In a build of the whole workspace the client leaves the choice of TLS to the program; here that is the test.
fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::new()
}

/// What the server saw and how it is to behave.
#[derive(Default)]
struct Behaviour {
    requests: AtomicUsize,
    /// Answer so many requests with 503 first.
    busy: AtomicUsize,
    /// Wanted in each request.
    token: Mutex<Option<&'static str>>,
}

fn serve(root: PathBuf) -> (String, Arc<Behaviour>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/log/", listener.local_addr().expect("an address"));
    let behaviour = Arc::new(Behaviour::default());
    let shared = Arc::clone(&behaviour);
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let (root, shared) = (root.clone(), Arc::clone(&shared));
            std::thread::spawn(move || answer(connection, &root, &shared));
        }
    });
    (url, behaviour)
}

fn answer(mut connection: TcpStream, root: &Path, behaviour: &Behaviour) -> Option<()> {
    let mut head = Vec::new();
    let mut reader = BufReader::new(connection.try_clone().ok()?);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_owned());
    }
    behaviour.requests.fetch_add(1, Ordering::Relaxed);
    let path = head.first()?.split(' ').nth(1)?.strip_prefix("/log/")?.to_owned();
    let token = *behaviour.token.lock().ok()?;
    let shown = token.is_none_or(|token| {
        head.iter().any(|line| line.eq_ignore_ascii_case(&format!("authorization: Bearer {token}")))
    });
    let busy =
        behaviour.busy.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |busy| busy.checked_sub(1)).is_ok();
    let file = std::fs::File::open(root.join(path)).ok();
    let (status, body) = match file {
        _ if busy => ("503 Busy", Vec::new()),
        _ if !shown => ("401 Unauthorized", Vec::new()),
        None => ("404 Not Found", Vec::new()),
        Some(mut file) => {
            let mut body = Vec::new();
            file.read_to_end(&mut body).ok()?;
            ("200 OK", body)
        }
    };
    write!(connection, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len())
        .ok()?;
    connection.write_all(&body).ok()
}

fn served(made: &Made) -> (tempfile::TempDir, String, Arc<Behaviour>) {
    let temp = tempfile::tempdir().expect("a directory");
    export(&made.source(), &temp.path().join("export"), false).expect("exported");
    let (url, behaviour) = serve(temp.path().join("export"));
    (temp, url, behaviour)
}

#[test]
fn a_log_is_audited_as_it_is_served() {
    let made = Made::with_cases(5000);
    let (temp, url, behaviour) = served(&made);
    behaviour.busy.store(2, Ordering::Relaxed);
    let trust = made.trust();
    let options = Options { trust: Some(&trust), ..Options::default() };
    let log = TileLog::open(client(), &url, None).expect("served");
    let report = audit(&log, &options).expect("readable");
    assert_eq!((report.faults.len(), report.entries), (0, 5016));
    assert_eq!(
        (report.levels.integrity.status, report.levels.authority.status),
        (Status::Partial, Status::Clean)
    );
    // The checkpoint, twenty bundles and tiles each, a tile above them; and the two that were refused.
    assert_eq!(behaviour.requests.load(Ordering::Relaxed), 1 + 20 + 20 + 1 + 2);

    std::fs::remove_file(temp.path().join("export/tile/entries/003")).expect("removed");
    std::fs::remove_file(temp.path().join("export/tile/0/005")).expect("removed");
    let report = audit(&log, &options).expect("readable");
    let roots = report.faults.iter().filter(|fault| fault.code == FaultCode::Root).map(|fault| fault.index);
    assert_eq!(roots.collect::<Vec<_>>(), [Some(768), Some(1280)]);
}

#[test]
fn a_log_may_want_a_token_and_be_out_of_reach() {
    let (_temp, url, behaviour) = served(&Made::with_cases(3));
    *behaviour.token.lock().expect("whole") = Some("t0k");
    let refused = TileLog::open(client(), &url, None).map_err(|error| (error.code(), error.to_string()));
    let (code, sentence) = refused.expect_err("refused");
    assert_eq!(code, "tile-log-unreachable");
    assert!(sentence.contains("401") && sentence.contains("token"), "{sentence}");
    let log = TileLog::open(client(), &url, Some("t0k".to_owned())).expect("served");
    assert_eq!(audit(&log, &Options::default()).expect("readable").faults.len(), 0);

    behaviour.busy.store(usize::MAX, Ordering::Relaxed);
    assert_eq!(
        TileLog::open(client(), &url, None).map_err(|error| error.code()).err(),
        Some("tile-log-unreachable")
    );
}

#[test]
fn a_log_without_a_checkpoint_is_none_and_one_with_a_bad_checkpoint_is_at_fault() {
    let temp = tempfile::tempdir().expect("a directory");
    let (url, _) = serve(temp.path().to_path_buf());
    let error = TileLog::open(client(), &url, None).expect_err("404");
    assert_eq!(error.code(), "no-checkpoint");
    assert!(error.to_string().contains(&format!("{url}checkpoint")), "{error}");

    std::fs::write(temp.path().join("checkpoint"), "Welcome!\n").expect("written");
    let log = TileLog::open(client(), &url, None).expect("served");
    let report = audit(&log, &Options::default()).expect("readable");
    assert_eq!(
        report.faults.iter().map(|fault| fault.code).collect::<Vec<_>>(),
        [FaultCode::CheckpointSignature]
    );
}
