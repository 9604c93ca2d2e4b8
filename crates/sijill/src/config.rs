//! `sijill.toml`: what an operator may set, typed; anything else in it is refused by name.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::attesting::DAY;
use crate::error::{Error, Result};

/// Environment variable that overrides the ledger's PostgreSQL URL, so that its password need not lie in a file.
pub const STORE_URL: &str = "SIJILL_STORE_URL";
/// Environment variable that overrides the key store's PostgreSQL URL.
pub const KEYSTORE_URL: &str = "SIJILL_KEYSTORE_URL";

/// Environment variable that overrides the mail relay's URL, so that its password need not lie in a file.
pub const MAIL_RELAY: &str = "SIJILL_MAIL_RELAY";

/// The file `sijill.toml` of a data directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Origin of the ledger, as entry 0 states it.
    pub origin: String,
    /// Where the server listens. Behind a reverse proxy keep the loopback address.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// The engine that keeps the entries.
    #[serde(default)]
    pub engine: Engine,
    /// PostgreSQL only: `postgres://user@host/database`. [`STORE_URL`] overrides it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Another PostgreSQL database for the data keys; without it they lie in `keystore/keys.sqlite`. Several servers
    /// that share a database must share this too. [`KEYSTORE_URL`] overrides it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keystore_url: Option<String>,
    /// The key store was lost for good, and no backup of it is left. The ledger goes on: a case with values that nobody can
    /// read any more takes nothing but its erasure, and an audit of the data directory says what is gone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keys_lost: bool,
    /// The master key's file, if not `keys/master.key`. The environment variable `SIJILL_MASTER_KEY` overrides both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub master_key: Option<PathBuf>,
    /// The master key was never here: it came from the environment when the ledger was made.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub master_key_elsewhere: bool,
    /// Serve HTTPS; without it plain HTTP, for a reverse proxy on the same machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// The HTTP server.
    #[serde(default, skip_serializing_if = "Web::is_default")]
    pub web: Web,
    /// Notices by e-mail; without it there are none. Of several servers of one ledger, one is to mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<Mail>,
    /// Who cosigns the ledger's checkpoints; without it nobody, and `?wait=witnessed` is an error. Of several servers of one
    /// ledger, each may ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witnesses: Option<Witnesses>,
    /// Read models and figures.
    #[serde(default, skip_serializing_if = "Figures::is_default")]
    pub figures: Figures,
    /// Commitments of the ledger to its heads.
    #[serde(default, skip_serializing_if = "Heads::is_default")]
    pub heads: Heads,
    /// Bounds.
    #[serde(default, skip_serializing_if = "Limits::is_default")]
    pub limits: Limits,
}

/// Who cosigns the ledger's checkpoints.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Witnesses {
    /// As long as the members have decided on no policy (`witnesses.set`): the file of one (C2SP tlog-policy), with each
    /// witness's key and URL, groups, and the quorum. Relative paths start at the data directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PathBuf>,
    /// Least time between two checkpoints that are brought to them, milliseconds; 1,000 without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every_ms: Option<u64>,
    /// Least time between two records of cosignatures on the ledger itself (`log.witnessed`), seconds; 600 without it. Of
    /// several servers of one ledger, whichever comes first records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record_every_s: Option<u64>,
    /// How long `?wait=witnessed` waits for their quorum, seconds; 20 without it. A request ends after 30 in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience_s: Option<u64>,
}

/// Read models and figures.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Figures {
    /// `false`: nothing is attested daily by this server. Of several servers of one ledger, one is to attest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attest: Option<bool>,
    /// How many days after its end a month's figures are counted and published, once and for ever; 7 if it is not said. What
    /// reaches the ledger later is in no publication.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publish_after_days: Option<u16>,
}

/// Commitments of the ledger to its heads (`heads.committed`): where each stream ends, and what each key is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Heads {
    /// Least time between two of them, seconds; 600 without it, 0 for none by this server. Of several servers of one ledger,
    /// whichever comes first commits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit_every_s: Option<u64>,
}

