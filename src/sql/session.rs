//! Queries one after the other at one server.

use super::error::Error;
use super::interrupts::Interrupts;
use super::names::Names;
use super::parameter::Parameter;
use super::print::{Format, Printer};
use super::statement::Statement;
use crate::rockset::client::queries::{Execution, Query, Row};
use crate::rockset::{self, Client, Settings};
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::select;
use url::Url;

/// How many rows are fetched at once: a screen is not full of more, and a wide row makes no
/// answer too large.
const PAGE: u32 = 1_000;

/// A client for someone who waits: what fails is told at once, and is not repeated.
pub fn client(server: &Url, api_key: &str) -> Result<Client, Error> {
    let mut settings = Settings::default();
    settings.retry.timeout = Duration::ZERO;
    rockset::connect_with(server, api_key, settings).map_err(Error::Call)
}

/// Runs queries and prints what they answer.
pub struct Session {
    pub client: Client,
    pub parameters: Vec<Parameter>,
    pub format: Format,
    /// How wide a table may be.
    pub width: Option<usize>,
    pub interrupts: Interrupts,
    pub names: Arc<Names>,
}

impl Session {
    /// Runs a query to its end, or until Ctrl-C.
    pub async fn run(&mut self, statement: &Statement, out: &mut dyn Write) -> Result<(), Error> {
        let begin = Instant::now();
        let mut execution = self.start(statement).await?;
        let mut printer = Printer::new(self.format, self.width);
        loop {
            let page = select! {
                page = execution.next_page() => page.map_err(|e| Error::of(e, statement))?,
                () = self.interrupts.next() => return Err(self.cancel(&execution).await),
            };
            let Some(rows) = page else { break };
            self.learn(statement, &rows);
            if let Err(error) = printer.rows(execution.columns(), rows, out) {
                // Nobody reads what else it would answer.
                let _ = execution.cancel().await;
                return Err(error.into());
            }
        }
        printer.finish(begin.elapsed(), out)?;
        Ok(out.flush()?)
    }

    /// Sends a query. Until the server has said how it calls it, it can't be cancelled, so
    /// that Ctrl-C waits for that.
    async fn start(&mut self, statement: &Statement) -> Result<Execution, Error> {
        let query = Query::new(&statement.text).page_size(PAGE);
        let query = self.parameters.iter().fold(query, |query, one| one.bind_to(query));
        let client = self.client.clone();
        let mut starting = std::pin::pin!(query.run(&client));
        let started = select! {
            started = &mut starting => return started.map_err(|e| Error::of(e, statement)),
            () = self.interrupts.next() => select! {
                started = &mut starting => started,
                () = self.interrupts.next() => return Err(Error::Ended),
            },
        };
        Err(match started {
            Ok(execution) => self.cancel(&execution).await,
            Err(error) => Error::of(error, statement),
        })
    }

    /// Cancels a query, and says so.
    async fn cancel(&mut self, execution: &Execution) -> Error {
        select! {
            cancelled = execution.cancel() => cancelled.map_or_else(Error::Call, |()| Error::Cancelled),
            () = self.interrupts.next() => Error::Ended,
        }
    }

    /// Keeps the fields that a DESCRIBE answers.
    fn learn(&self, statement: &Statement, rows: &[Row]) {
        let verb = statement.text.split_whitespace().next().unwrap_or_default();
        if ["DESCRIBE", "DESC", "SHOW"].iter().any(|known| verb.eq_ignore_ascii_case(known)) {
            self.names.learn_fields(rows);
        }
    }
}
