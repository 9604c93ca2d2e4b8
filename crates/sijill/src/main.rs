//! The `sijill` command.
fn main() {}
