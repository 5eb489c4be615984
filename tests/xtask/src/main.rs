//! What the project runs.
fn main() {}
