//! The runtime's side of the wall: Flow's materialization protocol.
//!
//! - [`proto`]: the messages, generated from `proto/`.
//! - [`Request`] and [`Response`]: the messages as enums, with a variant for each field.
//! - [`codec`]: frames and messages, as protobuf or as JSON lines.
//! - [`session`]: the order of messages.
//! - [`Store`]: a document, read in place, because a transaction has millions of them. `pack`
//!   makes packed tuples for a Store that came as JSON.
//! - [`collections`]: the collection of each binding.
//! - [`Checkpoint`]: how far the runtime has read, passed on in its encoding.

mod checkpoint;
pub mod codec;
pub mod collections;
pub mod pack;
pub mod proto_json;
mod read_buffer;
pub mod session;
mod store;
mod timestamp;

/// The generated messages, with a module for each package.
#[allow(missing_docs, clippy::all, clippy::unwrap_used, rustdoc::all)]
pub mod proto {
    include!(concat!(env!("OUT_DIR"), "/flow_protocol.rs"));
}

pub use checkpoint::Checkpoint;
pub use codec::Codec;
pub use proto::{consumer, flow as spec, materialize};
pub use session::{Incoming, Session};
pub use store::Store;
pub use timestamp::Timestamp;

use materialize::{request, response};

/// The version of the protocol that this crate speaks.
pub const PROTOCOL: u32 = 3_032_023;

/// Why the messages of the runtime can't be read or answered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// stdin or stdout failed.
    #[error("{0}")]
    Io(&'static str, #[source] std::io::Error),
    /// A frame claims to be longer than any message can be.
    #[error(
        "a frame of {claimed} bytes is longer than the limit of {limit} bytes; \
         is FLOW_RUNTIME_CODEC set to what the runtime writes?"
    )]
    FrameTooLong {
        /// In bytes.
        claimed: usize,
        /// In bytes.
        limit: usize,
    },
    /// The input ended before its last message did.
    #[error("the input ended inside a message, after {0} bytes of it")]
    Truncated(usize),
    /// A frame holds no message of the expected kind.
    #[error("not a {kind} in the {codec} codec: {reason}")]
    Malformed {
        /// `Request` or `Response`.
        kind: &'static str,
        /// The codec in use.
        codec: Codec,
        /// The decoder's words.
        reason: String,
    },
    /// A message has no field set, or more than one.
    #[error("a {kind} must set exactly one of its fields, but this one sets {}", set.join(" and "))]
    NotOneOf {
        /// `Request` or `Response`.
        kind: &'static str,
        /// The fields that are set, or `none`.
        set: Vec<&'static str>,
    },
    /// A message came out of order.
    #[error("protocol error: expected {expected}, but {got} came")]
    OutOfOrder {
        /// What may come at this point.
        expected: &'static str,
        /// What came.
        got: &'static str,
    },
}

/// An enum of the message's fields, of which exactly one is set on the wire.
macro_rules! one_of {
    (
        $(#[$doc:meta])* $name:ident in $wire:path;
        $( $(#[$variant_doc:meta])* $variant:ident($field:ident: $content:ty), )*
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub enum $name {
            $( $(#[$variant_doc])* $variant($content), )*
        }

        impl $name {
            /// The message's name, as the protocol's documentation writes it.
            pub fn name(&self) -> &'static str {
                match self {
                    $( Self::$variant(_) => stringify!($variant), )*
                }
            }
        }

        impl TryFrom<$wire> for $name {
            type Error = Error;

            fn try_from(wire: $wire) -> Result<Self, Error> {
                let set = [$( wire.$field.is_some(), )*];
                if set.iter().filter(|is_set| **is_set).count() == 1 {
                    $(
                        if let Some(content) = wire.$field {
                            return Ok(Self::$variant(content));
                        }
                    )*
                }
                let names = [$( stringify!($field), )*];
                let mut set: Vec<_> =
                    names.into_iter().zip(set).filter(|(_, is_set)| *is_set).map(|(name, _)| name).collect();
                if set.is_empty() {
                    set.push("none");
                }
                Err(Error::NotOneOf { kind: stringify!($name), set })
            }
        }

        impl From<$name> for $wire {
            fn from(message: $name) -> Self {
                match message {
                    $( $name::$variant(content) => Self { $field: Some(content), ..Self::default() }, )*
                }
            }
        }
    };
}

one_of! {
    /// A message of the runtime.
    Request in materialize::Request;
    /// Which configuration does the connector take?
    Spec(spec: request::Spec),
    /// Is this task possible, and which fields can each binding take?
    Validate(validate: Box<request::Validate>),
    /// Create what the task needs.
    Apply(apply: Box<request::Apply>),
    /// Begin a stream of transactions.
    Open(open: Box<request::Open>),
    /// Look a document up.
    Load(load: request::Load),
    /// All Loads of the transaction have been sent.
    Flush(flush: request::Flush),
    /// Write a document.
    Store(store: request::Store),
    /// All Stores of the transaction have been sent.
    StartCommit(start_commit: request::StartCommit),
    /// The runtime has committed the transaction before.
    Acknowledge(acknowledge: request::Acknowledge),
}

one_of! {
    /// An answer of the connector.
    Response in materialize::Response;
    /// The configuration it takes.
    Spec(spec: response::Spec),
    /// What each binding can take.
    Validated(validated: response::Validated),
    /// What has been done.
    Applied(applied: response::Applied),
    /// Ready for transactions.
    Opened(opened: response::Opened),
    /// A document that was looked up.
    Loaded(loaded: response::Loaded),
    /// All documents that were looked up have been sent.
    Flushed(flushed: response::Flushed),
    /// All documents of the transaction are durable at the endpoint.
    StartedCommit(started_commit: response::StartedCommit),
    /// Ready for the next transaction.
    Acknowledged(acknowledged: response::Acknowledged),
}
