//! `sijill registry invite`: an officer makes a key in a browser, and whoever keeps the agency's registry signs it from
//! here. The desk carries the link and the key and is not believed: who is enrolled, where and as what is said here, the key
//! is proved for exactly that officer, and the officer reads out its code.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat};
use serde_json::json;
use sijill_desk::{fingerprint, invitation_message, qr_for_terminal};
use sijill_domain::event::{KeyAdded, OfficerEnrolled, OfficerKind, Role};
use sijill_domain::{OfficerId, UnitId};
use sijill_event::{Json, b64};

use super::{Office, Registrar, officer_id, unit_id};
use crate::answer::Answer;
use crate::client::Client;
use crate::command::target::Opened;
use crate::command::{told, words};
use crate::error::{Error, Result};
use crate::gate::Gate;
use crate::key_file::Author;
use crate::source::blocking;

/// How often the desk is asked whether the browser has answered.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// `sijill registry invite`
#[derive(Debug, clap::Args)]
#[command(
    after_help = "It prints a link (with --json as a first line {\"invitation\": LINK, \"ends\": RFC 3339}) and waits until the \
    officer has opened it, in the browser they will work with, and made a key there. Then it reads from stdin the code that the \
    officer reads out from the screen, compares it with the key's, and signs. The root key of an agency can do this before any \
    officer is enrolled; from then on a registrar can as well invite at the desk.\n\nThe link is good for 24 hours and while the \
    server runs. Should this command end before, --link goes on with it."
)]
pub struct Args {
    #[command(flatten)]
    registrar: Registrar,
    /// The officer's id, for good: a staff code, never a name
    officer: String,
    /// The unit it works in
    #[arg(long, required_unless_present = "another")]
    unit: Option<String>,
    /// What it may do
    #[arg(long, value_delimiter = ',', value_parser = words::roles())]
    roles: Vec<Role>,
    /// One more key, for another device of an officer who is enrolled
    #[arg(long, conflicts_with_all = ["unit", "roles"])]
    another: bool,
    /// Where browsers reach the desk, if not at --url: one of `sites` in the server's sijill.toml
    #[arg(long, value_name = "URL")]
    site: Option<String>,
    /// Go on with an invitation that was made before
    #[arg(long)]
    link: Option<String>,
}

/// What the officer is to be registered with.
struct Invited {
    officer: OfficerId,
    /// `None` for one more key of an officer who is enrolled.
    unit: Option<UnitId>,
    roles: Vec<Role>,
}

/// Runs `sijill registry invite`.
pub(super) async fn run(args: Args, json: bool) -> Result<Answer> {
    let invited = Invited {
        officer: officer_id(&args.officer)?,
        unit: args.unit.as_deref().map(unit_id).transpose()?,
        roles: args.roles.clone(),
    };
    let opened = args.registrar.target.open().await?;
    let told = invite(&args, &invited, &opened, json).await;
    opened.close().await;
    told
}

async fn invite(args: &Args, invited: &Invited, opened: &Opened, json: bool) -> Result<Answer> {
    let Gate::Server(client) = &opened.gate else {
        return Err(Error::Usage("an officer's browser needs a server to talk to: give --url".to_string()));
    };
    let office = args.registrar.office(opened).await?;
    if office.agency != opened.author.agency {
        let why = format!("the desk invites for the signer's own agency, {}", opened.author.agency);
        return Err(Error::Usage(why));
    }
    let site = args.site.as_ref().map_or_else(|| client.site(), |site| site.trim_end_matches('/').to_owned());
    let link = match &args.link {
        Some(link) => link.clone(),
        None => make(client, &site, &opened.author, invited, json).await?,
    };
    let Some((_, token)) = link.split_once("/desk/enrol#") else {
        return Err(Error::Usage(format!("`{link}` is no invitation: …/desk/enrol#…")));
    };
    let key = answered(client, &site, token, &office, invited).await?;
    compare(&key, json).await?;
    let what = format!("{}/{} can sign in at {site}/desk", office.agency, invited.officer);
    args.registrar.append_to(opened, &what, |_| Ok(invited.event(key))).await
}

impl Invited {
    fn event(&self, told::ProofFile { key, proof, .. }: told::ProofFile) -> (&'static str, Json) {
        let officer = self.officer.clone();
        match &self.unit {
            None => (KeyAdded::TYPE, KeyAdded { officer, key, proof }.data()),
            Some(unit) => {
                let (kind, unit) = (OfficerKind::Officer, unit.clone());
                let roles = self.roles.iter().copied().collect();
                let enrolled = OfficerEnrolled { officer, kind, unit, roles, key, proof };
                (OfficerEnrolled::TYPE, enrolled.data())
            }
        }
    }
}

