//! Packed keys and values as JSON text, without an intermediate tree.
//!
//! Flow packs tuples in FoundationDB's encoding: a type code, then the element.
//! A byte string holds the JSON text of an object or an array, which is checked and embedded as it
//! is.

use super::Error;
use super::buffer::Writer;
use super::padded::Padded;
use super::string::{ESCAPED, write_packed};
use super::{embedded, integer};
use fearless_simd::Simd;

pub(crate) const NULL: u8 = 0x00;
pub(crate) const BYTES: u8 = 0x01;
pub(crate) const STRING: u8 = 0x02;
pub(crate) const NEGATIVE_WIDE: u8 = 0x0b;
const NEGATIVE_8: u8 = 0x0c;
/// An integer of n bytes has this code plus or minus n, up to 8.
pub(crate) const ZERO: u8 = 0x14;
const POSITIVE_1: u8 = 0x15;
const POSITIVE_8: u8 = 0x1c;
pub(crate) const POSITIVE_WIDE: u8 = 0x1d;
pub(crate) const DOUBLE: u8 = 0x21;
pub(crate) const FALSE: u8 = 0x26;
pub(crate) const TRUE: u8 = 0x27;

/// Reads a packed tuple element by element.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    packed: Padded<'a>,
    /// The index of the next byte to read.
    at: usize,
}

impl<'a> Reader<'a> {
    /// Reads `packed` from its start.
    pub fn new(packed: impl Into<Padded<'a>>) -> Self {
        Self { packed: packed.into(), at: 0 }
    }

    /// Appends the next element to `out`, as JSON.
    #[inline(always)]
    pub fn write_json<S: Simd>(&mut self, simd: S, out: &mut Writer<'_>) -> Result<(), Error> {
        match self.take_code()? {
            NULL => out.extend_array(b"null"),
            FALSE => out.extend_array(b"false"),
            TRUE => out.extend_array(b"true"),
            BYTES => self.write_embedded(simd, out)?,
            STRING => self.write_string(simd, out)?,
            ZERO => out.push(b'0'),
            code @ POSITIVE_1..=POSITIVE_8 => {
                let magnitude = self.take_magnitude(code - ZERO)?;
                integer::write(magnitude, out);
            }
            code @ NEGATIVE_8..ZERO => {
                let magnitude = !self.take_magnitude(ZERO - code)? & largest(ZERO - code);
                out.push(b'-');
                integer::write(magnitude, out);
            }
            DOUBLE => self.write_double(out)?,
            code @ (NEGATIVE_WIDE | POSITIVE_WIDE) => out.extend(self.take_wide(code)?.as_bytes()),
            code => return Err(Error::UnknownType(code)),
        }
        Ok(())
    }

    /// Appends the next element to `out`, as JSON. A whole number is written as an integer, even
    /// if it is packed as a double.
    #[inline(always)]
    pub fn write_whole<S: Simd>(&mut self, simd: S, out: &mut Writer<'_>) -> Result<(), Error> {
        match self.packed.get(self.at) {
            Some(DOUBLE) => out.outlined(|out| {
                let (integer, rest) = self.whole().ok_or(Error::NotWhole)?;
                out.extend(integer.as_bytes());
                *self = rest;
                Ok(())
            }),
            _ => self.write_json(simd, out),
        }
    }

    /// The next element, which is a double, in decimal digits, and the tuple after it. `None` if
    /// it isn't a whole number.
    #[cold]
    #[inline(never)]
    fn whole(mut self) -> Option<(String, Self)> {
        self.take_code().ok()?;
        let value = self.take_double().ok()?;
        let is_whole = value.is_finite() && value.fract() == 0.0;
        // Adding zero makes a negative zero positive.
        is_whole.then(|| (format!("{:.0}", value + 0.0), self))
    }

    /// Appends the next element to `out` as plain text that stands within a JSON string:
    /// a string as it is, a whole number in decimal, a boolean as true or false.
    #[inline(always)]
    pub fn write_plain<S: Simd>(&mut self, simd: S, out: &mut Writer<'_>) -> Result<(), Error> {
        match self.packed.get(self.at) {
            Some(NULL) => Err(Error::NotPlain("null")),
            Some(BYTES) => Err(Error::NotPlain("of several types")),
            Some(STRING) => {
                self.take_code()?;
                self.write_text(simd, out)
            }
            _ => self.write_whole(simd, out).map_err(|error| match error {
                Error::NotWhole => Error::NotPlain("a number with a fraction"),
                other => other,
            }),
        }
    }

    /// Checks that all elements have been read.
    pub fn finish(self) -> Result<(), Error> {
        match self.packed.len() - self.at {
            0 => Ok(()),
            length => Err(Error::Trailing(length)),
        }
    }

