//! What is pushed into the local Rockset: messages of Kafka, and files.

use crate::support::local::{Answer, C, Local, answer, options};
use flate2::Compression;
use flate2::read::GzEncoder;
use materialize_rockset::local::Options;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};
use std::io::Read;
use std::time::Duration;

const KAFKA: &str = "/v1/receivers/kafka";
const INTEGRATIONS: &str = "/v1/orgs/self/integrations";
const COLLECTIONS: &str = "/v1/orgs/self/ws/commons/collections";

/// Creates a Kafka integration and gives its key.
async fn integration(local: &Local, name: &str, topics: &[&str]) -> String {
    let settings = json!({"kafka_topic_names": topics, "kafka_data_format": "JSON"});
    let created = local.post(INTEGRATIONS, json!({"name": name, "kafka": settings})).await;
    created.data()["kafka"]["connection_string"].as_str().unwrap().to_string()
}

fn source(integration: &str, topic: &str) -> Value {
    json!({"integration_name": integration, "kafka": {"kafka_topic_name": topic}})
}

/// Sends a body as the plugin for Kafka Connect does.
async fn push(local: &Local, key: &str, body: Value) -> Answer {
    let url = format!("{}{KAFKA}", local.server.url());
    let request = local.http.post(url).basic_auth(key, Some(""));
    answer(request.header(CONTENT_TYPE, "application/json").body(body.to_string())).await
}

fn message(offset: u64, document: Value) -> Value {
    json!({"document": document, "key": null, "offset": offset, "partition": 0})
}

/// A server with the integration `k` and the collection `commons.c`, which takes its
/// topic `t`.
async fn with_topic() -> (Local, String) {
    let local = Local::start();
    let key = integration(&local, "k", &["t"]).await;
    let settings = json!({"name": "c", "sources": [source("k", "t")]});
    local.post(COLLECTIONS, settings).await.data();
    (local, key)
}

async fn stored(local: &Local, collection: &str) -> Vec<Value> {
    let path = format!("/local/ws/commons/collections/{collection}/docs");
    local.get(&path).await.data().as_array().unwrap().clone()
}

#[tokio::test]
async fn messages_go_into_the_collections_whose_sources_name_integration_and_topic() {
    let (local, key) = with_topic().await;
    integration(&local, "other", &["t"]).await;
    for (name, source) in [("d", source("k", "t")), ("e", source("k", "u"))] {
        local.post(COLLECTIONS, json!({"name": name, "sources": [source]})).await.data();
    }
    let of_other = json!({"name": "f", "sources": [source("other", "t")]});
    local.post(COLLECTIONS, of_other).await.data();

    let messages = json!([
        {"document": {"_id": "1", "n": 12345678901234567890u64}, "key": "a", "offset": 7,
         "partition": 2, "create_time": 1_700_000_000_123u64, "log_append_time": null},
        {"document": {"_id": "2"}, "key": {"id": [1]}, "offset": 8, "partition": 2,
         "create_time": null, "log_append_time": 1_700_000_000_456u64},
    ]);
    let pushed = push(&local, &key, json!({"topic": "t", "kafka_messages": messages})).await;
    assert_eq!(pushed.status, 200, "{pushed:?}");
    let taken = json!({"collections": ["commons.c", "commons.d"], "message_count": 2});
    assert_eq!(pushed.body, taken);

    for name in ["c", "d"] {
        let stored = stored(&local, name).await;
        assert_eq!(stored[0]["n"], json!(12345678901234567890u64));
        let meta: Vec<_> = stored.iter().map(|document| &document["_meta"]["kafka"]).collect();
        let first = json!({"topic": "t", "partition": 2, "offset": 7, "key": "a",
            "create_time": 1_700_000_000_123u64});
        let second = json!({"topic": "t", "partition": 2, "offset": 8, "key": {"id": [1]},
            "log_append_time": 1_700_000_000_456u64});
        assert_eq!(meta, [&first, &second]);
    }
    for name in ["e", "f"] {
        assert_eq!(stored(&local, name).await, [] as [Value; 0], "{name}");
    }
}

#[tokio::test]
async fn a_message_is_stored_once_however_often_it_comes() {
    let (local, key) = with_topic().await;
    let body = json!({"topic": "t", "kafka_messages": [message(1, json!({"a": 1}))]});
    for _ in 0..3 {
        assert_eq!(push(&local, &key, body.clone()).await.status, 200);
    }
    let next = json!({"topic": "t", "kafka_messages": [message(2, json!({"a": 1}))]});
    push(&local, &key, next).await;
    let ids: Vec<_> = stored(&local, "c").await.iter().map(|it| it["_id"].clone()).collect();
    assert_eq!(ids.len(), 2, "{ids:?}");
    assert!(ids.iter().all(|id| id.as_str().unwrap().len() == 36), "{ids:?}");
}

