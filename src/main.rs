//! The command line. Without arguments, it's the connector.

mod stdin;

use anyhow::{Context, anyhow, bail};
use clap::{CommandFactory, Parser};
use materialize_rockset::driver;
use materialize_rockset::flow::Codec;
use materialize_rockset::logging::{self, Format};
use std::io::IsTerminal;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use tokio::runtime::{self, Runtime};
use tracing::info;

/// Documents are many small pieces of memory, which one thread takes and another gives back.
#[cfg(all(feature = "engine", not(target_env = "msvc")))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// A Flow materialization connector for Rockset.
///
/// Without a command, the program is the connector that Flow's runtime starts: it reads requests
/// of the materialization protocol from stdin, and writes responses to stdout.
///
/// Environment variables: FLOW_RUNTIME_CODEC is proto (default) or json. LOG_LEVEL is error,
/// warn, info (default), debug or trace. LOG_FORMAT is json (default), text or color. Values
/// may be written in upper or lower case.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Run a Rockset-compatible server on this machine, for tests and first tries
    #[cfg(feature = "local")]
    Local(Box<materialize_rockset::local::Options>),
    /// Run a task of a Flow catalog in place of Flow's runtime, with documents from a file
    #[cfg(feature = "local")]
    Preview(materialize_rockset::preview::Options),
    /// Copy the store of a local Rockset to another place, also while it is in use
    #[cfg(feature = "local")]
    Backup(materialize_rockset::local::BackupOptions),
    /// Make a store of a backup, in an empty place
    #[cfg(feature = "local")]
    Restore(materialize_rockset::local::RestoreOptions),
    /// Ask a Rockset in SQL
    #[cfg(feature = "local")]
    Sql(materialize_rockset::sql::Options),
}

fn main() -> ExitCode {
    logging::report_panics();
    let result = Arguments::try_parse().map_or_else(refuse, start);
    match result {
        Ok(code) => code,
        Err(error) => {
            logging::end_with(format_args!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let is_connector = arguments.command.is_none() && !std::io::stdin().is_terminal();
    begin_to_log(is_connector)?;
    let workers = runtime::Builder::new_multi_thread().enable_all().build().context("starting")?;
    let served = catch_unwind(AssertUnwindSafe(|| match arguments.command {
        None => connector(&workers).map(|()| ExitCode::SUCCESS),
        Some(command) => workers.block_on(run(command)),
    }));
    // A pending read of stdin must not keep the process from ending.
    workers.shutdown_background();
    served.unwrap_or_else(|_| bail!("the process panicked; an error before this one says where"))
}

/// Starts logging, in Flow's format for the connector and in one for people otherwise.
fn begin_to_log(is_connector: bool) -> anyhow::Result<()> {
    let format = match (is_connector, std::io::stderr().is_terminal()) {
        (true, _) => Format::Json,
        (false, true) => Format::Color,
        (false, false) => Format::Text,
    };
    logging::init(format).map_err(|problem| anyhow!(problem))
}

/// Prints the help or version that a command line asks for; fails for a wrong command line.
fn refuse(error: clap::Error) -> anyhow::Result<ExitCode> {
    if !error.use_stderr() {
        error.print().context("writing to stdout")?;
        return Ok(ExitCode::SUCCESS);
    }
    let command = std::env::args_os().nth(1).unwrap_or_default();
    let is_command = Arguments::command().find_subcommand(command).is_some();
    begin_to_log(!is_command && !std::io::stderr().is_terminal())?;
    let message = error.to_string();
    bail!("{}", message.trim_start_matches("error: ").trim_end())
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        #[cfg(feature = "local")]
        Command::Local(options) => materialize_rockset::local::command(*options).await?,
        #[cfg(feature = "local")]
        Command::Backup(options) => materialize_rockset::local::backup(options).await?,
        #[cfg(feature = "local")]
        Command::Restore(options) => materialize_rockset::local::restore(options).await?,
        #[cfg(feature = "local")]
        Command::Preview(options) => materialize_rockset::preview::run(options).await?,
        #[cfg(feature = "local")]
        Command::Sql(options) => return Ok(materialize_rockset::sql::run(options).await),
    }
    #[cfg(feature = "local")]
    Ok(ExitCode::SUCCESS)
}

/// Runs the session on the main thread, in the session's own current-thread runtime, which polls
/// stdin itself: waking this thread from a worker for every read costs more than the read.
/// Everything else, above all HTTP, runs on the workers.
fn connector(workers: &Runtime) -> anyhow::Result<()> {
    let codec = match logging::variable("FLOW_RUNTIME_CODEC") {
        None => Codec::default(),
        Some(name) => Codec::from_name(&name)
            .with_context(|| format!("FLOW_RUNTIME_CODEC is {name:?}; write proto or json"))?,
    };
    if std::io::stdin().is_terminal() {
        info!(
            "this is a connector of Estuary Flow, which waits for requests in the {codec} codec on \
             stdin; press Ctrl-D to end it, and see --help for what else it can do"
        );
    }
    let options = driver::Options::from_environment();
    let session = runtime::Builder::new_current_thread().enable_io().build();
    session.context("starting")?.block_on(async {
        // The pipe belongs to the runtime of the session; what follows is spawned on the workers.
        let pipe = stdin::pipe();
        let _workers = workers.enter();
        let output = tokio::io::stdout();
        match pipe {
            Some(pipe) => Ok(driver::run_with(pipe, output, codec, options).await?),
            None => Ok(driver::run_with(tokio::io::stdin(), output, codec, options).await?),
        }
    })
}
