//! Migrations are embedded when the crate is compiled; a new one must recompile it.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
