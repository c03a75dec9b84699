//! Transactions: writes documents from stdin to Rockset, and awaits their acknowledgement before
//! the commit.

pub mod batch;
mod batcher;
mod delivery;
pub mod layout;
mod malformed;
mod order;
mod pool;
mod stats;
mod statuses;

pub(super) use self::batcher::Batcher;
use self::batcher::ReadyBatch;
use self::delivery::send;
use self::order::Lane;
use self::stats::{StatsRecorder, TransactionStats};
use super::Error;
use crate::flow::materialize::response::Opened;
use crate::flow::materialize::{request, response};
use crate::flow::spec::ConnectorState;
use crate::flow::{Incoming, Request, Response, Session, Store};
use crate::rockset::Client;
use crate::status;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::{JoinError, JoinSet};
use tracing::info;

/// The duration from which a transaction is reported in the logs.
const LONG: Duration = Duration::from_secs(10);

/// The soft limit on the memory of batches in flight, in bytes. With a server that answers
/// promptly, more batches in flight would not be acknowledged earlier.
const SOFT_LIMIT: usize = 9 << 20;
/// The time to wait for an answer at the soft limit, before the limit doubles.
const PROMPT: Duration = Duration::from_millis(20);

/// The result of an Open.
#[derive(Debug)]
pub struct Ready {
    /// The answer.
    pub opened: Opened,
    /// Handles the transactions that follow.
    pub transactor: Transactor,
}

/// Writes the documents of one session.
#[derive(Debug)]
pub struct Transactor {
    client: Client,
    batcher: Batcher,
    /// The largest number of requests in flight.
    concurrency: usize,
    /// The batches in flight. Each returns the index of its binding when it is acknowledged.
    in_flight: JoinSet<Result<usize, Error>>,
    /// The requests in flight of each binding.
    lanes: Vec<Lane>,
    /// The memory of batches in flight beyond which an answer is awaited, in bytes.
    soft_limit: usize,
    /// The state to return with the next commit, if it changes.
    first_commit: Option<ConnectorState>,
    recorder: StatsRecorder,
    /// The statistics of all transactions.
    total: TransactionStats,
}

/// Why no further document can be taken from the buffer.
enum Pause {
    /// The buffer has no complete request: more input is needed.
    Input,
    /// Batches are to be sent first.
    Batches,
    /// A request other than a Store is to be answered first.
    Request(Request),
}

/// Serves transactions until the input ends.
pub async fn serve<R, W>(mut session: Session<R, W>, ready: Ready) -> Result<(), Error>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let Ready { opened, mut transactor } = ready;
    session.respond(Response::Opened(opened)).await?;
    status::show("Running");
    loop {
        match transactor.take_buffered(&mut session)? {
            Pause::Batches => transactor.send_ready().await?,
            Pause::Request(request) => transactor.answer(request, &mut session).await?,
            Pause::Input => {
                if !transactor.fill(&mut session).await? {
                    break;
                }
            }
        }
    }
    match session.last()? {
        None => {}
        Some(Incoming::Store(store)) => transactor.take(&store)?,
        Some(Incoming::Other(request)) => transactor.answer(request, &mut session).await?,
    }
    transactor.report("the session is over", &transactor.total);
    Ok(())
}

impl Transactor {
    pub(super) fn new(client: Client, batcher: Batcher, concurrency: usize) -> Self {
        let bindings = batcher.bindings();
        Self {
            client,
            batcher,
            concurrency,
            in_flight: JoinSet::new(),
            lanes: vec![Lane::default(); bindings],
            soft_limit: SOFT_LIMIT,
            first_commit: None,
            recorder: StatsRecorder::default(),
            total: TransactionStats::default(),
        }
    }

