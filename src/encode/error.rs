//! Why a packed tuple can't be written as JSON.

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
    /// A number with a fraction, where only whole ones can be.
    #[error("it is a number with a fraction, where only a whole number can be")]
    NotWhole,
    /// A number without a form in JSON.
    #[error("the number {0} can not be written in JSON")]
    NotFinite(f64),
}