impl Heads {
    /// Least time between two commitments; `None` for none.
    pub fn every(&self) -> Option<Duration> {
        let seconds = self.commit_every_s.unwrap_or(600);
        (seconds > 0).then(|| Duration::from_secs(seconds))
    }

    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Days after its end that a month's figures are published, if nothing else is said.
const PUBLISH_AFTER_DAYS: u16 = 7;

impl Figures {
    /// How long a month has to be over before its figures are published, milliseconds.
    pub fn grace_ms(&self) -> u64 {
        u64::from(self.publish_after_days.unwrap_or(PUBLISH_AFTER_DAYS)) * DAY
    }

    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The HTTP server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Web {
    /// Only a proxy reaches the server, and it appends the client's address to `X-Forwarded-For`.
    pub behind_proxy: bool,
    /// Clients come by HTTPS only, though a proxy may end it: say so to browsers.
    pub https_only: bool,
    /// Origins whose pages may call the API, such as `https://forms.moh.example`.
    pub cors_origins: Vec<String>,
    /// Origins the pages are reached at, such as `https://desk.example`; without any, the server's own address.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<String>,
    /// `false`: no limit per client address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<bool>,
    /// `false`: `/metrics` shows nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<bool>,
}

impl Web {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Notices by e-mail: that a case waits for a unit, and its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// `smtps://user:password@host`, or `smtp://host:port?tls=required`. [`MAIL_RELAY`] overrides it.
    pub relay: String,
    /// The sender, such as `Sijill <no-reply@sijill.example>`.
    pub from: String,
    /// The mailbox of each unit, by `agency/unit`.
    pub boxes: BTreeMap<String, String>,
}

/// The engine that keeps the entries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// One file in the data directory.
    #[default]
    Sqlite,
    /// A PostgreSQL database.
    Postgres,
}

/// Certificate and key, PEM. Relative paths start at the data directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Certificate chain.
    pub certificate: PathBuf,
    /// Private key.
    pub key: PathBuf,
}

/// Bounds an operator may move. Absent ones keep the ledger's own default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Events waiting to be sequenced before appends are answered 503.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<usize>,
    /// Largest number of events in one transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<usize>,
}

impl Limits {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

fn default_listen() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 8420))
}

impl Config {
    /// A configuration that only names the origin: SQLite, loopback, all defaults.
    pub fn new(origin: impl Into<String>) -> Self {
        Self {
            origin: origin.into(),
            listen: default_listen(),
            engine: Engine::Sqlite,
            url: None,
            keystore_url: None,
            keys_lost: false,
            master_key: None,
            master_key_elsewhere: false,
            tls: None,
            web: Web::default(),
            mail: None,
            witnesses: None,
            figures: Figures::default(),
            heads: Heads::default(),
            limits: Limits::default(),
        }
    }

