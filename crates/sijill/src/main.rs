//! The `sijill` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    sijill::cli::main()
}