/// Has the desk make an invitation, and says where it leads.
async fn make(client: &Client, site: &str, author: &Author, invited: &Invited, json: bool) -> Result<String> {
    let challenge = client.ask_desk(&["desk", "session", "challenge"], site, &json!({})).await;
    let challenge = challenge.map_err(|error| match error {
        Error::Server { code, .. } if code == "site" => Error::Usage(format!(
            "the desk is not reached at {site}: give --site with one of `sites` under [web] in the server's sijill.toml"
        )),
        other => other,
    })?;
    let nonce = text(&challenge, "nonce", client)?;
    let (kid, officer) = (author.key.public().kid(), invited.officer.as_str());
    let unit = invited.unit.as_ref().map_or("", UnitId::as_str);
    let roles: Vec<&str> = invited.roles.iter().map(|role| role.as_str()).collect();
    let message = invitation_message(site, nonce, kid, officer, unit, &roles.join(","));
    let asked = json!({
        "nonce": nonce, "kid": kid.to_string(), "signature": b64::encode(author.key.sign(&message)),
        "officer": officer, "unit": unit, "roles": roles,
    });
    let made = client.ask_desk(&["desk", "invitations"], site, &asked).await?;
    let link = text(&made, "link", client)?.to_owned();
    let ends = made.get("ends").and_then(Json::as_i64).and_then(DateTime::from_timestamp_millis);
    let ends = ends.map(|ends| ends.to_rfc3339_opts(SecondsFormat::Secs, true)).unwrap_or_default();
    say(&link, &ends, &format!("{}/{officer}", author.agency), json);
    Ok(link)
}

/// Said at once: the officer needs it before there is an answer.
fn say(link: &str, ends: &str, whom: &str, json: bool) {
    let mut out = io::stdout().lock();
    let text = if json {
        json!({"invitation": link, "ends": ends}).to_string()
    } else {
        let code = Some(link).filter(|_| out.is_terminal()).and_then(qr_for_terminal).unwrap_or_default();
        format!(
            "{link}\n{code}\ngive {whom} this link, in person or on a call where you know the voice; it is good until {ends}\n\
             waiting for the key: ask for the code that the officer's screen shows then"
        )
    };
    // Nobody needs to be reading.
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// The key that the officer's browser made, once it has, proved for this officer of this agency.
async fn answered(
    client: &Client,
    site: &str,
    token: &str,
    office: &Office,
    invited: &Invited,
) -> Result<told::ProofFile> {
    let asked = json!({ "token": token });
    let answer = loop {
        match client.ask_desk(&["desk", "enrol", "open"], site, &asked).await {
            Ok(answer) => match text(&answer, "state", client)? {
                "open" => {}
                "done" => {
                    return Err(Error::Usage("the key of this invitation is registered already".to_string()));
                }
                _ => break answer,
            },
            // The invitation is in the server's memory: either it comes back in a moment, or it has forgotten it.
            Err(error) if error.is_passing() => {}
            Err(error) => return Err(error),
        }
        tokio::time::sleep(ASK_EVERY).await;
    };
    let wrong = |why: String| Error::Answer { url: client.url().to_owned(), why };
    let key = told::ProofFile::of(&answer, &office.origin).map_err(wrong)?;
    if key.agency != office.agency || key.officer != invited.officer.as_str() {
        return Err(wrong(format!("it has the key of {}/{}", key.agency, key.officer)));
    }
    Ok(key)
}

/// Nothing but the officer's own word says that it was their browser which opened the link.
async fn compare(key: &told::ProofFile, json: bool) -> Result<()> {
    if !json {
        let mut out = io::stderr().lock();
        let _ =
            write!(out, "a key has come. The code that the officer reads out: ").and_then(|()| out.flush());
    }
    let mut read = String::new();
    let read = blocking(move || io::stdin().read_line(&mut read).map(|_| read)).await?;
    let read = read.map_err(Error::unreadable("stdin"))?;
    let digits: String = read.chars().filter_map(digit).collect();
    if digits.is_empty() {
        let why = "no code was given, and nothing was signed: run it again with --link and the same link";
        return Err(Error::Usage(why.to_string()));
    }
    let code = fingerprint(&key.key.kid());
    if code.chars().filter_map(digit).eq(digits.chars()) { Ok(()) } else { Err(Error::KeyCode) }
}

/// A digit as it is typed on either keyboard.
fn digit(typed: char) -> Option<char> {
    match typed {
        '٠'..='٩' => char::from_digit(u32::from(typed) - u32::from('٠'), 10),
        _ => Some(typed).filter(char::is_ascii_digit),
    }
}

fn text<'a>(json: &'a Json, name: &str, client: &Client) -> Result<&'a str> {
    let missing = || Error::Answer { url: client.url().to_owned(), why: format!("no \"{name}\"") };
    json.get(name).and_then(Json::as_str).ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_from_either_keyboard() {
        let read = |typed: &str| typed.chars().filter_map(digit).collect::<String>();
        assert_eq!(read("89422 68745\t٢٩٦٨٠-90146\n"), "89422687452968090146");
        assert_eq!(read("none"), "");
    }
}