    /// This transactor, with the state to return with its first commit.
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
                Some(sent) = self.in_flight.join_next() => self.finish(sent)?,
                more = session.fill() => {
                    self.recorder.waited_for_flow(since);
                    return Ok(more?);
                }
            }
        }
    }

    /// Answers a request other than a Store.
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

    /// Takes documents from the buffer until something else is to be done. Between two reads of the
    /// input there are many.
    fn take_buffered<R, W>(&mut self, session: &mut Session<R, W>) -> Result<Pause, Error>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        loop {
            match session.buffered()? {
                Some(Incoming::Store(store)) => {
                    self.take(&store)?;
                    if self.batcher.is_ready() {
                        return Ok(Pause::Batches);
                    }
                }
                Some(Incoming::Other(request)) => return Ok(Pause::Request(request)),
                None => return Ok(Pause::Input),
            }
        }
    }

    #[inline(always)]
    fn take(&mut self, store: &Store<'_>) -> Result<(), Error> {
        self.recorder.document(self.batcher.take(store)?);
        Ok(())
    }

    /// Sends the closed batches. Then waits until there is enough memory to go on.
    async fn send_ready(&mut self) -> Result<(), Error> {
        while let Some(ready) = self.batcher.next() {
            self.send(ready).await?;
        }
        let since = Instant::now();
        while self.batcher.is_beyond_memory() {
            self.batcher.pool().clear();
            if self.batcher.is_beyond_memory() && !self.finish_one().await? {
                break;
            }
        }
        while self.batcher.pool().in_flight() > self.soft_limit {
            match tokio::time::timeout(PROMPT, self.finish_one()).await {
                Ok(Ok(true)) => {}
                Ok(finished) => return finished.map(drop),
                Err(_) => self.soft_limit = self.soft_limit.saturating_mul(2),
            }
        }
        self.recorder.counts.rockset += since.elapsed();
        Ok(())
    }

    /// Sends a batch as soon as the number of requests in flight allows it, and all batches that
    /// have to come before it are acknowledged.
    async fn send(&mut self, ready: ReadyBatch) -> Result<(), Error> {
        let ReadyBatch { target, batch, runs } = ready;
        let binding = target.binding;
        let since = Instant::now();
        while self.in_flight.len() >= self.concurrency || !self.lanes[binding].admits(runs) {
            self.finish_one().await?;
        }
        self.recorder.counts.rockset += since.elapsed();
        self.recorder.counts.requests += 1;
        self.lanes[binding].enter(runs);
        let (client, batch) = (self.client.clone(), batch.close());
        self.in_flight
            .spawn(async move { send(&client, &target, batch).await.map(|()| target.binding) });
        Ok(())
    }

    /// Waits until a batch is acknowledged. Returns `false` if none is in flight.
    async fn finish_one(&mut self) -> Result<bool, Error> {
        match self.in_flight.join_next().await {
            Some(sent) => self.finish(sent).map(|()| true),
            None => Ok(false),
        }
    }

    fn finish(&mut self, sent: Result<Result<usize, Error>, JoinError>) -> Result<(), Error> {
        let binding = sent.map_err(Error::stopped)??;
        self.lanes[binding].leave();
        Ok(())
    }

    /// Sends the remaining batches, and waits until every document is acknowledged.
    async fn commit(&mut self) -> Result<(), Error> {
        for ready in self.batcher.drain() {
            self.send(ready).await?;
        }
        let since = Instant::now();
        while self.finish_one().await? {}
        self.recorder.counts.rockset += since.elapsed();
        self.batcher.pool().clear();
        self.soft_limit = SOFT_LIMIT;
        let mut counts = self.recorder.end();
        counts.retries = self.client.writes().retries.saturating_sub(self.total.retries);
        if counts.elapsed >= LONG {
            self.report("a long transaction is durable in Rockset", &counts);
        }
        self.total += counts;
        Ok(())
    }

    fn report(&self, message: &'static str, counts: &TransactionStats) {
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
        let problem = self.batcher.target(load.binding).map(|target| {
            format!(
                "bindings[{}] ({target}) takes delta updates, for which nothing is loaded",
                load.binding
            )
        });
        Error::request("Load", problem.unwrap_or_else(|problem| problem))
    }
}
