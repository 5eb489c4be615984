//! The `trackside` command.
fn main() {}
