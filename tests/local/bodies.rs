//! What the local Rockset says of bodies that are not as they should be.

use crate::support::local::{C, DOCS, Local};
use materialize_rockset::rockset::operations::OPERATIONS;
use reqwest::Method;
use serde_json::{Value, json};

const COLLECTIONS: &str = "/v1/orgs/self/ws/commons/collections";
const INTEGRATIONS: &str = "/v1/orgs/self/integrations";

#[tokio::test]
async fn an_array_is_no_object() {
    let local = Local::with_collection(json!({})).await;
    local.add(json!([{"_id": "1", "n": 1}])).await;
    let source = json!({"s3": {"bucket": "b"}});
    let source = local.post(&format!("{C}/sources"), source).await.data()["id"].clone();
    let source = format!("{C}/sources/{}", source.as_str().unwrap());
    let offsets = format!("{C}/offsets/commit");
    for (method, path, body, place) in [
        (Method::DELETE, DOCS, json!([[["1"]]]), "the body"),
        (Method::DELETE, DOCS, json!({"data": [["1"]]}), "data[0]"),
        (Method::POST, DOCS, json!([[{"_id": "1"}]]), "the body"),
        (Method::POST, DOCS, json!({"data": [[]]}), "data[0]"),
        (Method::PATCH, DOCS, json!([[{"_id": "1", "patch": []}]]), "the body"),
        (Method::PATCH, DOCS, json!({"data": [["1", []]]}), "data[0]"),
        (
            Method::PATCH,
            DOCS,
            json!({"data": [{"_id": "1", "patch": [[null, "REMOVE", "/n", null]]}]}),
            "data[0].patch[0]",
        ),
        (Method::POST, offsets.as_str(), json!([["f"]]), "the body"),
        (Method::POST, "/v1/orgs/self/ws", json!([null, "w"]), "the body"),
        (Method::POST, COLLECTIONS, json!([]), "the body"),
        (Method::PUT, C, json!(["mine"]), "the body"),
        (
            Method::PUT,
            C,
            json!({"field_mapping_query": ["SELECT * FROM _input"]}),
            "field_mapping_query",
        ),
        (Method::POST, COLLECTIONS, json!({"name": "d", "sources": [[]]}), "sources[0]"),
        (
            Method::POST,
            COLLECTIONS,
            json!({"name": "d", "sources": [{"s3": ["b"]}]}),
            "sources[0].s3",
        ),
        (
            Method::POST,
            COLLECTIONS,
            json!({"name": "d", "event_time_info": ["at"]}),
            "event_time_info",
        ),
        (
            Method::POST,
            COLLECTIONS,
            json!({"name": "d", "clustering_key": [["a", "AUTO"]]}),
            "clustering_key[0]",
        ),
        (Method::POST, INTEGRATIONS, json!(["i"]), "the body"),
        (Method::POST, INTEGRATIONS, json!({"name": "i", "s3": []}), "s3"),
        (
            Method::POST,
            INTEGRATIONS,
            json!({"name": "i", "s3": {"aws_access_key": ["k", "s"]}}),
            "s3.aws_access_key",
        ),
        (Method::PUT, source.as_str(), json!([null, ["PT1S"]]), "the body"),
        (Method::POST, &format!("{source}/suspend"), json!(["PT1H"]), "the body"),
    ] {
        let answer = local.send(method, path, body.clone()).await;
        let message = answer.refused(400, "INVALIDINPUT");
        assert!(message.starts_with(&format!("Wrong in {place}: ")), "{body} gives {message}");
        assert!(message.contains("expected a"), "{body} gives {message}");
    }
    let time = json!([{"_event_time": ["timestamp", "2020-01-01T00:00:00Z"]}]);
    assert_eq!(local.add(time).await.only_error().0, "INVALIDINPUT");
    assert_eq!(local.document("1").await["n"], 1);
    assert_eq!(local.get(C).await.data()["stats"]["doc_count"], 1);
}

/// Whatever an operation takes, it is no array.
#[tokio::test]
async fn no_operation_takes_an_array_for_its_body() {
    let local = Local::with_collection(json!({})).await;
    for operation in OPERATIONS.iter().filter(|found| found.method != "GET") {
        let path = operation.path.replace("{workspace}", "commons").replace("{collection}", "c");
        let method = operation.method.parse().unwrap();
        let answer = local.send(method, &path.replace(['{', '}'], ""), json!([])).await;
        let id = operation.operation_id;
        // Those that take no body don't look at it.
        let no_body = id.starts_with("delete") && id != "deleteDocuments";
        let known = answer.status == 400 || answer.status == 501;
        let elsewhere = answer.status == 404;
        // Another key is asked for, or a form.
        let other = answer.status == 401 || answer.status == 415;
        assert!(known || elsewhere || no_body || other, "{id}: {answer:?}");
    }
    local.get(C).await.refused(404, "NOTFOUND");
}

