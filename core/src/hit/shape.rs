//! What a piece of an address looks like: an e-mail address, a token or an id. One walk along its bytes, percent
//! escapes decoded however often they were encoded.
//!
//! | shape | what has it |
//! | --- | --- |
//! | e-mail | a byte, `@` and a name with a dot, the part after which has two characters or more and begins with a letter |
//! | token | 32 hexadecimal digits or more in a run, one of them a figure; a run of 32 or more of base32 or the like; or 32 characters or more of base64, base64url or a JWT |
//! | id | a UUID; 16 hexadecimal digits or more in a run; 9 figures or more in a run, or 6 that are all; 12 characters or more of such a text as a token is |
//!
//! A run is one of letters and figures. A text of base64 has figures and letters, of these one beyond `f`; it
//! changes between small letters, capitals and figures at every fourth character or more, not counting from a capital
//! to a small letter, as words are written; between letters and figures at every eighth or more, in a token at every
//! sixteenth; and it has at most one of `-_.~+=` in eight characters. A run of base32 or the like has a letter beyond
//! `f`, and changes between letters and figures at every eighth or more, at every sixth if it has both small letters and
//! capitals. So neither the words of a title nor camel case are taken for one. Of random tokens without `/` this finds
//! some 98 in 100, and none that has no figure.

/// The shapes, the less telling first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Shape {
    Id,
    Token,
    Email,
}

/// A token has so many characters or more.
pub(super) const TOKEN: usize = 32;
const ID_TEXT: usize = 12;
const ID_HEX: usize = 16;
const ID_FIGURES: usize = 9;
const ID_FIGURES_ALONE: usize = 6;

/// The most telling shape that is found in `piece`.
pub(super) fn shape(piece: &[u8]) -> Option<Shape> {
    let mut walk = Walk::default();
    for byte in decoded(piece) {
        walk.step(byte);
    }
    walk.end()
}

/// The bytes, with `%40`, `%2540` and so on decoded; broken escapes stay as they are.
pub(super) fn decoded(piece: &[u8]) -> impl Iterator<Item = u8> {
    let mut rest = piece;
    std::iter::from_fn(move || {
        let (&first, mut after) = rest.split_first()?;
        rest = after;
        if first == b'%' {
            while let Some(inner) = after.strip_prefix(b"25") {
                after = inner;
            }
            if let Some((&[high, low], beyond)) = after.split_first_chunk::<2>()
                && let (Some(high), Some(low)) = (hex(high), hex(low))
            {
                rest = beyond;
                return Some(high << 4 | low);
            }
            // What is left of `%2525` is the sign itself.
            rest = after;
        }
        Some(first)
    })
}

pub(super) fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Class {
    Small,
    Capital,
    Figure,
}

impl Class {
    fn of(byte: u8) -> Option<Self> {
        match byte {
            b'a'..=b'z' => Some(Self::Small),
            b'A'..=b'Z' => Some(Self::Capital),
            b'0'..=b'9' => Some(Self::Figure),
            _ => None,
        }
    }
}

/// What was seen so far.
#[derive(Default)]
struct Walk {
    found: Option<Shape>,
    /// How many bytes there were, and whether all were figures.
    length: usize,
    others: usize,
    before: Option<u8>,
    text: Text,
    run: Run,
    uuid: Uuid,
    domain: Option<Domain>,
}

impl Walk {
    fn step(&mut self, byte: u8) {
        let class = Class::of(byte);
        match class {
            Some(class) => self.run.step(byte, class),
            None => {
                self.find(self.run.shape());
                self.run = Run::default();
            }
        }
        if class.is_none() && self.uuid.is_whole() {
            self.find_uuid();
        }
        self.uuid.step(byte, class);
        if class.is_some() || b"-_.~+=".contains(&byte) {
            self.text.step(byte, class);
        } else {
            self.find(self.text.shape());
            self.text = Text::default();
        }
        if let Some(domain) = &mut self.domain
            && !domain.step(byte)
        {
            if domain.is_named() {
                self.find(Some(Shape::Email));
            }
            self.domain = None;
        }
        if byte == b'@' && self.before.is_some_and(|before| before > b' ' && !b"/:@".contains(&before)) {
            self.domain = Some(Domain::default());
        }
        self.others += usize::from(class != Some(Class::Figure));
        self.length += 1;
        self.before = Some(byte);
    }

    fn end(mut self) -> Option<Shape> {
        self.find(self.run.shape());
        if self.uuid.is_whole() {
            self.find_uuid();
        }
        self.find(self.text.shape());
        if self.others == 0 && self.length >= ID_FIGURES_ALONE {
            self.find(Some(Shape::Id));
        }
        if self.domain.as_ref().is_some_and(Domain::is_named) {
            self.find(Some(Shape::Email));
        }
        self.found
    }

