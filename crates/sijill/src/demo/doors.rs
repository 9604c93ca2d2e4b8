//! The doors to the desks: while a demonstration is served, its registrars invite, and sign the keys that browsers make.
//!
//! It is the way every officer comes to a desk, and there is no other: a link with an invitation, a key made in the browser
//! that opens it, proved, and registered by an event that the agency's registrar signs. Only that nobody compares the
//! code on two screens: this process holds the registrars' keys and signs what comes. It says so.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use sijill_desk::{fingerprint, invitation_message};
use sijill_domain::event::KeyAdded;
use sijill_event::{Json, Kid, Stream, b64};

use super::founding::{REGISTRAR, key_name, no_id};
use super::stage::Who;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::gate::{Desk, Gate, Told};
use crate::key_file::Author;
use crate::new_event::NewEvent;

/// Who can sit down: what they are, agency and officer. First those who see the whole month: they begin at the dashboards.
pub const DESKS: [(&str, &str, &str); 6] = [
    ("auditor", "sai", "audit-1"),
    ("oversight", "unicef", "observers-1"),
    ("operator", "h1100", "line-1"),
    ("case worker", "cpc", "ma-1"),
    ("hospital desk", "moh", "hospital-ma-1"),
    ("registrar", "mosd", REGISTRAR),
];

/// How often each desk is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(1_500);

/// One desk's door.
struct Door {
    what: &'static str,
    who: Who,
    registrar: Author,
    gate: Gate,
    link: String,
}

/// Where the demonstration is served, and how it speaks.
pub struct Doorkeeper {
    /// `http://127.0.0.1:8420`
    pub url: String,
    /// Where the data directory keeps keys.
    pub keys: PathBuf,
    /// For programs: a line of JSON for whatever happens.
    pub json: bool,
}

impl Doorkeeper {
    /// Makes the links once the server answers, tells them, and signs what comes, until the process ends.
    pub async fn keep(self) {
        let mut doors = loop {
            match self.open().await {
                Ok(doors) => break doors,
                Err(error) if error.is_passing() => tokio::time::sleep(LOOK_EVERY).await,
                Err(error) => return tracing::error!(%error, "the desks have no links"),
            }
        };
        self.tell(&doors);
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            for door in &mut doors {
                match self.attend(door).await {
                    Ok(Some(kid)) => self.tell_signed(door, kid),
                    Ok(None) => {}
                    Err(error) => tracing::warn!(%error, "a key could not be registered; it is tried again"),
                }
            }
        }
    }

    async fn open(&self) -> Result<Vec<Door>> {
        let mut doors = Vec::with_capacity(DESKS.len());
        for (what, agency, officer) in DESKS {
            let registrar = Author::read(&self.keys.join(key_name(&Who::new(agency, REGISTRAR))))?;
            let client = Client::new(&self.url, Some(registrar.clone()), None)?;
            let (who, link) = (Who::new(agency, officer), String::new());
            let mut door = Door { what, who, registrar, gate: Gate::Server(Box::new(client)), link };
            door.link = self.invite(&door).await?;
            doors.push(door);
        }
        Ok(doors)
    }

    /// A fresh invitation: good for one browser.
    async fn invite(&self, door: &Door) -> Result<String> {
        let challenge = self.ask(door, &["desk", "session", "challenge"], &json!({})).await?;
        let nonce = self.text(&challenge, "nonce")?;
        let (kid, officer) = (door.registrar.key.public().kid(), &door.who.officer);
        // Without unit and roles: one more key of an officer who is enrolled.
        let message = invitation_message(&self.url, nonce, kid, officer, "", "");
        let asked = json!({
            "nonce": nonce, "kid": kid.to_string(), "signature": b64::encode(door.registrar.key.sign(&message)),
            "officer": officer, "unit": "", "roles": [],
        });
        let made = self.ask(door, &["desk", "invitations"], &asked).await?;
        self.text(&made, "link").map(str::to_owned)
    }

    /// Registers the key that a browser has made, if one has; the next browser then needs another link.
    async fn attend(&self, door: &mut Door) -> Result<Option<Kid>> {
        let token = door.link.rsplit('#').next().unwrap_or_default();
        let answer = self.ask(door, &["desk", "enrol", "open"], &json!({ "token": token })).await?;
        if self.text(&answer, "state")? != "answered" {
            return Ok(None);
        }
        let member = |name: &'static str| (name, answer.get(name).cloned().unwrap_or(Json::Null));
        let added = KeyAdded::parse(&Json::object([member("officer"), member("key"), member("proof")]));
        let added = added.map_err(|_| self.wrong("no key"))?;
        let kid = added.key.kid();
        let stream = Stream::parse(&format!("agency/{}", door.who.agency)).ok_or_else(no_id)?;
        let event = NewEvent::registry(stream, KeyAdded::TYPE, added.data());
        match Desk::new(&door.gate, &door.registrar, None).await?.append(&event, false).await? {
            Told::Appended { .. } => {}
            Told::Refused { code, message } => return Err(Error::Refused { code, message }),
            Told::Unknown { message } => return Err(Error::Unknown(message)),
        }
        door.link = self.invite(door).await?;
        Ok(Some(kid))
    }

    async fn ask(&self, door: &Door, path: &[&str], body: &serde_json::Value) -> Result<Json> {
        match &door.gate {
            Gate::Server(client) => client.ask_desk(path, &self.url, body).await,
            Gate::Here(_) => Err(self.wrong("no server")),
        }
    }

    fn text<'a>(&self, json: &'a Json, name: &str) -> Result<&'a str> {
        json.get(name)
            .and_then(Json::as_str)
            .ok_or_else(|| self.wrong("an answer without what was asked for"))
    }

    fn wrong(&self, why: &str) -> Error {
        Error::Answer { url: self.url.clone(), why: why.to_owned() }
    }

    fn tell(&self, doors: &[Door]) {
        if self.json {
            let desks: Vec<_> = doors.iter().map(Door::json).collect();
            return say(&json!({ "desks": desks }).to_string());
        }
        let mut text = String::from(
            "Sit down at a desk: open a link, make a key there, sign in. The first opens on the dashboards, with the figures of the \
             month and every proof behind them. Each link is an invitation, good for one browser; this process has the registrars' \
             keys and signs whatever key comes, where a registrar would compare a code first.\n",
        );
        for door in doors {
            let _ = writeln!(text, "  {:<14} {:<20} {}", door.what, door.who.to_string(), door.link);
        }
        say(&text);
    }

    fn tell_signed(&self, door: &Door, kid: Kid) {
        let code = fingerprint(&kid);
        if self.json {
            let mut told = door.json();
            told["registered"] = code.into();
            return say(&told.to_string());
        }
        let Door { what, who, link, .. } = door;
        say(&format!(
            "{who} has a key in a browser ({code}), signed by {}/{REGISTRAR}; for another browser of the {what}: {link}",
            who.agency
        ));
    }
}

impl Door {
    fn json(&self) -> serde_json::Value {
        json!({ "desk": self.what, "officer": self.who.to_string(), "link": self.link })
    }
}

fn say(line: &str) {
    // Nobody needs to be reading.
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
