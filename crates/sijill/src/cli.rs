//! The tree of commands. Each command is a module with its `Args` and its `run`.

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use crate::answer::{Answer, print_error};
use crate::bench;
use crate::command::{
    append, attest, audit, backup, case, documents, erase, export, figures, forecast, init, keys, members,
    mine, mirror, policy, prove, rebuild, referral, registry, restore, serve, sign, view, warnings, why,
    witness,
};
use crate::demo;
use crate::error::Result;
use crate::import;

/// An event-sourced, audit-grade case ledger.
///
/// Every event is signed by the agency it comes from and stands in a public-verifiable log: nothing can be
/// altered, removed or inserted without a fault that anyone can find offline.
#[derive(Debug, Parser)]
#[command(name = "sijill", version, propagate_version = true, after_help = EXIT_STATUS)]
pub struct Cli {
    /// Answer with one line of JSON on stdout, errors with one line of JSON on stderr
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

const EXIT_STATUS: &str = "\
Exit status:
  0  done; for `audit`: nothing is wrong in what was checked
  1  the ledger refused an event or a key, a receipt or a proof does not hold, an audit or a check of a policy found faults
  2  the command could not be carried out: wrong usage, unreadable input, no connection

Errors go to stderr as `sijill: <code>: <sentence>`; codes are stable.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Make, audit and serve a ledger of a made-up month, with commands to try on it
    Demo(demo::Args),
    /// Make and show keys, prove possession, get access tokens
    #[command(subcommand)]
    Keys(keys::Command),
    /// Begin a new ledger: data directory, keys, entry 0, trust file
    Init(init::Args),
    /// Serve a data directory over HTTP
    Serve(serve::Args),
    /// Sign an event for a payload of `GET /v1/streams/{stream}/next`, ready to be posted
    Sign(sign::Args),
    /// Sign and append events, and verify their receipts
    Append(append::Args),
    /// Ratify entry 0, propose and approve: what the members decide together
    #[command(subcommand)]
    Members(members::Command),
    /// Units, officers and keys of an agency: what its registrar keeps
    #[command(subcommand)]
    Registry(registry::Command),
    /// Bring and publish code lists, calendars and policies
    #[command(subcommand)]
    Documents(documents::Command),
    /// Sign events of a case, and show how it stands
    #[command(subcommand)]
    Case(case::Command),
    /// Take a step of a referral: request, acknowledge, accept, refuse, complete, …
    Referral(referral::Args),
    /// Order that values be destroyed, approve it, see what became of it
    #[command(subcommand)]
    Erase(erase::Command),
    /// Tell what happened in a case and why, in Arabic or English
    Why(why::Args),
    /// Verify a ledger offline: data directory, export, tile log or evidence file
    Audit(audit::Args),
    /// Write an evidence file or proof for entries of a ledger
    Prove(prove::Args),
    /// Write the whole ledger as a tile-log directory that any auditor can verify
    Export(export::Args),
    /// Write event logs for process mining: OCEL 2.0, XES
    #[command(subcommand)]
    Mine(mine::Command),
    /// Make the read models anew from the log, beside the old ones and while a server runs
    Rebuild(rebuild::Args),
    /// Rows of the read models: cases, referrals, deadlines, contacts, accesses, entries
    View(view::Args),
    /// What indicators come to, at any size of the log
    Figures(figures::Args),
    /// The events that a figure counts, with their proofs
    Explain(figures::Explain),
    /// What units have to expect, with the range and the error of such forecasts
    Forecast(forecast::Args),
    /// Early warnings: what somebody who works on a case should look at
    Warnings(warnings::Args),
    /// Say on the ledger what the read models say
    Attest(attest::Args),
    /// Run a witness of ledgers: it cosigns what extends all it has seen
    #[command(subcommand)]
    Witness(witness::Command),
    /// Run a mirror of a ledger: it verifies everything before it stores it, and cosigns what it has replayed
    #[command(subcommand)]
    Mirror(mirror::Command),
    /// Back up a data directory while it is in use
    Backup(backup::Args),
    /// Bring a lost ledger's log back from a mirror or an export
    Restore(restore::Args),
    /// Bring an old system's records into a ledger of their own
    #[command(subcommand)]
    Import(import::Command),
    /// Check, explain and compare policies: who is asked, for what, by when
    #[command(subcommand)]
    Policy(policy::Command),
    /// Measure how fast this machine runs a ledger
    Bench(bench::Args),
}

impl Command {
    async fn run(self, json: bool) -> Result<Answer> {
        match self {
            Self::Demo(args) => demo::run(args, json).await,
            Self::Keys(command) => keys::run(command).await,
            Self::Init(args) => init::run(args).await,
            Self::Serve(args) => serve::run(args).await,
            Self::Sign(args) => sign::run(&args),
            Self::Append(args) => append::run(args).await,
            Self::Members(command) => members::run(command).await,
            Self::Registry(command) => registry::run(command, json).await,
            Self::Documents(command) => documents::run(command).await,
            Self::Case(command) => case::run(command).await,
            Self::Referral(args) => referral::run(args).await,
            Self::Erase(command) => erase::run(command).await,
            Self::Why(args) => why::run(args).await,
            Self::Audit(args) => audit::run(args).await,
            Self::Prove(args) => prove::run(args).await,
            Self::Export(args) => export::run(args).await,
            Self::Mine(command) => mine::run(command).await,
            Self::Rebuild(args) => rebuild::run(args).await,
            Self::View(args) => view::run(args).await,
            Self::Figures(args) => figures::run(args).await,
            Self::Explain(args) => figures::explain(args).await,
            Self::Forecast(args) => forecast::run(args).await,
            Self::Warnings(args) => warnings::run(args).await,
            Self::Attest(args) => attest::run(args).await,
            Self::Witness(command) => witness::run(command).await,
            Self::Mirror(command) => mirror::run(command).await,
            Self::Backup(args) => backup::run(args).await,
            Self::Restore(args) => Box::pin(restore::run(args)).await,
            Self::Import(command) => Box::pin(import::run(command)).await,
            Self::Policy(command) => policy::run(command),
            Self::Bench(args) => bench::run(args).await,
        }
    }
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(wrong) => return misused(&wrong),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(cause) => {
            let error = crate::Error::Source(format!("cannot start threads: {cause}"));
            return print_error(&error, cli.json);
        }
    };
    match runtime.block_on(cli.command.run(cli.json)) {
        Ok(answer) => answer.print(cli.json),
        Err(error) => print_error(&error, cli.json),
    }
}

/// Ends with what clap has to say. `--help` and `--version` are answers for people whatever else is asked; a wrong usage is
/// an error as any other, `--json` or not, also where the arguments that say so could not be understood.
fn misused(wrong: &clap::Error) -> ExitCode {
    if !wrong.use_stderr() {
        wrong.exit();
    }
    let as_json = std::env::args_os().skip(1).take_while(|arg| arg != "--").any(|arg| arg == "--json");
    let said = wrong.render().to_string();
    let said = said.trim_start_matches("error: ").trim_end();
    let said = match wrong.kind() {
        // Then clap shows the help and says nothing of its own.
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => format!("a command is missing\n\n{said}"),
        _ => said.to_owned(),
    };
    print_error(&crate::Error::Usage(said), as_json)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_tree_is_sound() {
        super::Cli::command().debug_assert();
    }
}
