//! Command line of the connector.

use clap::{Parser, Subcommand};
use materialize_rockset::flow::Codec;
use std::process::ExitCode;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    #[cfg(feature = "local")]
    /// Plays the Flow runtime's part for one task.
    Preview(materialize_rockset::preview::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome: Result<(), Box<dyn std::error::Error>> = match Cli::parse().command {
        #[cfg(feature = "local")]
        Some(Command::Preview(options)) => {
            materialize_rockset::preview::run(options).await.map_err(Into::into)
        }
        None => materialize_rockset::driver::run(
            tokio::io::stdin(),
            tokio::io::stdout(),
            Codec::default(),
        )
        .await
        .map_err(Into::into),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
