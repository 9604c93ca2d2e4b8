//! Who watches the demonstration's ledger: three witnesses and a mirror, as separate processes of this machine where a country
//! would have four agencies' machines. They end with the demonstration, however that ends.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};
use sijill_audit::Trust;
use sijill_domain::event::{WitnessRule, WitnessesSet};
use sijill_log::NoteVerifier;
use tokio::process::{Child, Command};

use super::calendar::END;
use super::country::AGENCIES;
use super::founding::{Council, key_name, no_id};
use super::stage::{Stage, Who};
use crate::error::{Error, Result};
use crate::mirror_dir::{MirrorConfig, MirrorDir};
use crate::witness_dir::WitnessDir;

/// The agencies that run a witness: two of them are enough.
const WITNESSES: [&str; 3] = ["mosd", "moh", "unicef"];
const ENOUGH: usize = 2;
/// The agency that runs the mirror, and who reads the ledger for it.
const MIRROR: (&str, &str) = ("sai", "audit-1");

/// A witness or mirror, with a directory and a place to listen.
pub(super) struct Guard {
    agency: &'static str,
    dir: PathBuf,
    listen: SocketAddr,
    vkey: NoteVerifier,
    mirror: bool,
}

/// A guard at work. Dropped, it is killed; and it stops by itself when this process is gone.
pub(super) struct AtWork {
    guard: Guard,
    child: Child,
}

impl Guard {
    fn url(&self) -> String {
        format!("http://{}", self.listen)
    }

    /// Makes the directories of all four in the ledger's own, which is to be served at `ledger`.
    pub(super) async fn make(dir: &Path, trust: &Trust, ledger: SocketAddr) -> Result<Vec<Self>> {
        let mut guards = Vec::new();
        for agency in WITNESSES {
            guards.push(Self::one(dir, agency, trust, None).await?);
        }
        let (agency, officer) = MIRROR;
        let key = std::path::absolute(dir.join("keys").join(key_name(&Who::new(agency, officer))));
        let key = key.map_err(Error::unreadable(dir))?;
        let config = MirrorConfig {
            from: format!("http://{ledger}"),
            key: Some(key),
            token: None,
            every_ms: None,
            stale_after_s: None,
            most_gb: None,
            readers: Vec::new(),
        };
        guards.push(Self::one(dir, agency, trust, Some(config)).await?);
        for guard in &guards {
            guard.tell_peers(&guards)?;
        }
        Ok(guards)
    }

    async fn one(
        dir: &Path,
        agency: &'static str,
        trust: &Trust,
        mirror: Option<MirrorConfig>,
    ) -> Result<Self> {
        let kind = if mirror.is_some() { "mirror" } else { "witness" };
        let dir = dir.join("guards").join(format!("{kind}-{agency}"));
        let listen = free_place()?;
        let witness = WitnessDir::create(&dir, &format!("{kind}.{agency}.example"), Some(listen))?;
        let vkey = witness.new_key()?;
        let state = witness.state().await?;
        let trusted = state.trust(&trust.origin, &trust.log_key).await;
        state.close().await;
        trusted?;
        let is_mirror = mirror.is_some();
        if let Some(config) = mirror {
            MirrorDir::create(witness, config, trust)?;
        }
        Ok(Self { agency, dir, listen, vkey, mirror: is_mirror })
    }

    /// Each hears what the others hold.
    fn tell_peers(&self, guards: &[Self]) -> Result<()> {
        let others = guards.iter().filter(|other| other.dir != self.dir);
        let urls: Vec<String> = others.map(|other| format!("{:?}", other.url())).collect();
        let file = self.dir.join("witness.toml");
        let text = fs::read_to_string(&file).map_err(Error::unreadable(&file))?;
        let text = format!("{text}gossip_every_s = 10\npeers = [{}]\n", urls.join(", "));
        fs::write(&file, text).map_err(Error::unwritable(&file))
    }

    /// Starts it as a process of its own, its log beside its directory.
    pub(super) fn start(self) -> Result<AtWork> {
        let program = std::env::current_exe().map_err(Error::unreadable("this program"))?;
        let log = self.dir.with_extension("log");
        let stderr = File::create(&log).map_err(Error::unwritable(&log))?;
        let kind = if self.mirror { "mirror" } else { "witness" };
        let child = Command::new(program)
            .args([kind, "serve", "--with-parent", "--dir"])
            .arg(&self.dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(stderr)
            .kill_on_drop(true)
            .spawn()
            .map_err(|cause| Error::Source(format!("a {kind} cannot be started: {cause}")))?;
        Ok(AtWork { guard: self, child })
    }
}

/// The members decide that two of the three witnesses cosign.
pub(super) async fn decide(stage: &mut Stage, guards: &[Guard]) -> Result<()> {
    let witnesses: Vec<&Guard> = guards.iter().filter(|guard| !guard.mirror).collect();
    let lines: Vec<String> = witnesses
        .iter()
        .map(|guard| format!("witness {} {} {}", guard.agency, guard.vkey, guard.url()))
        .collect();
    let names: Vec<&str> = witnesses.iter().map(|guard| guard.agency).collect();
    let text = format!("{}\ngroup members {ENOUGH} {}\nquorum members\n", lines.join("\n"), names.join(" "));
    let policy = WitnessRule::parse(&text).ok_or_else(no_id)?;
    Council::complete().decide_at(stage, WitnessesSet { policy }.into(), END).await
}

impl AtWork {
    /// For people: who, and where.
    pub(super) fn words(&self) -> String {
        let Guard { agency, mirror, .. } = &self.guard;
        let name = AGENCIES.iter().find(|known| known.id == *agency).map_or(*agency, |known| known.en);
        let kind = if *mirror { "mirror" } else { "witness" };
        let pid = self.child.id().map_or_else(String::new, |pid| format!(", process {pid}"));
        format!("{kind:<8}{agency:<8}{} {name}{pid}", self.guard.url())
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let Guard { agency, dir, vkey, mirror, .. } = &self.guard;
        let kind = if *mirror { "mirror" } else { "witness" };
        json!({
            "kind": kind, "agency": agency, "dir": dir, "url": self.guard.url(), "vkey": vkey.to_string(),
            "process": self.child.id(),
        })
    }

    /// The directory of the mirror.
    pub(super) fn mirror(guards: &[Self]) -> Option<(&Path, String)> {
        let mirror = guards.iter().find(|at_work| at_work.guard.mirror)?;
        Some((&mirror.guard.dir, mirror.guard.url()))
    }
}

fn free_place() -> Result<SocketAddr> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    bound.map_err(|cause| Error::Serve { code: "listen", message: format!("there is no free port: {cause}") })
}
