//! Sees the request's first byte go out, after any TLS handshake.

use ureq::{
    Error,
    unversioned::transport::{Buffers, NextTimeout, Transport},
};

use super::progress::{Progress, Reached};

#[derive(Debug)]
pub(super) struct Watched<T> {
    transport: T,
    progress: Progress,
}

impl<T> Watched<T> {
    /// Tells `progress` before the first byte is handed to `transport`.
    pub(super) fn new(transport: T, progress: Progress) -> Self {
        Self { transport, progress }
    }
}

impl<T: Transport> Transport for Watched<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.transport.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if amount > 0 {
            self.progress.reach(Reached::Wrote);
        }
        self.transport.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.transport.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.transport.is_open()
    }

    fn is_tls(&self) -> bool {
        self.transport.is_tls()
    }
}
