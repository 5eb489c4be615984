//! Sees the request's first byte go out, after any TLS handshake.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use ureq::{
    Error,
    unversioned::transport::{Buffers, NextTimeout, Transport},
};

#[derive(Debug)]
pub(super) struct Watched<T> {
    transport: T,
    wrote: Arc<AtomicBool>,
}

impl<T> Watched<T> {
    /// Sets `wrote` before the first byte is handed to `transport`.
    pub(super) fn new(transport: T, wrote: Arc<AtomicBool>) -> Self {
        Self { transport, wrote }
    }
}

impl<T: Transport> Transport for Watched<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.transport.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if amount > 0 {
            self.wrote.store(true, Ordering::Relaxed);
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
