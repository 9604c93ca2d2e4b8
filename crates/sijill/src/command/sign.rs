//! `sijill sign`: for those who post with curl or a program of their own.

use std::io::Read;
use std::path::PathBuf;

use serde_json::json;
use sijill_event::{Json, parse_json};

use crate::answer::Answer;
use crate::error::{Error, Result};
use crate::key_file::Author;
use crate::new_event::{EventArgs, Place};

/// `sijill sign`
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    curl -H \"Authorization: Bearer $TOKEN\" $URL/v1/streams/case%2F7Q/next \\\n    \
    | sijill sign --key moh.key --type referral.accepted --data '{}' \\\n    \
    | curl --data-binary @- -H 'Content-Type: application/sd-jwt' $URL/v1/events")]
pub struct Args {
    /// The author's private key file
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The payload as `GET /v1/streams/{stream}/next` answers it; - is stdin
    #[arg(long, default_value = "-", value_name = "FILE")]
    payload: PathBuf,
    /// Sign only for this ledger
    #[arg(long)]
    origin: Option<String>,
    #[command(flatten)]
    event: EventArgs,
}

/// Runs `sijill sign`.
pub fn run(args: &Args) -> Result<Answer> {
    let author = Author::read(&args.key)?;
    let mut place = read_place(&args.payload)?;
    complete(&mut place, args)?;
    refuse_foreign(&place, &author, args.origin.as_deref())?;
    let signed = place.draft().and_then(|draft| draft.sign(&author.key)).map_err(Error::event)?;
    let event = &signed.event;
    let value = json!({
        "sd_jwt": signed.to_string(), "jti": event.jti, "hash": event.hash(), "stream": event.stream, "seq": event.seq,
    });
    Ok(Answer::good(signed.to_string(), &value))
}

/// What `GET …/next` answers, and nothing else that lies about: a key, a receipt, an event that is signed already.
fn read_place(path: &std::path::Path) -> Result<Place> {
    let told = if path.as_os_str() == "-" { "stdin".to_string() } else { path.display().to_string() };
    let expected = "a payload is what `GET /v1/streams/{stream}/next` answers";
    let payload = parse_json(&read_payload(path)?).map_err(|error| Error::Event {
        code: error.code(),
        message: format!("{told} is no payload: {error}; {expected}"),
    })?;
    let place = Place::from_payload(payload).map_err(|why| Error::malformed(&told, why))?;
    let missing: Vec<&str> = ["iss", "sub", "aud", "iat", "stream", "seq"]
        .into_iter()
        .filter(|name| place.get(name).is_none())
        .collect();
    if missing.is_empty() {
        return Ok(place);
    }
    Err(Error::malformed(
        &told,
        format!("it is no payload, for it has no {}; {expected}", missing.join(", ")),
    ))
}

fn read_payload(path: &std::path::Path) -> Result<Vec<u8>> {
    if path.as_os_str() != "-" {
        return std::fs::read(path).map_err(Error::unreadable(path));
    }
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes).map_err(Error::unreadable("stdin"))?;
    Ok(bytes)
}

/// Puts in what the arguments give. What stands in the payload already and is not given again stays.
fn complete(place: &mut Place, args: &Args) -> Result<()> {
    if let Some(event_type) = &args.event.event_type {
        place.set("type", event_type.as_str());
        place.set("v", Json::Integer(args.event.v.into()));
    }
    if args.event.data != "{}" || !args.event.disclose.is_empty() || place.get("data").is_none() {
        place.set("data", args.event.data()?);
    }
    if let Some(occurred) = &args.event.occurred {
        place.set("occurred", occurred.as_str());
    }
    if let Some(act) = &args.event.act {
        place.set("act", act.as_str());
    }
    Ok(())
}

/// Whoever signs what another has prepared looks at it first.
fn refuse_foreign(place: &Place, author: &Author, origin: Option<&str>) -> Result<()> {
    let text = |name: &str| place.get(name).and_then(Json::as_str).unwrap_or_default();
    if text("iss") != author.agency || text("sub") != author.officer {
        let (iss, sub) = (text("iss"), text("sub"));
        let why =
            format!("the payload speaks for {iss}/{sub}, the key for {}/{}", author.agency, author.officer);
        return Err(Error::Usage(why));
    }
    if let Some(origin) = origin.filter(|origin| *origin != text("aud")) {
        return Err(Error::Usage(format!(
            "the payload is for {}, not for {origin}: nothing is signed",
            text("aud")
        )));
    }
    Ok(())
}
