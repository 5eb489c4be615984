//! Why something was skipped, refused or dropped, by number and code.
