//! `null` in the Rockset API means the same as leaving a property out, and most answers
//! are full of it: applications of the official clients rely on the property.

use crate::support::local::{C, Local};
use materialize_rockset::rockset::types;
use serde_json::{Value, json};

#[tokio::test]
async fn what_an_answer_has_no_value_for_is_null() {
    let local = Local::with_collection(json!({})).await;
    let created = local.post("/v1/orgs/self/ws", json!({"name": "w"})).await.data().clone();
    assert!(created.get("description").is_some_and(Value::is_null), "{created}");

    // A collection leaves out what it doesn't have, but for its lists.
    let shown = local.get(C).await.data().clone();
    for absent in ["description", "retention_secs", "field_mapping_query", "bulk_stats"] {
        assert!(shown.get(absent).is_none(), "{absent}: {shown}");
    }
    assert_eq!((&shown["sources"], &shown["aliases"]), (&json!([]), &json!([])));

    let added = local.add(json!([{"_id": "1"}])).await.data()[0].clone();
    assert!(added.get("error").is_some_and(Value::is_null), "{added}");
    let refused = local.get("/v1/orgs/self/ws/nothing").await.body;
    assert!(refused.get("line").is_some_and(Value::is_null), "{refused}");
}

#[tokio::test]
async fn null_is_as_good_as_nothing_in_a_request() {
    let nulls = json!({"sources": null, "clustering_key": null, "description": null});
    Local::with_collection(nulls).await;
}

#[test]
fn the_client_reads_null_for_a_list() {
    let organization: types::Organization = serde_json::from_str(r#"{"clusters": null}"#).unwrap();
    assert!(organization.clusters.is_empty());
    let collection: types::Collection = serde_json::from_str(r#"{"sources": null}"#).unwrap();
    assert!(collection.sources.is_empty());
}
