//! Documents in the local Rockset: what is stored, and what is said of each.

use crate::support::local::{C, DOCS, Local};
use materialize_rockset::rockset::{call, types};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn the_generated_client_writes_and_asks_whether_it_can_be_queried() {
    let local = Local::start();
    let client = local.client();
    let definition = types::CreateCollectionRequest {
        name: Some("c".to_string()),
        ..types::CreateCollectionRequest::default()
    };
    call(client.create_collection("commons", &definition)).await.unwrap();

    let document = json!({ "_id": "a/b+c=", "n": 1 }).as_object().unwrap().clone();
    let body = types::AddDocumentsRequest { data: vec![document] };
    let added = call(client.add_documents("commons", "c", &body)).await.unwrap();
    assert_eq!(added.data[0].id.as_deref(), Some("a/b+c="));
    assert_eq!(added.data[0].collection.as_deref(), Some("c"));

    let fence = types::GetCollectionCommitRequest { name: vec![added.last_offset.unwrap()] };
    let commit = call(client.get_collection_offsets("commons", "c", &fence)).await.unwrap();
    assert_eq!(commit.data.unwrap().passed, Some(true));

    assert_eq!(local.document("a%2Fb%2Bc=").await["n"], 1);
    assert_eq!(local.document("a%2Fb+c%3D").await["n"], 1);
}

#[tokio::test]
async fn a_document_replaces_the_whole_one_with_its_id() {
    let local = Local::with_collection(json!({})).await;
    let added = local.add(json!([{"_id": "1", "a": 1, "b": 2}, {"_id": "2"}])).await;
    assert_eq!(added.statuses(), ["ADDED", "ADDED"]);
    let added = local.add(json!([{"_id": "1", "c": 3}, {"_id": "3"}, {"_id": "3"}])).await;
    assert_eq!(added.statuses(), ["REPLACED", "ADDED", "REPLACED"]);

    let mut document = local.document("1").await;
    document.as_object_mut().unwrap().remove("_event_time").unwrap();
    assert_eq!(document, json!({"_id": "1", "c": 3}));
}

#[tokio::test]
async fn an_id_is_made_up_when_there_is_none_and_must_be_a_string() {
    let local = Local::with_collection(json!({})).await;
    let added = local.add(json!([{"n": 1}, {"_id": null, "n": 2}, {"_id": 7}, {"_id": ""}])).await;
    assert_eq!(added.statuses(), ["ADDED", "ADDED", "ERROR", "ERROR"]);
    let data = added.data();
    for (i, n) in [(0, 1), (1, 2)] {
        let id: uuid::Uuid = data[i]["_id"].as_str().unwrap().parse().unwrap();
        assert_eq!(local.document(&id.to_string()).await["n"], n);
    }
    for document in &data.as_array().unwrap()[2..] {
        assert_eq!(document["error"]["type"], "INVALIDINPUT");
    }
    assert!(data[2]["error"]["message"].as_str().unwrap().contains('7'));
    assert_eq!(local.get(C).await.data()["stats"]["doc_count"], 2);
}

#[tokio::test]
async fn values_are_kept_to_the_letter() {
    let local = Local::with_collection(json!({})).await;
    let body = r#"{"data": [ { "big" : 123456789012345678901234567890, "e": 1.50e2,
        "_i\u0064" : "x\u0041", "k\"ey": "caf\u00e9", "deep": {"a": [1, {"b": null}]},
        "_meta": {"mine": true}, "_meta/op": "c" } ]}"#;
    let added = local.text(Method::POST, DOCS, body).await;
    assert_eq!(added.data()[0]["_id"], "xA");

    let url = format!("{}/local/ws/commons/collections/c/docs/xA", local.server.url());
    let text = local.http.get(url).header("Authorization", "ApiKey any").send().await.unwrap();
    let text = text.text().await.unwrap();
    let rest = text.split_once("\"},").unwrap().1;
    assert_eq!(
        rest,
        "\"big\":123456789012345678901234567890,\"e\":1.50e2,\"k\\\"ey\":\"caf\\u00e9\",\
         \"deep\":{\"a\": [1, {\"b\": null}]},\"_meta/op\":\"c\"}"
    );
    assert!(serde_json::from_str::<Value>(&text).unwrap().get("_meta").is_none());
}

