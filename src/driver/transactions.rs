//! Transactions: documents from stdin to Rockset, and acknowledged before the commit.

use super::Error;
use super::batch::{Batch, Closed, Limits, Operation, ROCKSET};
use super::document::Layout;
use super::open::Ready;
use super::send::send;
use super::task::Target;
use crate::flow::materialize::{request, response};
use crate::flow::spec::ConnectorState;
use crate::flow::{Request, Response, Session};
use crate::rockset::Client;
use std::sync::Arc;
use std::time::Instant;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use tracing::debug;

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
    /// What the state becomes with the next commit, if it changes.
    first_commit: Option<ConnectorState>,
    counts: Counts,
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
    fn push(&mut self, operation: Operation, store: &request::Store) -> Result<usize, Error> {
        let Self { layout, additions, deletions, .. } = self;
        let (batch, before) = match operation {
            Operation::Add => {
                let before = additions.bytes();
                additions.push(|out| layout.write(store, out))?;
                (additions, before)
            }
            Operation::Delete => {
                let before = deletions.bytes();
                deletions.push(|out| layout.write_deletion(store, out))?;
                (deletions, before)
            }
        };
        Ok(batch.bytes() - before)
    }
}

/// What a transaction has come to.
#[derive(Debug, Default)]
struct Counts {
    begun: Option<Instant>,
    documents: usize,
    bytes: usize,
    requests: usize,
}

/// Serves transactions until the input ends.
pub async fn serve<R, W>(mut session: Session<R, W>, ready: Ready) -> Result<(), Error>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let Ready { opened, mut transactor } = ready;
    session.respond(Response::Opened(opened)).await?;
    while let Some(request) = transactor.next(&mut session).await? {
        match request {
            Request::Store(store) => transactor.store(&store).await?,
            Request::StartCommit(_) => {
                transactor.commit().await?;
                let state = transactor.first_commit.take();
                session.respond(Response::StartedCommit(response::StartedCommit { state })).await?;
            }
            Request::Acknowledge(_) => {
                session.respond(Response::Acknowledged(response::Acknowledged::default())).await?;
            }
            Request::Flush(_) => {
                session.respond(Response::Flushed(response::Flushed::default())).await?;
            }
            Request::Load(load) => return Err(transactor.refuse_load(&load)),
            other => return Err(Error::Unexpected(other.name())),
        }
    }
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
            first_commit: None,
            counts: Counts::default(),
        }
    }

    /// This, with what the state becomes with its first commit.
    pub(super) fn with_first_commit(self, first_commit: Option<ConnectorState>) -> Self {
        Self { first_commit, ..self }
    }

    /// The next request. Meanwhile, a batch that fails ends the session.
    async fn next<R, W>(&mut self, session: &mut Session<R, W>) -> Result<Option<Request>, Error>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        if let Some(request) = session.buffered()? {
            return Ok(Some(request));
        }
        loop {
            tokio::select! {
                Some(sent) = self.under_way.join_next() => finished(sent)?,
                request = session.next() => return Ok(request?),
            }
        }
    }

    /// Puts a document into its binding's batch, and sends what is full.
    async fn store(&mut self, store: &request::Store) -> Result<(), Error> {
        let index = store.binding as usize;
        let count = self.bindings.len();
        let Some(binding) = self.bindings.get_mut(index) else {
            return Err(Error::request("Store", out_of_range(index, count)));
        };
        let operation = match self.hard_delete && store.delete {
            true => Operation::Delete,
            false => Operation::Add,
        };
        if binding.last_key == store.key_packed {
            self.supersede(index).await?;
        }
        let binding = &mut self.bindings[index];
        binding.last_key.clear();
        binding.last_key.extend_from_slice(&store.key_packed);
        binding.last_operation = operation;
        self.counts.begun.get_or_insert_with(Instant::now);
        self.counts.documents += 1;
        self.counts.bytes += binding.push(operation, store)?;

        let batch = binding.batch(operation);
        if batch.bytes() > self.limits.bytes && batch.len() > 1 {
            let last = batch.split_last();
            let full = std::mem::replace(batch, last);
            self.send(index, full).await?;
        }
        let binding = &mut self.bindings[index];
        if binding.batch(operation).bytes() > ROCKSET.bytes {
            let size = binding.batch(operation).bytes();
            return Err(too_large(binding, size, store));
        }
        let batch = binding.batch(operation);
        if batch.is_full(self.limits) {
            let full = batch.take();
            self.send(index, full).await?;
        }
        Ok(())
    }

    /// Makes way for another document of the last one's key. A runtime that can't
    /// combine the documents of a key within a transaction stores them one after the
    /// other, and the last one is to stay.
    async fn supersede(&mut self, index: usize) -> Result<(), Error> {
        let binding = &mut self.bindings[index];
        let batch = binding.batch(binding.last_operation);
        match batch.is_empty() {
            false => drop(batch.split_last()),
            true => self.drain().await?,
        }
        Ok(())
    }

    /// Sends a batch as soon as fewer than the allowed requests are under way.
    async fn send(&mut self, index: usize, batch: Batch) -> Result<(), Error> {
        while self.under_way.len() >= self.concurrency {
            if let Some(sent) = self.under_way.join_next().await {
                finished(sent)?;
            }
        }
        self.counts.requests += 1;
        let (client, target) = (self.client.clone(), self.bindings[index].target.clone());
        let batch: Closed = batch.close();
        self.under_way.spawn(async move { send(&client, &target, batch).await });
        Ok(())
    }

    /// Sends what is left, and waits until every document is acknowledged.
    async fn commit(&mut self) -> Result<(), Error> {
        for index in 0..self.bindings.len() {
            self.bindings[index].last_key.clear();
            for operation in [Operation::Add, Operation::Delete] {
                let batch = self.bindings[index].batch(operation).take();
                if !batch.is_empty() {
                    self.send(index, batch).await?;
                }
            }
        }
        self.drain().await?;
        let Counts { begun, documents, bytes, requests } = std::mem::take(&mut self.counts);
        let seconds = begun.map_or(0.0, |begun| begun.elapsed().as_secs_f64());
        debug!(documents, bytes, requests, seconds, "transaction is durable in Rockset");
        Ok(())
    }

    /// Waits until nothing is under way.
    async fn drain(&mut self) -> Result<(), Error> {
        while let Some(sent) = self.under_way.join_next().await {
            finished(sent)?;
        }
        Ok(())
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

fn finished(sent: Result<Result<(), Error>, tokio::task::JoinError>) -> Result<(), Error> {
    sent.map_err(|e| Error::Stopped(e.to_string()))?
}

fn out_of_range(index: usize, count: usize) -> String {
    format!("binding {index} is out of range: the task has {count}")
}

fn too_large(binding: &Binding, size: usize, store: &request::Store) -> Error {
    Error::TooLarge {
        binding: binding.target.binding,
        collection: binding.target.to_string(),
        id: binding.layout.id(store),
        size,
        limit: ROCKSET.bytes,
    }
}
