//! The members of a JSON object, one after the other, without a tree being built. The text is known
//! to be JSON, so what isn't asked for is passed over without being checked.

use memchr::{memchr2, memchr3};
use std::borrow::Cow;

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
            _ => {
                let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']') || is_space(*byte);
                let rest = &self.text.as_bytes()[begin..];
                self.at += rest.iter().position(ends).unwrap_or(rest.len());
            }
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
            self.at += memchr2(b'"', b'\\', self.text.as_bytes().get(self.at..)?)?;
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

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
