//! `sijill why`: what happened in a case, and why.

use crate::answer::Answer;
use crate::casework::Language;
use crate::casework::reading::From;
use crate::casework::story::Story;
use crate::error::Result;

/// `sijill why`
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Told from the log alone: who did what and when, which rule of which policy asked for a referral, what was missed and \
    who owed it, to whom it was escalated, who was shown what. Only what rules may rest on is read: no name, no narrative, no \
    reporter. It believes the log; `sijill audit` is what checks it."
)]
pub struct Args {
    /// The case's or contact's id
    case: String,
    /// In Arabic or English
    #[arg(long, value_enum, default_value = "en")]
    lang: Language,
    #[command(flatten)]
    from: From,
}

/// Runs `sijill why`.
pub async fn run(args: Args) -> Result<Answer> {
    let Args { case, lang, from } = args;
    from.read(move |reading| {
        let story = Story::tell(reading, &case, &reading.history(&case)?, lang);
        Ok(Answer::good(story.text(lang), &story))
    })
    .await
}