#[tokio::test]
async fn what_is_wrong_is_told_in_the_words_of_the_api() {
    let local = Local::with_collection(json!({})).await;
    for (path, body, message) in [
        (
            "/v1/orgs/self/ws",
            json!({"name": 3}),
            "Wrong in name: invalid type: integer `3`, expected a string",
        ),
        ("/v1/orgs/self/ws", json!({}), "Wrong in the body: missing property `name`"),
        (
            "/v1/orgs/self/ws",
            json!("w"),
            "Wrong in the body: invalid type: string \"w\", expected an object",
        ),
        (
            COLLECTIONS,
            json!({"name": "d", "insert_only": "yes"}),
            "Wrong in insert_only: invalid type: string \"yes\", expected true or false",
        ),
        (
            COLLECTIONS,
            json!({"name": "d", "retention_secs": "1h"}),
            "Wrong in retention_secs: invalid type: string \"1h\", expected an integer",
        ),
        (
            COLLECTIONS,
            json!({"name": "d", "retention_secs": 1.5}),
            "Wrong in retention_secs: invalid type: number `1.5`, expected an integer",
        ),
        (
            COLLECTIONS,
            json!({"name": "d", "sources": {}}),
            "Wrong in sources: invalid type: object, expected an array",
        ),
        (
            COLLECTIONS,
            json!({"name": "d", "sources": [{"s3": {}}]}),
            "Wrong in sources[0].s3: missing property `bucket`",
        ),
        (DOCS, json!({"documents": []}), "Wrong in the body: missing property `data`"),
        (
            DOCS,
            json!({"data": {}}),
            "Wrong in data: invalid type: object, expected an array of documents",
        ),
        (
            DOCS,
            json!({"data": [7]}),
            "Wrong in data[0]: invalid type: integer `7`, expected a document, which is a JSON object",
        ),
    ] {
        let answer = local.post(path, body.clone()).await;
        let found = answer.refused(400, "INVALIDINPUT");
        let found = found.split(" at line ").next().unwrap();
        assert_eq!(found, message, "{body}");
    }
}

/// The hosted service took them so.
#[tokio::test]
async fn enumerations_are_taken_in_any_letter_case() {
    let local = Local::start();
    let source = json!({
        "s3": {"bucket": "b"},
        "format_params": {"csv": {"columnTypes": ["String", "integer", "FLOAT"]}},
    });
    let definition = json!({
        "name": "c",
        "storage_compression_type": "zstd",
        "clustering_key": [{"field_name": "a", "type": "auto"}],
        "sources": [source],
    });
    let created = local.post(COLLECTIONS, definition).await;
    assert_eq!(created.data()["storage_compression_type"], "ZSTD");
    assert_eq!(created.data()["clustering_key"][0]["type"], "AUTO");
    let types = &created.data()["sources"][0]["format_params"]["csv"]["columnTypes"];
    assert_eq!(*types, json!(["STRING", "INTEGER", "FLOAT"]));

    for (wrong, place) in [
        (json!({"columnTypes": ["STRING", "VARCHAR"]}), "columnTypes[1]: \"VARCHAR\""),
        (json!({"separator": ""}), "separator: it is empty"),
    ] {
        let source = json!({"s3": {"bucket": "b"}, "format_params": {"csv": wrong}});
        let answer = local.post(COLLECTIONS, json!({"name": "d", "sources": [source]})).await;
        let message = answer.refused(400, "INVALIDINPUT").to_string();
        assert!(message.contains(&format!("sources[0].format_params.csv.{place}")), "{message}");
    }
    let left: Value = local.get(COLLECTIONS).await.data().clone();
    assert_eq!(left[1]["name"], "c");
    assert_eq!(left.as_array().unwrap().len(), 2);
}

/// Of an enumeration, nothing is taken that the document does not list.
#[tokio::test]
async fn values_of_enumerations_are_those_that_are_listed() {
    let local = Local::with_collection(json!({})).await;
    let kafka = |policy: &str| {
        let kafka = json!({"offset_reset_policy": policy, "use_v3": true});
        json!({"name": "d", "sources": [{"kafka": kafka}]})
    };
    for (path, body, place) in [
        (COLLECTIONS, kafka("NEWEST"), "sources[0].kafka.offset_reset_policy: \"NEWEST\""),
        (
            "/v1/orgs/self/ws/commons/collections/c/sources",
            json!({"system": {"type": "AAA"}}),
            "system.type: \"AAA\"",
        ),
        (
            "/v1/orgs/self/integrations",
            json!({"name": "k", "kafka": {"kafka_data_format": "XML"}}),
            "kafka.kafka_data_format: \"XML\"",
        ),
    ] {
        let refused = local.post(path, body).await;
        let message = refused.refused(400, "INVALIDINPUT");
        assert!(message.contains(place) && message.contains(" is none of "), "{message}");
    }
    local.post(COLLECTIONS, kafka("earliest")).await.data();
}
