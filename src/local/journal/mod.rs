//! The journal: every change of what a local Rockset holds, in their order, made durable.
//!
//! Whoever changes something hands the change to the [`Journal`], which writes many of them at once,
//! and waits until it is durable. A server without a store has no journal.
//!
//! - `change`: what changes; `handle`: the journal as those see it who change something.
//! - `sizes`: how many bytes there are of each collection; `following`: how far a read replica is.
//! - `recovered`: what an earlier process has left (feature `engine`).
//! - `store`: objects in a directory or in S3 that hold all of this (feature `engine`).

mod change;
mod following;
mod handle;
#[cfg(feature = "engine")]
mod recovered;
mod sizes;
#[cfg(feature = "engine")]
mod store;

pub(super) use change::{Change, Commit, Write};
pub(super) use following::Following;
pub(super) use handle::Journal;
#[cfg(feature = "engine")]
pub(super) use recovered::Recovered;
pub(super) use sizes::Sizes;
#[cfg(feature = "engine")]
pub(super) use store::{
    Documents, Follower, News, Replica, Replicas, Written, backup, follow, open, restore,
};
