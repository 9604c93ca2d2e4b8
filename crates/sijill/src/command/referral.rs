//! `sijill referral`: the steps of a referral, each signed.

use super::case::Filled;
use crate::answer::Answer;
use crate::error::{Error, Result};

/// `sijill referral`
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    sijill referral request 7Q to=moh/hospital-ma service=health priority=urgent legal_basis=vital_interest --key amal.key --url $URL\n  \
    sijill referral acknowledge 7Q $REFERRAL --key hospital.key --url $URL\n\
    The referral is the hash of the event that requested it: `sijill case show`. Fields of a step: `sijill case explain \
    referral.held`.")]
pub struct Args {
    /// What is done
    step: Step,
    /// The case's id
    case: String,
    /// The referral's hash, except for `request`, and then the fields
    #[command(flatten)]
    act: Filled,
}

/// A step of a referral.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Step {
    /// Ask a unit to do something for the child
    Request,
    /// The unit has it
    Acknowledge,
    /// The unit takes it
    Accept,
    /// The unit begins work
    Start,
    /// The unit waits for something
    Hold,
    /// The unit goes on
    Resume,
    /// The unit asks the owner of the case something
    Ask,
    /// The owner answers
    Answer,
    /// It is done
    Complete,
    /// The unit does not take it
    Reject,
    /// The unit passes it on
    Redirect,
    /// Either side calls it off
    Cancel,
    /// The unit could not do it
    Fail,
    /// It should never have been
    Retract,
    /// The owner settles what becomes of it
    Dispose,
}

impl Step {
    fn event_type(self) -> &'static str {
        match self {
            Self::Request => "referral.requested",
            Self::Acknowledge => "referral.acknowledged",
            Self::Accept => "referral.accepted",
            Self::Start => "referral.started",
            Self::Hold => "referral.held",
            Self::Resume => "referral.resumed",
            Self::Ask => "referral.info_requested",
            Self::Answer => "referral.info_provided",
            Self::Complete => "referral.completed",
            Self::Reject => "referral.rejected",
            Self::Redirect => "referral.redirected",
            Self::Cancel => "referral.cancelled",
            Self::Fail => "referral.failed",
            Self::Retract => "referral.entered_in_error",
            Self::Dispose => "referral.disposed",
        }
    }
}

/// Runs `sijill referral`.
pub async fn run(mut args: Args) -> Result<Answer> {
    if args.step != Step::Request {
        let first = args.act.fields.first_mut().filter(|first| !first.contains('='));
        let Some(first) = first else {
            return Err(Error::Usage(format!(
                "{} is of a referral: give its hash after the case's id (`sijill case show {}`)",
                args.step.event_type(),
                args.case
            )));
        };
        *first = format!("referral={first}");
    }
    args.act.sign(&args.case, args.step.event_type()).await
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;
    use sijill_casework::catalogue::{CATALOGUE, latest};
    use sijill_event::StreamKind;

    use super::*;

    #[test]
    fn every_step_that_officers_sign_is_here() {
        let mut here: Vec<&str> = Step::value_variants().iter().map(|step| step.event_type()).collect();
        let mut signed: Vec<&str> = CATALOGUE
            .iter()
            .filter(|spec| spec.name.starts_with("referral.") && spec.streams.contains(&StreamKind::Case))
            .map(|spec| spec.name)
            .collect();
        here.sort_unstable();
        signed.sort_unstable();
        signed.dedup();
        assert_eq!(here, signed);
        assert!(here.iter().all(|name| latest(name).is_some()));
    }
}
