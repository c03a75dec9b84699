//! Errors that end a session.

use crate::encode;
use crate::flow;
use crate::rockset::Tried;
use crate::{config, rockset};
use tokio::task::JoinError;

/// Why the connector stops, with the place and what to do. The source of an error completes its
/// sentence, so show the whole chain, as anyhow's `{:#}` does.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The runtime's messages can't be read or come out of order.
    #[error(transparent)]
    Flow(#[from] flow::Error),
    /// The configuration can't be used.
    #[error(transparent)]
    Config(#[from] config::Problems),
    /// A request of the protocol lacks something, or contradicts itself.
    #[error("{request}: {problem}")]
    Request {
        /// The request's name.
        request: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// A call of the Rockset API failed.
    #[error("{doing}")]
    Rockset {
        /// What was being done, with workspace and collection.
        doing: String,
        /// Why it failed.
        source: rockset::Error,
    },
    /// A Store can't be written as a document.
    #[error("Store: bindings[{binding}] ({collection}), field {field:?}")]
    Tuple {
        /// Index of the binding.
        binding: usize,
        /// Workspace and collection.
        collection: String,
        /// Name of the field.
        field: String,
        /// What is wrong with its packed value.
        source: encode::Error,
    },
    /// A key that no document can be identified by.
    #[error(
        "Store: bindings[{binding}] ({collection}), field {field:?}: the key is an empty string, \
         which can't be an _id; {instead}"
    )]
    EmptyId {
        /// Index of the binding.
        binding: usize,
        /// Workspace and collection.
        collection: String,
        /// Name of the key's field.
        field: String,
        /// What to do.
        instead: &'static str,
    },
    /// A document that Rockset refused, since it isn't JSON.
    #[error(
        "bindings[{binding}] ({collection}), field {field:?} of the document with _id {id}: its \
         JSON text is not valid: {problem} of the document"
    )]
    NotJson {
        /// Index of the binding.
        binding: usize,
        /// Workspace and collection.
        collection: String,
        /// Name of the field.
        field: String,
        /// The document's `_id`.
        id: String,
        /// What is wrong, and where in the document.
        problem: String,
    },
    /// A document that no request can hold.
    #[error(
        "bindings[{binding}] ({collection}): the document with _id {id} has {size} bytes as JSON, \
         more than the {limit} that Rockset takes in a request; leave its large fields out of the \
         binding's field selection"
    )]
    TooLarge {
        /// Index of the binding.
        binding: usize,
        /// Workspace and collection.
        collection: String,
        /// The document's `_id`.
        id: String,
        /// The size of the document in bytes.
        size: usize,
        /// The largest size of a request in bytes.
        limit: usize,
    },
    /// Rockset refused documents.
    #[error(
        "bindings[{binding}] ({collection}): Rockset refused {refused} of {sent} documents of a \
         request{}; the first are: {}", after(tried), first.join("; ")
    )]
    Refused {
        /// Index of the binding.
        binding: usize,
        /// Workspace and collection.
        collection: String,
        /// The number of refused documents.
        refused: usize,
        /// The number of documents in the request.
        sent: usize,
        /// The first few, each with its `_id` and Rockset's message.
        first: Vec<String>,
        /// The attempts, if the documents were sent again.
        tried: Option<Tried>,
    },
    /// A request of the protocol came at a time when it can't be answered.
    #[error("protocol error: {0} can't be answered here")]
    Unexpected(&'static str),
    /// A part of the connector ended without an answer.
    #[error("a part of the connector stopped: {0}")]
    Stopped(String),
}

/// Says what was being done when a call of the Rockset API failed.
pub(super) trait Doing<T> {
    /// The result with `doing` in its error, such as `creating workspace commons`.
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T, Error>;
}

impl<T> Doing<T> for Result<T, rockset::Error> {
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T, Error> {
        self.map_err(|source| Error::Rockset { doing: doing(), source })
    }
}

impl Error {
    /// The error for a tokio task that ended without a result. A panic's message isn't repeated: it
    /// has been logged, as far as it can't hold secrets.
    pub(super) fn stopped(error: JoinError) -> Self {
        Self::Stopped(if error.is_panic() {
            "it panicked, and an error before this one says where".to_string()
        } else {
            error.to_string()
        })
    }

    pub(super) fn request(request: &'static str, problem: impl Into<String>) -> Self {
        Self::Request { request, problem: problem.into() }
    }
}

fn after(tried: &Option<Tried>) -> String {
    tried.map_or(String::new(), |tried| format!(", even after {tried}"))
}
