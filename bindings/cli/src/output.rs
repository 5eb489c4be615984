use std::io::{self, ErrorKind, Write};

use clap::ValueEnum;

use crate::failure::Failure;

/// How a text is printed.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

/// Writes `text` to the standard output. Whoever closed it has seen enough: that is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::failed(format_args!("the standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}
