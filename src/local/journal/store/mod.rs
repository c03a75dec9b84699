//! A store: objects in a directory or in S3, of which an earlier process may have left some.
//!
//! The log is a sequence of objects, each with commits that became durable together. An object is
//! created under a position that no object has, which object stores do atomically: so two processes
//! can't write the same position, and the one that finds its next position taken knows that another
//! process writes now (fencing). Whoever opens a store takes a position for itself in this way
//! before it reads. Objects that only did that are never deleted, since a process that was asleep
//! may still want their position.
//!
//! A checkpoint says what the log before its position says, so that this part of the log may go. It
//! refers to segments, which hold the rows of chunks and never change: a checkpoint writes only the
//! chunks that no earlier one has written, and which of their rows are dead.
//!
//! What a checkpoint makes needless is deleted after a commit that says so. If that commit
//! succeeds, no other process had opened the store before, and each that opens it later finds
//! the checkpoint.
//!
//! - `location`: where the objects are; `objects`: their names; `frame`: their form; `messages`,
//!   `documents`: their content; `error`.
//! - `open`: reads them; `log`: the task that writes commits; `checkpoint`; `replay`.
//! - `reader`: reads segments again.
//! - `follow`: reads what another process writes; `replicas`: who does; `scratch`: what does not fit into
//!   its memory.
//! - `backup`: copies them to another place, and back; `copy`.

mod backup;
mod checkpoint;
mod copy;
mod documents;
mod error;
mod follow;
mod frame;
mod location;
mod log;
mod messages;
mod objects;
mod open;
#[cfg(test)]
mod power;
mod reader;
mod replay;
mod replicas;
mod scratch;

pub use backup::{backup, restore};
pub use follow::{Documents, Follower, News, follow};
pub use open::open;
pub use replay::Written;
pub use replicas::{Replica, Replicas};