#[tokio::test]
async fn what_is_wrong_in_a_body_is_named_by_its_path() {
    let local = Local::with_collection(json!({})).await;
    for (body, kind, place) in [
        (r#"{"data": [{"a": 1}, 7]}"#, "INVALIDINPUT", "data[1]"),
        (r#"{"data": [{"a": 1}, {"a": tru}]}"#, "BADREQUEST", "data[1]"),
        (r#"{"data": {"a": 1}}"#, "INVALIDINPUT", "data"),
        (r#"{"documents": []}"#, "INVALIDINPUT", "`data`"),
        (r#"{"data": [], "data": []}"#, "INVALIDINPUT", "duplicate property"),
        (r#"[]"#, "INVALIDINPUT", "the body"),
        (r#"{"data": [{"a": 1}"#, "BADREQUEST", "EOF"),
        (r#"{"data": []} {}"#, "BADREQUEST", "trailing"),
        ("", "BADREQUEST", "EOF"),
    ] {
        let answer = local.text(Method::POST, DOCS, body).await;
        let message = answer.refused(400, kind);
        assert!(message.contains(place), "{body} gives {message}");
    }
    let wrong = json!({"data": [{"_id": "1", "patch": [{"op": "ADD", "path": 3}]}]});
    let answer = local.send(Method::PATCH, DOCS, wrong).await;
    assert!(answer.refused(400, "INVALIDINPUT").contains("data[0].patch[0].path"));
    let answer = local.send(Method::DELETE, DOCS, json!({"data": [{"_id": 1}]})).await;
    assert!(answer.refused(400, "INVALIDINPUT").contains("data[0]._id"));
    assert_eq!(local.get(C).await.data()["stats"]["doc_count"], 0);
}

#[tokio::test]
async fn hostile_documents_do_no_harm() {
    let local = Local::with_collection(json!({})).await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let body = format!(
        r#"{{"data": [{{"_id": "deep", "a": {deep}}}, {{"_id": "half", "a": "\ud800"}},
            {{"_id": "\ud800"}}, {{"_id": "huge", "a": 1e999}}, {{"": {{"": 0}}}}]}}"#
    );
    let added = local.text(Method::POST, DOCS, body).await;
    assert_eq!(added.statuses(), ["ADDED", "ADDED", "ERROR", "ADDED", "ADDED"]);
    let patch = |id: &str| json!({"_id": id, "patch": [{"op": "ADD", "path": "/b", "value": 1}]});
    let patches = json!({"data": [patch("deep"), patch("half"), patch("huge")]});
    let patched = local.send(Method::PATCH, DOCS, patches).await;
    assert_eq!(patched.statuses(), ["ERROR", "ERROR", "ERROR"]);

    let answer = local.text(Method::POST, DOCS, vec![b'{', b'"', 0xff, b'"']).await;
    answer.refused(400, "BADREQUEST");
    assert_eq!(local.get(C).await.data()["stats"]["doc_count"], 4);
}

#[tokio::test]
async fn documents_are_deleted_by_id() {
    let local = Local::with_collection(json!({})).await;
    local.add(json!([{"_id": "1"}, {"_id": "2"}])).await;
    let both = json!({"data": [{"_id": "1"}, {"_id": "none"}]});
    let deleted = local.send(Method::DELETE, DOCS, both).await;
    assert_eq!(deleted.statuses(), ["DELETED", "DELETED"]);
    assert!(deleted.body["last_offset"].is_string());
    let gone = local.get("/local/ws/commons/collections/c/docs/1").await;
    gone.refused(404, "NOTFOUND");
    local.document("2").await;
}

#[tokio::test]
async fn an_insert_only_collection_keeps_what_it_has() {
    let local = Local::with_collection(json!({"insert_only": true})).await;
    assert_eq!(local.get(C).await.data()["insert_only"], true);
    let added = local.add(json!([{"_id": "1", "n": 1}, {"_id": "1", "n": 2}])).await;
    assert_eq!(added.statuses(), ["ADDED", "ERROR"]);
    assert_eq!(added.data()[1]["error"]["type"], "FORBIDDEN");
    assert_eq!(added.data()[1]["_id"], "1");

    let deleted = local.send(Method::DELETE, DOCS, json!({"data": [{"_id": "1"}]})).await;
    assert_eq!(deleted.only_error().0, "FORBIDDEN");
    let patch = json!([{"_id": "1", "patch": [{"op": "REPLACE", "path": "/n", "value": 3}]}]);
    let patched = local.send(Method::PATCH, DOCS, json!({ "data": patch })).await;
    assert_eq!(patched.only_error().0, "FORBIDDEN");
    assert_eq!(local.document("1").await["n"], 1);
}

#[tokio::test]
async fn a_request_has_at_most_20000_documents() {
    let local = Local::with_collection(json!({})).await;
    let documents = |n: usize| json!({"data": vec![json!({}); n]});
    let most = local.post(DOCS, documents(20_000)).await;
    assert_eq!(most.data().as_array().unwrap().len(), 20_000);

    let message = "The number of documents specified in this request exceeds the maximum allowed \
                   limit of 20000 documents";
    let over = local.post(DOCS, documents(20_001)).await;
    assert_eq!(over.refused(400, "INVALIDINPUT"), message);
    let ids = json!({"data": vec![json!({"_id": "1"}); 20_001]});
    let over = local.send(Method::DELETE, DOCS, ids).await;
    assert_eq!(over.refused(400, "INVALIDINPUT"), message);
    let patches = json!({"data": vec![json!({"_id": "1", "patch": []}); 20_001]});
    let over = local.send(Method::PATCH, DOCS, patches).await;
    assert_eq!(over.refused(400, "INVALIDINPUT"), message);
    assert_eq!(local.get(C).await.data()["stats"]["doc_count"], 20_000);
}

#[tokio::test]
async fn offsets_tell_how_far_a_collection_has_come() {
    let local = Local::with_collection(json!({})).await;
    let path = format!("{C}/offsets/commit");
    let first = local.add(json!([{"_id": "1"}])).await.body["last_offset"].clone();
    let second = local.add(json!([{"_id": 1}])).await.body["last_offset"].clone();
    assert_ne!(first, second);

    let commit = local.post(&path, json!({"name": [second, first]})).await;
    assert_eq!(*commit.data(), json!({"fence": second, "passed": true}));
    assert_eq!(commit.body["offsets"]["commit"], second);

    let ahead = format!("{}0", second.as_str().unwrap());
    let commit = local.post(&path, json!({"name": [first, ahead]})).await;
    assert_eq!(*commit.data(), json!({"fence": ahead, "passed": false}));

    // As older clients ask.
    for (fence, passed) in [(second.as_str().unwrap(), true), (ahead.as_str(), false)] {
        let asked = local.get(&format!("{path}?fence={fence}")).await;
        let posted = local.post(&path, json!({"name": [fence]})).await;
        assert_eq!(asked.body, posted.body);
        assert_eq!(asked.data()["passed"], passed);
    }
    local.get(&path).await.refused(400, "INVALIDINPUT");
    local.get(&format!("{path}?fence=gibberish")).await.refused(400, "INVALIDINPUT");

    for wrong in [json!(["gibberish"]), json!([first, "f1:0:1"]), json!([])] {
        let answer = local.post(&path, json!({ "name": wrong })).await;
        assert!(answer.refused(400, "INVALIDINPUT").contains("name"), "{wrong}");
    }
}

#[tokio::test]
async fn figures_follow_the_documents() {
    let local = Local::with_collection(json!({})).await;
    let none = local.get(C).await.data()["stats"].clone();
    assert_eq!((&none["doc_count"], &none["last_updated_ms"]), (&json!(0), &Value::Null));

    local.add(json!([{"_id": "1", "n": 100}, {"_id": "2", "n": 100}])).await;
    let two = local.get(C).await.data()["stats"].clone();
    assert_eq!(two["doc_count"], 2);
    assert_eq!(two["bytes_inserted"], two["total_size"]);
    assert!(two["last_updated_ms"].as_i64().unwrap() > 1_700_000_000_000);

    let size = two["total_size"].as_i64().unwrap();
    local.add(json!([{"_id": "1", "n": 100}])).await;
    local.send(Method::DELETE, DOCS, json!({"data": [{"_id": "2"}]})).await;
    let one = local.get(C).await.data()["stats"].clone();
    assert_eq!((&one["doc_count"], &one["total_size"]), (&json!(1), &json!(size / 2)));
    assert_eq!(one["bytes_inserted"], json!(size + size / 2));
    assert_eq!(one["bytes_overwritten"], json!(size / 2));
}

#[tokio::test]
async fn documents_can_be_looked_at_in_the_order_of_their_ids() {
    let local = Local::with_collection(json!({})).await;
    local.add(json!([{"_id": "b+/="}, {"_id": "a"}, {"_id": "c \" d"}])).await;
    let docs = "/local/ws/commons/collections/c/docs";
    let ids = |answer: &crate::support::local::Answer| {
        let data = answer.data().as_array().unwrap();
        data.iter()
            .map(|document| document["_id"].as_str().unwrap().to_string())
            .collect::<Vec<_>>()
    };
    let all = local.get(docs).await;
    assert_eq!(ids(&all), ["a", "b+/=", "c \" d"]);
    assert_eq!(all.body["next"], Value::Null);

    let first = local.get(&format!("{docs}?limit=2")).await;
    assert_eq!((ids(&first).len(), &first.body["next"]), (2, &json!("b+/=")));
    let rest = local.get(&format!("{docs}?limit=1&after=b%2B%2F%3D")).await;
    assert_eq!((ids(&rest), &rest.body["next"]), (vec!["c \" d".to_string()], &Value::Null));

    for wrong in ["limit=0", "limit=many", "limit=1000000"] {
        local.get(&format!("{docs}?{wrong}")).await.refused(400, "INVALIDINPUT");
    }
    local.get("/local/ws/commons/collections/none/docs").await.refused(404, "NOTFOUND");
    local.get("/local/ws/commons/collections/c/docs/%ff").await.refused(400, "BADREQUEST");

    let overview = local.get("/local").await;
    assert_eq!(overview.body["workspaces"][0]["name"], "commons");
    let collection = &overview.body["workspaces"][0]["collections"][1];
    assert_eq!((&collection["name"], &collection["doc_count"]), (&json!("c"), &json!(3)));
}
