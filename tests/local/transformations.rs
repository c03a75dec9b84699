//! Ingest transformations of the local Rockset, on the write API and on sources.

use crate::support::local::{Answer, C, DOCS, Local, answer};
use crate::support::s3::S3;
use crate::support::sources::{COLLECTIONS, SOURCES, source};
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Command, Stdio};

/// A local Rockset with the collection `commons.c`, whose documents are transformed.
async fn with(sql: &str) -> Local {
    Local::with_collection(json!({"field_mapping_query": {"sql": sql}})).await
}

/// What a query makes of a document, without `_event_time`.
async fn transformed(sql: &str, mut document: Value) -> Value {
    document["_id"] = json!("1");
    let local = with(&format!("SELECT _id, {sql} FROM _input")).await;
    assert_eq!(local.add(json!([document])).await.statuses(), ["ADDED"], "{sql}");
    let mut document = local.document("1").await;
    let fields = document.as_object_mut().unwrap();
    fields.remove("_id");
    fields.remove("_event_time");
    document
}

#[tokio::test]
async fn the_key_becomes_the_id() {
    let local = with("SELECT CAST(id AS string) AS _id, * FROM _input").await;
    let documents = json!([{"id": 7, "v": 1}, {"id": "x", "v": 2}, {"id": true, "_id": "mine"}]);
    let added = local.add(documents).await;
    assert_eq!(added.statuses(), ["ADDED", "ADDED", "ADDED"]);
    let ids: Vec<&Value> = added.data().as_array().unwrap().iter().map(|d| &d["_id"]).collect();
    assert_eq!(ids, ["7", "x", "true"]);
    assert_eq!(local.document("7").await["id"], 7);
    assert_eq!(local.document("true").await["id"], true);
    assert_eq!(local.add(json!([{"id": 7, "v": 3}])).await.statuses(), ["REPLACED"]);
    assert_eq!(local.document("7").await["v"], 3);
    assert_eq!(local.documents().await.len(), 3);
    // Parts of a key, as a generated query joins them.
    let sql = "CAST(a AS string) || ':' || CAST(b AS string) AS key";
    assert_eq!(transformed(sql, json!({"a": -1, "b": "x"})).await, json!({"key": "-1:x"}));
}

/// However it is laid out, a value has the same type.
#[tokio::test]
async fn pretty_json_is_as_good_as_compact() {
    let local = with("SELECT _id, LENGTH(v) AS n, ARRAY_CONCAT(v, [3]) AS w FROM _input").await;
    let body =
        "{\"data\": [{\"_id\": \"1\", \"v\": [\n  1,\r\n  2\n]}, {\"_id\": \"2\", \"v\": [1,2]}]}";
    let added = local.text(Method::POST, DOCS, body).await;
    assert_eq!(added.statuses(), ["ADDED", "ADDED"], "{added:?}");
    for id in ["1", "2"] {
        let document = local.document(id).await;
        assert_eq!((&document["n"], &document["w"]), (&json!(2), &json!([1, 2, 3])), "{id}");
    }
}

#[tokio::test]
async fn a_timestamp_may_be_whole_microseconds() {
    let timestamp =
        json!({"v": {"__rockset_type": "TIMESTAMP", "value": 1_700_000_000_123_000_i64}});
    let day = transformed("date_trunc('day', v) AS x", timestamp).await;
    assert_eq!(day["x"]["value"], "2023-11-14T00:00:00.000000Z");
}

