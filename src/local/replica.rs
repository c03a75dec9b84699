//! A read replica: what another process writes to the store becomes visible here.

use super::ingest::transform;
use super::journal::Follower;
use super::pool;
use super::state::AppState;
use std::io;
use tokio::sync::watch;
use tracing::error;

/// Follows the store until the server has ended. The receiver is told the reason if that can't go on.
pub(super) fn run(app: &AppState, follower: Follower) -> io::Result<watch::Receiver<String>> {
    let (every, app) = (app.options.data.replica_poll, app.weak());
    let scratch = follower.scratch();
    let (lost, told) = watch::channel(String::new());
    // The thread has the stack for the SQL of transformations.
    pool::thread("replica", move || {
        let followed = follower.run(every, |news| {
            let Some(app) = app.upgrade() else { return Ok(false) };
            if let Some(news) = news {
                app.catalog.follow(news, transform::parse)?;
            }
            if scratch.is_needed() {
                let snapshots = app.catalog.snapshots();
                scratch.relieve(snapshots.iter().flat_map(|snapshot| snapshot.chunks()));
            }
            Ok(true)
        });
        if let Err(reason) = followed {
            error!("the replica can't follow the store: {reason}");
            lost.send_replace(format!("The replica can't follow the store: {reason}"));
        }
    })?;
    Ok(told)
}