    fn find_uuid(&mut self) {
        self.find(Some(Shape::Id));
        self.text.has_uuid = true;
    }

    fn find(&mut self, shape: Option<Shape>) {
        self.found = self.found.max(shape);
    }
}

/// Letters and figures in a run.
#[derive(Default)]
struct Run {
    length: usize,
    small: usize,
    figures: usize,
    beyond_hex: usize,
    /// How often letters follow figures, or figures letters.
    changes: usize,
    ends_with_figure: bool,
}

impl Run {
    fn step(&mut self, byte: u8, class: Class) {
        let is_figure = class == Class::Figure;
        self.changes += usize::from(self.length > 0 && is_figure != self.ends_with_figure);
        self.length += 1;
        self.small += usize::from(class == Class::Small);
        self.figures += usize::from(is_figure);
        self.beyond_hex += usize::from(!byte.is_ascii_hexdigit());
        self.ends_with_figure = is_figure;
    }

    fn shape(&self) -> Option<Shape> {
        let is_hex = self.beyond_hex == 0 && self.figures > 0;
        // Names of products have figures, and capitals inside.
        let is_of_one_case = self.small == 0 || self.small + self.figures == self.length;
        let share = if is_of_one_case { 8 } else { 6 };
        let is_coded = self.changes * share >= self.length;
        match self.length {
            TOKEN.. if is_hex || is_coded => Some(Shape::Token),
            ID_HEX.. if is_hex => Some(Shape::Id),
            ID_FIGURES.. if self.figures == self.length => Some(Shape::Id),
            _ => None,
        }
    }
}

/// Characters of base64.
#[derive(Default)]
struct Text {
    length: usize,
    marks: usize,
    beyond_hex: usize,
    changes: usize,
    /// Of those, to or from a figure.
    figure_changes: usize,
    before: Option<Class>,
    /// Which is no token, though with a file's extension its text would be one.
    has_uuid: bool,
}

impl Text {
    fn step(&mut self, byte: u8, class: Option<Class>) {
        self.length += 1;
        self.marks += usize::from(class.is_none());
        self.beyond_hex += usize::from(class.is_some() && !byte.is_ascii_hexdigit());
        let is_word = (self.before, class) == (Some(Class::Capital), Some(Class::Small));
        let is_change = self.before.is_some() && class.is_some() && self.before != class && !is_word;
        self.changes += usize::from(is_change);
        let is_figure = [self.before, class].contains(&Some(Class::Figure));
        self.figure_changes += usize::from(is_change && is_figure);
        self.before = class;
    }

    fn shape(&self) -> Option<Shape> {
        let is_mixed = self.beyond_hex > 0
            && !self.has_uuid
            && self.marks * 8 <= self.length
            && self.changes * 4 >= self.length;
        // Figures are there if there are changes to them.
        let has_figures = |share| self.figure_changes * share >= self.length;
        match self.length {
            TOKEN.. if is_mixed && has_figures(16) => Some(Shape::Token),
            ID_TEXT.. if is_mixed && has_figures(8) => Some(Shape::Id),
            _ => None,
        }
    }
}

/// How much of a UUID was seen (RFC 9562 §4), from the beginning of a run on.
#[derive(Default)]
struct Uuid {
    /// None until the next run.
    at: Option<usize>,
    is_inside: bool,
}

impl Uuid {
    fn step(&mut self, byte: u8, class: Option<Class>) {
        if !self.is_inside {
            (self.at, self.is_inside) = (Some(0), true);
        }
        self.at = self.at.filter(|&at| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            0..36 => byte.is_ascii_hexdigit(),
            _ => false,
        });
        self.at = self.at.map(|at| at + 1);
        if self.at.is_none() && class.is_none() {
            self.is_inside = false;
        }
    }

    fn is_whole(&self) -> bool {
        self.at == Some(36)
    }
}

/// What follows an `@`.
#[derive(Default)]
struct Domain {
    labels: usize,
    length: usize,
    begins_with_letter: bool,
    is_named: bool,
}

impl Domain {
    /// Whether the name goes on.
    fn step(&mut self, byte: u8) -> bool {
        match byte {
            b'.' if self.length > 0 => {
                self.is_named |= self.ends_named();
                self.labels += 1;
                self.length = 0;
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | 0x80.. => {
                if self.length == 0 {
                    self.begins_with_letter = byte.is_ascii_alphabetic() || byte >= 0x80;
                }
                self.length += 1;
            }
            _ => return false,
        }
        true
    }

    fn ends_named(&self) -> bool {
        self.labels > 0 && self.length >= 2 && self.begins_with_letter
    }

    fn is_named(&self) -> bool {
        self.is_named || self.ends_named()
    }
}

#[cfg(test)]
#[path = "shape_test.rs"]
mod test;
