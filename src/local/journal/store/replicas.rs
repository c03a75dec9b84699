//! Replicas that follow a store. Each keeps an object that says so, and how far it has read; the
//! process that writes keeps what they have yet to read.
//!
//! Nothing depends on that but the time that a replica takes: one that isn't waited for goes on from
//! a newer checkpoint. So a clock that is wrong, or a replica that may not write, does no harm.

use super::error::StoreError;
use super::messages::ReplicaState;
use super::objects::{Listed, Objects, REPLICA};
use crate::local::journal::following::Following;
use chrono::{DateTime, Utc};
use std::time::{Duration, Instant};
use tracing::debug;
use uuid::Uuid;

/// Time between renewals of a replica's object.
const RENEWED: Duration = Duration::from_secs(2);

/// Time since the last renewal after which a replica is gone.
const LEASE: Duration = Duration::from_secs(15);

/// Time since the last renewal after which a replica's object is deleted.
const FORGOTTEN: Duration = Duration::from_secs(3600);

/// Time between looks whether replicas have read on.
const LOOK: Duration = Duration::from_secs(1);

/// The replicas of a store.
#[derive(Debug, Clone)]
pub struct Replicas(Objects);

/// A replica that is alive.
#[derive(Debug, Clone)]
pub struct Replica {
    /// A UUID.
    pub id: String,
    /// The address at which clients reach it.
    pub url: String,
    pub started: Option<DateTime<Utc>>,
    /// The position of the log that it reads next.
    pub next: u64,
}

impl Replicas {
    pub fn new(objects: Objects) -> Self {
        Self(objects)
    }

    /// The replicas that are alive, by identifier.
    pub async fn alive(&self) -> Result<Vec<Replica>, StoreError> {
        let mut alive = Vec::new();
        for listed in self.0.list(REPLICA).await? {
            if age(&listed) > LEASE {
                continue;
            }
            match self.0.read(&object(&listed.name)).await {
                Ok(state) => alive.push(Replica::new(listed.name, state)),
                Err(StoreError::Missing { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(alive)
    }

    /// Deletes the objects of replicas that are long gone.
    pub(super) async fn forget(&self) -> Result<(), StoreError> {
        for listed in self.0.list(REPLICA).await? {
            if age(&listed) > FORGOTTEN {
                self.0.delete(&object(&listed.name)).await?;
            }
        }
        Ok(())
    }

    /// Waits until all replicas have read the log to a position, but not after a moment.
    pub(super) async fn reach(&self, position: u64, latest: Instant) {
        while Instant::now() < latest {
            match self.alive().await {
                Ok(alive) if alive.iter().any(|replica| replica.next < position) => {
                    tokio::time::sleep(LOOK).await;
                }
                Ok(_) => return,
                Err(error) => {
                    debug!(%error, "the replicas are not known, and not waited for");
                    return;
                }
            }
        }
    }
}

fn age(listed: &Listed) -> Duration {
    (Utc::now() - listed.modified).to_std().unwrap_or_default()
}

impl Replica {
    fn new(id: String, state: ReplicaState) -> Self {
        let started = DateTime::from_timestamp_millis(state.started);
        Self { id, url: state.url, started, next: state.next }
    }
}

fn object(id: &str) -> String {
    format!("{REPLICA}/{id}")
}

/// The object of this replica.
#[derive(Debug, Clone)]
pub struct Lease {
    pub objects: Objects,
    object: String,
    url: String,
    started: i64,
    pub following: Following,
}

impl Lease {
    pub fn new(objects: Objects, url: &str) -> Self {
        let object = object(&Uuid::new_v4().to_string());
        let started = Utc::now().timestamp_millis();
        let following = Following::default();
        Self { objects, object, url: url.to_string(), started, following }
    }

    /// Renews the object, once.
    pub async fn renew(&self) {
        if let Err(error) = self.try_renew().await {
            debug!(%error, "the replica can't say that it is there, and is not waited for");
        }
    }

    /// Renews the object again and again.
    pub async fn keep(self) {
        loop {
            self.renew().await;
            tokio::time::sleep(RENEWED).await;
        }
    }

    /// Gives up the lease.
    pub async fn end(&self) {
        // Otherwise it runs out.
        let _ = self.objects.delete(&self.object).await;
    }

    async fn try_renew(&self) -> Result<(), StoreError> {
        let (url, next) = (self.url.clone(), self.following.next());
        let state = ReplicaState { url, next, started: self.started };
        let content = self.objects.encode(&self.object, &state)?;
        self.objects.put(&self.object, content).await
    }
}
