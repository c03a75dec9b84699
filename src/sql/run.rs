//! The console from its first query to its exit code.

use super::error::Error;
use super::interrupts::Interrupts;
use super::options::Options;
use super::print::Format;
use super::session::{Session, client};
use super::statement::{Request, split};
use super::{command, prompt};
use console::Term;
use std::io::{self, IsTerminal, Read, Write};
use std::process::ExitCode;

/// What a shell expects of a process that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// Runs the console. Rows go to stdout; what goes wrong is told on stderr, and by the exit
/// code: 1, or 130 after Ctrl-C.
pub async fn run(options: Options) -> ExitCode {
    match answer(&options).await {
        Ok(()) => ExitCode::SUCCESS,
        // Who reads has read enough.
        Err(Error::Print(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            error.tell();
            match error {
                Error::Cancelled | Error::Ended => ExitCode::from(INTERRUPTED),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

async fn answer(options: &Options) -> Result<(), Error> {
    let client = client(&options.server, &options.key())?;
    let given = given(options)?;
    let is_terminal = io::stdout().is_terminal();
    let session = Session {
        client,
        parameters: options.parameters.clone(),
        format: options.format.unwrap_or(match is_terminal {
            true => Format::Table,
            false => Format::Json,
        }),
        width: is_terminal.then(|| Term::stdout().size().1.into()),
        interrupts: Interrupts::listen()?,
        names: Default::default(),
    };
    match given {
        Some((text, origin)) => run_all(session, &text, origin).await,
        None => prompt::run(session, &options.server).await,
    }
}

/// The queries that are there already, and where they come from.
fn given(options: &Options) -> Result<Option<(String, String)>, Error> {
    if let Some(query) = &options.query {
        return Ok(Some((query.clone(), "the argument".to_string())));
    }
    let (text, path) = match &options.file {
        Some(path) => (std::fs::read_to_string(path), path.display().to_string()),
        None if io::stdin().is_terminal() => return Ok(None),
        None => {
            let mut text = String::new();
            (io::stdin().read_to_string(&mut text).map(|_| text), "stdin".to_string())
        }
    };
    match text {
        Ok(text) => Ok(Some((text, path))),
        Err(reason) => Err(Error::Read { path, reason }),
    }
}

/// Runs what a text asks for, up to the first that fails.
async fn run_all(mut session: Session, text: &str, origin: String) -> Result<(), Error> {
    let requests = split(text);
    if requests.is_empty() {
        return Err(Error::Empty(origin));
    }
    let mut out = io::BufWriter::new(io::stdout());
    for request in requests {
        match request {
            Request::Query(statement) => session.run(&statement, &mut out).await?,
            Request::Command(command) if command::ends(&command) => break,
            Request::Command(command) => command::obey(&mut session, &command, &mut out).await?,
        }
    }
    Ok(out.flush()?)
}
