//! The commands of the prompt, which begin with a backslash.

use super::error::Error;
use super::print::Printer;
use super::session::Session;
use super::statement::Statement;
use crate::rockset::call;
use crate::rockset::client::queries::Row;
use crate::rockset::types::Collection;
use serde::Serialize;
use std::io::Write;
use std::time::Instant;

const HELP: &str = "\
End a query with ; and it runs. Ctrl-C cancels it, or drops what is typed.
Tab completes collections, fields that \\d has shown, functions and keywords.

  \\d         collections
  \\d NAME    fields of a collection, with their types
  \\?         this help
  \\q         ends, as Ctrl-D does
";

/// Whether a command ends the session.
pub fn ends(command: &str) -> bool {
    matches!(command.trim(), "q" | "quit" | "exit")
}

/// Does what a command says, but for the one that ends the session.
pub async fn obey(session: &mut Session, command: &str, out: &mut dyn Write) -> Result<(), Error> {
    match command.split_once(char::is_whitespace).unwrap_or((command, "")) {
        ("d", "") => collections(session, out).await,
        ("d", name) => {
            let describe = format!("DESCRIBE {}", name.trim());
            session.run(&Statement::from(&*describe), out).await
        }
        ("?" | "h" | "help", "") => Ok(out.write_all(HELP.as_bytes())?),
        (other, _) => Err(Error::Command(other.to_string())),
    }
}

/// What a list says of a collection.
#[derive(Serialize)]
struct Listed {
    collection: String,
    status: Option<String>,
    documents: Option<i64>,
    bytes: Option<i64>,
}

impl From<Collection> for Listed {
    fn from(collection: Collection) -> Self {
        let Collection { workspace, name, status, stats, .. } = collection;
        let (workspace, name) = (workspace.unwrap_or_default(), name.unwrap_or_default());
        Self {
            collection: format!("{workspace}.{name}"),
            status: status.map(|status| status.to_string()),
            documents: stats.as_ref().and_then(|stats| stats.doc_count),
            bytes: stats.as_ref().and_then(|stats| stats.total_size),
        }
    }
}

async fn collections(session: &Session, out: &mut dyn Write) -> Result<(), Error> {
    let begin = Instant::now();
    let listed = call(session.client.list_collections()).await.map_err(Error::Call)?;
    let mut listed: Vec<Listed> = listed.data.into_iter().map(Listed::from).collect();
    listed.sort_by(|one, other| one.collection.cmp(&other.collection));
    let text = serde_json::to_string(&listed).map_err(std::io::Error::from)?;
    let rows: Vec<Row> = serde_json::from_str(&text).map_err(std::io::Error::from)?;
    let columns = ["collection", "status", "documents", "bytes"].map(String::from);
    let mut printer = Printer::new(session.format, session.width);
    printer.rows(&columns, rows, out)?;
    Ok(printer.finish(begin.elapsed(), out)?)
}