    /// Reads and checks the file, then lets the environment override the URLs.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(Error::unreadable(path))?;
        let mut config = Self::parse(&text).map_err(|why| Error::Config { path: path.to_path_buf(), why })?;
        for (variable, url) in [(STORE_URL, &mut config.url), (KEYSTORE_URL, &mut config.keystore_url)] {
            if let Ok(value) = std::env::var(variable) {
                *url = Some(value);
            }
        }
        if let (Some(mail), Ok(relay)) = (&mut config.mail, std::env::var(MAIL_RELAY)) {
            mail.relay = relay;
        }
        config.check().map_err(|why| Error::Config { path: path.to_path_buf(), why })?;
        Ok(config)
    }

    fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string().trim_end().to_string())
    }

    /// What types alone cannot say.
    pub fn check(&self) -> Result<(), String> {
        for (name, url) in [("url", &self.url), ("keystore_url", &self.keystore_url)] {
            let postgres = |url: &String| url.starts_with("postgres://") || url.starts_with("postgresql://");
            if url.as_ref().is_some_and(|url| !postgres(url)) {
                return Err(format!("`{name}` must begin with postgres:// or postgresql://"));
            }
        }
        self.mail("").map_err(|why| format!("[mail] {why}"))?;
        match (self.engine, &self.url) {
            (Engine::Postgres, None) => Err(format!(
                "engine = \"postgres\" needs `url`, here or in the environment variable {STORE_URL}"
            )),
            (Engine::Sqlite, Some(_)) => Err("`url` is given but engine = \"sqlite\": did you mean \
                                              engine = \"postgres\"?"
                .to_string()),
            // Both in one database would let one dump carry ciphertext and keys together.
            (Engine::Postgres, Some(url)) if self.keystore_url.as_ref() == Some(url) => {
                Err("`keystore_url` must name another database than `url`: one backup must never hold both \
                     ciphertext and keys"
                    .to_string())
            }
            _ => Ok(()),
        }
    }

    /// Who mails notices about pages at `site`, if anybody is to.
    pub fn mail(&self, site: &str) -> Result<Option<sijill_desk::Mail>, sijill_desk::MailError> {
        let mail = self.mail.as_ref();
        mail.map(|mail| sijill_desk::Mail::new(&mail.relay, &mail.from, &mail.boxes, site)).transpose()
    }

    /// The file's text, with a comment for whoever opens it.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        Ok(format!(
            "# Settings of a Sijill data directory. An unknown name is refused when it is read.\n{}",
            toml::to_string(self)?
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        match Config::parse(text) {
            Err(why) => why,
            Ok(config) => config.check().expect_err("must be refused"),
        }
    }

    #[test]
    fn least_and_round_trip() {
        let config = Config::parse("origin = \"ledger.example\"").expect("valid");
        assert_eq!(config, Config::new("ledger.example"));
        assert_eq!(config.listen.to_string(), "127.0.0.1:8420");
        let again = Config::parse(&config.to_toml().expect("serialises")).expect("valid");
        assert_eq!(again, config);
    }

    #[test]
    fn everything_set_round_trips() {
        let text = "origin = \"o\"\nlisten = \"[::1]:1\"\nengine = \"postgres\"\nurl = \"postgres://a/b\"\n\
                    keystore_url = \"postgresql://a/c\"\nmaster_key = \"/run/m\"\n[tls]\ncertificate = \"c.pem\"\n\
                    key = \"k.pem\"\n[web]\nbehind_proxy = true\ncors_origins = [\"https://a.example\"]\n[mail]\nrelay = \"smtps://u:p@m.example\"\n\
                    from = \"a@m.example\"\n[mail.boxes]\n\"moh/er\" = \"er@moh.example\"\n[witnesses]\npolicy = \"witnesses.policy\"\n\
                    every_ms = 500\nrecord_every_s = 60\npatience_s = 5\n[heads]\ncommit_every_s = 60\n[limits]\nqueue = 9\nbatch = 3\n";
        let config = Config::parse(text).expect("valid");
        config.check().expect("sound");
        assert_eq!(Config::parse(&config.to_toml().expect("serialises")), Ok(config));
    }

    #[test]
    fn refusals_say_what_to_do() {
        assert!(refused("origin = \"o\"\nlissten = \"x\"").contains("unknown field `lissten`"));
        assert!(refused("engine = \"sqlite\"").contains("missing field `origin`"));
        assert!(refused("origin = \"o\"\nengine = \"oracle\"").contains("expected `sqlite` or `postgres`"));
        assert!(refused("origin = \"o\"\nengine = \"postgres\"").contains(STORE_URL));
        assert!(refused("origin = \"o\"\nurl = \"postgres://h/d\"").contains("did you mean"));
        assert!(
            refused("origin = \"o\"\nengine = \"postgres\"\nurl = \"mysql://h\"").contains("must begin with")
        );
        let both = "origin = \"o\"\nengine = \"postgres\"\nurl = \"postgres://h/d\"\nkeystore_url = \"postgres://h/d\"";
        assert!(refused(both).contains("another database"));
        assert!(refused("origin = \"o\"\n[limits]\nqueue = -1").contains("queue"));
        let mail = "origin = \"o\"\n[mail]\nrelay = \"mail.example\"\nfrom = \"a@m.example\"\n[mail.boxes]\n";
        assert!(refused(mail).contains("smtps://"));
    }
}
