//! One session with a connector: its shards, and their transactions in step.

use super::checkpoint::Checkpoint;
use super::connection::Connection;
use super::publication::Publication;
use super::recovery_log::RecoveryLog;
use super::requests::{self, Shard};
use crate::flow::materialize::{request, response};
use crate::preview::build::spec;
use crate::preview::documents::binding::BindingPlan;
use crate::preview::documents::key_range;
use crate::preview::documents::transaction::{Entry, Transaction};
use crate::preview::options::Runtime;
use crate::preview::output::report::{self, Committed, Report, count};
use crate::preview::{Error, Options};
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::time::{timeout, timeout_at};

/// The longest that a transaction takes to arrive if it is ready.
const AT_ONCE: Duration = Duration::from_millis(100);

/// The transactions that the reader of the fixture sends.
pub type Transactions = mpsc::Receiver<Result<Transaction, Error>>;
type Next = Option<Result<Transaction, Error>>;

/// The preview's time is over.
struct Elapsed;

/// A session that is open.
pub struct Session<'p> {
    options: &'p Options,
    log: &'p mut RecoveryLog,
    bindings: Arc<[BindingPlan]>,
    shards: Vec<Shard>,
    /// Whether an acknowledgement has been sent that isn't answered yet.
    is_acknowledging: bool,
}

/// Why a session ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// The session has run its number of transactions.
    Target,
    /// There are no more transactions, or there is no more time.
    Over,
}

impl<'p> Session<'p> {
    /// Opens all shards, and determines where to read on.
    pub async fn open(
        options: &'p Options,
        log: &'p mut RecoveryLog,
        publication: &Publication,
        connections: Vec<Connection>,
    ) -> Result<Self, Error> {
        let (runtime, count) = (options.runtime, options.shards);
        let materialization = &publication.materialization;
        let opening = connections.into_iter().zip(0..).map(|(mut connection, shard)| {
            let bindings = Arc::clone(&publication.bindings);
            let kind = materialization.connector_type();
            let open = request::Open {
                materialization: Some(materialization.clone()),
                version: spec::VERSION.to_string(),
                range: Some(key_range::range(shard, count)),
                state_json: log.state(shard as usize),
                ..request::Open::default()
            };
            async move {
                if runtime == Runtime::V2 {
                    requests::spec(&mut connection, kind).await?;
                }
                Shard::open(connection, bindings, runtime, open).await
            }
        });
        let (shards, opened) = try_join_all(opening).await?.into_iter().unzip();
        if let Some(checkpoint) = checkpoint(opened)? {
            log.checkpoint = checkpoint;
        }
        let bindings = Arc::clone(&publication.bindings);
        let mut session = Self { options, log, bindings, shards, is_acknowledging: false };
        session.output_checkpoint()?;
        session.acknowledge().await?;
        Ok(session)
    }

    /// The position at which each binding reads on, if the checkpoint has one.
    pub fn positions(&self) -> Vec<Option<u64>> {
        positions(&self.bindings, &self.log.checkpoint)
    }

    /// Whether the checkpoint has any position.
    pub fn has_read(&self) -> bool {
        !self.log.checkpoint.is_empty()
    }

    /// Runs transactions up to the session's target, and ends it.
    pub async fn run(
        mut self,
        target: Option<u64>,
        transactions: &mut Transactions,
        committed: &mut u64,
        report: &mut Report,
    ) -> Result<End, Error> {
        let deadline = self.options.timeout.and_then(|time| report.begin().checked_add(time));
        let mut here = 0;
        let end = loop {
            if target.is_some_and(|target| here >= target) {
                break End::Target;
            }
            if here > 0 && self.options.runtime == Runtime::V2 {
                self.acknowledge().await?;
            }
            let what = format!("waiting for documents of transaction {}", *committed + 1);
            match report.waiting(&what, self.next(transactions, deadline)).await? {
                Ok(Some(transaction)) => {
                    self.transaction(transaction?, *committed + 1, report).await?;
                }
                Ok(None) => break End::Over,
                Err(Elapsed) => {
                    report.say("the time is over");
                    break End::Over;
                }
            }
            *committed += 1;
            here += 1;
        };
        // The last commit of a session in v2 is acknowledged by the next one.
        self.acknowledged().await?;
        try_join_all(self.shards.into_iter().map(Shard::close)).await?;
        Ok(end)
    }

    /// The next transaction, if there is one in time. If it doesn't come at once, an
    /// acknowledgement that is due is waited for first: the connector may have failed.
    async fn next(
        &mut self,
        transactions: &mut Transactions,
        deadline: Option<Instant>,
    ) -> Result<Result<Next, Elapsed>, Error> {
        if let Ok(next) = timeout(AT_ONCE, transactions.recv()).await {
            return Ok(Ok(next));
        }
        self.acknowledged().await?;
        Ok(match deadline {
            Some(at) => timeout_at(at.into(), transactions.recv()).await.map_err(|_| Elapsed),
            None => Ok(transactions.recv().await),
        })
    }

