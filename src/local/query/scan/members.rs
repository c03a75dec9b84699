//! The members of a JSON object, one after the other, without a tree being built. The text is known
//! to be JSON, so what isn't asked for is passed over without being checked.

use memchr::{memchr2, memchr3};
use std::borrow::Cow;

/// Words of 8 bytes of a string that are looked at before anything is called.
const WORDS: usize = 5;

/// Where reading is in the text of an object's members, or of those of an object in it.
#[derive(Debug)]
pub(super) struct Members<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Members<'a> {
    /// Begins with the inside of an object.
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The name of the object's next member, whose value must be read next. At the end of the
    /// object there is none; then those of the object around it go on.
    pub(super) fn name(&mut self) -> Option<Cow<'a, str>> {
        loop {
            let byte = self.byte()?;
            match byte {
                b',' => self.at += 1,
                b'"' => break,
                _ => {
                    self.at += 1;
                    return None;
                }
            }
        }
        let begin = self.at;
        let is_plain = self.skip_string()?;
        let quoted = self.text.get(begin..self.at)?;
        // The colon.
        self.byte()?;
        self.at += 1;
        match is_plain {
            true => quoted.get(1..quoted.len() - 1).map(Cow::from),
            false => serde_json::from_str(quoted).ok().map(Cow::Owned),
        }
    }

    /// Goes into a value that is an object. Tells whether it is one.
    pub(super) fn enters(&mut self) -> bool {
        let is_object = self.byte() == Some(b'{');
        self.at += usize::from(is_object);
        is_object
    }

    /// The text of a value.
    pub(super) fn value(&mut self) -> Option<&'a str> {
        let first = self.byte()?;
        let begin = self.at;
        match first {
            b'"' => drop(self.skip_string()?),
            b'{' => self.skip_nested(b'{', b'}')?,
            b'[' => self.skip_nested(b'[', b']')?,
            _ => self.at += length_of_literal(&self.text.as_bytes()[begin..]),
        }
        self.text.get(begin..self.at)
    }

    /// The next byte that isn't white space.
    fn byte(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.as_bytes().get(self.at)?;
            if !is_space(byte) {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    /// Passes over a string, and tells whether nothing in it is escaped.
    fn skip_string(&mut self) -> Option<bool> {
        self.at += 1;
        let mut is_plain = true;
        loop {
            self.at += find_end(self.text.as_bytes().get(self.at..)?)?;
            match self.text.as_bytes()[self.at] {
                b'"' => {
                    self.at += 1;
                    return Some(is_plain);
                }
                _ => {
                    is_plain = false;
                    self.at += 2;
                }
            }
        }
    }

    /// Passes over an object or an array. Brackets of the other kind are closed where these are.
    fn skip_nested(&mut self, open: u8, close: u8) -> Option<()> {
        let mut depth = 0;
        loop {
            self.at += memchr3(b'"', open, close, self.text.as_bytes().get(self.at..)?)?;
            match self.text.as_bytes()[self.at] {
                b'"' => drop(self.skip_string()?),
                byte => {
                    self.at += 1;
                    depth += if byte == open { 1 } else { -1 };
                    if depth == 0 {
                        return Some(());
                    }
                }
            }
        }
    }
}

/// Position of the first quotation mark or backslash. Most strings are short: a call costs more than
/// to look at their bytes here, eight at a time.
fn find_end(bytes: &[u8]) -> Option<usize> {
    let (words, _) = bytes.as_chunks::<8>();
    let words = &words[..words.len().min(WORDS)];
    for (number, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = first_of(b'"', word) | first_of(b'\\', word);
        if found != 0 {
            return Some(8 * number + found.trailing_zeros() as usize / 8);
        }
    }
    let rest = 8 * words.len();
    memchr2(b'"', b'\\', &bytes[rest..]).map(|at| rest + at)
}

/// The highest bit of the first one of 8 bytes that is equal to `byte`, and maybe those of some
/// after it; 0 if none is.
fn first_of(byte: u8, word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let zero_where_equal = word ^ (ONES * u64::from(byte));
    zero_where_equal.wrapping_sub(ONES) & !zero_where_equal & (ONES << 7)
}

/// Length of a number, or of `true`, `false` or `null`.
fn length_of_literal(bytes: &[u8]) -> usize {
    let (words, _) = bytes.as_chunks::<8>();
    let digits = words.iter().take_while(|word| are_digits(u64::from_le_bytes(**word)));
    let digits = 8 * digits.count();
    let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']') || is_space(*byte);
    let rest = &bytes[digits..];
    digits + rest.iter().position(ends).unwrap_or(rest.len())
}

/// Whether all of 8 bytes are digits: their higher half is 3, and stays so when 6 is added.
fn are_digits(word: u64) -> bool {
    const HIGH: u64 = 0xf0f0_f0f0_f0f0_f0f0;
    const THREES: u64 = 0x3030_3030_3030_3030;
    word & HIGH == THREES && word.wrapping_add(0x0606_0606_0606_0606) & HIGH == THREES
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
