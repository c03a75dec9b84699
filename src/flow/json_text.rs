//! Whether a text is JSON. Documents bring nested values as JSON text, and what isn't
//! JSON must not get into a request.

use super::escape::needing_escape;
use super::tuple::Error;

/// As deep as values may be nested, which is what serde_json allows.
const DEPTH: u32 = 127;

/// Checks that `text` is one JSON value in UTF-8.
pub fn check(text: &[u8]) -> Result<(), Error> {
    let text = std::str::from_utf8(text).map_err(|_| Error::NotUtf8)?;
    if is_json(text.as_bytes()) {
        return Ok(());
    }
    // It says what is wrong, and has the last word.
    serde_json::from_str::<serde::de::IgnoredAny>(text)
        .map(|_| ())
        .map_err(|e| Error::NotJson(e.to_string()))
}

/// Whether a text in UTF-8 is one JSON value. Of values that are nested very deeply, it
/// says no.
fn is_json(text: &[u8]) -> bool {
    let mut scan = Scan { rest: text };
    scan.value(DEPTH).is_some() && scan.is_at_end()
}

/// Steps over a text. Every step is `None` where the text isn't JSON.
struct Scan<'a> {
    rest: &'a [u8],
}

impl Scan<'_> {
    fn is_at_end(&mut self) -> bool {
        self.skip_space();
        self.rest.is_empty()
    }

    #[inline]
    fn skip_space(&mut self) {
        while let [b' ' | b'\n' | b'\r' | b'\t', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    /// The next byte that isn't space.
    #[inline]
    fn next(&mut self) -> Option<u8> {
        self.skip_space();
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn value(&mut self, depth: u32) -> Option<()> {
        let first = self.next()?;
        self.value_from(first, depth)
    }

    fn value_from(&mut self, first: u8, depth: u32) -> Option<()> {
        match first {
            b'"' => self.string(),
            b'{' => self.object(depth.checked_sub(1)?),
            b'[' => self.array(depth.checked_sub(1)?),
            b'-' => match self.next_digit()? {
                b'0' => self.fraction(),
                _ => self.integer(),
            },
            b'0' => self.fraction(),
            b'1'..=b'9' => self.integer(),
            b't' => self.literal(b"rue"),
            b'f' => self.literal(b"alse"),
            b'n' => self.literal(b"ull"),
            _ => None,
        }
    }

    fn object(&mut self, depth: u32) -> Option<()> {
        let mut next = self.next()?;
        if next == b'}' {
            return Some(());
        }
        loop {
            if next != b'"' {
                return None;
            }
            self.string()?;
            if self.next()? != b':' {
                return None;
            }
            self.value(depth)?;
            match self.next()? {
                b',' => next = self.next()?,
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    fn array(&mut self, depth: u32) -> Option<()> {
        let mut next = self.next()?;
        if next == b']' {
            return Some(());
        }
        loop {
            self.value_from(next, depth)?;
            match self.next()? {
                b',' => next = self.next()?,
                b']' => return Some(()),
                _ => return None,
            }
        }
    }

    fn literal(&mut self, rest: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(rest)?;
        Some(())
    }

    /// After the first digit of an integer.
    #[inline]
    fn integer(&mut self) -> Option<()> {
        self.skip_digits();
        self.fraction()
    }

    /// After the integer part of a number.
    #[inline]
    fn fraction(&mut self) -> Option<()> {
        if let [b'.', rest @ ..] = self.rest {
            self.rest = rest;
            self.next_digit()?;
            self.skip_digits();
        }
        if let [b'e' | b'E', rest @ ..] = self.rest {
            self.rest = rest;
            if let [b'+' | b'-', rest @ ..] = self.rest {
                self.rest = rest;
            }
            self.next_digit()?;
            self.skip_digits();
        }
        Some(())
    }

    #[inline]
    fn next_digit(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        first.is_ascii_digit().then_some(*first)
    }

    #[inline]
    fn skip_digits(&mut self) {
        while let [b'0'..=b'9', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    /// After the quotation mark that begins a string.
    #[inline]
    fn string(&mut self) -> Option<()> {
        loop {
            while let Some(word) = self.rest.first_chunk::<8>() {
                let found = needing_escape(u64::from_le_bytes(*word));
                let plain = found.trailing_zeros() as usize / 8;
                self.rest = &self.rest[plain..];
                if found != 0 {
                    break;
                }
            }
            let (first, rest) = self.rest.split_first()?;
            self.rest = rest;
            match first {
                b'"' => return Some(()),
                b'\\' => self.escape()?,
                0x00..0x20 => return None,
                _ => {}
            }
        }
    }

    fn escape(&mut self) -> Option<()> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        match first {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => {
                let (digits, rest) = self.rest.split_first_chunk::<4>()?;
                self.rest = rest;
                digits.iter().all(u8::is_ascii_hexdigit).then_some(())
            }
            _ => None,
        }
    }
}
