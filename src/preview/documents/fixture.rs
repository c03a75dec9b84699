//! Fixtures: documents, line by line, with marks where transactions end.

use crate::preview::Error;
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Stdin};

const BUFFER: usize = 1 << 20;
/// The mark in UTF-8, which some editors put at the start of a file.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
/// The most bytes of a line.
const MAX_LINE: u64 = 512 << 20;

/// A fixture that is being read.
pub struct Fixture {
    /// The path as it was given.
    path: String,
    input: BufReader<Input>,
    line: Vec<u8>,
    number: u64,
}

enum Input {
    File(File),
    Stdin(Stdin),
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Stdin(stdin) => stdin.read(buffer),
        }
    }
}

/// A line of a fixture.
#[derive(Debug)]
pub enum Line {
    /// A document of a collection.
    Document {
        /// The collection's name.
        collection: String,
        /// The document.
        document: Value,
        /// The length of the line.
        bytes: u64,
    },
    /// The transaction ends.
    Commit,
}

impl Fixture {
    /// Opens a file or a named pipe; `-` is stdin. A pipe opens when someone writes to it.
    pub fn open(path: &str) -> Result<Self, Error> {
        let input = match path {
            "-" => Input::Stdin(std::io::stdin()),
            _ => Input::File(File::open(path).map_err(|reason| read_error(path, reason))?),
        };
        Ok(Self {
            path: path.to_string(),
            input: BufReader::with_capacity(BUFFER, input),
            line: Vec::new(),
            number: 0,
        })
    }

    /// Whether a fixture can be read from its start again: a pipe is gone once it is read.
    pub fn is_lasting(path: &str) -> bool {
        path != "-" && std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file())
    }

    /// The next line that isn't blank; `None` at the end.
    pub fn next(&mut self) -> Result<Option<Line>, Error> {
        loop {
            self.line.clear();
            let read = self.input.by_ref().take(MAX_LINE).read_until(b'\n', &mut self.line);
            let read = read.map_err(|reason| read_error(&self.path, reason))?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            if read as u64 == MAX_LINE {
                return Err(self.error(format!("the line is longer than {MAX_LINE} bytes")));
            }
            let text = match self.number {
                1 => self.line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&self.line),
                _ => &self.line,
            };
            let text = text.trim_ascii();
            if text.is_empty() {
                continue;
            }
            let line = parse(text).map_err(|reason| self.error(reason))?;
            return Ok(Some(line));
        }
    }

    /// An error at the line that was read last.
    pub fn error(&self, reason: String) -> Error {
        Error::Fixture { path: self.path.clone(), line: self.number, reason }
    }
}

fn read_error(path: &str, reason: std::io::Error) -> Error {
    let path = if path == "-" { "stdin" } else { path };
    Error::Read { path: path.to_string(), reason }
}

fn parse(text: &[u8]) -> Result<Line, String> {
    const EXPECTED: &str = "expected [\"collection/name\", {document}] or {\"commit\": true}";
    let failed = |e: serde_json::Error| format!("{EXPECTED}: {e}");
    match text.first() {
        Some(b'[') => {
            let (collection, document): (String, Value) =
                serde_json::from_slice(text).map_err(failed)?;
            if !document.is_object() {
                return Err(format!("{EXPECTED}: the document is no object"));
            }
            Ok(Line::Document { collection, document, bytes: text.len() as u64 })
        }
        Some(b'{') => {
            let Mark { commit } = serde_json::from_slice(text).map_err(failed)?;
            if commit { Ok(Line::Commit) } else { Err(format!("{EXPECTED}: \"commit\" is false")) }
        }
        _ => Err(EXPECTED.to_string()),
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    /// An older name of the mark is `ack`.
    #[serde(alias = "ack")]
    commit: bool,
}
