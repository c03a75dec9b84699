//! Errors of a store, which name the object.

use crate::local::error::with_causes;
use object_store::Error as Cause;

/// The reason why an object can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{object}: {}", with_causes(.cause))]
    Failed { object: String, cause: Cause },
    #[error("{object} is damaged: {how}. Restore it from a copy, or begin with an empty store")]
    Damaged { object: String, how: String },
    #[error(
        "{object} is missing, though later objects need it. Restore it from a copy, or begin with \
         an empty store"
    )]
    Missing { object: String },
    #[error(
        "{object} has version {found} of its form, and this program reads versions up to {known}: \
         it was written by a newer version of this program, which can read it"
    )]
    TooNew { object: String, found: u32, known: u32 },
    #[error(
        "it holds a backup, or a part of one. Restore it to an empty place, with \
         `materialize-rockset restore`, and open that"
    )]
    IsBackup,
    #[error(
        "it holds a part of what is restored to it: `materialize-rockset restore` is at work, or \
         was interrupted. If it was, delete what is there, and restore again"
    )]
    IsUnfinished,
    #[error("it holds no store: a local Rockset with `--data` makes one")]
    NoStore,
    #[error(
        "it holds no whole backup: one is still being written to it, was interrupted, or never begun"
    )]
    NoBackup,
    #[error("it is not empty: it holds {object}. Choose an empty place")]
    NotEmpty { object: String },
    #[error("{object} was written by another process, which writes to the store from now on")]
    Fenced { object: String },
}

impl StoreError {
    pub fn damaged(object: &str, how: impl ToString) -> Self {
        Self::Damaged { object: object.to_string(), how: how.to_string() }
    }

    /// The error of reading an object that must be there.
    pub fn of(object: &str, cause: Cause) -> Self {
        let object = object.to_string();
        match cause {
            Cause::NotFound { .. } => Self::Missing { object },
            cause => Self::Failed { object, cause },
        }
    }
}
