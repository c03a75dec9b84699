//! A collection that is mounted on a virtual instance.

use crate::local::json::time;
use crate::local::storage::View;
use crate::rockset::enums::{
    CollectionMountState as State, MountType, VirtualInstanceState as InstanceState,
};
use crate::rockset::types::{self, CollectionMountStats};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use uuid::Uuid;

/// Prefix of the Rockset Resource Name of a mount.
const RRN: &str = "rrn:mnt:local:";

/// A collection that is mounted on a virtual instance.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Mount {
    id: String,
    /// `workspace.name` of the collection.
    pub path: String,
    /// Identifier of the collection, which a later one of the same name doesn't have.
    pub collection: u64,
    created: DateTime<Utc>,
    /// Time of the latest query, in milliseconds since the epoch.
    #[serde(skip)]
    queried: i64,
    /// The documents that queries see on an instance whose mounts don't follow writes.
    #[serde(skip)]
    taken: Option<Taken>,
}

/// What a mount shows of its virtual instance.
#[derive(Debug)]
pub struct Host {
    pub id: String,
    pub rrn: String,
    pub mount_type: MountType,
    /// Seconds between refreshes of documents of one moment; 0 if there are none.
    pub refreshed_every: i64,
}

/// Documents of one moment.
#[derive(Debug, Clone)]
struct Taken {
    documents: View,
    /// Milliseconds since the epoch.
    at: i64,
}

impl Mount {
    pub fn new(path: String, collection: u64) -> Self {
        Self {
            id: Uuid::new_v4().to_string(),
            path,
            collection,
            created: Utc::now(),
            queried: 0,
            taken: None,
        }
    }

    /// Every collection's mount on the main instance, which exists as long as the collection does.
    pub fn on_main(id: String, path: String, collection: u64, created: &str, queried: i64) -> Self {
        // It was written by this server.
        let created = created.parse().unwrap_or_default();
        Self { id, path, collection, created, queried, taken: None }
    }

    /// The documents that a query on its instance reads, of which `documents` are the present ones.
    #[cfg(feature = "engine")]
    pub fn read(&mut self, host: &Host, documents: View) -> View {
        let now = millis();
        self.queried = now;
        if host.mount_type != MountType::Static {
            self.taken = None;
            return documents;
        }
        let every = host.refreshed_every * 1000;
        let is_fresh = |taken: &&Taken| every <= 0 || now < taken.at + every;
        if let Some(taken) = self.taken.as_ref().filter(is_fresh) {
            return taken.documents.clone();
        }
        self.take(documents.clone());
        documents
    }

    /// Keeps the documents of this moment.
    pub fn take(&mut self, documents: View) {
        self.taken = Some(Taken { documents, at: millis() });
    }

    /// The documents that are kept.
    pub fn taken(&self) -> Option<&View> {
        self.taken.as_ref().map(|taken| &taken.documents)
    }

    pub fn state(&self, instance: &InstanceState, ready_after: Duration) -> State {
        let age = (Utc::now() - self.created).to_std().unwrap_or_default();
        match instance {
            InstanceState::Suspending => State::Suspending,
            InstanceState::Suspended => State::Suspended,
            _ if age < ready_after => State::Creating,
            _ => State::Active,
        }
    }

    /// The mount as the API shows it.
    pub fn show(&self, host: Host, state: State, ready_after: Duration) -> types::CollectionMount {
        let is_ready = state != State::Creating;
        let ready = i64::try_from(ready_after.as_millis()).unwrap_or_default();
        let ready = self.created.timestamp_millis() + ready;
        let refreshed = self.taken.as_ref().map(|taken| taken.at);
        let every = host.refreshed_every * 1000;
        types::CollectionMount {
            type_: Some(host.mount_type),
            created_at: Some(self.created.to_rfc3339_opts(SecondsFormat::Secs, true)),
            seqno: Some(match state {
                State::Creating => 0,
                State::Deleting => 2,
                _ => 1,
            }),
            state: Some(state),
            collection_path: Some(self.path.clone()),
            virtual_instance_id: Some(host.id),
            virtual_instance_rrn: Some(host.rrn),
            id: Some(self.id.clone()),
            rrn: Some(format!("{RRN}{}", self.id)),
            last_refresh_time_millis: refreshed,
            snapshot_expiration_time_millis: None,
            ready_at_timestamp_millis: Some(ready).filter(|_| is_ready),
            snapshot_id: None,
            next_refresh_time_ms: refreshed.map(|at| at + every).filter(|_| every > 0),
            stats: Some(CollectionMountStats { last_queried_ms: Some(self.queried) }),
        }
    }
}

fn millis() -> i64 {
    time::now() / 1000
}
