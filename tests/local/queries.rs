//! Queries over HTTP: their answers, errors, limits and pages.

use crate::support::local::{Answer, C, Local, answer, options};
use futures_util::future::join_all;
use materialize_rockset::local::{self, MemoryOptions, Options, QueryOptions};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, USER_AGENT};
use serde_json::{Value, json};
use std::fs;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub const QUERIES: &str = "/v1/orgs/self/queries";
pub const MAIN: &str = "/v1/orgs/self/virtualinstances/main/queries";

/// A query that does not end by itself, over 200 documents with a number `n`.
pub const ENDLESS: &str = "SELECT COUNT(*) FROM c a, c b, c d, c e, c f, c g, c h \
                           WHERE a.n + b.n + d.n + e.n + f.n + g.n + h.n < 0";

pub async fn ask(local: &Local, sql: &str) -> Answer {
    local.post(QUERIES, json!({"sql": {"query": sql}})).await
}

/// The rows of a query that succeeds.
pub async fn rows(local: &Local, sql: &str) -> Value {
    let answer = ask(local, sql).await;
    assert_eq!(answer.status, 200, "{sql}: {answer:?}");
    assert_eq!(answer.body["status"], "COMPLETED");
    answer.body["results"].clone()
}

/// A server with documents of which `n` is 0, 1, 2, ….
pub async fn numbers(count: usize) -> Local {
    let local = Local::with_collection(json!({})).await;
    let documents: Vec<Value> = (0..count).map(|n| json!({"_id": n.to_string(), "n": n})).collect();
    for some in documents.chunks(10_000) {
        local.add(json!(some)).await.data();
    }
    local
}

