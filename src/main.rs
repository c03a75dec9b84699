//! The command line. Without arguments, it's the connector.

mod stdin;

use anyhow::{Context, anyhow};
use clap::Parser;
use materialize_rockset::driver;
use materialize_rockset::flow::Codec;
use materialize_rockset::logging::{self, Format};
use std::io::IsTerminal;
use std::process::ExitCode;
use tokio::runtime::{self, Runtime};

/// A Flow materialization connector for Rockset.
///
/// Without a command, it speaks Flow's materialization protocol over stdin and
/// stdout, as Flow's runtime starts it. FLOW_RUNTIME_CODEC is proto (default) or
/// json, LOG_LEVEL is error, warn, info (default), debug or trace, and LOG_FORMAT is
/// json (default), text or color.
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
    let arguments = Arguments::parse();
    match start(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: Arguments) -> anyhow::Result<()> {
    let for_people = match std::io::stderr().is_terminal() {
        true => Format::Color,
        false => Format::Text,
    };
    let is_connector = arguments.command.is_none();
    logging::init(if is_connector { Format::Json } else { for_people })
        .map_err(|problem| anyhow!(problem))?;

    let workers = runtime::Builder::new_multi_thread().enable_all().build().context("starting")?;
    let result = match arguments.command {
        None => connector(&workers),
        Some(command) => workers.block_on(run(command)),
    };
    // A read of stdin that still waits must not hold the process back.
    workers.shutdown_background();
    result
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
    let codec = match std::env::var("FLOW_RUNTIME_CODEC") {
        Err(_) => Codec::default(),
        Ok(name) => Codec::from_name(&name)
            .with_context(|| format!("FLOW_RUNTIME_CODEC is {name:?}; write proto or json"))?,
    };
    let this_thread = runtime::Builder::new_current_thread().enable_io().build();
    this_thread.context("starting")?.block_on(async {
        let pipe = stdin::pipe();
        let _workers = workers.enter();
        let output = tokio::io::stdout();
        match pipe {
            Some(pipe) => Ok(driver::run(pipe, output, codec).await?),
            None => Ok(driver::run(tokio::io::stdin(), output, codec).await?),
        }
    })
}
