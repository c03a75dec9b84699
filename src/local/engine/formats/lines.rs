//! JSON lines: a document each line.

use super::Gathered;
use crate::local::engine::ingest::Sink;
use std::io::{self, BufRead, BufReader, Read};

/// Bytes that a line may have.
const LINE: usize = 40 << 20;

/// Reads all lines. Blank ones don't count.
pub(super) fn read(text: &mut dyn Read, sink: &Sink) -> io::Result<()> {
    let mut text = BufReader::with_capacity(1 << 16, text);
    let mut gathered = Gathered::new(sink);
    let mut line = Vec::new();
    let mut first = true;
    loop {
        line.clear();
        let whole = match next(&mut text, &mut line) {
            Ok(None) => break,
            Ok(Some(whole)) => whole,
            Err(error) => {
                gathered.hand_on()?;
                return Err(error);
            }
        };
        if std::mem::take(&mut first) && line.starts_with(b"\xef\xbb\xbf") {
            line.drain(..3);
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        gathered.push(match std::str::from_utf8(&line) {
            _ if !whole => Err(format!("A line has more than {LINE} bytes")),
            Ok(text) => Ok(text.trim().to_string()),
            Err(error) => Err(format!("A line is no UTF-8: {error}")),
        })?;
    }
    gathered.hand_on()
}

/// Reads a line without its end, and whether it is whole. What is too much of it is
/// thrown away. `None` after the last.
fn next(text: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
    let (mut any, mut whole) = (false, true);
    loop {
        let chunk = text.fill_buf()?;
        if chunk.is_empty() {
            return Ok(any.then_some(whole));
        }
        any = true;
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let part = &chunk[..end.unwrap_or(chunk.len())];
        whole &= line.len() + part.len() <= LINE;
        if whole {
            line.extend_from_slice(part);
        }
        let used = end.map_or(part.len(), |end| end + 1);
        text.consume(used);
        if end.is_some() {
            return Ok(Some(whole));
        }
    }
}
