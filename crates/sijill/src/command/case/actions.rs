//! `sijill case actions`: what an officer may do in a case now, and why not the rest, as the server's rules say.

use std::fmt::Write as _;

use serde_json::Value;

use crate::answer::Answer;
use crate::casework::reading::Asking;
use crate::error::Result;

/// Where it is asked, and for whom.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The case's or contact's id
    case: String,
    /// URL of the server
    #[arg(long)]
    url: String,
    #[command(flatten)]
    asking: Asking,
}

/// Runs `sijill case actions`.
pub(super) async fn run(args: &Args) -> Result<Answer> {
    let client = args.asking.client(&args.url).await?;
    let answer = client.get_json(&["v1", "cases", &args.case, "actions"], &[]).await?;
    let all = answer["actions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let (may, may_not): (Vec<&Value>, Vec<&Value>) = all.iter().partition(|one| one["allowed"] == true);
    let mut text = format!("{}: {} acts are open to this key now", args.case, may.len());
    for one in may {
        let _ = write!(text, "\n  {}", line(one));
    }
    if !may_not.is_empty() {
        text.push_str("\nand not:");
    }
    for one in may_not {
        let said = |name: &str| one[name].as_str().unwrap_or_default();
        let _ = write!(text, "\n  {}  {}: {}", line(one), said("code"), said("message"));
    }
    Ok(Answer::good(text, &answer))
}

/// The type, what people call it, and what it is about as `sijill case act` takes it.
fn line(action: &Value) -> String {
    let title = action["title"]["en"].as_str().unwrap_or_default();
    let mut line = format!("{:<27} {title}", action["type"].as_str().unwrap_or_default());
    for (field, value) in action["subject"].as_object().into_iter().flatten() {
        let value = match (value.as_str(), value["milestone"].as_str(), value["of"].as_str()) {
            (Some(hash), ..) => hash.to_owned(),
            (None, Some(milestone), Some(of)) => format!("{milestone}:{of}"),
            _ => value.to_string(),
        };
        let _ = write!(line, "  {field}={value}");
    }
    line
}
