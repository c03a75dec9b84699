//! JSON Lines: a document on each line.

use super::stream::{Parser, RecordBuffer};
use memchr::memchr;

/// Maximum bytes of a line.
const LINE: usize = 40 << 20;

/// Parser from lines to records. Blank lines don't count.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The beginning of a line whose end is still to come. Bytes beyond the maximum are left out.
    line: Vec<u8>,
    is_too_long: bool,
    /// Whether the first line has ended, which alone may begin with a byte order mark.
    has_begun: bool,
}

impl Parser for Lines {
    fn feed(&mut self, mut text: &[u8], records: &mut RecordBuffer) {
        while let Some(end) = memchr(b'\n', text) {
            self.extend(&text[..end]);
            self.finish_line(records);
            text = &text[end + 1..];
        }
        self.extend(text);
    }

    fn end(&mut self, records: &mut RecordBuffer) {
        self.finish_line(records);
    }
}

impl Lines {
    fn extend(&mut self, part: &[u8]) {
        self.is_too_long |= self.line.len() + part.len() > LINE;
        if !self.is_too_long {
            self.line.extend_from_slice(part);
        }
    }

    fn finish_line(&mut self, records: &mut RecordBuffer) {
        let mut line = self.line.as_slice();
        if !self.has_begun {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        if !line.trim_ascii().is_empty() {
            records.push(match std::str::from_utf8(line) {
                _ if self.is_too_long => Err(format!("A line has more than {LINE} bytes")),
                Ok(text) => Ok(text.trim().to_string()),
                Err(error) => Err(format!("A line is no UTF-8: {error}")),
            });
        }
        self.line.clear();
        self.is_too_long = false;
        self.has_begun = true;
    }
}