fn ns(rows: &Value) -> Vec<i64> {
    rows.as_array().unwrap().iter().map(|row| row["n"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn collections_are_named_with_their_workspace() {
    let local = numbers(3).await;
    let answer = ask(&local, "SELECT a.n FROM c a JOIN commons.c b ON a.n = b.n").await;
    assert_eq!(answer.body["collections"], json!(["commons.c"]));
    assert_eq!(answer.body["column_fields"], json!([{"name": "n", "type": ""}]));
    let queried = |found: Answer| found.data()["stats"]["last_queried_ms"].as_i64().unwrap();
    assert!(queried(local.get(C).await) > 0);
    let all = ask(&local, "SELECT * FROM c").await;
    assert_eq!(all.body.get("column_fields"), None);
}

#[tokio::test]
async fn an_error_has_its_place_and_that_of_its_query() {
    let local = numbers(1).await;
    let wrong = ask(&local, "SELECT COUT(*)\nFROM c").await;
    let message = wrong.refused(400, "QUERY_ERROR").to_string();
    assert!(message.contains("COUT"), "{message}");
    let body = &wrong.body;
    assert_eq!((&body["line"], &body["column"]), (&json!(1), &json!(8)));
    assert_eq!(body["error_id"], "function_not_found");
    let id = body["query_id"].as_str().unwrap();
    let (uuid, rest) = id.split_once(':').unwrap();
    assert_eq!(body["trace_id"], uuid);
    assert_eq!((rest.len(), &rest[7..]), (9, ":0"));

    let syntax = ask(&local, "SELECT n\nFROM c\nWHERE n = = 1").await;
    syntax.refused(400, "QUERY_ERROR");
    assert_eq!((&syntax.body["line"], &syntax.body["column"]), (&json!(3), &json!(11)));
    let missing = ask(&local, "SELECT n FROM nothing.here").await;
    let message = missing.refused(400, "QUERY_ERROR");
    assert_eq!(message, "Collection 'nothing.here' not found");
    for sql in ["", ";", "SELECT 1; SELECT 2", "DROP TABLE c", "SELECT ("] {
        ask(&local, sql).await.refused(400, "QUERY_ERROR");
    }
    // What went wrong is known afterwards, too.
    let recent = local.get(MAIN).await;
    let listed = recent.data().as_array().unwrap().iter();
    let mut errors = listed.filter(|query| query["query_id"] == wrong.body["query_id"]);
    let known = errors.next().unwrap();
    assert_eq!(known["status"], "ERROR");
    assert_eq!(known["query_errors"][0]["type"], "QUERY_ERROR");
    assert_eq!(known["query_errors"][0]["status_code"], 400);
}

#[tokio::test]
async fn a_body_without_a_query_is_refused_and_unknown_keys_are_not() {
    let local = Local::start();
    for body in [json!({}), json!({"sql": {}}), json!({"sql": "SELECT 1"})] {
        assert_eq!(local.post(QUERIES, body).await.status, 400);
    }
    let body = json!({
        "sql": {"query": "SELECT 1", "generate_warnings": true, "profiling_enabled": false,
                "parameters": null},
        "debug_threshold_ms": 5, "async_options": {"client_timeout_ms": 3}, "new": {},
    });
    assert_eq!(local.post(QUERIES, body).await.status, 200);
    for (key, value) in [
        ("timeout_ms", json!(-1)),
        ("max_initial_results", json!(-1)),
        ("max_initial_results", json!(100_001)),
    ] {
        let body = json!({"sql": {"query": "SELECT 1"}, key: value});
        let refused = local.post(QUERIES, body).await;
        assert!(refused.refused(400, "INVALIDINPUT").contains(key), "{refused:?}");
    }
}

#[tokio::test]
async fn the_default_limit_is_for_queries_without_one() {
    let local = numbers(20).await;
    for (sql, count) in [
        ("SELECT n FROM c", 5),
        ("SELECT n FROM c LIMIT 7", 7),
        ("SELECT n FROM c ORDER BY n OFFSET 18", 2),
        ("SELECT n FROM (SELECT n FROM c LIMIT 6)", 5),
        ("SELECT n FROM c UNION ALL SELECT n FROM c", 5),
    ] {
        let body = json!({"sql": {"query": sql, "default_row_limit": 5}});
        let answer = local.post(QUERIES, body).await;
        assert_eq!(answer.body["results"].as_array().unwrap().len(), count, "{sql}");
    }
}

#[tokio::test]
async fn rows_are_fetched_in_pages() {
    let local = numbers(25).await;
    let body = json!({"sql": {"query": "SELECT n FROM c ORDER BY n"}, "max_initial_results": 10});
    let first = local.post(QUERIES, body).await.body;
    assert_eq!(ns(&first["results"]), (0..10).collect::<Vec<_>>());
    assert_eq!(first["results_total_doc_count"], 25);
    let pagination = &first["pagination"];
    assert_eq!(pagination["current_page_doc_count"], 10);
    assert_eq!(pagination["next_cursor_offset"], 10);
    let cursor = pagination["next_cursor"].as_str().unwrap();
    assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));

    let id = first["query_id"].as_str().unwrap();
    let page = |query: String| {
        let (local, path) = (&local, format!("{QUERIES}/{id}/pages{query}"));
        async move { local.get(&path).await }
    };
    let second = page(format!("?cursor={cursor}&docs=10")).await.body;
    assert_eq!(ns(&second["results"]), (10..20).collect::<Vec<_>>());
    let link = second["pagination"]["next_page_link"].as_str().unwrap();
    let last = local.get(link).await.body;
    assert_eq!(ns(&last["results"]), (20..25).collect::<Vec<_>>());
    let end = json!({"current_page_doc_count": 5, "next_cursor_offset": 25, "start_cursor": null,
                     "next_cursor": null, "next_page_link": null});
    assert_eq!((&last["pagination"], &last["results_total_doc_count"]), (&end, &json!(25)));

    // A cursor is good again and again, and so is the start.
    let again = page(format!("?cursor={cursor}&docs=2&offset=3")).await.body;
    assert_eq!(ns(&again["results"]), [13, 14]);
    let start = pagination["start_cursor"].as_str().unwrap();
    for query in [String::new(), format!("?cursor={start}"), "?docs=100000".to_string()] {
        assert_eq!(ns(&page(query).await.body["results"]), (0..25).collect::<Vec<_>>());
    }
    assert_eq!(page("?offset=1000000000".to_string()).await.body["results"], json!([]));
    for wrong in ["?docs=100001", "?cursor=nonsense", "?offset=1000000001", "?docs=x", "?docs=-1"] {
        page(wrong.to_string()).await.refused(400, "INVALIDINPUT");
    }
    let other = json!({"sql": {"query": "SELECT 1"}, "max_initial_results": 1});
    let other = local.post(QUERIES, other).await.body;
    let other = other["pagination"]["start_cursor"].as_str().unwrap();
    page(format!("?cursor={other}")).await.refused(400, "INVALIDINPUT");
}

#[tokio::test]
async fn the_older_way_to_ask_for_pages_is_as_good() {
    let local = Local::start();
    let sql = "SELECT '1' AS v UNION ALL SELECT '2' AS v ORDER BY v";
    let body = json!({"sql": {"query": sql, "paginate": true,
                              "initial_paginate_response_doc_count": 1}});
    let first = local.post(QUERIES, body).await.body;
    assert_eq!(first["results"], json!([{"v": "1"}]));
    let (id, cursor) = (&first["query_id"], &first["pagination"]["next_cursor"]);
    let (id, cursor) = (id.as_str().unwrap(), cursor.as_str().unwrap());
    let path = format!("{QUERIES}/{id}/pages?cursor={cursor}&docs=1&offset=0");
    let second = local.get(&path).await.body;
    assert_eq!(second["results"], json!([{"v": "2"}]));
    assert_eq!(second["pagination"]["next_cursor"], Value::Null);
}

#[tokio::test]
async fn nothing_is_kept_of_a_query_that_does_not_ask_for_it() {
    let local = Local::start();
    let id = ask(&local, "SELECT 1").await.body["query_id"].as_str().unwrap().to_string();
    let path = format!("{QUERIES}/{id}");
    let known = local.get(&path).await;
    assert_eq!(known.data()["status"], "COMPLETED");
    assert_eq!(known.data()["expires_at"], Value::Null);
    assert_eq!(known.data()["pagination"], Value::Null);
    local.get(&format!("{path}/pages")).await.refused(404, "NOTFOUND");
    for path in [format!("{QUERIES}/nothing"), format!("{QUERIES}/nothing/pages")] {
        local.get(&path).await.refused(404, "NOTFOUND");
    }
    local.delete(&format!("{QUERIES}/nothing")).await.refused(404, "NOTFOUND");
}

#[tokio::test]
async fn a_query_that_takes_too_long_is_ended() {
    let local = numbers(200).await;
    let body = json!({"sql": {"query": ENDLESS}, "timeout_ms": 100});
    let late = local.post(QUERIES, body).await;
    let message = late.refused(408, "QUERY_TIMEOUT");
    assert!(message.starts_with("Query timeout reached. To extend the query timeout, run an"));
    assert_eq!(late.body["error_id"], "");
    let (trace, id) = (&late.body["trace_id"], &late.body["query_id"]);
    assert!(id.as_str().unwrap().starts_with(trace.as_str().unwrap()));
    assert_eq!(local.get(QUERIES).await.data(), &json!([]));
}

#[tokio::test]
async fn a_query_ends_with_who_waits_for_it() {
    let local = numbers(200).await;
    let request = local.request(Method::POST, QUERIES).header(CONTENT_TYPE, "application/json");
    let body = json!({"sql": {"query": ENDLESS}}).to_string();
    let asked = request.body(body).timeout(Duration::from_millis(200)).send().await;
    assert!(asked.unwrap_err().is_timeout());
    until(&local, |active| active.is_empty()).await;
    let recent = local.get(MAIN).await;
    assert_eq!(recent.data()[0]["status"], "CANCELLED");
}

/// Waits for what the list of active queries is to be.
pub async fn until(local: &Local, is_so: impl Fn(&[Value]) -> bool) {
    let begun = Instant::now();
    loop {
        let active = local.get(QUERIES).await;
        if is_so(active.data().as_array().unwrap()) {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{active:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn an_instance_lists_who_has_asked_what() {
    let local = Local::start();
    let request = |method, path: &str| {
        let url = format!("{}{path}", local.server.url());
        let request =
            local.http.request(method, url).header("Authorization", "ApiKey AbCdEfGhIjKl");
        request.header(USER_AGENT, "a test").header(CONTENT_TYPE, "application/json")
    };
    let sql = "SELECT :x";
    let parameters = json!([{"name": "x", "type": "string", "value": "hidden"}]);
    let body = json!({"sql": {"query": sql, "parameters": parameters}}).to_string();
    let asked = answer(request(Method::POST, MAIN).body(body)).await;
    assert_eq!(asked.body["results"], json!([{"?field0": "hidden"}]), "{asked:?}");
    let listed = answer(request(Method::GET, MAIN)).await;
    let query = &listed.data()[0];
    assert_eq!((&query["sql"], &query["user_agent"]), (&json!(sql), &json!("a test")));
    assert_eq!(query["api_key_identifier"], "AbCdEf");
    assert!(!listed.body.to_string().contains("hidden"));
    let other = MAIN.replace("main", "other");
    local.get(&other).await.refused(404, "NOTFOUND");
    local.post(&other, json!({"sql": {"query": "SELECT 1"}})).await.refused(404, "NOTFOUND");
}

#[tokio::test]
async fn a_query_is_checked_without_being_run() {
    let local = numbers(200).await;
    let path = format!("{QUERIES}/validations");
    let body = json!({"sql": {"query": ENDLESS}});
    let checked = local.post(&path, body).await;
    assert_eq!(checked.body["collections"], json!(["commons.c"]), "{checked:?}");
    let body = json!({"sql": {"query": "SELECT n FROM c WHERE n = :n AND n < :m LIMIT :k"}});
    let checked = local.post(&path, body).await;
    assert_eq!(checked.body["parameters"], json!(["k", "m", "n"]), "{checked:?}");
    let into = json!({"sql": {"query": "INSERT INTO c SELECT n + 1 AS n FROM c"}});
    assert_eq!(local.post(&path, into).await.status, 200);
    assert_eq!(local.get(C).await.data()["stats"]["doc_count"], 200);
    for sql in ["SELECT", "SELECT nofunction(1)", "SELECT * FROM nothing", "DESCRIBE nothing"] {
        let wrong = local.post(&path, json!({"sql": {"query": sql}})).await;
        wrong.refused(400, "QUERY_ERROR");
    }
}

#[tokio::test]
async fn queries_beside_writes_see_each_a_moment() {
    let local = numbers(1_000).await;
    let writing = async {
        for round in 1..=30 {
            let documents: Vec<Value> =
                (0..1_000).map(|n| json!({"_id": n.to_string(), "n": n, "round": round})).collect();
            local.add(json!(documents)).await.data();
        }
    };
    let asking = async {
        for _ in 0..30 {
            let sql = "SELECT COUNT(*) AS n, MIN(a.round) AS low, MAX(b.round) AS high \
                       FROM c a JOIN c b ON a.n = b.n";
            let found = rows(&local, sql).await;
            assert_eq!((&found[0]["n"], &found[0]["low"]), (&json!(1_000), &found[0]["high"]));
        }
    };
    tokio::join!(writing, asking);
}

#[tokio::test]
async fn many_queries_take_turns() {
    let local = numbers(500).await;
    let asked = (0..60).map(|_| rows(&local, "SELECT SUM(a.n) AS s FROM c a, c b"));
    for found in futures(asked).await {
        assert_eq!(found, json!([{"s": 500 * (499 * 500 / 2)}]));
    }
}

async fn futures<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    futures_util::future::join_all(futures).await
}

#[tokio::test]
async fn no_more_than_so_many_wait() {
    let local = numbers(200).await;
    let body = json!({"sql": {"query": ENDLESS}, "timeout_ms": 3_000});
    let asked = futures((0..100).map(|_| local.post(QUERIES, body.clone()))).await;
    let refused: Vec<_> = asked.iter().filter(|answer| answer.status == 429).collect();
    assert_eq!(refused.len(), 20, "{refused:?}");
    refused[0].refused(429, "RESOURCEEXCEEDED");
    assert!(asked.iter().all(|answer| [408, 429].contains(&answer.status.as_u16())));
    until(&local, |active| active.is_empty()).await;
    assert_eq!(rows(&local, "SELECT 1 AS one").await, json!([{"one": 1}]));
}

/// A query of [`texts`] that needs some MiB.
pub const OF_TEXTS: &str = "SELECT COUNT(*) AS n FROM c a JOIN c b ON a.text = b.text";

/// A server with so many bytes for queries, and 10,000 documents of half a kilobyte.
pub async fn texts(memory: u64) -> Local {
    let query = QueryOptions { memory: Some(memory) };
    with_texts(Options { query, ..options() }, 10_000).await
}

async fn with_texts(options: Options, count: u64) -> Local {
    let local = Local::with(options);
    local.post("/v1/orgs/self/ws/commons/collections", json!({"name": "c"})).await.data();
    let documents: Vec<Value> = (0..count).map(|n| json!({"text": format!("{n:0>500}")})).collect();
    for some in documents.chunks(5_000) {
        local.add(json!(some)).await.data();
    }
    local
}

#[tokio::test]
async fn a_query_has_no_more_memory_than_it_may_have() {
    let local = texts(2 << 20).await;
    ask(&local, OF_TEXTS).await.refused(429, "RESOURCEEXCEEDED");
    assert_eq!(rows(&local, "SELECT COUNT(*) AS n FROM c").await, json!([{"n": 10_000}]));
}

/// What a sort sets aside for its end is a part of the memory that there is.
#[tokio::test]
async fn a_sort_needs_little_memory() {
    let query = QueryOptions { memory: Some(8 << 20) };
    let local = Local::with(Options { query, ..options() });
    local.post("/v1/orgs/self/ws/commons/collections", json!({"name": "c"})).await.data();
    let documents: Vec<Value> = (0..5_000).map(|n| json!({"n": n * 7_919 % 5_000})).collect();
    local.add(json!(documents)).await.data();
    let sorted = rows(&local, "SELECT n FROM c ORDER BY n DESC").await;
    assert_eq!(ns(&sorted), (0..5_000).rev().collect::<Vec<_>>());
}

/// Processors, among which the memory for queries is divided.
fn processors() -> u64 {
    available_parallelism().map_or(1, usize::from).clamp(2, 8) as u64
}

#[tokio::test]
async fn what_a_sort_spills_is_in_the_directory_of_scratch() {
    let root = TempDir::new().unwrap();
    let scratch = root.path().join("not/made/yet");
    let (processors, count) = (processors(), 20_000 * processors());
    let memory = MemoryOptions { limit: Some(processors << 26), scratch: Some(scratch.clone()) };
    let local = with_texts(Options { memory, ..options() }, count).await;
    let sorted = "SELECT text, ROW_NUMBER() OVER (ORDER BY text DESC) AS place FROM c";
    let sorted = format!("SELECT SUM(place * LENGTH(text)) AS n FROM ({sorted})");
    assert_eq!(rows(&local, &sorted).await, json!([{"n": 500 * count * (count + 1) / 2}]));
    assert!(fs::read_dir(&scratch).unwrap().next().is_some());

    // Without it, there is no room.
    fs::remove_dir_all(&scratch).unwrap();
    let refused = ask(&local, &sorted).await;
    assert!(refused.refused(500, "INTERNALERROR").contains("--scratch"), "{refused:?}");

    fs::write(root.path().join("file"), "").unwrap();
    let memory = MemoryOptions { scratch: Some(root.path().join("file/in")), ..Default::default() };
    let refused = local::start(Options { memory, ..options() }).unwrap_err().to_string();
    assert!(refused.starts_with("can't make the directory of --scratch, "), "{refused}");
}

/// Operators that spill could wait for each other for ever, and queries that need all of the memory
/// could keep each other from having it.
#[tokio::test]
async fn groups_of_wide_values_end_where_memory_is_scarce() {
    let memory = MemoryOptions { limit: Some(processors() << 26), ..Default::default() };
    let count = 20_000 * processors();
    let local = with_texts(Options { memory, ..options() }, count).await;
    let union = "SELECT COUNT(*) AS n FROM (SELECT text FROM c UNION SELECT text FROM c)";
    for beside in [1, 1, 1, 1, 8] {
        let ask = || async {
            let answer = ask(&local, union).await;
            assert_eq!(answer.body["results"], json!([{ "n": count }]), "{answer:?}");
        };
        join_all((0..beside).map(|_| ask())).await;
    }
}

/// Where memory is scarce, wide documents come in batches of few rows.
#[tokio::test]
async fn small_batches_change_no_answer() {
    let wide: Vec<Value> = (0..3_000_i64)
        .map(|n| {
            let mixed = match n % 5 {
                0 => json!(n),
                1 => json!(format!("{n}")),
                2 => json!([n, format!("{n:0>40}"), null]),
                3 => json!({"a": n as f64 / 2.0, "b": {"c": format!("{n:0>50}")}}),
                _ => Value::Null,
            };
            let list: Vec<i64> = (0..n % 4).collect();
            let text = format!("{:0>2000}", n * 7_919 % 3_000);
            let some =
                json!({"n": n, "text": text, "mixed": mixed, "list": list, "is": n % 3 == 0});
            if n % 7 == 0 { json!({"n": n, "text": text}) } else { some }
        })
        .collect();
    let mut all = Vec::new();
    for bytes in [processors() << 23, 1 << 30] {
        let query = QueryOptions { memory: Some(bytes) };
        let local = Local::with(Options { query, ..options() });
        local.post("/v1/orgs/self/ws/commons/collections", json!({"name": "c"})).await.data();
        for some in wide.chunks(500) {
            local.add(json!(some)).await.data();
        }
        let mut answers = Vec::new();
        for sql in [
            "SELECT n, mixed, text, list, \"is\" FROM c WHERE n % 100 < 30 ORDER BY text LIMIT 40",
            "SELECT TYPEOF(mixed) AS t, COUNT(*) AS n, MAX(text) AS last, SUM(LENGTH(text)) AS bytes \
             FROM c GROUP BY TYPEOF(mixed) ORDER BY t",
            "SELECT n, mixed, LENGTH(text) AS bytes FROM c ORDER BY text DESC, n",
            "SELECT a.n, b.mixed, SUBSTR(a.text, 1990) AS tail FROM c a JOIN c b ON a.n = b.n + 1 \
             WHERE b.is ORDER BY a.n",
            "SELECT c.n, i.v, c.mixed FROM c, UNNEST(c.list AS v) AS i WHERE c.text > '' \
             ORDER BY c.n, i.v",
            "SELECT n, RANK() OVER (PARTITION BY \"is\" ORDER BY text) AS place FROM c ORDER BY n",
            "SELECT COUNT(DISTINCT text) AS texts, COUNT(mixed) AS values FROM c",
        ] {
            answers.push((sql, rows(&local, sql).await));
        }
        all.push(answers);
    }
    for (few, many) in all[0].iter().zip(&all[1]) {
        assert!(few == many, "{}", few.0);
        assert!(!few.1.as_array().unwrap().is_empty(), "{}", few.0);
    }
}

#[test]
fn memory_is_given_in_bytes() {
    #[derive(clap::Parser)]
    struct CommandLine {
        #[command(flatten)]
        query: QueryOptions,
    }
    let parse = |arguments: &[&str]| {
        let arguments = ["local"].iter().chain(arguments);
        <CommandLine as clap::Parser>::try_parse_from(arguments).map(|parsed| parsed.query.memory)
    };
    assert_eq!(parse(&[]).unwrap(), None);
    assert_eq!(parse(&["--query-memory", "2GiB"]).unwrap(), Some(2 << 30));
    assert!(parse(&["--query-memory", "much"]).is_err());
}

/// A join whose condition lets no pair through has no rows between which it could end.
#[tokio::test]
async fn joins_without_rows_end_with_their_time() {
    let local = numbers(20_000).await;
    let sql = "SELECT COUNT(*) FROM c a, c b WHERE a.n + b.n = -1";
    for _ in 0..40 {
        let body = json!({"sql": {"query": sql}, "timeout_ms": 50});
        assert_eq!(local.post(QUERIES, body).await.status, 408);
    }
    let body = json!({"sql": {"query": "SELECT 1"}, "timeout_ms": 60_000});
    assert_eq!(local.post(QUERIES, body).await.status, 200);
}