#[tokio::test]
async fn a_message_that_is_no_document_does_not_hold_up_the_others() {
    let (local, key) = with_topic().await;
    let messages = [json!({"_id": "1"}), json!([1]), json!({}), json!(null), json!({"_id": 5})];
    let messages: Vec<_> = (0..).zip(messages).map(|(i, it)| message(i, it)).collect();
    let pushed = push(&local, &key, json!({"topic": "t", "kafka_messages": messages})).await;
    assert_eq!(pushed.status, 200, "{pushed:?}");
    let stored = stored(&local, "c").await;
    let bad = stored.iter().filter_map(|it| Some((&it["_meta"]["kafka"], it["_meta"].get("bad")?)));
    let mut bad: Vec<_> = bad.map(|(kafka, bad)| (kafka["offset"].as_u64(), bad)).collect();
    bad.sort_by_key(|(offset, _)| *offset);
    assert_eq!(bad.iter().map(|(offset, _)| *offset).collect::<Vec<_>>(), [Some(1), Some(4)]);
    assert!(bad[1].1.as_str().unwrap().contains("_id must be a string"), "{bad:?}");
    assert_eq!(stored.len(), 5);
}

#[tokio::test]
async fn only_the_key_of_a_kafka_integration_is_good() {
    let key = |key: &str| Some(key.parse().unwrap());
    let local = Local::with(Options { api_key: key("any"), ..options() });
    let good = integration(&local, "k", &[]).await;
    local
        .post(
            INTEGRATIONS,
            json!({"name": "pulls", "kafka": {"use_v3": true, "bootstrap_servers": "h:9092"}}),
        )
        .await
        .data();
    assert!(good.starts_with("kafka"), "the plugin refuses {good}");
    let body = json!({"topic": "t", "kafka_messages": []});
    for bad in ["kafka://", "", "any", "********"] {
        push(&local, bad, body.clone()).await.refused(401, "AUTHEXCEPTION");
    }
    let url = || format!("{}{KAFKA}", local.server.url());
    for authorization in ["ApiKey any", "Basic", "Basic !", "Basic a2Fma2E="] {
        let request = local.http.post(url()).header(AUTHORIZATION, authorization);
        let request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        answer(request).await.refused(401, "AUTHEXCEPTION");
    }
    answer(local.http.post(url())).await.refused(415, "UNSUPPORTEDMEDIATYPE");
    assert_eq!(push(&local, &good, body.clone()).await.status, 200);

    // It is no API key, and is gone with the integration.
    let with_it = local.http.get(format!("{}/v1/orgs/self", local.server.url()));
    let with_it = answer(with_it.header(AUTHORIZATION, format!("ApiKey {good}"))).await;
    with_it.refused(401, "AUTHEXCEPTION");
    local.delete(&format!("{INTEGRATIONS}/k")).await.data();
    push(&local, &good, body).await.refused(401, "AUTHEXCEPTION");
}

#[tokio::test]
async fn an_integration_keeps_its_key_and_tells_of_its_topics() {
    let (local, key) = with_topic().await;
    let path = format!("{INTEGRATIONS}/k");
    let topics = |shown: &Value| shown["kafka"]["source_status_by_topic"].clone();
    let shown = local.get(&path).await.data().clone();
    assert_eq!(topics(&shown)["t"]["state"], "NO_DOCS_YET", "{shown}");
    let sources = format!("{C}/sources");
    let status = |answer: Answer| answer.data()[0]["kafka"]["status"].clone();
    assert_eq!(status(local.get(&sources).await)["state"], "NO_DOCS_YET");

    let messages = [message(3, json!({})), message(4, json!({}))];
    push(&local, &key, json!({"topic": "t", "kafka_messages": messages})).await;
    push(&local, &key, json!({"topic": "unknown", "kafka_messages": messages})).await;
    let partitions = json!([{"offset_lag": 0, "partition_number": 0, "partition_offset": 4}]);
    let settings = json!({"kafka": {"kafka_topic_names": ["t", "v"]}});
    let changed = local.send(Method::PUT, &path, settings).await;
    assert_eq!(changed.data()["kafka"]["connection_string"], json!(key));
    let shown = topics(changed.data());
    for status in [shown["t"].clone(), shown["unknown"].clone(), status(local.get(&sources).await)]
    {
        assert_eq!(status["state"], "ACTIVE", "{status}");
        assert_eq!(status["num_documents_processed"], 2);
        assert_eq!(status["kafka_partitions"], partitions);
    }
    assert_eq!(shown["v"]["state"], "NO_DOCS_YET");
}

