use std::fmt::Write;

use trackside::explain::Explanation;

use crate::escape::escape;

/// The explanation for a person to read, behind what there is to note about the request.
pub(super) fn render(explanation: &Explanation, notes: &[String]) -> String {
    let mut out = String::new();
    for note in notes {
        // Writing to a string cannot fail.
        writeln!(out, "note: {}\n", escape(note.as_bytes())).ok();
    }
    write!(out, "{explanation}").ok();
    out
}

#[cfg(test)]
#[path = "text_test.rs"]
mod test;
