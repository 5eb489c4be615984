use std::ops::Range;

use uuid::{Builder, Uuid};

// Where the randomness of each id begins.
const PAGE: usize = 0;
const VISITOR: usize = 16;
const EVENT: usize = 32;

/// When an exchange began, and the randomness it may use.
///
/// Core reads no clock and draws no numbers: the caller hands both over, so that the same inputs give
/// the same bytes in every language.
///
/// The 64 bytes of entropy are laid out as follows; the live tracker fills the same block, but for what is reserved:
///
/// | bytes | use |
/// | --- | --- |
/// | 0..10 | random part of the page view's hit id (UUID v7) |
/// | 10..16 | reserved |
/// | 16..32 | visitor id of a new visitor (UUID v4) |
/// | 32..42 | random part of the first event's hit id; each further event adds one to its last 62 bits |
/// | 42..64 | reserved |
///
/// ```
/// use trackside_core::Moment;
///
/// let moment = Moment::new(1_784_714_400_000_000, [7; 64]);
/// assert_eq!(moment.seconds(), 1_784_714_400);
/// assert_eq!(moment.page_id().get_version_num(), 7);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    micros: u64,
    entropy: [u8; 64],
}

impl Moment {
    /// Of the 64 bytes of entropy, those that ids are made of: of the page view, the visitor and the first event. Who
    /// pays for randomness may leave out the others.
    pub const READ: [Range<usize>; 3] = [PAGE..PAGE + 10, VISITOR..VISITOR + 16, EVENT..EVENT + 10];

    /// A moment `micros` microseconds after the Unix epoch, with its 64 bytes of entropy.
    pub fn new(micros: u64, entropy: [u8; 64]) -> Self {
        Self { micros, entropy }
    }

    /// Microseconds since the Unix epoch.
    pub fn micros(&self) -> u64 {
        self.micros
    }

    /// Whole seconds since the Unix epoch.
    pub fn seconds(&self) -> u64 {
        self.micros / 1_000_000
    }

    /// The id of the page view that begins now (UUID v7, RFC 9562 §5.7).
    pub fn page_id(&self) -> Uuid {
        self.id_at(PAGE)
    }

    /// The id of the first event raised in this exchange (UUID v7).
    pub fn event_id(&self) -> Uuid {
        self.id_at(EVENT)
    }

    /// The id that a new visitor is given (UUID v4, RFC 9562 §5.4).
    pub fn visitor_id(&self) -> Uuid {
        Builder::from_random_bytes(self.block(VISITOR)).into_uuid()
    }

    fn id_at(&self, offset: usize) -> Uuid {
        let random: [u8; 10] = self.block(offset);
        Builder::from_unix_timestamp_millis(self.micros / 1_000, &random).into_uuid()
    }

    fn block<const N: usize>(&self, offset: usize) -> [u8; N] {
        let mut block = [0; N];
        block.copy_from_slice(&self.entropy[offset..offset + N]);
        block
    }
}