#[tokio::test]
async fn pushed_messages_count_against_the_limit_of_writes() {
    let free = Some("FREE".parse().unwrap());
    let local = Local::with(Options { virtual_instance: free, ..options() });
    let key = integration(&local, "k", &[]).await;
    let body = json!({"topic": "t", "kafka_messages": []});
    let first = push(&local, &key, body.clone()).await;
    assert_eq!(first.status, 200);
    push(&local, &key, body).await.refused(429, "RATELIMITEXCEEDED");
}

#[tokio::test]
async fn what_is_wrong_in_pushed_messages_is_named() {
    let (local, key) = with_topic().await;
    for (body, place) in [
        (json!({"kafka_messages": []}), "topic"),
        (json!({"topic": "t"}), "kafka_messages"),
        (json!({"topic": "t", "kafka_messages": [{"document": {}, "offset": 1}]}), "partition"),
        (json!({"topic": "t", "kafka_messages": [[{}, 1, 1]]}), "kafka_messages[0]"),
    ] {
        let refused = push(&local, &key, body).await;
        assert!(refused.refused(400, "INVALIDINPUT").contains(place), "{place}: {refused:?}");
    }
    assert_eq!(stored(&local, "c").await, [] as [Value; 0]);
}

/// Uploads a file with other parts of the form.
pub async fn upload(local: &Local, name: &str, file: &[u8], others: &[(&str, &str)]) -> Answer {
    upload_to(local, C, name, file, others).await
}

/// Sends a file to a collection, by its path.
pub async fn upload_to(
    local: &Local,
    collection: &str,
    name: &str,
    file: &[u8],
    others: &[(&str, &str)],
) -> Answer {
    let boundary = "end-of-a-part";
    let mut body = Vec::new();
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: text/json; charset=utf-8\r\n\r\n"
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(file);
    for (name, value) in others {
        let part = format!(
            "\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}"
        );
        body.extend_from_slice(part.as_bytes());
    }
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    let kind = format!("multipart/form-data; boundary={boundary}");
    let path = format!("{collection}/uploads");
    answer(local.request(Method::POST, &path).header(CONTENT_TYPE, kind).body(body)).await
}

#[tokio::test]
async fn the_documents_of_a_file_are_added() {
    let local = Local::with_collection(json!({})).await;
    let file = b"{\"_id\": \"1\",\n \"a\": [1,\n 2]\n}\n{\"_id\": \"2\"} [{\"_id\": \"3\"}, {}]";
    let size = file.len().to_string();
    let uploaded = upload(&local, "basic.json", file, &[("size", &size)]).await;
    let shown = uploaded.data().clone();
    assert_eq!(shown["file_name"], "basic.json");
    assert_eq!(shown["file_size"], json!(file.len()));
    let time = shown["file_upload_time"].as_str().unwrap();

    let stored = stored(&local, "c").await;
    assert_eq!(stored.len(), 4);
    let first = stored.iter().find(|it| it["_id"] == "1").unwrap();
    assert_eq!(first["a"], json!([1, 2]));
    let meta = json!({"file_upload": {"file": "basic.json", "upload_time": time}});
    assert!(stored.iter().all(|it| it["_meta"] == meta), "{stored:?}");
    let sources = local.get(&format!("{C}/sources")).await;
    assert_eq!(sources.data()[0]["file_upload"], shown);
}

