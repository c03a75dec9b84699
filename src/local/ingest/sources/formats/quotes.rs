//! Spaces before a quoted value of CSV, as in `"a", "b"`, which don't belong to the value.
//!
//! The parser takes a value for a quoted one only if it begins with the quote.

/// Leaves out spaces between a separator, or the beginning of a line, and a quote.
#[derive(Debug)]
pub(super) struct Quotes {
    separator: u8,
    quote: u8,
    /// 0 if no character escapes.
    escape: u8,
    place: Place,
    /// Spaces at the beginning of a value, of which it isn't known yet whether they belong to it.
    spaces: usize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    /// Before the first character of a value.
    Begin,
    Plain,
    Quoted,
    /// After the character that escapes.
    Escaped,
    /// After a quote, which ends the value, or is half of a doubled one.
    Quote,
}

impl Quotes {
    pub(super) fn new(separator: u8, quote: u8, escape: u8) -> Self {
        Self { separator, quote, escape, place: Place::Begin, spaces: 0 }
    }

    /// Appends the next bytes of a text to `out`, without needless spaces.
    pub(super) fn pass(&mut self, text: &[u8], out: &mut Vec<u8>) {
        for byte in text.iter().copied() {
            let is_space = byte == b' ' && self.separator != b' ';
            if self.place == Place::Begin && is_space {
                self.spaces += 1;
                continue;
            }
            if !(self.place == Place::Begin && byte == self.quote) {
                self.end(out);
            }
            self.spaces = 0;
            self.place = self.after(byte);
            out.push(byte);
        }
    }

    /// Appends spaces at the end of the text.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        out.resize(out.len() + std::mem::take(&mut self.spaces), b' ');
    }

    fn after(&self, byte: u8) -> Place {
        let ends = byte == self.separator || matches!(byte, b'\n' | b'\r');
        match self.place {
            Place::Escaped => Place::Quoted,
            Place::Quoted if byte == self.escape && self.escape != 0 => Place::Escaped,
            Place::Quoted if byte == self.quote => Place::Quote,
            Place::Quoted => Place::Quoted,
            _ if ends => Place::Begin,
            Place::Begin | Place::Quote if byte == self.quote => Place::Quoted,
            _ => Place::Plain,
        }
    }
}
