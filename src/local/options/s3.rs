//! Settings of sources.

use super::bytes::bytes;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// Bytes that make a bulk ingest: 5 GiB, as at Rockset.
const BULK: u64 = 5 << 30;

/// Where sources are read. By default, from Amazon S3.
#[derive(Debug, Clone, clap::Args)]
pub struct S3 {
    /// Read sources from the S3 server at this address, such as http://127.0.0.1:9000
    #[arg(long = "s3-endpoint", value_name = "URL")]
    pub endpoint: Option<Url>,

    /// Read sources from this directory in place of S3; a bucket is a directory in it
    #[arg(long = "s3-directory", value_name = "DIRECTORY", conflicts_with = "endpoint")]
    pub directory: Option<PathBuf>,

    /// How often to look for new objects, unless a source says so itself
    #[arg(long = "s3-poll", value_name = "DURATION", default_value = "1s", value_parser = humantime::parse_duration)]
    pub poll: Duration,

    /// Bytes from which on a new collection can't be used before they are ingested, such as 500MB or 5GiB
    #[arg(long, value_name = "BYTES", default_value = "5GiB", value_parser = bytes)]
    pub bulk_size: u64,
}

impl Default for S3 {
    fn default() -> Self {
        Self { endpoint: None, directory: None, poll: Duration::from_secs(1), bulk_size: BULK }
    }
}
