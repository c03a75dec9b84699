//! The shards of a session, in step.

use super::requests::Shard;
use crate::preview::Error;
use std::future::Future;
use tokio::task::JoinHandle;

/// Has all shards do one thing, at the same time. Returns them with what came of it, in
/// their order.
pub async fn each<T, F>(
    shards: Vec<Shard>,
    act: impl Fn(Shard) -> F,
) -> Result<(Vec<Shard>, Vec<T>), Error>
where
    T: Send + 'static,
    F: Future<Output = Result<(Shard, T), Error>> + Send + 'static,
{
    Ok(together(shards.into_iter().map(act)).await?.into_iter().unzip())
}

/// Runs all of them at the same time. The first error ends the others.
pub async fn together<T: Send + 'static>(
    futures: impl Iterator<Item = impl Future<Output = Result<T, Error>> + Send + 'static>,
) -> Result<Vec<T>, Error> {
    let tasks: Vec<AbortOnDrop<_>> = futures.map(|f| AbortOnDrop(tokio::spawn(f))).collect();
    let mut results = Vec::with_capacity(tasks.len());
    for mut task in tasks {
        let joined = (&mut task.0).await;
        results.push(joined.map_err(|panic| Error::Connector(panic.into()))??);
    }
    Ok(results)
}

struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
