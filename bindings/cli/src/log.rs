//! What the library has to say: warnings and errors, on the standard error.

use std::io;

use tracing_subscriber::{filter::LevelFilter, fmt, fmt::MakeWriter};

use crate::{escape::escape, printer::Printer};

/// Sends the log to `printer`.
pub(crate) fn to(printer: Printer) {
    let subscriber = fmt()
        .with_max_level(LevelFilter::WARN)
        .with_ansi(false)
        .with_target(false)
        .without_time()
        .with_writer(Lines(printer));
    // Somebody else's subscriber would do as well.
    subscriber.try_init().ok();
}

struct Lines(Printer);

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { printer: &self.0, text: Vec::new() }
    }
}

/// One event, which is printed when it is whole.
struct Line<'a> {
    printer: &'a Printer,
    text: Vec<u8>,
}

impl io::Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        if !self.text.is_empty() {
            self.printer.line(escape(self.text.trim_ascii()));
        }
    }
}
