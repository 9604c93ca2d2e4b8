//! An event as a person or a script writes it, and how it becomes one that can be signed.
//!
//! Disclosed values stand in `data` under the name of their class; whatever stands elsewhere in `data` is open, for
//! everyone who may see the timeline and for ever:
//!
//! ```json
//! {"stream":"case/7Q","type":"referral.requested",
//!  "data":{"to":{"agency":"moh"},"casework":{"priority":"high"},"narrative":{"note":"…"}}}
//! ```

use std::path::PathBuf;

use sijill_event::{Class, Draft, EventError, Json, SdJwt, SigningKey, Stream, parse_json};

use crate::error::{Error, Result};

/// What an author has to say; where it goes in its stream is filled in later.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// The stream.
    pub stream: Stream,
    /// Event type.
    pub event_type: String,
    /// Schema version.
    pub v: u16,
    /// When it happened, as claimed: RFC 3339.
    pub occurred: Option<String>,
    /// On whose behalf a service signs.
    pub act: Option<String>,
    /// Open fields, and per disclosure class an object of values.
    pub data: Json,
}

impl NewEvent {
    /// An event of the registry: version 1, nothing to be hidden.
    pub fn registry(stream: Stream, event_type: &str, data: Json) -> Self {
        Self { stream, event_type: event_type.to_string(), v: 1, occurred: None, act: None, data }
    }
}

/// `--type`, `--data`, `--disclose` and the rest: an event on the command line.
#[derive(Debug, Clone, clap::Args)]
pub struct EventArgs {
    /// Event type, such as referral.accepted
    #[arg(long = "type", value_name = "TYPE")]
    pub event_type: Option<String>,
    /// Schema version of the type
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub v: u16,
    /// The event's data as JSON, or @FILE; disclosed values under the name of their class
    #[arg(long, default_value = "{}", value_name = "JSON")]
    pub data: String,
    /// One disclosed value, e.g. casework.priority='"high"' (repeatable; values are visible in the process list: for
    /// personal data use --data @FILE)
    #[arg(long, value_name = "CLASS.NAME=JSON")]
    pub disclose: Vec<String>,
    /// When it happened, RFC 3339 with offset
    #[arg(long, value_name = "DATE-TIME")]
    pub occurred: Option<String>,
    /// Officer on whose behalf a service signs
    #[arg(long, value_name = "OFFICER")]
    pub act: Option<String>,
}

impl EventArgs {
    /// The event of these arguments for `stream`.
    pub fn event(&self, stream: Stream) -> Result<NewEvent> {
        let Some(event_type) = self.event_type.clone() else {
            return Err(Error::Usage("an event needs --type".to_string()));
        };
        let data = self.data()?;
        Ok(NewEvent {
            stream,
            event_type,
            v: self.v,
            occurred: self.occurred.clone(),
            act: self.act.clone(),
            data,
        })
    }

    /// `--data` with the `--disclose` values put in.
    pub fn data(&self) -> Result<Json> {
        let Json::Object(mut data) = read_json_argument("--data", &self.data)? else {
            return Err(Error::Usage("--data must be a JSON object".to_string()));
        };
        for disclosed in &self.disclose {
            let (class, name, value) = parse_disclosed(disclosed).map_err(Error::Usage)?;
            match data.iter_mut().find(|(member, _)| *member == class.as_str()) {
                Some((_, Json::Object(values))) => values.push((name, value)),
                Some(_) => {
                    return Err(Error::Usage(format!("`{class}` in --data must be an object of values")));
                }
                None => data.push((class.to_string(), Json::Object(vec![(name, value)]))),
            }
        }
        Ok(Json::Object(data))
    }
}

/// JSON given on the command line, or read from the file behind an `@`.
fn read_json_argument(option: &str, argument: &str) -> Result<Json> {
    match argument.strip_prefix('@') {
        Some(path) => {
            let path = PathBuf::from(path);
            let bytes = std::fs::read(&path).map_err(Error::unreadable(&path))?;
            parse_json(&bytes).map_err(|error| Error::malformed(path, error.to_string()))
        }
        None => parse_json(argument.as_bytes()).map_err(|error| Error::Usage(format!("{option}: {error}"))),
    }
}