    async fn transaction(
        &mut self,
        transaction: Transaction,
        number: u64,
        report: &mut Report,
    ) -> Result<(), Error> {
        let begin = Instant::now();
        let Transaction { shards, documents, bytes, ignored, left_out, read_through } = transaction;
        let what =
            |what: &str| format!("{what} transaction {number} ({})", count(documents, "document"));
        report.waiting(&what("loading"), self.load_and_flush(shards)).await?;
        let stores = report.waiting(&what("storing"), self.store()).await?;
        report.waiting(&what("committing"), self.commit(read_through)).await?;
        if self.options.runtime == Runtime::V1 {
            self.acknowledge().await?;
        }
        let time = begin.elapsed();
        report.committed(&Committed { number, documents, stores, bytes, ignored, left_out, time });
        Ok(())
    }

    async fn load_and_flush(&mut self, entries: Vec<Vec<Entry>>) -> Result<(), Error> {
        self.load(entries).await?;
        self.acknowledged().await?;
        let patches = self.log.take_patches();
        let flushing = self.shards.iter_mut().map(|shard| shard.flush(patches.clone()));
        let flushed = try_join_all(flushing).await?;
        self.log.update("Flushed", flushed)
    }

    /// Stores the transaction. Returns how many documents it has.
    async fn store(&mut self) -> Result<u64, Error> {
        let stored = try_join_all(self.shards.iter_mut().map(Shard::store)).await?;
        Ok(stored.into_iter().sum())
    }

    async fn commit(&mut self, read_through: BTreeMap<usize, u64>) -> Result<(), Error> {
        let mut checkpoint = self.log.checkpoint.clone();
        for (binding, offset) in read_through {
            checkpoint.advance(&self.bindings[binding].source, offset);
        }
        let (message, patches) = (checkpoint.message(), self.log.take_patches());
        let committing =
            self.shards.iter_mut().map(|shard| shard.commit(message.clone(), patches.clone()));
        let started = try_join_all(committing).await?;
        self.log.update("StartedCommit", started)?;
        self.log.checkpoint = checkpoint;
        output_states(self.options, &self.log.take_changes())?;
        self.output_checkpoint()
    }

    async fn load(&mut self, entries: Vec<Vec<Entry>>) -> Result<(), Error> {
        let shards = self.shards.iter_mut().zip(entries);
        try_join_all(shards.map(|(shard, entries)| shard.load(entries))).await?;
        Ok(())
    }

    /// Acknowledges the last commit. The older runtime waits for the answers.
    async fn acknowledge(&mut self) -> Result<(), Error> {
        let patches = self.log.take_patches();
        let shards = self.shards.iter_mut();
        try_join_all(shards.map(|shard| shard.acknowledge(patches.clone()))).await?;
        self.is_acknowledging = true;
        match self.options.runtime {
            Runtime::V1 => self.acknowledged().await,
            Runtime::V2 => Ok(()),
        }
    }

    /// Waits for acknowledgements that are due.
    async fn acknowledged(&mut self) -> Result<(), Error> {
        if !std::mem::take(&mut self.is_acknowledging) {
            return Ok(());
        }
        let acknowledged = try_join_all(self.shards.iter_mut().map(Shard::acknowledged)).await?;
        self.log.update("Acknowledged", acknowledged)
    }

    fn output_checkpoint(&self) -> Result<(), Error> {
        if !self.options.output_checkpoint {
            return Ok(());
        }
        report::output("runtimeCheckpoint", &json!(self.log.checkpoint.message()))
    }
}

/// The position at which each binding reads on, if a checkpoint has one.
pub fn positions(bindings: &[BindingPlan], checkpoint: &Checkpoint) -> Vec<Option<u64>> {
    bindings.iter().map(|binding| checkpoint.position(&binding.source)).collect()
}

/// Outputs the changes of the connector's states, if the options ask for it.
pub fn output_states(options: &Options, changes: &[Value]) -> Result<(), Error> {
    if !options.output_state {
        return Ok(());
    }
    changes.iter().try_for_each(|change| report::output("connectorState", change))
}

/// The checkpoint in the connector's answers. Only the first shard may answer one.
fn checkpoint(opened: Vec<response::Opened>) -> Result<Option<Checkpoint>, Error> {
    let failed = |reason| Error::Response { response: "Opened", reason };
    let mut answers = opened.into_iter().map(|opened| opened.runtime_checkpoint);
    let first = answers.next().flatten();
    if let Some(at) = answers.position(|answer| answer.is_some()) {
        return Err(failed(format!(
            "shard {} answers a runtime checkpoint, which only the shard with keyBegin 0 may",
            at + 1
        )));
    }
    let Some(first) = first else { return Ok(None) };
    let message = first.message().map_err(|e| failed(format!("its checkpoint: {e}")))?;
    let checkpoint =
        Checkpoint::new(message).map_err(|e| failed(format!("its checkpoint: {e}")))?;
    Ok(Some(checkpoint).filter(|checkpoint| !checkpoint.is_empty()))
}
