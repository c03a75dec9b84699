//! What has the name of a collection, where it isn't a collection.

use crate::rockset::{self, Client, call};

/// An alias and a view share their names with collections. Says in words which of them has
/// this one, as far as Rockset tells.
pub(super) async fn find(client: &Client, workspace: &str, name: &str) -> Option<&'static str> {
    let exists = |answer: Result<bool, rockset::Error>| answer.unwrap_or_default();
    let alias = call(client.get_alias(workspace, name)).await.map(|it| it.data.is_some());
    if exists(alias) {
        return Some("an alias");
    }
    let view = call(client.get_view(workspace, name)).await.map(|it| it.data.is_some());
    exists(view).then_some("a view")
}
