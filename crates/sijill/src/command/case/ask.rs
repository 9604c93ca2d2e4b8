//! `sijill case ask` and `sijill case look-up`: what a server answers with values, once the question is on the ledger.
//!
//! The answer is personal data. It goes to stdout and nowhere else.

use std::fmt::Write as _;

use serde_json::{Value, json};
use sijill_event::SdJwt;

use super::Filled;
use crate::answer::Answer;
use crate::casework::in_force::InForce;
use crate::casework::{explain, form};
use crate::command::target::Opened;
use crate::error::{Error, Result};
use crate::gate::{Desk, Gate, Taken, verify_receipt};
use crate::new_event::NewEvent;

/// Times it is signed anew because someone else was faster in the stream.
const CONFLICTS: u32 = 20;

/// Asks to be shown values of a case or contact; those that the rules permit are shown.
pub(super) async fn values(id: &str, act: &Filled) -> Result<Answer> {
    if act.dry_run {
        return act.sign(id, "access.requested").await;
    }
    let answer = asked(act, id, "access.requested", &["v1", "cases", id, "disclosures"]).await?;
    let mut text = format!(
        "recorded in entries {} and {}{}",
        answer["receipt"]["index"],
        answer["answer"],
        checked(&answer)
    );
    let released = answer["released"].as_array().map(Vec::as_slice).unwrap_or_default();
    if released.is_empty() {
        text.push_str("\nnothing of it is there, or open to this key now");
    }
    for event in released {
        let _ = write!(text, "\n{} (entry {})", event["type"].as_str().unwrap_or_default(), event["index"]);
        for (field, value) in
            event["values"].as_object().into_iter().flatten().filter(|(_, value)| !value.is_null())
        {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let _ = write!(text, "\n  {field} = {value}");
        }
        for field in event["erased"].as_array().into_iter().flatten() {
            let _ = write!(text, "\n  {}: erased", field.as_str().unwrap_or_default());
        }
    }
    Ok(Answer::good(text, &answer))
}

/// Asks which units know the child of a contact.
pub(super) async fn known(id: &str, act: &Filled) -> Result<Answer> {
    if act.dry_run {
        return act.sign(id, "child.looked_up").await;
    }
    let answer = asked(act, id, "child.looked_up", &["v1", "contacts", id, "look-ups"]).await?;
    let mut text = format!("recorded in entry {}{}", answer["receipt"]["index"], checked(&answer));
    let known = answer["known"].as_array().map(Vec::as_slice).unwrap_or_default();
    match (answer["enough"] == true, known.len()) {
        (false, _) => text.push_str("\ntoo little to look for: give civil_number=, or name= and birth_year="),
        (true, 0) => text.push_str("\nno unit knows a child of this number, or name and year"),
        (true, _) => text.push_str("\nthe child is known; make sure with the unit that it is the same one"),
    }
    for one in known {
        let said = |name: &str| one[name].as_str().unwrap_or_default();
        let (agency, unit) = (&one["unit"]["agency"], &one["unit"]["unit"]);
        let _ =
            write!(text, "\n  {}/{}", agency.as_str().unwrap_or_default(), unit.as_str().unwrap_or_default());
        match (said("case"), said("contact")) {
            ("", "") => text.push_str("  (which case it is your agency is not told: ask the unit)"),
            ("", contact) => _ = write!(text, "  contact {contact}"),
            (case, _) => _ = write!(text, "  case {case}"),
        }
    }
    Ok(Answer::good(text, &answer))
}

fn checked(answer: &Value) -> &'static str {
    if answer["verified"] == true { ", receipt verified" } else { ", receipt not verified: no --trust" }
}

/// Signs the question, hands it in where it is answered, and verifies the receipt.
async fn asked(act: &Filled, id: &str, event_type: &str, path: &[&str]) -> Result<Value> {
    let spec = form::spec(event_type)?;
    explain::stream(spec, id)?;
    let opened = act.target.open().await?;
    let answer = async {
        let in_force = InForce::at(&opened.gate, &opened.author).await?;
        let mut event = form::fill(spec, id, &act.fields, &in_force)?;
        event.occurred.clone_from(&act.occurred);
        hand_in(&opened, &event, path).await
    };
    let answer = answer.await;
    opened.close().await;
    answer
}

async fn hand_in(opened: &Opened, event: &NewEvent, path: &[&str]) -> Result<Value> {
    let Gate::Server(client) = &opened.gate else {
        return Err(Error::Usage("values are shown by a server: give --url instead of --dir".to_owned()));
    };
    for _ in 0..CONFLICTS {
        let mut desk = Desk::new(&opened.gate, &opened.author, opened.log_key.clone()).await?;
        let signed = desk.sign_all(std::slice::from_ref(event)).await?.pop();
        let signed = signed.ok_or_else(|| Error::Usage("nothing to sign".to_owned()))?;
        match client.post_signed(path, &signed.to_string()).await {
            // Nothing was appended: the next one is another question.
            Err(Error::Refused { code, .. }) if code == "stream-conflict" => {}
            Err(error) => return Err(error),
            Ok(mut answer) => {
                let verified = verify(opened, &signed, &answer["receipt"])?;
                if let Some(members) = answer.as_object_mut() {
                    members.insert("verified".to_owned(), json!(verified));
                }
                return Ok(answer);
            }
        }
    }
    Err(Error::Refused {
        code: "stream-conflict".to_owned(),
        message: format!("others were faster in {} every time: try again", event.stream),
    })
}

/// Whether the receipt was verified offline; an error if it does not hold.
fn verify(opened: &Opened, signed: &SdJwt, receipt: &Value) -> Result<bool> {
    let Some(key) = &opened.log_key else { return Ok(false) };
    let number = |name: &str| receipt[name].as_u64();
    let (Some(index), Some(received), Some(proof)) =
        (number("index"), number("received"), receipt["proof"].as_str())
    else {
        return Err(Error::Receipt("the answer has none".to_owned()));
    };
    let taken = Taken { index, received, proof: proof.to_owned(), first: true };
    verify_receipt(&taken, &signed.event, key).map(|_| true)
}
