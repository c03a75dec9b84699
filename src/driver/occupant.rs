//! What has the name of a collection without being one: aliases, views and collections share one
//! name space.

use crate::rockset::{self, Client, call};
use std::collections::{BTreeMap, BTreeSet};

/// What names something that is no collection, in words.
pub(super) type Occupant = &'static str;

const ALIAS: Occupant = "an alias";
const VIEW: Occupant = "a view";

/// Looks for an alias or a view with a name.
pub(super) async fn find(client: &Client, workspace: &str, name: &str) -> Option<Occupant> {
    let exists = |answer: Result<bool, rockset::Error>| answer.unwrap_or_default();
    let alias = call(client.get_alias(workspace, name)).await.map(|it| it.data.is_some());
    if exists(alias) {
        return Some(ALIAS);
    }
    let view = call(client.get_view(workspace, name)).await.map(|it| it.data.is_some());
    exists(view).then_some(VIEW)
}

/// Looks for aliases and views with these names, with two calls at most, as far as the key may read
/// them.
pub(super) async fn of_names(
    client: &Client,
    workspace: &str,
    names: &BTreeSet<String>,
) -> BTreeMap<String, Occupant> {
    let mut wanted = names.iter();
    match (wanted.next(), wanted.next()) {
        (Some(only), None) => {
            let found = find(client, workspace, only).await;
            found.into_iter().map(|occupant| (only.clone(), occupant)).collect()
        }
        _ => {
            let mut found = all(client, workspace).await;
            found.retain(|name, _| names.contains(name));
            found
        }
    }
}

/// The aliases and views of a workspace, by name.
async fn all(client: &Client, workspace: &str) -> BTreeMap<String, Occupant> {
    let (aliases, views) = tokio::join!(
        call(client.workspace_aliases(workspace)),
        call(client.workspace_views(workspace))
    );
    let aliases = aliases.map(|it| it.data).unwrap_or_default().into_iter();
    let views = views.map(|it| it.data).unwrap_or_default().into_iter();
    let aliases = aliases.filter_map(|alias| Some((alias.name?, ALIAS)));
    aliases.chain(views.filter_map(|view| Some((view.name?, VIEW)))).collect()
}

/// What is wrong with a target whose name something else has, and what to do about it.
pub(super) fn told(occupant: Occupant, target: &str) -> String {
    format!(
        "{occupant} has the name {target}: delete it in Rockset, or name another collection in the \
         binding's resource"
    )
}