fn parse_disclosed(text: &str) -> Result<(Class, String, Json), String> {
    let shape = "--disclose is CLASS.NAME=JSON with a class of casework, identity, narrative, sensitive, reporter; text \
                 needs its quotes: casework.priority='\"high\"'";
    let (class, rest) = text.split_once('.').ok_or(shape)?;
    let (name, value) = rest.split_once('=').ok_or(shape)?;
    let class = Class::parse(class).ok_or(shape)?;
    let value = parse_json(value.as_bytes())
        .map_err(|error| format!("--disclose {class}.{name}: {error}; {shape}"))?;
    Ok((class, name.to_string(), value))
}

/// Where an event goes and what its author has seen: what `GET /v1/streams/{stream}/next` answers.
#[derive(Debug, Clone)]
pub struct Place {
    /// Members of the payload that are already known.
    members: Vec<(String, Json)>,
}

impl Place {
    /// From the payload of an answer to `/next`, or that whole answer.
    pub fn from_payload(answer: Json) -> Result<Self, String> {
        let payload = match answer {
            Json::Object(mut members) if members.iter().any(|(name, _)| name == "payload") => {
                members.retain(|(name, _)| name == "payload");
                members.pop().map(|(_, payload)| payload)
            }
            other => Some(other),
        };
        match payload {
            Some(Json::Object(members)) => Ok(Self { members }),
            _ => Err("a payload is a JSON object".to_string()),
        }
    }

    /// From its parts, for a ledger in this process.
    pub fn new(members: Vec<(String, Json)>) -> Self {
        Self { members }
    }

    /// A member of the payload.
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.members.iter().find(|(member, _)| member == name).map(|(_, value)| value)
    }

    /// Sets a member.
    pub fn set(&mut self, name: &str, value: impl Into<Json>) {
        self.members.retain(|(member, _)| member != name);
        self.members.push((name.to_string(), value.into()));
    }

    /// The place after `event`, for the next event of the same author there: a batch need not ask again.
    #[must_use]
    pub fn after(&self, event: &sijill_event::Event) -> Self {
        let mut next = self.clone();
        next.set("seq", Json::try_from(event.seq.saturating_add(1)).unwrap_or(Json::Null));
        next.set("prev", event.hash().to_string());
        next
    }

    /// Signs `event` here, as `jti` (a retry keeps it). `iat` is the place's: by the ledger's clock, which in a
    /// simulated ledger is not the signer's.
    pub fn sign(&self, event: &NewEvent, jti: uuid::Uuid, key: &SigningKey) -> Result<SdJwt, EventError> {
        let mut place = self.clone();
        place.set("stream", event.stream.as_str());
        place.set("type", event.event_type.as_str());
        place.set("v", Json::Integer(event.v.into()));
        place.set("jti", jti.to_string());
        place.set("data", event.data.clone());
        if let Some(occurred) = &event.occurred {
            place.set("occurred", occurred.as_str());
        }
        if let Some(act) = &event.act {
            place.set("act", act.as_str());
        }
        place.draft()?.sign(key)
    }

    /// The members as a draft.
    pub fn draft(&self) -> Result<Draft, EventError> {
        Draft::from_payload_json(Json::Object(self.members.clone()).to_string().as_bytes())
    }
}

