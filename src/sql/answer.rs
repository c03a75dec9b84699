//! A query and its answer as a text.

use super::error::Error;
use super::interrupts::Interrupts;
use super::print::Format;
use super::session::{Session, client};
use super::statement::Statement;
use url::Url;

/// What a server answers to a query, as a table. Where a width is given, it is no wider.
///
/// # Errors
/// Whatever leaves it without an answer. The error of a wrong query shows where it is wrong.
pub async fn answer(
    server: &Url,
    api_key: &str,
    query: &str,
    width: Option<usize>,
) -> Result<String, Error> {
    let mut session = Session {
        client: client(server, api_key)?,
        parameters: Vec::new(),
        format: Format::Table,
        width,
        interrupts: Interrupts::none(),
        names: Default::default(),
    };
    let mut out = Vec::new();
    let query = query.trim_end().trim_end_matches(';');
    session.run(&Statement::from(query), &mut out).await?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}
