//! Transactions: documents from stdin to Rockset, and acknowledged before the commit.

use super::Error;
use super::batch::{Batch, Limits, Operation, Pool, ROCKSET};
use super::counts::{Counts, Tally};
use super::document::Layout;
use super::open::Ready;
use super::send::send;
use super::task::Target;
use crate::flow::materialize::{request, response};
use crate::flow::spec::ConnectorState;
use crate::flow::{Incoming, Request, Response, Session, Store};
use crate::rockset::Client;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::{JoinError, JoinSet};
use tracing::info;

/// A transaction that takes longer is reported.
const LONG: Duration = Duration::from_secs(10);

/// Writes the documents of one session.
#[derive(Debug)]
pub struct Transactor {
    client: Client,
    bindings: Vec<Binding>,
    limits: Limits,
    /// How many requests may be under way.
    concurrency: usize,
    /// Whether a deletion in Flow is one in Rockset.
    hard_delete: bool,
    under_way: JoinSet<Result<(), Error>>,
    pool: Pool,
    /// What the state becomes with the next commit, if it changes.
    first_commit: Option<ConnectorState>,
    tally: Tally,
    /// Of all transactions.
    total: Counts,
}

/// A binding, with the batches that its next documents go into.
#[derive(Debug)]
pub(super) struct Binding {
    pub target: Arc<Target>,
    pub layout: Layout,
    additions: Batch,
    deletions: Batch,
    /// The packed key of the last document, within the open transaction.
    last_key: Vec<u8>,
    /// What is done with the last document.
    last_operation: Operation,
}

impl Binding {
    pub fn new(target: Arc<Target>, layout: Layout) -> Self {
        Self {
            target,
            layout,
            additions: Batch::new(Operation::Add),
            deletions: Batch::new(Operation::Delete),
            last_key: Vec::new(),
            last_operation: Operation::Add,
        }
    }

    fn batch(&mut self, operation: Operation) -> &mut Batch {
        match operation {
            Operation::Add => &mut self.additions,
            Operation::Delete => &mut self.deletions,
        }
    }

    /// Puts a document into the batch of that operation, and says by how many bytes it
    /// grew.
    #[inline]
    fn push(&mut self, operation: Operation, store: &Store<'_>) -> Result<usize, Error> {
        let Self { layout, additions, deletions, .. } = self;
        match operation {
            Operation::Add => additions.push(|out| layout.write(store, out)),
            Operation::Delete => deletions.push(|out| layout.write_deletion(store, out)),
        }
    }
}

/// Serves transactions until the input ends.
pub async fn serve<R, W>(mut session: Session<R, W>, ready: Ready) -> Result<(), Error>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let Ready { opened, mut transactor } = ready;
    session.respond(Response::Opened(opened)).await?;
    loop {
        // Between two reads of the input there are many documents.
        while let Some(incoming) = session.buffered()? {
            match incoming {
                Incoming::Store(store) => transactor.take(&store).await?,
                Incoming::Other(request) => transactor.answer(request, &mut session).await?,
            }
        }
        if !transactor.fill(&mut session).await? {
            break;
        }
    }
    match session.last()? {
        None => {}
        Some(Incoming::Store(store)) => transactor.take(&store).await?,
        Some(Incoming::Other(request)) => transactor.answer(request, &mut session).await?,
    }
    transactor.report("the session is over", &transactor.total);
    Ok(())
}

impl Transactor {
    pub(super) fn new(
        client: Client,
        bindings: Vec<Binding>,
        concurrency: usize,
        hard_delete: bool,
        limits: Limits,
    ) -> Self {
        Self {
            client,
            bindings,
            limits,
            concurrency,
            hard_delete,
            under_way: JoinSet::new(),
            pool: Pool::default(),
            first_commit: None,
            tally: Tally::default(),
            total: Counts::default(),
        }
    }

    /// This, with what the state becomes with its first commit.
    pub(super) fn with_first_commit(self, first_commit: Option<ConnectorState>) -> Self {
        Self { first_commit, ..self }
    }

