//! A block in a host's memory.

use std::ptr;

use crate::{
    lend::Manner,
    memory::Piece,
    slip::{Place, Slip},
};

/// Some bytes, at the end of a piece of memory.
#[derive(Debug)]
pub struct Block {
    piece: Piece,
    begin: usize,
}

impl Block {
    /// A copy of `bytes`, which begins so many bytes behind an address for every type.
    pub fn new(bytes: &[u8], begin: usize) -> Self {
        Self { piece: Piece::copy(&[&[0; 16][..begin], bytes].concat()), begin }
    }

    /// Itself, if it is lent until the exchange has ended, as these flags say; otherwise it is freed.
    pub(crate) fn if_lent(self, flags: Option<&u8>) -> Option<Self> {
        flags.is_some_and(|flags| flags & 4 != 0).then_some(self)
    }

    /// Its pointer and its length, or those of the mistake.
    pub(crate) fn lend(&self, manner: Manner, slip: Slip, place: Place) -> (*const u8, usize) {
        let length = self.piece.bytes().len() - self.begin;
        // An empty block lies behind all of its memory.
        let data: *const u8 = self.piece.pointer::<u8>().wrapping_add(self.begin);
        match length {
            _ if slip.place == place => slip.array(data),
            0 if manner.null_when_empty => (ptr::null(), 0),
            _ => (data, length),
        }
    }
}