    #[inline(always)]
    fn take_code(&mut self) -> Result<u8, Error> {
        let code = self.packed.get(self.at).ok_or(Error::Missing)?;
        self.at += 1;
        Ok(code)
    }

    #[inline(always)]
    fn take(&mut self, length: usize) -> Result<Padded<'a>, Error> {
        let end = self.at + length;
        let taken = self.packed.slice(self.at..end).ok_or(Error::CutShort)?;
        self.at = end;
        Ok(taken)
    }

    #[inline(always)]
    fn write_string<S: Simd>(&mut self, simd: S, out: &mut Writer<'_>) -> Result<(), Error> {
        out.push(b'"');
        self.write_text(simd, out)?;
        out.push(b'"');
        Ok(())
    }

    /// Appends the inside of a string.
    #[inline(always)]
    fn write_text<S: Simd>(&mut self, simd: S, out: &mut Writer<'_>) -> Result<(), Error> {
        self.at = write_packed(simd, self.packed, self.at, out)?;
        Ok(())
    }

    #[inline(always)]
    fn write_embedded<S: Simd>(&mut self, simd: S, out: &mut Writer<'_>) -> Result<(), Error> {
        self.at = match embedded::write_contained(simd, self.packed, self.at, out) {
            Some(end) if self.ends(end) => end + 1,
            _ => out.outlined(|out| self.write_unclear(out))?,
        };
        Ok(())
    }

    /// Whether an element ends at an index: with a 0x00 that isn't escaped.
    #[inline(always)]
    fn ends(&self, at: usize) -> bool {
        self.packed.get(at) == Some(0x00) && self.packed.get(at + 1) != Some(ESCAPED)
    }

    /// Appends JSON text that the fast check can't decide on. Returns the index after the 0x00 that
    /// ends it.
    #[cold]
    #[inline(never)]
    fn write_unclear(self, out: &mut Writer<'_>) -> Result<usize, Error> {
        let rest = &self.packed.as_slice()[self.at..];
        let length = memchr::memchr(0x00, rest).ok_or(Error::CutShort)?;
        let end = self.at + length;
        if !self.ends(end) {
            return Err(Error::NotJson("there is a NUL in it".to_string()));
        }
        embedded::write_checked(&rest[..length], out)?;
        Ok(end + 1)
    }

    /// Takes the next `width` bytes, up to 8, as an integer.
    #[inline(always)]
    fn take_magnitude(&mut self, width: u8) -> Result<u64, Error> {
        let bytes = self.take(width.into())?;
        Ok(u64::from_be_bytes(*bytes.chunk(0, &mut None)) >> (64 - 8 * u32::from(width)))
    }

    #[inline(always)]
    fn write_double(&mut self, out: &mut Writer<'_>) -> Result<(), Error> {
        let value = self.take_double()?;
        if !value.is_finite() {
            return Err(Error::NotFinite(value));
        }
        out.extend_short(zmij::Buffer::new().format_finite(value).as_bytes());
        Ok(())
    }

    #[inline(always)]
    fn take_double(&mut self) -> Result<f64, Error> {
        let bits = self.take_magnitude(8)?;
        let is_positive = bits >> 63 == 1;
        Ok(f64::from_bits(if is_positive { bits ^ (1 << 63) } else { !bits }))
    }

    /// Takes the next integer, whose length stands before it, in decimal.
    #[inline(always)]
    fn take_wide(&mut self, code: u8) -> Result<String, Error> {
        let (digits, rest) = self.wide(code)?;
        *self = rest;
        Ok(digits)
    }

    #[cold]
    #[inline(never)]
    fn wide(mut self, code: u8) -> Result<(String, Self), Error> {
        let is_negative = code == NEGATIVE_WIDE;
        let invert = if is_negative { 0xff } else { 0x00 };
        let width = self.take_code().map_err(|_| Error::CutShort)? ^ invert;
        let bytes = self.take(width.into())?.as_slice();
        let digits = from_bytes(bytes.iter().map(|byte| *byte ^ invert).collect());
        let digits = if is_negative { format!("-{digits}") } else { digits };
        Ok((digits, self))
    }
}

/// The largest integer of `width` bytes, 1 to 8.
fn largest(width: u8) -> u64 {
    u64::MAX >> (64 - 8 * u32::from(width))
}

/// An integer of any width, given as big-endian bytes, in decimal.
fn from_bytes(mut magnitude: Vec<u8>) -> String {
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
    let mut digits = chunks.pop().unwrap_or_default().to_string();
    for chunk in chunks.iter().rev() {
        digits.push_str(&format!("{chunk:0CHUNK_DIGITS$}"));
    }
    digits
}
