//! A session, request by request.

use super::connector::Connector;
use super::task::{acknowledge, apply, flush, open, start_commit};
use materialize_rockset::flow::spec::MaterializationSpec;
use materialize_rockset::flow::{Codec, Request};

/// Applies and opens a task.
pub async fn opened(codec: Codec, task: &MaterializationSpec) -> Connector {
    let mut connector = Connector::start(codec);
    connector.ask(apply(task)).await;
    assert_eq!(connector.ask(open(task)).await.name(), "Opened");
    connector
}

/// Runs one transaction.
pub async fn transaction(connector: &mut Connector, stores: impl IntoIterator<Item = Request>) {
    assert_eq!(connector.ask(acknowledge()).await.name(), "Acknowledged");
    assert_eq!(connector.ask(flush()).await.name(), "Flushed");
    for store in stores {
        connector.send(store).await;
    }
    assert_eq!(connector.ask(start_commit()).await.name(), "StartedCommit");
}
