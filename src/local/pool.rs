//! Thread pools for long work: SQL, JSON of large bodies, patches, writes, pages.
//!
//! The threads that serve requests only wait, so that no request waits for the work of another. The
//! pools have a fixed number of threads, whose jobs wait for nothing but their turn to write.
//!
//! Scans, for pages and queries, have threads of their own with a lower priority: a scan uses the
//! processor time that writers leave, and doesn't slow writers down.

use super::error::ApiError;
use parking_lot::Mutex;
use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
#[cfg(feature = "engine")]
use std::thread::JoinHandle;
use std::thread::{Builder, available_parallelism};
use tokio::sync::oneshot;

/// Bytes of stack of a thread, for deeply nested expressions. The system provides only the pages
/// that are used.
const STACK: usize = 256 << 20;

/// Threads for each processor: while one waits for its turn to write, another one runs.
const THREADS: usize = 2;

/// Nice value of a scan: beside a thread of nice 0, Linux gives it a tenth of the processor time.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

type Job = Box<dyn FnOnce() + Send>;

/// A handle to the threads, which end when the last one is dropped.
#[derive(Debug, Clone)]
pub(super) struct Pool {
    jobs: Sender<Job>,
    scans: Sender<Job>,
    /// Turns of background jobs, so few that other threads remain for requests.
    #[cfg(feature = "engine")]
    background: Arc<tokio::sync::Semaphore>,
}

/// The message of a job that has panicked.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Panicked(String);

impl Pool {
    /// Starts the threads. Fails if the system gives none.
    pub(super) fn start() -> io::Result<Self> {
        let processors = available_parallelism().map_or(1, usize::from);
        Ok(Self {
            jobs: threads("pool", processors * THREADS, || {})?,
            scans: threads("scan", processors, lower_priority)?,
            #[cfg(feature = "engine")]
            background: Arc::new(tokio::sync::Semaphore::new(processors)),
        })
    }

    /// Runs a job on the pool while the caller awaits it. The job ends even if nobody waits any
    /// more.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Panicked> {
        run_on(&self.jobs, job).await
    }

    /// Runs a job that reads many documents, at a lower priority.
    pub(super) async fn scan<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Panicked> {
        run_on(&self.scans, job).await
    }

    /// Runs a job that no request waits for. Such jobs take turns, which leaves threads to others.
    #[cfg(feature = "engine")]
    pub(super) async fn run_in_background<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Panicked> {
        // The semaphore is never closed, so this never fails.
        let turn = self.background.clone().acquire_owned().await;
        self.run(move || {
            let _turn = turn;
            job()
        })
        .await
    }

    /// Runs a job that nobody waits for.
    pub(super) fn spawn(&self, job: impl FnOnce() + Send + 'static) {
        // The threads hold the other end until the last handle is dropped.
        let _ = self.jobs.send(Box::new(job));
    }
}

/// A thread of its own for a job, with the stack that those of a pool have.
#[cfg(feature = "engine")]
pub(super) fn thread<T: Send + 'static>(
    name: &str,
    job: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    Builder::new().name(name.to_string()).stack_size(STACK).spawn(job)
}

/// Runs a job on a thread of its own, with the stack that those of a pool have.
#[cfg(feature = "engine")]
pub(super) fn on_thread<T: Send + 'static>(
    job: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    thread("job", job)?.join().map_err(|panic| io::Error::other(message(panic.as_ref())))
}

/// Starts threads that do jobs until the sender is dropped.
fn threads(name: &str, count: usize, begin: fn()) -> io::Result<Sender<Job>> {
    let (jobs, waiting) = channel();
    let waiting = Arc::new(Mutex::new(waiting));
    for _ in 0..count {
        let waiting = waiting.clone();
        let thread = Builder::new().name(name.to_string()).stack_size(STACK);
        thread.spawn(move || {
            begin();
            work(&waiting);
        })?;
    }
    Ok(jobs)
}

async fn run_on<T: Send + 'static>(
    jobs: &Sender<Job>,
    job: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Panicked> {
    let (done, outcome) = oneshot::channel();
    // The threads hold the other end until the last handle is dropped.
    let _ = jobs.send(Box::new(move || {
        // The caller may be gone.
        let _ = done.send(caught(job));
    }));
    outcome.await.unwrap_or_else(|_| Err(Panicked("the job was lost".to_string())))
}

/// Lowers the priority of this thread, and of those that it starts, to a tenth of the processor
/// time of a normal thread if both want it. Does nothing where the system has no such priority.
pub(super) fn lower_priority() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE);
}

fn work(waiting: &Mutex<Receiver<Job>>) {
    let next = || waiting.lock().recv();
    while let Ok(job) = next() {
        // The panic hook has reported the message.
        let _ = caught(job);
    }
}

/// Runs a job, and returns its message if it panics.
pub(super) fn caught<T>(job: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(job)).map_err(|panic| Panicked(message(panic.as_ref())))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let said = panic.downcast_ref::<String>().map(String::as_str);
    let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
    said.unwrap_or("it does not say why").to_string()
}

impl From<Panicked> for ApiError {
    fn from(Panicked(message): Panicked) -> Self {
        Self::internal(&message)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn a_job_that_panics_says_why_and_costs_no_thread() {
        let pool = Pool::start().unwrap();
        for n in 0..100 {
            let failed: Result<(), Panicked> = pool.run(move || panic!("number {n}")).await;
            assert_eq!(failed.unwrap_err().to_string(), format!("number {n}"));
        }
        assert_eq!(pool.run(|| 1 + 1).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn the_caller_can_do_other_things_meanwhile() {
        let pool = Pool::start().unwrap();
        let (go_on, wait) = channel();
        let job = tokio::spawn(async move { pool.run(move || wait.recv()).await.unwrap() });
        // This test has one thread, which would wait for ever if the job were done on it.
        tokio::time::sleep(Duration::from_millis(1)).await;
        go_on.send("done").unwrap();
        assert_eq!(job.await.unwrap(), Ok("done"));
    }

    #[tokio::test]
    async fn there_is_stack_for_deep_recursion() {
        fn depth(left: usize) -> usize {
            let frame = std::hint::black_box([left; 128]);
            if left == 0 { 0 } else { 1 + depth(frame[0] - 1) }
        }
        let pool = Pool::start().unwrap();
        assert_eq!(pool.run(|| depth(50_000)).await.unwrap(), 50_000);
    }
}
