//! JSON text within documents. Flow brings nested values as text, and what isn't JSON must
//! not get into a request.

use super::buffer::Writer;
use super::chunk::{Marks, SHORT};
use super::tuple::Error;

/// As deep as values may be nested, which is what serde_json allows.
const DEPTH: u32 = 127;
/// Follows a text that is scanned. No JSON has it.
const END: u8 = 0x00;
/// How many bytes there are after a text that is scanned, since that is done in chunks: an
/// end, and anything.
const PADDING: usize = 1 + SHORT;

/// Appends a text that is to be one JSON value in UTF-8.
#[inline(always)]
pub fn write(text: &[u8], out: &mut Writer<'_>) -> Result<(), Error> {
    let room = out.room(text.len() + PADDING);
    room[..text.len()].copy_from_slice(text);
    room[text.len()] = END;
    if !is_json(room, text.len()) {
        check(text)?;
    }
    out.advance(text.len());
    Ok(())
}

/// Checks a text slowly, and says what is wrong. It has the last word.
#[cold]
#[inline(never)]
fn check(text: &[u8]) -> Result<(), Error> {
    let text = std::str::from_utf8(text).map_err(|_| Error::NotUtf8)?;
    serde_json::from_str::<serde::de::IgnoredAny>(text)
        .map(|_| ())
        .map_err(|e| Error::NotJson(e.to_string()))
}

/// Whether the text of that length, before its padding, is one JSON value in UTF-8. Of
/// values that are nested very deeply, it says no.
#[inline(never)]
fn is_json(text: &[u8], length: usize) -> bool {
    let mut scan = Scan { text, at: 0, beyond_ascii: 0 };
    scan.value().is_some()
        && scan.at == length
        && (scan.beyond_ascii == 0 || simdutf8::basic::from_utf8(&text[..length]).is_ok())
}

/// Steps over a text. Every step is `None` where the text isn't JSON.
struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    /// Not 0 if there may be a character beyond ASCII.
    beyond_ascii: u32,
}

impl<'a> Scan<'a> {
    /// Steps over a value and the space around it.
    #[inline(always)]
    fn value(&mut self) -> Option<()> {
        // Whether each of the values that it is in is an object, the innermost lowest.
        let mut objects = 0u128;
        let mut depth = 0;
        loop {
            if objects & 1 == 1 {
                if self.next() != b'"' {
                    return None;
                }
                self.string()?;
                if self.next() != b':' {
                    return None;
                }
            }
            match self.next() {
                b'"' => self.string()?,
                first @ (b'{' | b'[') => {
                    if depth == DEPTH {
                        return None;
                    }
                    depth += 1;
                    objects = objects << 1 | u128::from(first == b'{');
                    // In ASCII, a bracket's counterpart is the second one after it.
                    if self.peek_past_space() != first + 2 {
                        continue;
                    }
                    self.at += 1;
                    depth -= 1;
                    objects >>= 1;
                }
                b'-' => match self.next_digit()? {
                    b'0' => self.fraction()?,
                    _ => self.integer()?,
                },
                b'0' => self.fraction()?,
                b'1'..=b'9' => self.integer()?,
                b't' => self.literal(b"rue")?,
                b'f' => self.literal(b"alse")?,
                b'n' => self.literal(b"ull")?,
                _ => return None,
            }
            loop {
                if depth == 0 {
                    self.peek_past_space();
                    return Some(());
                }
                match (self.next(), objects & 1) {
                    (b',', _) => break,
                    (b'}', 1) | (b']', 0) => {
                        depth -= 1;
                        objects >>= 1;
                    }
                    _ => return None,
                }
            }
        }
    }

    #[inline(always)]
    fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(END)
    }

    /// The next bytes, which are there because of the padding.
    #[inline(always)]
    fn ahead<const N: usize>(&self) -> Option<&'a [u8; N]> {
        self.text.get(self.at..)?.first_chunk::<N>()
    }

    /// The next byte that isn't space, without stepping over it.
    #[inline(always)]
    fn peek_past_space(&mut self) -> u8 {
        match self.peek() {
            next if next > b' ' => next,
            _ => {
                self.at = past_space(self.text, self.at);
                self.peek()
            }
        }
    }

    #[inline(always)]
    fn next(&mut self) -> u8 {
        let next = self.peek_past_space();
        self.at += 1;
        next
    }

    #[inline(always)]
    fn literal<const N: usize>(&mut self, rest: &[u8; N]) -> Option<()> {
        let found = self.ahead::<N>()?;
        self.at += N;
        (found == rest).then_some(())
    }

    /// After the first digit of an integer.
    #[inline(always)]
    fn integer(&mut self) -> Option<()> {
        self.skip_digits()?;
        self.fraction()
    }

    /// After the integer part of a number.
    #[inline(always)]
    fn fraction(&mut self) -> Option<()> {
        if self.peek() == b'.' {
            self.at += 1;
            self.next_digit()?;
            self.skip_digits()?;
        }
        if self.peek() | 0x20 == b'e' {
            self.at += 1;
            if matches!(self.peek(), b'+' | b'-') {
                self.at += 1;
            }
            self.next_digit()?;
            self.skip_digits()?;
        }
        Some(())
    }

    #[inline(always)]
    fn next_digit(&mut self) -> Option<u8> {
        let next = self.peek();
        self.at += 1;
        next.is_ascii_digit().then_some(next)
    }

    #[inline(always)]
    fn skip_digits(&mut self) -> Option<()> {
        loop {
            let found = leading_digits(u64::from_le_bytes(*self.ahead()?));
            self.at += found;
            if found < 8 {
                return Some(());
            }
        }
    }

    /// After the quotation mark that begins a string.
    #[inline(always)]
    fn string(&mut self) -> Option<()> {
        loop {
            let marks = Marks::of_short(self.ahead::<SHORT>()?);
            self.beyond_ascii |= marks.beyond_ascii;
            if marks.escaped == 0 {
                self.at += SHORT;
                continue;
            }
            self.at += marks.escaped.trailing_zeros() as usize;
            let mark = self.peek();
            self.at += 1;
            match mark {
                b'"' => return Some(()),
                b'\\' => self.escape()?,
                _ => return None,
            }
        }
    }

    #[inline(always)]
    fn escape(&mut self) -> Option<()> {
        let letter = self.peek();
        self.at += 1;
        match letter {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => {
                let digits = self.ahead::<4>()?;
                self.at += 4;
                digits.iter().all(u8::is_ascii_hexdigit).then_some(())
            }
            _ => None,
        }
    }
}

#[inline(never)]
fn past_space(text: &[u8], begin: usize) -> usize {
    let is_space = |byte: &&u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
    begin + text[begin.min(text.len())..].iter().take_while(is_space).count()
}

/// How many of a word's first bytes are digits.
#[inline(always)]
fn leading_digits(word: u64) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGHS: u64 = ONES << 7;
    // A digit becomes its value, and anything else more than 9, of which adding 0x76 makes
    // at least 0x80.
    let values = word ^ (ONES * u64::from(b'0'));
    let others = (((values & !HIGHS) + ONES * 0x76) | values) & HIGHS;
    others.trailing_zeros() as usize / 8
}
