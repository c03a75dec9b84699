//! The command line, with the names and meanings of `flowctl preview`.

use super::Error;
use super::build::linked::Form;
use crate::flow::Codec;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Runs one materialization as the Flow runtime would, with documents from a file.
///
/// Documents of a transaction that share a key are reduced by their collection's
/// schema. The report for people goes to stderr.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct Options {
    /// Path of a Flow catalog, in YAML or JSON.
    #[arg(long, value_name = "FILE")]
    pub source: PathBuf,

    /// Name of the materialization, if the catalog has several.
    #[arg(long, value_name = "TASK")]
    pub name: Option<String>,

    /// Documents to materialize: a file, a named pipe, or `-` for stdin.
    ///
    /// Each line is `["collection/name", {document}]`, or `{"commit": true}`, which
    /// ends a transaction. The file is read as a stream.
    #[arg(long, value_name = "FILE")]
    pub fixture: String,

    /// Number of shards that split the keys between them.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub shards: u32,

    /// Numbers of transactions, one for each connector session, as in `2,1,-1`; a negative
    /// number means all that are left.
    #[arg(long, value_name = "N,…", value_delimiter = ',', allow_hyphen_values = true)]
    pub sessions: Option<Vec<i64>>,

    /// Start no transaction after this time, as in `30s` or `5m`.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub timeout: Option<Duration>,

    /// Initial state of the connector, as JSON.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub initial_state: String,

    /// Initial checkpoint of the runtime, in Flow's JSON form.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub initial_checkpoint: String,

    /// Last publication under this name, by any connector: a file with a built specification
    /// in Flow's JSON form.
    #[arg(long, value_name = "FILE")]
    pub last_materialization: Option<PathBuf>,

    /// Which of Flow's runtimes to act as.
    #[arg(long, value_name = "VERSION", default_value = "v2")]
    pub runtime: Runtime,

    /// Where messages have their collections: in each binding, or in one list.
    #[arg(long, value_name = "FORM", default_value = "inline")]
    pub collections: Form,

    /// Write a line `["connectorState",{…}]` to stdout after Apply and after every commit.
    #[arg(long)]
    pub output_state: bool,

    /// Write a line `["applied.actionDescription","…"]` to stdout.
    #[arg(long)]
    pub output_apply: bool,

    /// Write a line `["runtimeCheckpoint",{…}]` to stdout after Open and after every commit.
    #[arg(long)]
    pub output_checkpoint: bool,

    /// Write a line `["materialization",{…}]` to stdout with each publication.
    #[arg(long)]
    pub output_materialization: bool,

    /// Start a local Rockset, point the endpoint at it, and show its documents in the end.
    #[arg(long)]
    pub local: bool,

    /// Run this SQL query on the local Rockset at the end, and show its rows; may be repeated.
    #[arg(long, value_name = "SELECT …", requires = "local")]
    pub query: Vec<String>,

    /// Leave the local Rockset and its console running after the run, until Ctrl-C.
    #[arg(long, requires = "local")]
    pub keep: bool,

    /// Open the console in a browser, and leave it running like `--keep`.
    #[arg(long, requires = "local")]
    pub open: bool,

    /// Run this connector over pipes, instead of this program's own connector.
    #[arg(long, value_name = "PROGRAM ARGS")]
    pub command: Option<String>,

    /// Codec of messages: `proto` or `json`.
    #[arg(long, value_parser = codec)]
    pub codec: Option<Codec>,
}

/// One of the two runtimes that Flow has in service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Runtime {
    /// The older one.
    V1,
    /// The one of 2026.
    V2,
}

impl Options {
    /// Whether the local Rockset stays after the run.
    pub(super) fn stays(&self) -> bool {
        self.keep || self.open
    }

    /// The number of transactions of each session; `None` is all that are left.
    pub(super) fn session_targets(&self) -> Vec<Option<u64>> {
        match &self.sessions {
            None => vec![None],
            Some(targets) => targets.iter().map(|target| u64::try_from(*target).ok()).collect(),
        }
    }

    /// The connector's command, split into words.
    pub(super) fn command_words(&self) -> Result<Option<Vec<String>>, Error> {
        let Some(command) = &self.command else { return Ok(None) };
        match shlex::split(command) {
            Some(words) if !words.is_empty() => Ok(Some(words)),
            Some(_) => Err(Error::Option { option: "command", reason: "names no program".into() }),
            None => Err(Error::Option {
                option: "command",
                reason: "a quotation mark or backslash is not closed".into(),
            }),
        }
    }
}

fn codec(name: &str) -> Result<Codec, String> {
    Codec::from_name(name).ok_or_else(|| "either proto or json".to_string())
}

/// Reads a time, such as `5m` or `1h 30m`. A number without a unit is in seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let time = match text.parse() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?,
        Err(_) => humantime::parse_duration(text).map_err(|error| error.to_string())?,
    };
    match Instant::now().checked_add(time) {
        Some(_) => Ok(time),
        None => Err("too long a time; leave the option out to wait for ever".to_string()),
    }
}