#[tokio::test]
async fn what_passes_unchanged_stays_to_the_letter() {
    let local = with("SELECT *, upper(name) AS loud, nested.n AS n FROM _input").await;
    let fields = r#""f":1.50,"big":123456789012345678901234567890,"mixed":[1,"a",null,{"b":[]}],"u":"\u00e9","e":1e3,"nested":{"n":2.0,"__rockset_type":1}"#;
    let same = [r#"{"_id":"1","name":"a","#, fields, "}"].concat();
    let other = r#"{"_id":"2","name":"b","f":"text","mixed":{"a":1},"nested":{"n":[1,"x"]}}"#;
    let body = format!(r#"{{"data":[{same},{other}]}}"#);
    assert_eq!(local.text(Method::POST, DOCS, body).await.statuses(), ["ADDED", "ADDED"]);
    let path = "/local/ws/commons/collections/c/docs/1";
    let text = local.request(Method::GET, path).send().await.unwrap().text().await.unwrap();
    assert!(text.contains(fields), "{text}");
    assert!(text.contains(r#""loud":"A","n":2.0}"#), "{text}");
    let second = local.document("2").await;
    assert_eq!(second["loud"], "B");
    assert_eq!((&second["mixed"], &second["n"]), (&json!({"a": 1}), &json!([1, "x"])));
}

#[tokio::test]
async fn stars_leave_out_and_give_way() {
    let document = json!({"a": 1, "b": {"c": 2, "d": 3, "a": 9}, "e": "x"});
    let cases = [
        ("* EXCEPT (_id, a, b)", json!({"e": "x"})),
        ("_input.* EXCEPT (_id, b, e)", json!({"a": 1})),
        ("b.*", json!({"c": 2, "d": 3, "a": 9})),
        ("b.* EXCEPT (c), a", json!({"d": 3, "a": 1})),
        ("a + 1 AS a, * EXCEPT (_id, b)", json!({"a": 2, "e": "x"})),
        ("* EXCEPT (_id, b), a + 1 AS a", json!({"a": 2, "e": "x"})),
        ("* EXCEPT (_id, b, e), b.* EXCEPT (c)", json!({"a": 1, "d": 3})),
        ("e.*, none.*", json!({})),
        ("b.c, b['d'] AS f, none, b.none AS g", json!({"c": 2, "f": 3})),
    ];
    for (sql, expected) in cases {
        assert_eq!(transformed(sql, document.clone()).await, expected, "{sql}");
    }
}

#[tokio::test]
async fn names_are_case_sensitive() {
    let document = json!({"Name": "a", "name": "b", "select": "c", "x y": "d"});
    let sql =
        r#"upper(Name) AS N, upper(name) AS n, upper("select") AS "S", upper("x y") AS "x Y""#;
    let expected = json!({"N": "A", "n": "B", "S": "C", "x Y": "D"});
    assert_eq!(transformed(sql, document).await, expected);
}

#[tokio::test]
async fn expressions_see_the_values_types() {
    let time = |value: &str| json!({"__rockset_type": "timestamp", "value": value});
    let date = |value: &str| json!({"__rockset_type": "date", "value": value});
    let cases = [
        ("CAST(v AS int) AS x", json!({"v": "3000000000"}), json!(3_000_000_000_i64)),
        ("CAST(v AS float) AS x", json!({"v": "0.1"}), json!(0.1)),
        ("CAST(v AS bool) AS x", json!({"v": "true"}), json!(true)),
        ("CAST(v AS string) AS x", json!({"v": 1.5}), json!("1.5")),
        ("CAST(v AS string) AS x", json!({"v": null}), Value::Null),
        ("CAST(v AS string) AS x", json!({}), Value::Null),
        ("v || '!' AS x", json!({"v": "é"}), json!("é!")),
        ("v * 2 + 1 AS x", json!({"v": 20}), json!(41)),
        ("v / 2 AS x", json!({"v": 1.5}), json!(0.75)),
        ("TRY_CAST(v AS int) AS x", json!({"v": "no"}), Value::Null),
        ("CASE WHEN v > 1 THEN 'many' ELSE 'one' END AS x", json!({"v": 2}), json!("many")),
        ("COALESCE(v, w) AS x", json!({"w": "b"}), json!("b")),
        ("regexp_replace(v, '[0-9]+', '#') AS x", json!({"v": "a12b"}), json!("a#b")),
        ("v.a[2].b + 1 AS x", json!({"v": {"a": [0, {"b": 4}]}}), json!(5)),
        ("LENGTH(v) AS x", json!({"v": ["a", "b"]}), json!(2)),
        ("v[1] || 'x' AS x", json!({"v": ["a", "b"]}), json!("ax")),
        ("CASE WHEN w THEN v END AS x", json!({"v": {"a": [1]}, "w": true}), json!({"a": [1]})),
        (
            "CAST(v AS timestamp) AS x",
            json!({"v": "2024-01-02T03:04:05Z"}),
            time("2024-01-02T03:04:05.000000Z"),
        ),
        ("v AS x", json!({"v": time("2024-01-02T03:04:05Z")}), time("2024-01-02T03:04:05Z")),
        (
            "date_trunc('day', v) AS x",
            json!({"v": time("2024-01-02T03:04:05Z")}),
            time("2024-01-02T00:00:00.000000Z"),
        ),
        ("CAST(v AS date) AS x", json!({"v": "2024-01-02"}), date("2024-01-02")),
        ("TIMESTAMP_MILLIS(v) AS x", json!({"v": 1000}), time("1970-01-01T00:00:01.000000Z")),
        ("'a constant' AS x", json!({}), json!("a constant")),
        (
            "TO_BASE64(v) AS x",
            json!({"v": {"__rockset_type": "bytes", "value": "AP8="}}),
            json!("AP8="),
        ),
    ];
    for (sql, document, expected) in cases {
        let expected = json!({ "x": expected });
        assert_eq!(transformed(sql, document.clone()).await, expected, "{sql} of {document}");
    }
}

#[tokio::test]
async fn where_leaves_documents_out() {
    let local = with("SELECT * FROM _input WHERE v > 1 CLUSTER BY v").await;
    let documents =
        json!([{"_id": "1", "v": 1}, {"_id": "2", "v": 2}, {"_id": "3"}, {"_id": "4", "v": 2.5}]);
    let added = local.add(documents).await;
    // Nothing is wrong with what is left out.
    assert_eq!(added.statuses(), ["ADDED"; 4]);
    assert_eq!(added.data()[0]["_id"], "1");
    let ids: Vec<Value> = local.documents().await.iter().map(|d| d["_id"].clone()).collect();
    assert_eq!(ids, ["2", "4"]);
    // What is left out does not fail in an expression.
    let local = with("SELECT _id, 10 / v AS x FROM _input WHERE v <> 0").await;
    let added = local.add(json!([{"_id": "1", "v": 0}, {"_id": "2", "v": 5}])).await;
    assert_eq!(added.statuses(), ["ADDED", "ADDED"]);
    assert_eq!(local.documents().await.len(), 1);
    assert_eq!(local.document("2").await["x"], 2);
}

#[tokio::test]
async fn a_document_that_fails_is_an_error_of_its_own() {
    let local = with("SELECT *, 10 / CAST(v AS int) AS x FROM _input").await;
    let documents = json!([
        {"_id": "1", "v": "5"}, {"_id": "2", "v": "five"}, {"_id": "3", "v": 0}, {"_id": "4", "v": {"a": 1}}, {"_id": "5", "v": 2}
    ]);
    let added = local.add(documents).await;
    assert_eq!(added.statuses(), ["ADDED", "ERROR", "ERROR", "ERROR", "ADDED"]);
    let errors: Vec<_> = added.data().as_array().unwrap()[1..4].to_vec();
    for (error, (id, words)) in errors.iter().zip([("2", "five"), ("3", "zero"), ("4", "")]) {
        assert_eq!((&error["_id"], &error["error"]["type"]), (&json!(id), &json!("INVALIDINPUT")));
        let message = error["error"]["message"].as_str().unwrap();
        assert!(
            message.contains("transformed") && message.to_lowercase().contains(words),
            "{message}"
        );
    }
    assert_eq!(
        (&local.document("1").await["x"], &local.document("5").await["x"]),
        (&json!(2), &json!(5))
    );
    // So is one whose _id or _event_time is none.
    let local = with("SELECT id AS _id, t AS _event_time FROM _input").await;
    let added = local.add(json!([{"id": 1}, {"id": "a", "t": "when"}, {"id": "b"}, 7])).await;
    assert_eq!(added.statuses(), ["ERROR", "ERROR", "ADDED", "ERROR"]);
}

#[tokio::test]
async fn outputs_set_the_special_fields() {
    let local =
        with("SELECT name AS _id, CAST(at AS timestamp) AS _event_time, 1 AS _meta, v FROM _input")
            .await;
    let document = json!({"_id": "theirs", "name": "n", "at": "2020-01-01 00:00:01", "v": 1});
    local.add(json!([document])).await.data();
    let stored = local.document("n").await;
    let time = json!({"__rockset_type": "timestamp", "value": "2020-01-01T00:00:01.000000Z"});
    assert_eq!(stored, json!({"_id": "n", "_event_time": time, "v": 1}));
    // Without an _id in the output, there is a new one each time.
    let local = with("SELECT v FROM _input").await;
    local.add(json!([{"_id": "1", "v": 1}, {"_id": "1", "v": 1}])).await.data();
    assert_eq!(local.documents().await.len(), 2);
    // The time is that of the document, not that of the query.
    let local = with("SELECT _id, CURRENT_TIMESTAMP AS _event_time FROM _input").await;
    local.add(json!([{"_id": "1"}])).await.data();
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    local.add(json!([{"_id": "2"}])).await.data();
    let time = async |id: &str| local.document(id).await["_event_time"]["value"].to_string();
    assert!(time("1").await < time("2").await);
}

#[tokio::test]
async fn queries_that_are_no_transformations_are_refused() {
    let local = Local::with_collection(json!({})).await;
    let wrong = [
        "SELEC * FROM _input",
        "SELECT * FROM other",
        "SELECT * FROM _input, other",
        "SELECT 1 AS a",
        "SELECT * FROM _input JOIN other ON true",
        "SELECT * FROM commons._input",
        "SELECT * FROM _input ORDER BY a",
        "SELECT * FROM _input LIMIT 1",
        "SELECT DISTINCT a FROM _input",
        "WITH x AS (SELECT 1) SELECT * FROM _input",
        "SELECT * FROM _input UNION SELECT * FROM _input",
        "SELECT a + 1 FROM _input",
        "SELECT nothing_of_the_kind(a) AS b FROM _input",
        "SELECT (SELECT 1) AS a FROM _input",
        "SELECT * FROM _input WHERE a IN (SELECT 1)",
        "SELECT :p AS a FROM _input",
        "DELETE FROM _input",
        "SELECT * FROM _input; SELECT 1",
        "SELECT * REPLACE (1 AS a) FROM _input",
        "SELECT row_number() OVER () AS a FROM _input",
    ];
    let (status, kind) = (400, "INVALIDINPUT");
    for sql in wrong {
        let query = json!({"name": "d", "field_mapping_query": {"sql": sql}});
        let refused = local.post(COLLECTIONS, query.clone()).await;
        assert!(!refused.refused(status, kind).is_empty(), "{sql}");
        local.send(Method::PUT, C, query).await.refused(status, kind);
        let mut source = source(json!({}));
        source["ingest_transformation"] = json!({"sql": sql});
        local.post(SOURCES, source).await.refused(status, kind);
    }
    let mappings = json!({"name": "d", "field_mappings": [{"name": "m"}]});
    local.post(COLLECTIONS, mappings).await.refused(501, "NOTIMPLEMENTEDYET");
    assert_eq!(local.get(COLLECTIONS).await.data().as_array().unwrap().len(), 2);
    assert_eq!(local.get(C).await.data()["field_mapping_query"], Value::Null);
}

#[tokio::test]
async fn another_transformation_is_for_what_comes_later() {
    let local = with("SELECT *, 1 AS version FROM _input").await;
    local.add(json!([{"_id": "1"}])).await.data();
    let sql = "SELECT *, 2 AS version FROM _input";
    let updated = local.send(Method::PUT, C, json!({"field_mapping_query": {"sql": sql}})).await;
    assert_eq!(updated.data()["field_mapping_query"]["sql"], sql);
    local.add(json!([{"_id": "2"}])).await.data();
    local.send(Method::PUT, C, json!({"description": "still"})).await.data();
    assert_eq!(local.get(C).await.data()["field_mapping_query"]["sql"], sql);
    local.send(Method::PUT, C, json!({"field_mapping_query": {"sql": ""}})).await.data();
    local.add(json!([{"_id": "3"}])).await.data();
    let versions: Vec<Value> =
        local.documents().await.iter().map(|d| d["version"].clone()).collect();
    assert_eq!(versions, [json!(1), json!(2), Value::Null]);
    assert_eq!(local.get(C).await.data()["field_mapping_query"], Value::Null);
}

#[tokio::test]
async fn sources_are_transformed_too() {
    let (local, s3) = (Local::start(), S3::start(&["files"]).await);
    local.integrate(&s3).await;
    s3.put("files", "1.jsonl", "{\"id\":1}\n{\"id\":\"x\"}\n{\"id\":0}\n{\"id\":2}\nno json\n");
    s3.put("files", "2.csv", "id,name\n5,five\n");
    local
        .create(json!({
            "sources": [source(json!({}))],
            "field_mapping_query": {
                "sql": "SELECT CAST(id AS string) AS _id, 10 / CAST(id AS int) AS x, name FROM _input \
                        WHERE id IS NOT NULL AND CAST(id AS string) <> '2'"
            },
        }))
        .await
        .data();
    local.read_to_the_end().await;
    let documents = local.documents().await;
    let good: Vec<_> = documents.iter().filter(|d| d["_meta"]["bad"].is_null()).collect();
    assert_eq!(good.len(), 2, "{documents:#?}");
    assert_eq!((&good[0]["_id"], &good[0]["x"]), (&json!("1"), &json!(10)));
    assert_eq!(
        (&good[1]["_id"], &good[1]["x"], &good[1]["name"]),
        (&json!("5"), &json!(2), &json!("five"))
    );
    assert_eq!(good[1]["_meta"]["s3"]["path"], "2.csv");
    let mut bad: Vec<u64> = documents
        .iter()
        .filter(|d| d["_meta"]["bad"].is_string())
        .map(|d| d["_meta"]["s3"]["offset"].as_u64().unwrap())
        .collect();
    bad.sort();
    assert_eq!(bad, [1, 2, 4]);

    // A transformation of the source's own takes the place of the collection's.
    local.delete(C).await.data();
    let mut own = source(json!({"prefix": "2"}));
    own["ingest_transformation"] = json!({"sql": "SELECT name AS _id FROM _input"});
    let sql = "SELECT 'collection' AS _id FROM _input";
    local.create(json!({"sources": [own], "field_mapping_query": {"sql": sql}})).await.data();
    local.read_to_the_end().await;
    assert_eq!(local.documents().await[0]["_id"], "five");
    local.add(json!([{}])).await.data();
    assert_eq!(local.documents().await.len(), 2);
    local.document("collection").await;
}

#[tokio::test]
async fn expressions_may_be_long_but_not_endless() {
    let sum = |terms: usize| vec!["v"; terms].join(" + ");
    assert_eq!(transformed(&format!("{} AS x", sum(400)), json!({"v": 1})).await["x"], 400);
    let endless =
        [sum(1_100), sum(200_000), format!("{}v{}", "(".repeat(5_000), ")".repeat(5_000))];
    let local = Local::with_collection(json!({})).await;
    for expression in endless {
        let sql = format!("SELECT {expression} AS x FROM _input");
        let refused = local
            .post(COLLECTIONS, json!({"name": "d", "field_mapping_query": {"sql": sql}}))
            .await;
        assert!(refused.refused(400, "INVALIDINPUT").contains("limit"));
    }
    // Many expressions are no long one.
    let many: Vec<_> = (0..500).map(|i| format!("v + {i} AS x{i}")).collect();
    assert_eq!(transformed(&many.join(", "), json!({"v": 1})).await["x499"], 500);
}

/// A server in a process of its own, for one that is to lack something.
struct Process {
    child: Child,
    url: String,
    /// It can't go on when nobody reads what it says.
    _stderr: BufReader<ChildStderr>,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut child = Command::new(env!("CARGO_BIN_EXE_materialize-rockset"))
            .args(["local", "--listen", "127.0.0.1:0", "--ready-after", "0s"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        stderr.read_line(&mut said).unwrap();
        let (_, rest) = said.split_once("listens on ").unwrap();
        let url = rest.split_once(". ").unwrap().0.to_string();
        Self { child, url, _stderr: stderr }
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        let request = reqwest::Client::new().post(format!("{}{path}", self.url));
        let request = request.header(AUTHORIZATION, "ApiKey any");
        answer(request.header(CONTENT_TYPE, "application/json").body(body.to_string())).await
    }

    /// Bytes of memory that it has reserved.
    fn reserved(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmSize:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    fn limit(&self, bytes: &str) {
        let pid = self.child.id().to_string();
        let limit = format!("--as={bytes}:");
        assert!(Command::new("prlimit").args(["--pid", &pid, &limit]).status().unwrap().success());
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_transformation_needs_no_further_thread() {
    let process = Process::start();
    let sql = "SELECT _id, n + 1 AS n FROM _input";
    let settings = json!({"name": "c", "field_mapping_query": {"sql": sql}});
    process.post(COLLECTIONS, settings).await.data();
    let documents = json!({"data": [{"_id": "1", "n": 1}, {"_id": "2", "n": 2}]});
    // Too little for the stack of one more.
    process.limit(&(process.reserved() + (64 << 20)).to_string());
    assert_eq!(process.post(DOCS, documents).await.statuses(), ["ADDED", "ADDED"]);
}

/// Each way in which a transformation can come has the stack for it.
#[tokio::test]
async fn a_long_expression_may_come_every_way() {
    let sql = format!("SELECT name AS _id, {} AS x FROM _input", vec!["v"; 400].join(" + "));
    let sql = json!({ "sql": sql });
    let s3 = S3::start(&["files"]).await;
    s3.put("files", "1.json", r#"{"name": "of a source", "v": 1}"#);
    let local = Local::with_collection(json!({})).await;
    local.integrate(&s3).await;
    local.send(Method::PUT, C, json!({"field_mapping_query": sql})).await.data();
    local.add(json!([{"name": "of a request", "v": 2}])).await.data();
    let mut own = source(json!({}));
    own["ingest_transformation"] = sql;
    local.post(SOURCES, own).await.data();
    local.source_until(|_| true).await;
    while local.documents().await.len() < 2 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(local.document("of%20a%20request").await["x"], 800);
    assert_eq!(local.document("of%20a%20source").await["x"], 400);
}
