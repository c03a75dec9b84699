//! A copy of a store, and back.

#[cfg(not(feature = "engine"))]
use super::error::no_store;
#[cfg(feature = "engine")]
use super::journal;
use super::options::{BackupOptions, RestoreOptions};
use std::io;

/// Copies a store to an empty place, also while a local Rockset has it open, and says on stderr what
/// was copied.
#[cfg(feature = "engine")]
pub async fn backup(options: BackupOptions) -> io::Result<()> {
    eprintln!("{}", journal::backup(&options.data, &options.to).await?);
    Ok(())
}

/// Makes a store of a backup, in an empty place, and says on stderr what was copied.
#[cfg(feature = "engine")]
pub async fn restore(options: RestoreOptions) -> io::Result<()> {
    eprintln!("{}", journal::restore(&options.from, &options.data).await?);
    Ok(())
}

/// A build without a store has nothing to copy.
#[cfg(not(feature = "engine"))]
pub async fn backup(_: BackupOptions) -> io::Result<()> {
    Err(no_store("a backup"))
}

/// A build without a store has nothing to restore.
#[cfg(not(feature = "engine"))]
pub async fn restore(_: RestoreOptions) -> io::Result<()> {
    Err(no_store("a restore"))
}
