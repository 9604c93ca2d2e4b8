//! The `sijill` command.

use std::process::ExitCode;

/// A tenth of a server's time went into the system's allocator, which gives memory one thread took back to that thread.
/// Without huge pages, which made an audit's memory a tenth larger.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    sijill::cli::main()
}
