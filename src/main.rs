//! The command line. Without arguments, it's the connector.

mod stdin;

use anyhow::{Context, anyhow};
use clap::Parser;
use materialize_rockset::driver;
use materialize_rockset::flow::Codec;
use materialize_rockset::logging::{self, Format};
use std::io::IsTerminal;
use std::process::ExitCode;

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

    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting")?;
    let result = runtime.block_on(run(arguments.command));
    // A read of stdin that still waits must not hold the process back.
    runtime.shutdown_background();
    result
}

async fn run(command: Option<Command>) -> anyhow::Result<()> {
    match command {
        None => connector().await,
        #[cfg(feature = "local")]
        Some(Command::Local(options)) => Ok(materialize_rockset::local::command(options).await?),
        #[cfg(feature = "local")]
        Some(Command::Preview(options)) => Ok(materialize_rockset::preview::run(options).await?),
        #[cfg(not(feature = "local"))]
        Some(command) => match command {},
    }
}

async fn connector() -> anyhow::Result<()> {
    let codec = match std::env::var("FLOW_RUNTIME_CODEC") {
        Err(_) => Codec::default(),
        Ok(name) => Codec::from_name(&name)
            .with_context(|| format!("FLOW_RUNTIME_CODEC is {name:?}; write proto or json"))?,
    };
    let output = tokio::io::stdout();
    match stdin::pipe() {
        Some(pipe) => driver::run(pipe, output, codec).await?,
        None => driver::run(tokio::io::stdin(), output, codec).await?,
    }
    Ok(())
}