/// Reads one line of an NDJSON file of events. The error is a sentence and repeats no value.
pub fn read_line(line: &str) -> Result<NewEvent, String> {
    let Json::Object(members) = parse_json(line.as_bytes()).map_err(|error| error.to_string())? else {
        return Err("a line is a JSON object with stream, type and data".to_string());
    };
    let mut event = NewEvent {
        stream: Stream::parse("ledger").ok_or("no stream")?,
        event_type: String::new(),
        v: 1,
        occurred: None,
        act: None,
        data: Json::Object(Vec::new()),
    };
    let (mut has_stream, mut has_type) = (false, false);
    for (name, value) in members {
        match (name.as_str(), value) {
            ("stream", Json::String(text)) => {
                event.stream = Stream::parse(&text).ok_or("`stream` is not the name of a stream")?;
                has_stream = true;
            }
            ("type", Json::String(text)) => {
                event.event_type = text;
                has_type = true;
            }
            ("v", Json::Integer(v)) => event.v = u16::try_from(v).map_err(|_| "`v` is 1 to 9999")?,
            ("occurred", Json::String(text)) => event.occurred = Some(text),
            ("act", Json::String(text)) => event.act = Some(text),
            ("data", data @ Json::Object(_)) => event.data = data,
            (other, _) => {
                return Err(format!("`{other}` is not a member of an event line, or has the wrong type"));
            }
        }
    }
    if has_stream && has_type { Ok(event) } else { Err("a line needs `stream` and `type`".to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        let payload = r#"{"payload":{"iss":"moh","sub":"a","aud":"o","jti":"0198f3c2-5a00-7000-8000-000000000001",
            "iat":1,"stream":"case/1","seq":0,"seen":{"size":1,"root":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
            "v":1,"_sd_alg":"sha-256"}}"#;
        Place::from_payload(parse_json(payload.as_bytes()).expect("JSON")).expect("payload")
    }

    fn args(data: &str, disclose: &[&str]) -> EventArgs {
        EventArgs {
            event_type: Some("referral.requested".to_string()),
            v: 1,
            data: data.to_string(),
            disclose: disclose.iter().map(ToString::to_string).collect(),
            occurred: Some("2026-03-01T08:00:00+04:00".to_string()),
            act: None,
        }
    }

    #[test]
    fn disclosures_of_both_spellings_are_hidden_and_chained() {
        let key = SigningKey::generate().expect("key");
        let args =
            args(r#"{"to":{"agency":"rop"},"casework":{"priority":"high"}}"#, &["narrative.note=\"x\""]);
        let event = args.event(Stream::parse("case/1").expect("stream")).expect("event");
        let (jti, place) = (uuid::Uuid::now_v7(), place());
        let first = place.sign(&event, jti, &key).expect("signed");
        assert_eq!(first.value(Class::Casework, "priority").and_then(Json::as_str), Some("high"));
        assert_eq!(first.value(Class::Narrative, "note").and_then(Json::as_str), Some("x"));
        assert!(!first.event.data.to_string().contains("high"));
        assert_eq!((first.event.jti, first.event.iat), (jti, 1));
        let second = place.after(&first.event).sign(&event, uuid::Uuid::now_v7(), &key).expect("signed");
        assert_eq!((second.event.seq, second.event.prev), (1, Some(first.event.hash())));
    }

    #[test]
    fn malformed_arguments_are_refused_with_help() {
        let stream = || Stream::parse("case/1").expect("stream");
        for (data, disclose) in [
            ("[]", ""),
            ("{\"a\":1.5}", ""),
            ("{}", "casework"),
            ("{}", "public.x=1"),
            ("{}", "casework.priority=high"),
        ] {
            let disclose: Vec<&str> = Some(disclose).filter(|d| !d.is_empty()).into_iter().collect();
            let error = args(data, &disclose).event(stream()).expect_err("refused");
            assert_eq!(error.code(), "usage", "{data} {disclose:?}");
        }
    }

    #[test]
    fn lines() {
        let line = r#"{"stream":"case/1","type":"a.b","v":2,"data":{"casework":{"x":null}}}"#;
        assert_eq!(read_line(line).map(|event| (event.v, event.event_type)), Ok((2, "a.b".to_string())));
        for bad in [
            "",
            "[]",
            r#"{"type":"a.b"}"#,
            r#"{"stream":"x/1","type":"a.b"}"#,
            r#"{"stream":"case/1","typ":"a"}"#,
        ] {
            assert!(read_line(bad).is_err(), "{bad}");
        }
    }
}
