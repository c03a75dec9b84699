//! Threads for what takes long: SQL, JSON of large bodies, patches, writes, pages.
//!
//! The threads that serve requests only wait, so that no request waits for the work of
//! another. Their number is fixed, and nothing waits on them but for the turn to write.

use super::errors::Failure;
use parking_lot::Mutex;
use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, available_parallelism};
use tokio::sync::oneshot;

/// Bytes of stack that a thread may use, for expressions that are deeply nested. No more of
/// it is taken than is needed.
const STACK: usize = 256 << 20;

/// Threads for each processor: one that waits for its turn to write leaves it to another.
const THREADS: usize = 2;

type Job = Box<dyn FnOnce() + Send>;

/// A handle to the threads, which end when the last one is dropped.
#[derive(Debug, Clone)]
pub(super) struct Pool {
    jobs: Sender<Job>,
    /// What jobs of sources take turns with, which leaves threads to requests.
    #[cfg(feature = "engine")]
    background: Arc<tokio::sync::Semaphore>,
}

/// What a job has panicked with.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Panicked(String);

impl Pool {
    /// Starts the threads. Fails if the system gives none.
    pub(super) fn start() -> io::Result<Self> {
        let (jobs, waiting) = channel();
        let waiting = Arc::new(Mutex::new(waiting));
        let processors = available_parallelism().map_or(1, usize::from);
        for _ in 0..processors * THREADS {
            let waiting = waiting.clone();
            let thread = Builder::new().name("pool".to_string()).stack_size(STACK);
            thread.spawn(move || work(&waiting))?;
        }
        Ok(Self {
            jobs,
            #[cfg(feature = "engine")]
            background: Arc::new(tokio::sync::Semaphore::new(processors)),
        })
    }

    /// Does a job, and waits for it without holding up the thread. A job that nobody waits
    /// for any more is done all the same.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Panicked> {
        let (done, outcome) = oneshot::channel();
        self.spawn(move || {
            // Whoever asked may have gone.
            let _ = done.send(caught(job));
        });
        outcome.await.unwrap_or_else(|_| Err(Panicked("the job was lost".to_string())))
    }

    /// The same for what no request waits for: such jobs take turns, however many there are,
    /// and leave threads to others.
    #[cfg(feature = "engine")]
    pub(super) async fn run_in_background<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Panicked> {
        // An error would say that it is closed, which it never is.
        let turn = self.background.clone().acquire_owned().await;
        self.run(move || {
            let _turn = turn;
            job()
        })
        .await
    }

    /// Does a job that nobody waits for.
    pub(super) fn spawn(&self, job: impl FnOnce() + Send + 'static) {
        // The threads hold the other end until the last handle is dropped.
        let _ = self.jobs.send(Box::new(job));
    }
}

fn work(waiting: &Mutex<Receiver<Job>>) {
    let next = || waiting.lock().recv();
    while let Ok(job) = next() {
        // The hook for panics has told what happened.
        let _ = caught(job);
    }
}

/// Does a job that may panic, and tells what it said.
pub(super) fn caught<T>(job: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(job)).map_err(|panic| Panicked(message(panic.as_ref())))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let said = panic.downcast_ref::<String>().map(String::as_str);
    let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
    said.unwrap_or("it does not say why").to_string()
}

impl From<Panicked> for Failure {
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
