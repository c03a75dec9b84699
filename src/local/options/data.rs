//! Settings of the store.

use super::bytes::bytes;
use std::time::Duration;
use url::Url;

/// Bytes of log after which a checkpoint is written, by default.
const CHECKPOINT: u64 = 64 << 20;

/// Where everything is kept. By default, in memory, until the server ends.
#[derive(Debug, Clone, clap::Args)]
pub struct Data {
    /// Keep everything in this directory, or in S3: s3://BUCKET/PREFIX, with the usual AWS_ variables; by default, it is forgotten when the server ends
    #[arg(long = "data", value_name = "PLACE")]
    pub place: Option<String>,

    /// Write a checkpoint whenever the log in the store has grown by this size, such as 64MiB
    #[arg(long = "checkpoint-every", value_name = "BYTES", default_value = "64MiB", value_parser = bytes)]
    pub checkpoint_every: u64,

    /// Answer queries and reads of the store that another local Rockset writes to, as it grows, and refuse writes; there may be many of these
    #[arg(long, requires = "place")]
    pub read_replica: bool,

    /// How often a read replica looks for what is new in the store
    #[arg(long, value_name = "DURATION", default_value = "100ms", value_parser = humantime::parse_duration)]
    pub replica_poll: Duration,

    /// The address at which clients reach this server, for the other servers of its store to name; by default, the one that it listens on
    #[arg(long = "advertise", value_name = "URL", requires = "place")]
    pub advertised: Option<Url>,
}

impl Default for Data {
    fn default() -> Self {
        Self {
            place: None,
            checkpoint_every: CHECKPOINT,
            read_replica: false,
            replica_poll: Duration::from_millis(100),
            advertised: None,
        }
    }
}
