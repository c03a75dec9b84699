//! JSON text within documents. Flow brings nested values as text, and each must be one value
//! in a request, whatever it holds.
//!
//! Whether all of a request is JSON, Rockset has to find out anyway. What is found out here is
//! whether a text is *contained*: it begins with a bracket, and the one that closes it is its
//! last character. In a request that is JSON, such a text is a value by itself; if the text
//! isn't JSON, the request isn't either, and Rockset refuses it.

use super::buffer::Writer;
use super::chunk::{Brackets, CHUNK, before, beyond_ascii};
use super::padded::Padded;
use super::tuple::Error;
use serde::de::IgnoredAny;

/// Appends a text that is to be one JSON value in UTF-8. An array or object may still turn out
/// not to be JSON, but then what it's put into isn't.
#[inline(always)]
pub fn write<'a>(text: impl Into<Padded<'a>>, out: &mut Writer<'_>) -> Result<(), Error> {
    let text = text.into();
    match out.aside(|out| write_contained(text, out)) {
        true => Ok(()),
        false => write_checked(text.as_slice(), out),
    }
}

/// Checks a text slowly, and appends it.
#[cold]
#[inline(never)]
fn write_checked(text: &[u8], out: &mut Writer<'_>) -> Result<(), Error> {
    let text = std::str::from_utf8(text).map_err(|_| Error::NotUtf8)?;
    serde_json::from_str::<IgnoredAny>(text).map_err(|e| Error::NotJson(e.to_string()))?;
    out.extend(text.as_bytes());
    Ok(())
}

/// Appends a text if it's contained, and UTF-8. If this can't be seen at a glance, it
/// doesn't.
#[inline(never)]
fn write_contained(text: Padded<'_>, out: &mut Writer<'_>) -> bool {
    let begin = out.position();
    let mut scan = Scan::default();
    let mut at = 0;
    while at < text.len() {
        let mut spare = None;
        let chunk = text.chunk(at, &mut spare);
        let left = text.len() - at;
        out.extend_piece(chunk, left.min(CHUNK));
        match scan.chunk(chunk, left) {
            Step::Open => at += CHUNK,
            Step::Closed(index) => {
                let is_contained = index + 1 == left
                    && (!scan.has_foreign || simdutf8::basic::from_utf8(text.as_slice()).is_ok());
                if !is_contained {
                    break;
                }
                return true;
            }
            Step::Unknown => break,
        }
    }
    out.back_to(begin);
    false
}

/// What is known after a chunk.
enum Step {
    /// A bracket or a string is still open.
    Open,
    /// The first bracket is closed, at an index of the chunk.
    Closed(usize),
    /// It's something else.
    Unknown,
}

/// Steps over a text.
#[derive(Default)]
struct Scan {
    /// How many brackets are open.
    depth: u32,
    /// All bits of it are set within a string.
    string: u64,
    /// Whether a backslash was last.
    is_escaped: bool,
    /// Whether there is anything beyond ASCII.
    has_foreign: bool,
}

impl Scan {
    #[inline(always)]
    fn chunk(&mut self, chunk: &[u8; CHUNK], left: usize) -> Step {
        let all = Brackets::of(chunk);
        let Brackets { quotes, backslashes, opening, closing, has_foreign } = match left {
            CHUNK.. => all,
            _ => all.before(left),
        };
        self.has_foreign |=
            has_foreign && (left >= CHUNK || beyond_ascii(chunk) & before(left) != 0);
        let quotes = match backslashes == 0 && !self.is_escaped {
            true => quotes,
            false => quotes & !self.escaped(backslashes),
        };
        let within_strings = parities(quotes) ^ self.string;
        self.string = within_strings.cast_signed().wrapping_shr(63).cast_unsigned();
        let (opening, closing) = (opening & !within_strings, closing & !within_strings);
        if closing.count_ones() < self.depth {
            self.depth += opening.count_ones();
            self.depth -= closing.count_ones();
            return Step::Open;
        }
        self.step_over(opening, closing)
    }

    /// Steps over brackets one by one.
    #[inline(always)]
    fn step_over(&mut self, opening: u64, closing: u64) -> Step {
        let mut brackets = opening | closing;
        if self.depth == 0 && opening & 1 == 0 {
            return Step::Unknown;
        }
        while brackets != 0 {
            let index = brackets.trailing_zeros();
            if opening >> index & 1 == 1 {
                self.depth += 1;
            } else {
                self.depth -= 1;
                if self.depth == 0 {
                    return Step::Closed(index as usize);
                }
            }
            brackets &= brackets - 1;
        }
        Step::Open
    }

    /// The characters that have a backslash before them which isn't itself one of them.
    #[inline(always)]
    fn escaped(&mut self, mut backslashes: u64) -> u64 {
        let mut escaped = u64::from(self.is_escaped);
        backslashes &= !escaped;
        self.is_escaped = false;
        while backslashes != 0 {
            let backslash = backslashes & backslashes.wrapping_neg();
            self.is_escaped = backslash >> 63 == 1;
            escaped |= backslash << 1;
            backslashes &= !(backslash | backslash << 1);
        }
        escaped
    }
}

/// For each bit, whether the number of bits up to it is odd.
#[inline(always)]
fn parities(bits: u64) -> u64 {
    [1, 2, 4, 8, 16, 32].iter().fold(bits, |bits, shift| bits ^ bits << shift)
}
