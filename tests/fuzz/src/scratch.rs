//! One exchange after another in the places of a trackside_scratch.

use std::ptr;

use trackside_ffi::*;

use crate::{
    block::Block,
    call::{Outcome, call},
    exchange::Written,
    lend::Manner,
    memory::{FILL, Piece},
    site::Site,
    slip::{Fault, Place, Slip},
};

/// The places, in a host's memory.
#[derive(Debug)]
pub struct Scratch {
    places: Piece,
    buffer: Piece,
    manner: Manner,
}

/// What stands in `needed` until it is told.
const UNTOLD: usize = usize::from_ne_bytes([FILL; size_of::<usize>()]);

impl Scratch {
    /// Places, among them a buffer of `capacity` bytes.
    pub fn new(capacity: usize, manner: Manner) -> Self {
        let buffer = Piece::new(capacity);
        let places = trackside_scratch {
            size: size_of::<trackside_scratch>(),
            exchange: ptr::null_mut(),
            is_new: false.into(),
            buffer: buffer.pointer(),
            capacity,
            needed: UNTOLD,
            error: ptr::null_mut(),
        };
        Self { places: Piece::items(&[places]), buffer, manner }
    }

    /// Calls trackside_scratch_begin, with this mistake in it; [`Place::Out`] is the struct itself.
    pub fn begin(&self, site: &Site, lines: &Block, flags: u8, slip: Slip) -> Outcome {
        let (data, length) = lines.lend(self.manner, slip, Place::RequestBlock);
        let tracker = slip.handle(Place::Tracker, site.tracker);
        // SAFETY: the pointers are what the function asks for, or wrong in a way that it sees.
        self.call(slip, |scratch| unsafe { trackside_scratch_begin(scratch, tracker, data, length, flags) })
    }

    /// Calls trackside_scratch_end, with this mistake in it; [`Place::Exchange`] is the one in the struct.
    pub fn end(&self, block: &Block, slip: Slip) -> Outcome {
        let (data, length) = block.lend(self.manner, slip, Place::ResponseBlock);
        let exchange = self.exchange();
        self.change(|places| places.exchange = slip.handle(Place::Exchange, exchange));
        // SAFETY: as above.
        let outcome = self.call(slip, |scratch| unsafe { trackside_scratch_end(scratch, data, length) });
        if slip.place == Place::Exchange {
            self.change(|places| places.exchange = exchange);
        }
        outcome
    }

    fn call(&self, slip: Slip, make: impl FnOnce(*mut trackside_scratch) -> trackside_status) -> Outcome {
        let (scratch, size, room) = match (slip.place, slip.fault) {
            // Where the struct is none, nobody is told of the error.
            (Place::Out, Fault::Null) => (ptr::null_mut(), size_of::<trackside_scratch>(), 0),
            (Place::Out, Fault::Off) => (self.places.pointer(), slip.size(size_of::<trackside_scratch>()), 0),
            _ => (self.places.pointer(), size_of::<trackside_scratch>(), self.manner.room()),
        };
        self.change(|places| places.size = size);
        let outcome = call(room, |error| {
            self.change(|places| places.error = error);
            make(scratch)
        });
        self.change(|places| places.error = ptr::null_mut());
        outcome
    }

    fn change(&self, change: impl FnOnce(&mut trackside_scratch)) {
        // SAFETY: the struct stands there, and nobody else uses it now.
        change(unsafe { &mut *self.places.pointer() });
    }

    /// Its exchange; NULL where none is begun and not ended.
    pub fn exchange(&self) -> *mut trackside_exchange {
        self.places.read::<trackside_scratch>().exchange
    }

    /// Whether the visitor of the last exchange that was begun was new.
    pub fn is_new(&self) -> bool {
        self.places.read::<trackside_scratch>().is_new.get()
    }

    /// What was written of the verdict; no more can be begun.
    pub fn into_written(mut self) -> Written {
        let needed = self.places.read::<trackside_scratch>().needed;
        let buffer = std::mem::replace(&mut self.buffer, Piece::new(0));
        Written { buffer, needed: (needed != UNTOLD).then_some(needed) }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // SAFETY: it is live or NULL, and nobody uses it any more.
        unsafe { trackside_exchange_free(self.exchange()) };
    }
}