#[tokio::test]
async fn a_file_may_come_in_gzip() {
    let local = Local::with_collection(json!({})).await;
    let mut packed = Vec::new();
    let text = b"\xef\xbb\xbf{\"_id\": \"1\"}";
    GzEncoder::new(&text[..], Compression::default()).read_to_end(&mut packed).unwrap();
    upload(&local, "a.jsonl.gz", &packed, &[("params", r#"{"json": true}"#)]).await.data();
    assert_eq!(stored(&local, "c").await[0]["_id"], "1");
    let refused = upload(&local, "a.json.gz", text, &[]).await;
    assert!(refused.refused(400, "BADREQUEST").contains("gzip"));
}

#[tokio::test]
async fn what_is_no_document_of_a_file_is_kept_as_bad() {
    let local = Local::with_collection(json!({})).await;
    upload(&local, "a.json", b"{\"_id\": \"1\"} 5 {\"a\":", &[]).await.data();
    let stored = stored(&local, "c").await;
    let bad: Vec<_> = stored.iter().filter_map(|it| it["_meta"]["bad"].as_str()).collect();
    assert_eq!((stored.len(), bad.len()), (3, 2), "{stored:?}");
    assert!(bad.iter().any(|reason| reason.contains("EOF")), "{bad:?}");
}

#[tokio::test]
async fn a_form_that_is_wrong_is_refused() {
    let local = Local::with_collection(json!({})).await;
    let wrong = upload(&local, "a.json", b"{}", &[("size", "3")]).await;
    assert!(wrong.refused(400, "INVALIDINPUT").contains("size"));
    let wrong = upload(&local, "", b"{}", &[]).await;
    assert!(wrong.refused(400, "INVALIDINPUT").contains("filename"));
    let wrong = upload(&local, "a.json", b"{}", &[("params", "[]")]).await;
    wrong.refused(400, "INVALIDINPUT");
    let path = format!("{C}/uploads");
    local.post(&path, json!({})).await.refused(415, "UNSUPPORTEDMEDIATYPE");
    let kind = "multipart/form-data; boundary=x";
    let empty = || local.request(Method::POST, &path).header(CONTENT_TYPE, kind);
    answer(empty().body("--x--\r\n")).await.refused(400, "INVALIDINPUT");
    answer(empty().body("nothing")).await.refused(400, "BADREQUEST");
    assert_eq!(stored(&local, "c").await, [] as [Value; 0]);
}

#[tokio::test]
async fn a_collection_that_is_not_ready_takes_no_file() {
    let options = Options { ready_after: Duration::from_secs(3_600), ..options() };
    let local = Local::with(options);
    local.post(COLLECTIONS, json!({"name": "c"})).await.data();
    upload(&local, "a.json", b"{}", &[]).await.refused(400, "CREATING");
}

#[cfg(not(feature = "engine"))]
#[tokio::test]
async fn other_files_than_json_need_the_engine() {
    let local = Local::with_collection(json!({})).await;
    let refused = upload(&local, "a.csv", b"a\n1\n", &[]).await;
    assert!(refused.refused(501, "NOTIMPLEMENTEDYET").contains("`engine`"));
}

#[cfg(feature = "engine")]
#[tokio::test]
async fn csv_is_read_as_params_say() {
    let local = Local::with_collection(json!({})).await;
    let params = r#"{"csv": {"columnNames": ["c1", "c2"], "columnTypes": ["DATE", "String"]}}"#;
    upload(&local, "basic.csv", b"2018-11-04,x", &[("params", params)]).await.data();
    let document = &stored(&local, "c").await[0];
    assert_eq!(document["c1"], json!({"__rockset_type": "date", "value": "2018-11-04"}));
    assert_eq!(document["c2"], "x");
    assert_eq!(document["_meta"]["file_upload"]["file"], "basic.csv");

    // Spaces before a quote belong to no value; others do.
    let spaced = b"\"_id\", \"b\"\ns,  \"1, \"\"2\"\"\" \nt, x\nu, \n";
    upload(&local, "spaced.csv", spaced, &[]).await.data();
    for (id, b) in [("s", "1, \"2\" "), ("t", " x"), ("u", " ")] {
        assert_eq!(local.document(id).await["b"], b);
    }

    let by_name = upload(&local, "b.csv", b"_id,b\n1,2\n", &[]).await;
    assert_eq!(by_name.status, 200, "{by_name:?}");
    assert_eq!(local.document("1").await["b"], "2");
    upload(&local, "c.parquet", b"none", &[]).await.refused(400, "INVALIDINPUT");
}

#[cfg(feature = "engine")]
#[tokio::test]
async fn a_transformation_sees_the_key_of_a_message() {
    let local = Local::start();
    let key = integration(&local, "k", &["t"]).await;
    let sql = "SELECT _input._meta.kafka.key AS _id, a FROM _input";
    let settings = json!({"name": "c", "sources": [source("k", "t")],
        "field_mapping_query": {"sql": sql}});
    local.post(COLLECTIONS, settings).await.data();
    let message = json!({"document": {"a": 1}, "key": "x", "offset": 1, "partition": 0});
    push(&local, &key, json!({"topic": "t", "kafka_messages": [message]})).await;
    assert_eq!(local.document("x").await["a"], 1);
}
