//! Queries that someone types.

use super::command;
use super::editor::{Editor, Typed};
use super::error::Error;
use super::session::Session;
use super::statement::{Request, split};
use std::io::{self, Write};
use std::sync::Arc;
use url::Url;

/// Asks for queries until there is an end of it. What goes wrong with one is told, and is no
/// end.
pub async fn run(mut session: Session, server: &Url) -> Result<(), Error> {
    eprintln!("This asks {server} in SQL. End a query with ;, and see \\? for help.");
    let mut editor = Editor::new(Arc::clone(&session.names))?;
    let mut is_interrupted = false;
    loop {
        let (names, client) = (Arc::clone(&session.names), session.client.clone());
        tokio::spawn(async move { names.ask(&client).await });
        // What comes before a query is entered is not for it, and what comes after it is.
        session.interrupts.reset();
        // The editor waits for keys, and so needs a thread that may.
        let reading = tokio::task::spawn_blocking(move || {
            let typed = editor.read();
            (editor, typed)
        });
        let (returned, typed) = reading.await.map_err(io::Error::other)?;
        editor = returned;
        is_interrupted = match typed? {
            Typed::Text(text) => match obey(&mut session, &text).await {
                Ok(true) => return Ok(()),
                Ok(false) => false,
                Err(Error::Ended) => return Err(Error::Ended),
                Err(error) => {
                    error.tell();
                    matches!(error, Error::Cancelled)
                }
            },
            Typed::Interrupt if is_interrupted => return Ok(()),
            Typed::Interrupt => {
                eprintln!("Ctrl-C once more ends this, as \\q and Ctrl-D do.");
                true
            }
            Typed::End => return Ok(()),
        }
    }
}

/// Does what a text asks for. Returns whether that is the end.
async fn obey(session: &mut Session, text: &str) -> Result<bool, Error> {
    let mut out = io::BufWriter::new(io::stdout());
    for request in split(text) {
        match request {
            Request::Query(statement) => session.run(&statement, &mut out).await?,
            Request::Command(command) if command::ends(&command) => return Ok(true),
            Request::Command(command) => command::obey(session, &command, &mut out).await?,
        }
    }
    out.flush()?;
    Ok(false)
}
