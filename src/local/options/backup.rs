//! Settings of backups.

/// What the help says of a backup besides its options.
const BACKUP: &str = "\
The local Rockset may go on: it isn't stopped, and the backup only reads. It has every write that
was acknowledged before the command began. The checksum of each object is compared, and the command
fails with the name of an object that is damaged.

The backup is whole only if the exit code is 0; the last line then says what was copied. What is left
of an interrupted backup can't be restored: delete it and start again, or choose another place. Each
backup is a whole one, in a place of its own:

  materialize-rockset backup --data /var/lib/rockset --to s3://backups/rockset/2026-11-26

To get it back, see `materialize-rockset restore --help`.";

/// What the help says of a restore besides its options.
const RESTORE: &str = "\
The backup is only read. The checksum of each object is compared, and the command fails with the
name of an object that is damaged. The store is whole only if the exit code is 0; then start a local
Rockset on it:

  materialize-rockset restore --from s3://backups/rockset/2026-11-26 --data /var/lib/rockset
  materialize-rockset local --data /var/lib/rockset

Nothing is restored over something else. To go back to a backup, stop the local Rockset and its read
replicas, and move its directory aside. If the command was interrupted, a local Rockset refuses the
store: delete what is there, and start again.";

/// Settings of a backup: the copy of a store.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = BACKUP)]
pub struct BackupOptions {
    /// The store: a directory, or s3://BUCKET/PREFIX with the usual AWS_ variables, as with `local --data`
    #[arg(long, value_name = "PLACE")]
    pub data: String,

    /// Where to write the backup: an empty or new directory, or a prefix in S3 without objects
    #[arg(long, value_name = "PLACE")]
    pub to: String,
}

/// Settings of a restore: a store that is made of a backup.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = RESTORE)]
pub struct RestoreOptions {
    /// The backup: the place that was given to `backup --to`
    #[arg(long, value_name = "PLACE")]
    pub from: String,

    /// Where to make the store: an empty or new directory, or a prefix in S3 without objects
    #[arg(long, value_name = "PLACE")]
    pub data: String,
}