    /// Reads more of the input. Meanwhile, a batch that fails ends the session.
    async fn fill<R, W>(&mut self, session: &mut Session<R, W>) -> Result<bool, Error>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let since = Instant::now();
        loop {
            tokio::select! {
                Some(sent) = self.under_way.join_next() => finished(sent)?,
                more = session.fill() => {
                    self.tally.waited_for_flow(since);
                    return Ok(more?);
                }
            }
        }
    }

    /// Does what a request other than a Store asks for.
    async fn answer<R, W>(
        &mut self,
        request: Request,
        session: &mut Session<R, W>,
    ) -> Result<(), Error>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let response = match request {
            Request::StartCommit(_) => {
                self.commit().await?;
                let state = self.first_commit.take();
                Response::StartedCommit(response::StartedCommit { state })
            }
            Request::Acknowledge(_) => Response::Acknowledged(response::Acknowledged::default()),
            Request::Flush(_) => Response::Flushed(response::Flushed::default()),
            Request::Load(load) => return Err(self.refuse_load(&load)),
            other => return Err(Error::Unexpected(other.name())),
        };
        Ok(session.respond(response).await?)
    }

    /// Takes a document in, and sends what has become full.
    #[inline]
    async fn take(&mut self, store: &Store<'_>) -> Result<(), Error> {
        if let Some(index) = self.make_way(store)? {
            self.send_last(index).await?;
        }
        if let Some((index, batch)) = self.store(store)? {
            self.send(index, batch).await?;
        }
        Ok(())
    }

    /// Makes way for a document. Returns the index of its binding if a batch of it has to
    /// be sent before.
    ///
    /// A runtime that can't combine the documents of a key within a transaction stores
    /// them one after the other, and the last one is to stay. So a full batch waits for
    /// the next key.
    #[inline]
    fn make_way(&mut self, store: &Store<'_>) -> Result<Option<usize>, Error> {
        let index = store.binding as usize;
        let (count, limits) = (self.bindings.len(), self.limits);
        let Some(binding) = self.bindings.get_mut(index) else {
            return Err(Error::request("Store", out_of_range(index, count)));
        };
        let is_last_key = binding.last_key == store.key_packed;
        let batch = binding.batch(binding.last_operation);
        if is_last_key {
            drop(batch.split_last());
            return Ok(None);
        }
        Ok(batch.is_full(limits).then_some(index))
    }

    /// Puts a document into its binding's batch. Returns a batch that it has no room in.
    #[inline]
    fn store(&mut self, store: &Store<'_>) -> Result<Option<(usize, Batch)>, Error> {
        let index = store.binding as usize;
        let operation = match self.hard_delete && store.delete {
            true => Operation::Delete,
            false => Operation::Add,
        };
        let binding = &mut self.bindings[index];
        binding.last_key.clear();
        binding.last_key.extend_from_slice(store.key_packed);
        binding.last_operation = operation;
        self.tally.document(binding.push(operation, store)?);

        let batch = binding.batch(operation);
        if batch.bytes() <= ROCKSET.bytes {
            return Ok(None);
        }
        let last = batch.split_last();
        let full = std::mem::replace(batch, last);
        let size = binding.batch(operation).bytes();
        match size > ROCKSET.bytes {
            true => Err(too_large(binding, size, store)),
            false => Ok((!full.is_empty()).then_some((index, full))),
        }
    }

    /// Sends the batch that a binding's last document is in.
    async fn send_last(&mut self, index: usize) -> Result<(), Error> {
        let binding = &mut self.bindings[index];
        let batch = binding.batch(binding.last_operation).take(&self.pool);
        self.send(index, batch).await
    }

    /// Sends a batch as soon as fewer than the allowed requests are under way.
    async fn send(&mut self, index: usize, batch: Batch) -> Result<(), Error> {
        if self.under_way.len() >= self.concurrency {
            let since = Instant::now();
            while self.under_way.len() >= self.concurrency {
                if let Some(sent) = self.under_way.join_next().await {
                    finished(sent)?;
                }
            }
            self.tally.counts.rockset += since.elapsed();
        }
        self.tally.counts.requests += 1;
        let (client, target) = (self.client.clone(), self.bindings[index].target.clone());
        let batch = batch.close(&self.pool);
        self.under_way.spawn(async move { send(&client, &target, batch).await });
        Ok(())
    }

    /// Sends what is left, and waits until every document is acknowledged.
    async fn commit(&mut self) -> Result<(), Error> {
        for index in 0..self.bindings.len() {
            self.bindings[index].last_key.clear();
            for operation in [Operation::Add, Operation::Delete] {
                if !self.bindings[index].batch(operation).is_empty() {
                    let batch = self.bindings[index].batch(operation).take(&self.pool);
                    self.send(index, batch).await?;
                }
            }
        }
        let since = Instant::now();
        while let Some(sent) = self.under_way.join_next().await {
            finished(sent)?;
        }
        self.tally.counts.rockset += since.elapsed();
        // What the next transaction needs is not known, so nothing is kept for it.
        self.pool.clear();
        let mut counts = self.tally.end();
        counts.retries = self.client.writes().retries.saturating_sub(self.total.retries);
        if counts.elapsed >= LONG {
            self.report("a long transaction is durable in Rockset", &counts);
        }
        self.total += counts;
        Ok(())
    }

    fn report(&self, message: &'static str, counts: &Counts) {
        info!(
            transactions = counts.transactions,
            documents = counts.documents,
            bytes = counts.bytes,
            requests = counts.requests,
            retries = counts.retries,
            seconds = counts.elapsed.as_secs_f64(),
            waiting_for_flow = counts.flow.as_secs_f64(),
            waiting_for_rockset = counts.rockset.as_secs_f64(),
            busy = counts.cpu().as_secs_f64(),
            "{message}"
        );
    }

    fn refuse_load(&self, load: &request::Load) -> Error {
        let index = load.binding as usize;
        match self.bindings.get(index) {
            Some(Binding { target, .. }) => Error::request(
                "Load",
                format!(
                    "bindings[{index}] ({target}) takes delta updates, for which nothing is loaded"
                ),
            ),
            None => Error::request("Load", out_of_range(index, self.bindings.len())),
        }
    }
}

fn finished(sent: Result<Result<(), Error>, JoinError>) -> Result<(), Error> {
    sent.map_err(|e| Error::Stopped(e.to_string()))?
}

fn out_of_range(index: usize, count: usize) -> String {
    format!("binding {index} is out of range: the task has {count}")
}

fn too_large(binding: &Binding, size: usize, store: &Store<'_>) -> Error {
    Error::TooLarge {
        binding: binding.target.binding,
        collection: binding.target.to_string(),
        id: binding.layout.id(store),
        size,
        limit: ROCKSET.bytes,
    }
}
