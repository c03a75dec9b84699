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

/// A Flow materialization connector for Rockset.
///
/// Without a command, it speaks Flow's materialization protocol over stdin and
/// stdout, as Flow's runtime starts it. FLOW_RUNTIME_CODEC is proto (default) or
/// json, LOG_LEVEL is error, warn, info (default), debug or trace, and LOG_FORMAT is
/// json (default), text or color. Upper and lower case are the same.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Run a Rockset here, for tests and for trying things out
    #[cfg(feature = "local")]
    Local(materialize_rockset::local::Options),
    /// Run a task of a Flow catalog with documents from a file, in the runtime's place
    #[cfg(feature = "local")]
    Preview(materialize_rockset::preview::Options),
}

fn main() -> ExitCode {
    logging::report_panics();
    let result = Arguments::try_parse().map_or_else(refuse, start);
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            logging::end_with(format_args!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: Arguments) -> anyhow::Result<()> {
    let is_connector = arguments.command.is_none() && !std::io::stdin().is_terminal();
    begin_to_log(is_connector)?;
    let workers = runtime::Builder::new_multi_thread().enable_all().build().context("starting")?;
    let served = catch_unwind(AssertUnwindSafe(|| match arguments.command {
        None => connector(&workers),
        Some(command) => workers.block_on(run(command)),
    }));
    // A read of stdin that still waits must not hold the process back.
    workers.shutdown_background();
    served.unwrap_or_else(|_| bail!("the process panicked; an error before this one says where"))
}

/// Logs for Flow, or else for people.
fn begin_to_log(is_connector: bool) -> anyhow::Result<()> {
    let format = match (is_connector, std::io::stderr().is_terminal()) {
        (true, _) => Format::Json,
        (false, true) => Format::Color,
        (false, false) => Format::Text,
    };
    logging::init(format).map_err(|problem| anyhow!(problem))
}

/// What to do about a command line that isn't one, or that asks for help.
fn refuse(error: clap::Error) -> anyhow::Result<()> {
    if !error.use_stderr() {
        error.print().context("writing to stdout")?;
        return Ok(());
    }
    let command = std::env::args_os().nth(1).unwrap_or_default();
    let is_command = Arguments::command().find_subcommand(command).is_some();
    begin_to_log(!is_command && !std::io::stderr().is_terminal())?;
    let message = error.to_string();
    bail!("{}", message.trim_start_matches("error: ").trim_end())
}

async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        #[cfg(feature = "local")]
        Command::Local(options) => Ok(materialize_rockset::local::command(options).await?),
        #[cfg(feature = "local")]
        Command::Preview(options) => Ok(materialize_rockset::preview::run(options).await?),
    }
}

/// Serves the session in this thread, which waits for stdin itself: that a worker waits, and
/// wakes it up for every read, would cost more than the read. All else is the workers'.
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
    let this_thread = runtime::Builder::new_current_thread().enable_io().build();
    this_thread.context("starting")?.block_on(async {
        let pipe = stdin::pipe();
        let _workers = workers.enter();
        let output = tokio::io::stdout();
        match pipe {
            Some(pipe) => Ok(driver::run_with(pipe, output, codec, options).await?),
            None => Ok(driver::run_with(tokio::io::stdin(), output, codec, options).await?),
        }
    })
}
