//! The journal as those see it who change something.

use super::change::Commit;
use super::sizes::Sizes;
#[cfg(feature = "engine")]
use super::store::Replicas;
use crate::local::error::ApiError;
use crate::rockset::enums::ErrorType;
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// A handle to the journal, which ends when the last one is dropped.
#[derive(Debug, Clone)]
pub struct Journal {
    queue: Arc<Mutex<Queue>>,
    progress: watch::Receiver<Progress>,
    sizes: Sizes,
    #[cfg(feature = "engine")]
    replicas: Replicas,
}

#[derive(Debug)]
struct Queue {
    sender: mpsc::UnboundedSender<Commit>,
    /// Number of commits so far.
    sent: u64,
}

/// How far the journal is.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// Number of commits that are durable.
    pub durable: u64,
    pub trouble: Option<Trouble>,
}

/// The reason why no commit becomes durable now.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "engine"), allow(dead_code))]
pub enum Trouble {
    /// The store has failed. The write is repeated until it succeeds.
    Failing(String),
    /// Another process writes to the store.
    Fenced(String),
}

impl Trouble {
    fn message(&self) -> &str {
        match self {
            Self::Failing(message) | Self::Fenced(message) => message,
        }
    }
}

impl Journal {
    /// A journal, and its other end.
    #[cfg_attr(not(feature = "engine"), allow(dead_code))]
    pub(super) fn new(
        sizes: Sizes,
        #[cfg(feature = "engine")] replicas: Replicas,
    ) -> (Self, mpsc::UnboundedReceiver<Commit>, watch::Sender<Progress>) {
        let (sender, received) = mpsc::unbounded_channel();
        let (shown, progress) = watch::channel(Progress::default());
        let queue = Arc::new(Mutex::new(Queue { sender, sent: 0 }));
        let journal = Self {
            queue,
            progress,
            sizes,
            #[cfg(feature = "engine")]
            replicas,
        };
        (journal, received, shown)
    }

    /// The replicas that follow the store.
    #[cfg(feature = "engine")]
    pub fn replicas(&self) -> &Replicas {
        &self.replicas
    }

    /// How many bytes the store has of each collection.
    pub fn sizes(&self) -> &Sizes {
        &self.sizes
    }

    /// Adds a commit after those before. It is durable once the journal is [settled](Self::settled).
    pub fn commit(&self, commit: impl Into<Commit>) {
        let mut queue = self.queue.lock();
        queue.sent += 1;
        // Once the other end is gone, there is a trouble that everyone sees.
        let _ = queue.sender.send(commit.into());
    }

    /// Fails if nothing can be made durable now.
    pub fn check(&self) -> Result<(), ApiError> {
        refused(&self.progress.borrow())
    }

    /// Waits until all commits so far are durable. Fails if they can't be now; they may become
    /// durable later.
    pub async fn settled(&self) -> Result<(), ApiError> {
        let sent = self.queue.lock().sent;
        let mut progress = self.progress.clone();
        let is_over = |progress: &Progress| progress.durable >= sent || progress.trouble.is_some();
        match progress.wait_for(is_over).await {
            Ok(progress) if progress.durable >= sent => Ok(()),
            Ok(progress) => refused(&progress),
            Err(_) => Err(unavailable("The store is closed")),
        }
    }

    /// Waits until another process has taken over the store, and returns a message about it.
    pub async fn fenced(&self) -> String {
        let mut progress = self.progress.clone();
        let is_fenced = |progress: &Progress| matches!(progress.trouble, Some(Trouble::Fenced(_)));
        let found = progress.wait_for(is_fenced).await.ok();
        let message = found.and_then(|it| Some(it.trouble.as_ref()?.message().to_string()));
        match message {
            Some(message) => message,
            None => std::future::pending().await,
        }
    }
}

fn refused(progress: &Progress) -> Result<(), ApiError> {
    match &progress.trouble {
        None => Ok(()),
        Some(trouble) => Err(unavailable(trouble.message())),
    }
}

fn unavailable(message: &str) -> ApiError {
    ApiError::new(ErrorType::Serviceunavailable, message)
}
