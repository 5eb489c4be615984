use std::{
    fmt,
    io::{self, Write},
    process::ExitCode,
};

/// Why a command could not do its work: one message, which names the way out.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    code: u8,
}

impl Failure {
    /// It could not be done.
    pub(crate) fn failed(message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), code: 1 }
    }

    /// It was asked for wrongly.
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), code: 2 }
    }

    /// Tells it on the standard error, and answers with the exit code.
    pub(crate) fn tell(&self) -> ExitCode {
        // With the standard error closed, the exit code is all there is to say.
        writeln!(io::stderr(), "trackside: {}", self.message).ok();
        ExitCode::from(self.code)
    }
}
