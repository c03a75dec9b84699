//! The times of schedules.

use super::run::run;
use crate::local::state::WeakState;
use chrono::Utc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// The longest sleep, after which a clock that was set anew is noticed, and a server that has ended.
const NAP: Duration = Duration::from_secs(10);

/// Executes what is due, until the server has ended. Each execution is a task of its own. Times that
/// passed while no server ran aren't made up for.
pub async fn keep_time(app: WeakState) {
    let mut executions = JoinSet::new();
    let mut earlier = Utc::now();
    while let Some(app) = app.upgrade() {
        while executions.try_join_next().is_some() {}
        let now = Utc::now();
        for schedule in app.catalog.begin_due(earlier, now) {
            executions.spawn(run(app.weak(), schedule));
        }
        earlier = now;
        let next = app.catalog.next_execution(now);
        let left = next.and_then(|next| (next - Utc::now()).to_std().ok());
        let nap = next.map_or(NAP, |_| left.unwrap_or_default().min(NAP));
        let changed = app.catalog.schedules_changed();
        drop(app);
        tokio::select! {
            () = sleep(nap) => {}
            () = changed.notified() => {}
        }
    }
}
