//! Packed keys and values as JSON text, without an intermediate tree.
//!
//! Flow packs tuples in FoundationDB's encoding: a type code, then the element.
//! A byte string holds JSON text, of an object, an array, or a value whose location
//! has several types; it is checked and then embedded as it is.

use super::buffer::Buffer;
use super::escape::{ESCAPED, write_packed};
use super::json_text;
use std::io::Write as _;

/// Why a packed tuple can't be read.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum Error {
    /// The tuple holds fewer elements than fields were selected.
    #[error("the packed tuple ends before it")]
    Missing,
    /// The tuple ends within an element.
    #[error("the packed tuple is cut short within it")]
    CutShort,
    /// The tuple holds more elements than fields were selected.
    #[error("the packed tuple goes on for {0} bytes after it")]
    Trailing(usize),
    /// An element of a type that Flow doesn't pack.
    #[error("its packed element is of the unknown type 0x{0:02x}")]
    UnknownType(u8),
    /// A string that isn't UTF-8.
    #[error("its text is not UTF-8")]
    NotUtf8,
    /// A byte string that isn't JSON.
    #[error("its JSON text is not valid: {0}")]
    NotJson(String),
    /// An element that has no plain text of its own.
    #[error("it is {0}, which documentId: key can't make an _id of; use packedKey")]
    NotPlain(&'static str),
    /// A number without a form in JSON.
    #[error("the number {0} can not be written in JSON")]
    NotFinite(f64),
}

const NULL: u8 = 0x00;
const BYTES: u8 = 0x01;
const STRING: u8 = 0x02;
const NEGATIVE_WIDE: u8 = 0x0b;
const NEGATIVE_8: u8 = 0x0c;
const ZERO: u8 = 0x14;
const POSITIVE_8: u8 = 0x1c;
const POSITIVE_WIDE: u8 = 0x1d;
const DOUBLE: u8 = 0x21;
const FALSE: u8 = 0x26;
const TRUE: u8 = 0x27;

