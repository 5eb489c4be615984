//! A request's head goes out together with the beginning of its body.
//!
//! ureq hands down the two apart: two packets, by TLS two records, and a receiver that is woken twice. It also asks
//! whether a connection is still open when it puts it aside, and again when it takes it up: the second time will do.

use std::mem;

use ureq::{
    Error,
    unversioned::transport::{Buffers, NextTimeout, Transport},
};

/// A longer head goes ahead.
const LONGEST: usize = 8 * 1024;

#[derive(Debug)]
pub(super) struct Joined<T> {
    transport: T,
    /// The head, which waits for the body.
    head: Vec<u8>,
    /// The time-out of the head, should it go alone.
    timeout: NextTimeout,
    /// Nothing has been handed down since the last answer.
    is_first: bool,
    /// Nobody has asked whether the connection is open since the last answer.
    is_answered: bool,
}

impl<T> Joined<T> {
    pub(super) fn new(transport: T) -> Self {
        let timeout = NextTimeout::default();
        Self { transport, head: Vec::new(), timeout, is_first: true, is_answered: false }
    }
}

impl<T: Transport> Transport for Joined<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.transport.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let output = self.transport.buffers().output();
        if mem::take(&mut self.is_first) && amount <= LONGEST {
            self.head.extend_from_slice(&output[..amount]);
            self.timeout = timeout;
            return Ok(());
        }
        let head = self.head.len();
        if head == 0 {
            return self.transport.transmit_output(amount, timeout);
        }
        let first = amount.min(output.len().saturating_sub(head));
        let rest = output[first..amount].to_vec();
        output.copy_within(..first, head);
        output[..head].copy_from_slice(&self.head);
        self.head.clear();
        self.transport.transmit_output(head + first, timeout)?;
        if rest.is_empty() {
            return Ok(());
        }
        self.transport.buffers().output()[..rest.len()].copy_from_slice(&rest);
        self.transport.transmit_output(rest.len(), timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        if !self.head.is_empty() {
            // There is no body.
            self.transmit_output(0, self.timeout)?;
        }
        (self.is_first, self.is_answered) = (true, true);
        self.transport.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        mem::take(&mut self.is_answered) || self.transport.is_open()
    }

    fn is_tls(&self) -> bool {
        self.transport.is_tls()
    }
}

#[cfg(test)]
mod test {
    use ureq::unversioned::transport::LazyBuffers;

    use super::*;

    const OUTPUT: usize = 16;

    /// Keeps what it was handed, piece by piece, and has always been answered.
    #[derive(Debug)]
    struct Kept {
        buffers: LazyBuffers,
        sent: Vec<String>,
        asked: usize,
    }

    impl Transport for Kept {
        fn buffers(&mut self) -> &mut dyn Buffers {
            &mut self.buffers
        }

        fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), Error> {
            let sent = String::from_utf8_lossy(&self.buffers.output()[..amount]).into_owned();
            self.sent.push(sent);
            Ok(())
        }

        fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
            Ok(true)
        }

        fn is_open(&mut self) -> bool {
            self.asked += 1;
            true
        }
    }

    /// What goes out of these pieces, which are handed down in turn; `?` awaits the answer.
    fn sent(pieces: &[&str]) -> Vec<String> {
        let kept = Kept { buffers: LazyBuffers::new(OUTPUT, OUTPUT), sent: Vec::new(), asked: 0 };
        let (mut joined, timeout) = (Joined::new(kept), NextTimeout::default());
        for piece in pieces {
            if *piece == "?" {
                joined.await_input(timeout).unwrap();
            } else {
                joined.buffers().output()[..piece.len()].copy_from_slice(piece.as_bytes());
                joined.transmit_output(piece.len(), timeout).unwrap();
            }
        }
        joined.transport.sent
    }

    #[test]
    fn a_head_goes_with_its_body() {
        assert_eq!(sent(&["head ", "body", "?", "HEAD ", "BODY", "?"]), ["head body", "HEAD BODY"]);
        assert_eq!(sent(&["head ", "body", " and more"]), ["head body", " and more"]);
    }

    #[test]
    fn a_head_without_a_body_goes_before_its_answer_is_awaited() {
        assert_eq!(sent(&["head", "?", "HEAD", "?", "?"]), ["head", "HEAD"]);
        assert_eq!(sent(&["head", "", "?"]), ["head"]);
    }

    #[test]
    fn what_does_not_fit_beside_the_head_follows_it() {
        assert_eq!(sent(&["head", "0123456789abcdef", "ghi"]), ["head0123456789ab", "cdef", "ghi"]);
        assert_eq!(sent(&["0123456789abcdef", "ghi"]), ["0123456789abcdef", "ghi"]);
    }

    #[test]
    fn a_connection_is_asked_once_whether_it_is_open() {
        let kept = Kept { buffers: LazyBuffers::new(OUTPUT, OUTPUT), sent: Vec::new(), asked: 0 };
        let mut joined = Joined::new(kept);
        for requests in 1..=3 {
            joined.await_input(NextTimeout::default()).unwrap();
            assert!(joined.is_open(), "it is put aside");
            assert!(joined.is_open(), "it is taken up again");
            assert_eq!(joined.transport.asked, requests);
        }
    }
}
