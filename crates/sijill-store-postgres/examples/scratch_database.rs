//! Runs a command beside a private PostgreSQL whose databases vanish afterwards:
//! `cargo run -p sijill-store-postgres --features testing --example scratch_database -- <command> [arguments]`.
//!
//! The command finds an empty database's URL in `SIJILL_POSTGRES_URL`: to try the ledger on PostgreSQL, or to check the
//! committed query data (`.sqlx/`) against a live schema.

use std::process::{Command, ExitCode};

use sijill_store_postgres::testing::Cluster;

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let Some(program) = arguments.next() else {
        eprintln!("usage: scratch_database <command> [arguments]");
        return ExitCode::FAILURE;
    };
    let Some(cluster) = Cluster::start() else { return ExitCode::FAILURE };
    let url = cluster.create_database().await;
    let status = Command::new(program).args(arguments).env("SIJILL_POSTGRES_URL", url).status();
    match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the command does not start: {error}");
            ExitCode::FAILURE
        }
    }
}