/// Reads a packed tuple element by element.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads `packed` from its start.
    pub fn new(packed: &'a [u8]) -> Self {
        Self { rest: packed }
    }

    /// Appends the next element to `out`, as JSON.
    pub fn write_json(&mut self, out: &mut Buffer) -> Result<(), Error> {
        match self.take_code()? {
            NULL => out.extend(b"null"),
            FALSE => out.extend(b"false"),
            TRUE => out.extend(b"true"),
            BYTES => self.write_embedded(out)?,
            STRING => self.write_string(out)?,
            code @ NEGATIVE_8..ZERO => {
                self.write_integer(Sign::Negative, (ZERO - code).into(), out)?
            }
            ZERO => out.push(b'0'),
            code @ 0x15..=POSITIVE_8 => {
                self.write_integer(Sign::Positive, (code - ZERO).into(), out)?
            }
            NEGATIVE_WIDE => {
                let width = !self.take_length()?;
                self.write_integer(Sign::Negative, width.into(), out)?;
            }
            POSITIVE_WIDE => {
                let width = self.take_length()?;
                self.write_integer(Sign::Positive, width.into(), out)?;
            }
            DOUBLE => self.write_double(out)?,
            code => return Err(Error::UnknownType(code)),
        }
        Ok(())
    }

    /// Appends the next element to `out` as plain text that stands within a JSON string:
    /// a string as it is, an integer in decimal, a boolean as true or false.
    pub fn write_plain(&mut self, out: &mut Buffer) -> Result<(), Error> {
        match self.rest.first() {
            Some(&NULL) => Err(Error::NotPlain("null")),
            Some(&DOUBLE) => Err(Error::NotPlain("a number with a fraction")),
            Some(&BYTES) => Err(Error::NotPlain("of several types")),
            Some(&STRING) => {
                self.take_code()?;
                self.write_text(out)
            }
            _ => self.write_json(out),
        }
    }

    /// Checks that all elements have been read.
    pub fn finish(self) -> Result<(), Error> {
        match self.rest {
            [] => Ok(()),
            rest => Err(Error::Trailing(rest.len())),
        }
    }

    fn take_code(&mut self) -> Result<u8, Error> {
        let (code, rest) = self.rest.split_first().ok_or(Error::Missing)?;
        self.rest = rest;
        Ok(*code)
    }

    fn take_length(&mut self) -> Result<u8, Error> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Error::CutShort)?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next run of a string, and whether an escaped NUL and another run follow.
    fn take_run(&mut self) -> Result<(&'a [u8], bool), Error> {
        let end = memchr::memchr(0x00, self.rest).ok_or(Error::CutShort)?;
        let run = &self.rest[..end];
        let goes_on = self.rest.get(end + 1) == Some(&ESCAPED);
        self.rest = &self.rest[end + 1 + usize::from(goes_on)..];
        Ok((run, goes_on))
    }

    fn write_string(&mut self, out: &mut Buffer) -> Result<(), Error> {
        out.push(b'"');
        self.write_text(out)?;
        out.push(b'"');
        Ok(())
    }

    /// Appends the inside of a string.
    #[inline]
    fn write_text(&mut self, out: &mut Buffer) -> Result<(), Error> {
        let taken = write_packed(self.rest, out)?;
        self.rest = &self.rest[taken..];
        Ok(())
    }

    fn write_embedded(&mut self, out: &mut Buffer) -> Result<(), Error> {
        let start = out.len();
        loop {
            let (run, goes_on) = self.take_run()?;
            out.extend(run);
            match goes_on {
                true => out.push(0x00),
                false => break,
            }
        }
        json_text::check(&out.as_slice()[start..])
    }

    fn write_integer(&mut self, sign: Sign, width: usize, out: &mut Buffer) -> Result<(), Error> {
        let bytes = self.take(width)?;
        if sign == Sign::Negative {
            out.push(b'-');
        }
        let magnitude = bytes.iter().map(|byte| match sign {
            Sign::Positive => *byte,
            Sign::Negative => !*byte,
        });
        match width {
            0..=8 => {
                let value = magnitude.fold(0u64, |value, byte| value << 8 | u64::from(byte));
                out.extend(itoa::Buffer::new().format(value).as_bytes());
            }
            9..=16 => {
                let value = magnitude.fold(0u128, |value, byte| value << 8 | u128::from(byte));
                out.extend(itoa::Buffer::new().format(value).as_bytes());
            }
            _ => write_wide(magnitude.collect(), out),
        }
        Ok(())
    }

    fn write_double(&mut self, out: &mut Buffer) -> Result<(), Error> {
        let bytes = self.take(8)?.first_chunk::<8>().ok_or(Error::CutShort)?;
        let bits = u64::from_be_bytes(*bytes);
        let is_positive = bits >> 63 == 1;
        let value = f64::from_bits(if is_positive { bits ^ (1 << 63) } else { !bits });
        if !value.is_finite() {
            return Err(Error::NotFinite(value));
        }
        out.extend(zmij::Buffer::new().format_finite(value).as_bytes());
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Positive,
    Negative,
}

/// Appends an integer of any width, given as big-endian bytes, in decimal.
fn write_wide(mut magnitude: Vec<u8>, out: &mut Buffer) {
    const CHUNK: u64 = 10_000_000_000_000_000;
    const CHUNK_DIGITS: usize = 16;

    let mut chunks = Vec::new();
    while magnitude.iter().any(|byte| *byte != 0) {
        let mut remainder = 0u64;
        for byte in &mut magnitude {
            let dividend = remainder << 8 | u64::from(*byte);
            *byte = (dividend / CHUNK) as u8;
            remainder = dividend % CHUNK;
        }
        chunks.push(remainder);
    }
    let Some(first) = chunks.pop() else {
        out.push(b'0');
        return;
    };
    let _ = write!(out, "{first}");
    for chunk in chunks.iter().rev() {
        let _ = write!(out, "{chunk:0CHUNK_DIGITS$}");
    }
}
