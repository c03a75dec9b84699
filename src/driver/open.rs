//! Open: waits until every collection can be written to.

use super::batch::Limits;
use super::document::Layout;
use super::task::Task;
use super::transactions::{self, Transactor};
use super::{Error, readiness};
use crate::flow::materialize::request::Open;
use crate::flow::spec::RangeSpec;
use serde_json::Value;
use tokio::task::JoinSet;

/// Prepares for transactions.
pub async fn open(request: &Open) -> Result<Transactor, Error> {
    check_state(&request.state_json)?;
    let task = Task::new("Open", request.materialization.as_ref(), share(request.range.as_ref()))?;

    let mut bindings = Vec::with_capacity(task.bindings.len());
    for binding in &task.bindings {
        let target = binding.target.clone();
        let layout = Layout::new(
            target.binding,
            &target.to_string(),
            &binding.selection,
            binding.resource.document_id,
        )?;
        bindings.push(transactions::Binding::new(target, layout));
    }

    let mut waiting = JoinSet::new();
    for binding in &bindings {
        let (client, target) = (task.client.clone(), binding.target.clone());
        waiting.spawn(async move { readiness::wait(&client, &target).await });
    }
    while let Some(ready) = waiting.join_next().await {
        ready.map_err(|e| Error::Stopped(e.to_string()))??;
    }

    let concurrency = task.endpoint.max_concurrent_requests.into();
    let hard_delete = task.endpoint.hard_delete;
    Ok(Transactor::new(task.client, bindings, concurrency, hard_delete, Limits::default()))
}

/// Which part of the keys a shard has: about one over the number of shards, which
/// all call Rockset for the same organisation.
fn share(range: Option<&RangeSpec>) -> f64 {
    const ALL: f64 = 4_294_967_296.0;
    match range {
        Some(range) if range.key_end > range.key_begin => {
            (f64::from(range.key_end - range.key_begin) + 1.0) / ALL
        }
        _ => 1.0,
    }
}

/// The connector keeps no state. One that another connector left would be lost on
/// the first commit, so it's refused.
fn check_state(json: &[u8]) -> Result<(), Error> {
    let state = match json {
        [] => Value::Null,
        json => serde_json::from_slice(json)
            .map_err(|e| Error::request("Open", format!("the state is not JSON: {e}")))?,
    };
    match state {
        Value::Null => Ok(()),
        Value::Object(state) if state.is_empty() => Ok(()),
        Value::Object(state) => {
            let keys: Vec<&str> = state.keys().map(String::as_str).collect();
            Err(Error::request(
                "Open",
                format!(
                    "the state holds {}, which this connector did not write; if another connector \
                     served this task before, give the task a new name",
                    keys.join(", ")
                ),
            ))
        }
        _ => Err(Error::request("Open", "the state is no object")),
    }
}
