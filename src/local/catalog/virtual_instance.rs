//! A virtual instance, as far as one process can have several: a name by which queries are sent and
//! listed, and which takes none while it is suspended.

use super::creator::Creator;
use super::mount::{Host, Mount};
use super::timestamp;
#[cfg(feature = "engine")]
use crate::local::journal::Replica;
use crate::rockset::enums::{
    InstanceClass, MountType, VirtualInstanceSize as Size, VirtualInstanceState as State,
};
use crate::rockset::types::{self, AutoScalingPolicy, MicrobatchPolicy, VirtualInstanceStats};
#[cfg(feature = "engine")]
use chrono::SecondsFormat;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Name of the instance that always exists.
pub const MAIN: &str = "main";

/// Identifier of the instance that always exists, unless the options name another.
pub const MAIN_ID: &str = "00000000-0000-4000-8000-000000000000";

/// Prefix of the Rockset Resource Name of an instance, before its cluster.
const RRN: &str = "rrn:vi:";

/// The Rockset Resource Name of an instance.
pub fn rrn(id: &str) -> String {
    format!("{RRN}local:{id}")
}

/// A virtual instance.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct VirtualInstance {
    pub id: String,
    pub settings: Settings,
    #[serde(default)]
    creator: Creator,
    created_at: String,
    resumed_at: Option<String>,
    suspended_at: Option<String>,
    is_suspended: bool,
    /// What is mounted on it, unless it is the main one.
    #[serde(default)]
    pub mounts: Vec<Mount>,
    /// The state for a while, and since when, if this process has seen it begin.
    #[serde(skip)]
    passing: Option<(State, Instant)>,
}

/// Settings of a virtual instance.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Settings {
    pub name: String,
    pub description: Option<String>,
    pub size: Size,
    pub class: InstanceClass,
    pub auto_suspend_seconds: Option<i32>,
    pub mount_refresh_interval_seconds: i32,
    pub mount_type: MountType,
    pub enable_remount_on_resume: Option<bool>,
    pub auto_scaling_policy: Option<AutoScalingPolicy>,
    pub microbatch_policy: Option<MicrobatchPolicy>,
}

/// The identifier in a Rockset Resource Name, of whatever cluster, or the name itself.
pub fn plain_id(name: &str) -> &str {
    let within = name.strip_prefix(RRN).and_then(|it| it.split_once(':'));
    within.map_or(name, |(_, id)| id)
}

impl Settings {
    pub fn new(name: String) -> Self {
        Self {
            name,
            description: None,
            size: Size::Small,
            class: InstanceClass::MoIl,
            auto_suspend_seconds: None,
            mount_refresh_interval_seconds: 0,
            mount_type: MountType::Live,
            enable_remount_on_resume: None,
            auto_scaling_policy: None,
            microbatch_policy: None,
        }
    }
}

impl VirtualInstance {
    pub(super) fn new(settings: Settings, creator: Creator) -> Self {
        Self {
            id: Uuid::new_v4().to_string(),
            settings,
            creator,
            created_at: timestamp(),
            resumed_at: None,
            suspended_at: None,
            is_suspended: false,
            mounts: Vec::new(),
            passing: Some((State::Initializing, Instant::now())),
        }
    }

    /// The instance that always exists.
    pub(super) fn main() -> Self {
        let description = "The default VI used for streaming ingest and queries".to_string();
        let settings = Settings::new(MAIN.to_string());
        let settings = Settings { description: Some(description), ..settings };
        Self { id: MAIN_ID.to_string(), passing: None, ..Self::new(settings, Creator::default()) }
    }

    /// A read replica that is alive.
    #[cfg(feature = "engine")]
    pub(super) fn replica(replica: Replica) -> Self {
        let Replica { id, url, started, .. } = replica;
        let settings = Settings::new(format!("replica-{}", id.get(..8).unwrap_or(&id)));
        let description = Some(format!("A read replica at {url}"));
        let created_at =
            started.map_or_else(timestamp, |it| it.to_rfc3339_opts(SecondsFormat::Secs, true));
        let settings = Settings { description, ..settings };
        Self { id, created_at, passing: None, ..Self::new(settings, Creator::default()) }
    }

    pub(super) fn is_main(&self) -> bool {
        self.settings.name == MAIN
    }

    /// Whether this is its identifier or its Rockset Resource Name, or the name of the main one.
    pub(super) fn is(&self, id: &str) -> bool {
        plain_id(id) == self.id || (self.is_main() && id == MAIN)
    }

    pub(super) fn state(&self, ready_after: Duration) -> State {
        match &self.passing {
            Some((state, since)) if since.elapsed() < ready_after => state.clone(),
            _ if self.is_suspended => State::Suspended,
            _ => State::Active,
        }
    }

    /// Suspends it, unless it is suspended.
    pub(super) fn suspend(&mut self) {
        if !self.is_suspended {
            self.is_suspended = true;
            self.suspended_at = Some(timestamp());
            self.passing = Some((State::Suspending, Instant::now()));
        }
    }

    /// Resumes it, if it is suspended. Its mounts are gone, unless they are to stay.
    pub(super) fn resume(&mut self) {
        if self.is_suspended {
            if self.settings.enable_remount_on_resume != Some(true) {
                self.mounts.clear();
            }
            self.is_suspended = false;
            self.resumed_at = Some(timestamp());
            self.passing = Some((State::Resuming, Instant::now()));
        }
    }

    /// Whether mounts keep the documents of one moment.
    pub(super) fn is_static(&self) -> bool {
        self.settings.mount_type == MountType::Static
    }

    /// What mounts show of it.
    pub(super) fn host(&self) -> Host {
        Host {
            id: self.id.clone(),
            rrn: rrn(&self.id),
            mount_type: self.settings.mount_type.clone(),
            refreshed_every: self.settings.mount_refresh_interval_seconds.into(),
        }
    }

    /// The instance as the API shows it.
    pub(super) fn show(&self, state: State) -> types::VirtualInstance {
        let settings = self.settings.clone();
        let (size, class) = (Some(settings.size), Some(settings.class));
        let compute_type = if self.is_main() { "INGEST_QUERY" } else { "QUERY" };
        types::VirtualInstance {
            name: settings.name,
            description: settings.description,
            created_by: Some(self.creator.email.clone()).filter(|_| !self.is_main()),
            created_at: Some(self.created_at.clone()),
            resumed_at: self.resumed_at.clone(),
            suspended_at: self.suspended_at.clone(),
            state: Some(state),
            current_type: size.clone(),
            desired_type: size.clone(),
            current_size: size.clone(),
            desired_size: size,
            current_instance_class: class.clone(),
            desired_instance_class: class,
            monitoring_enabled: None,
            default_vi: Some(self.is_main()),
            compute_type: Some(compute_type.to_string()),
            default_pod_count: None,
            scaled_pod_count: None,
            id: Some(self.id.clone()),
            rrn: Some(rrn(&self.id)),
            auto_suspend_seconds: settings.auto_suspend_seconds,
            mount_refresh_interval_seconds: Some(settings.mount_refresh_interval_seconds),
            mount_type: Some(settings.mount_type),
            enable_remount_on_resume: settings.enable_remount_on_resume,
            stats: Some(VirtualInstanceStats { last_queried_ms: Some(0) }),
            concurrent_query_execution_limit: None,
            concurrent_queries_limit: None,
            auto_scaling_policy: settings.auto_scaling_policy,
            microbatch_policy: settings.microbatch_policy,
            enable_dedicated_streaming_ingest: None,
            dedicated_streaming_ingest_active: None,
            dedicated_streaming_ingest_toggling: None,
        }
    }
}
