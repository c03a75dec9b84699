//! The console, at a server that says what a test tells it to.

use crate::support::console::{command, end, run, start};
use crate::support::scripted::{Answer, Scripted};
use serde_json::{Value, json};
use std::process::Command;
use std::time::Duration;

const KEY: &str = "a-very-secret-key";

fn rows(columns: &[&str], rows: &str) -> Answer {
    let columns: Vec<Value> = columns.iter().map(|it| json!({"name": it, "type": ""})).collect();
    let columns = Value::from(columns);
    let text = format!(
        r#"{{"column_fields":{columns},"results":{rows},"query_id":"u:q:0","status":"COMPLETED"}}"#
    );
    Answer::Http(200, vec![], text)
}

async fn printed(format: &str, answer: Answer) -> String {
    let server = Scripted::start(vec![answer]).await;
    let ended = run(&server.url, &["--format", format, "SELECT 1"], "").await;
    ended.ok().to_string()
}

const VALUES: &str = r#"[
    {"b":"x, \"y\"","a":2.0,"c":{"__rockset_type":"DATE","value":"2018-05-26"}},
    {"b":"","a":null,"c":[1,{"k":"v"}]},
    {"b":"line\nbreak","c":{"__rockset_type":"u256","value":"12"},"d":1}
]"#;

#[tokio::test]
async fn a_table_aligns_numbers_and_tells_null_from_missing() {
    let table = printed("table", rows(&["b", "a"], VALUES)).await;
    let (table, summary) = table.trim_end().rsplit_once('\n').unwrap();
    let expected = "\
┌────────────┬──────┬───────────────┬───┐
│ b          ┆    a ┆ c             ┆ d │
╞════════════╪══════╪═══════════════╪═══╡
│ x, \"y\"     ┆  2.0 ┆ 2018-05-26    ┆ · │
│            ┆ null ┆ [1,{\"k\":\"v\"}] ┆ · │
│ line break ┆    · ┆ 12            ┆ 1 │
└────────────┴──────┴───────────────┴───┘";
    assert_eq!(table, expected, "{table}");
    assert!(summary.starts_with("(3 rows in 0."), "{summary}");
}

#[tokio::test]
async fn json_lines_are_rows_as_they_were_sent() {
    let lines = printed("json", rows(&["b", "a"], VALUES)).await;
    let first = r#"{"b":"x, \"y\"","a":2.0,"c":{"__rockset_type":"DATE","value":"2018-05-26"}}"#;
    assert_eq!(lines.lines().next(), Some(first));
    assert_eq!(lines.lines().count(), 3);
}

#[tokio::test]
async fn csv_has_the_columns_of_the_query_or_else_of_all_rows() {
    let csv = printed("csv", rows(&["b", "a", "c"], VALUES)).await;
    let expected = "b,a,c\n\"x, \"\"y\"\"\",2.0,2018-05-26\n\"\",,\"[1,{\"\"k\"\":\"\"v\"\"}]\"\n\
                    \"line\nbreak\",,12\n";
    assert_eq!(csv, expected);
    let csv = printed("csv", rows(&[], r#"[{"b":1},{"a":2,"b":3}]"#)).await;
    assert_eq!(csv, "b,a\n1,\n3,2\n");
}

#[tokio::test]
async fn no_rows_are_an_answer_too() {
    assert_eq!(printed("json", rows(&[], "[]")).await, "");
    assert_eq!(printed("csv", rows(&["a", "b"], "[]")).await, "a,b\n");
    assert!(printed("table", rows(&[], "[]")).await.starts_with("(0 rows in "));
    assert!(printed("table", rows(&["a"], "[]")).await.contains("│ a │"));
}

#[tokio::test]
async fn parameters_are_sent_with_each_query() {
    let server = Scripted::start(vec![rows(&[], "[]")]).await;
    let parameters = ["--param", "a=5", "--param", "b=x=y", "--param", "c:date=2024-05-01"];
    run(&server.url, &parameters, "SELECT :a; SELECT :b;").await.ok();
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    for request in seen {
        let body: Value = serde_json::from_str(&request.body).unwrap();
        let expected = json!([
            {"name": "a", "type": "int", "value": "5"},
            {"name": "b", "type": "string", "value": "x=y"},
            {"name": "c", "type": "date", "value": "2024-05-01"},
        ]);
        assert_eq!(body["sql"]["parameters"], expected);
    }
    for wrong in ["a", "=1", "a:=1"] {
        let ended = run(&server.url, &["--param", wrong, "SELECT 1"], "").await;
        assert!(ended.fails().contains("write name=value"), "{ended:?}");
    }
}

#[tokio::test]
async fn the_key_is_sent_and_shown_nowhere() {
    let unknown = json!({"type": "AUTHEXCEPTION", "message": format!("no such key: {KEY}")});
    let server = Scripted::start(vec![Answer::Http(401, vec![], unknown.to_string())]).await;
    let ended = run(&server.url, &["--api-key", KEY, "SELECT 1"], "").await;
    assert!(ended.fails().contains("no such key"), "{ended:?}");
    assert!(!ended.stderr.contains(KEY), "{ended:?}");
    let mut from_environment = command(&server.url, &["SELECT 1"]);
    from_environment.env("ROCKSET_API_KEY", KEY);
    tokio::task::spawn_blocking(|| end(start(from_environment, ""))).await.unwrap().fails();
    run(&server.url, &["SELECT 1"], "").await.fails();
    let keys = [KEY, KEY, "local"];
    for (seen, key) in server.seen().iter().zip(keys) {
        let head = seen.head.to_lowercase();
        assert!(head.contains(&format!("authorization: apikey {key}")), "{head}");
    }
}

#[tokio::test]
async fn what_fails_is_told_at_once() {
    let server = Scripted::start(vec![Answer::error(503, "SERVICEUNAVAILABLE")]).await;
    let ended = run(&server.url, &["SELECT 1"], "").await;
    assert!(ended.fails().contains("503"), "{ended:?}");
    assert_eq!(server.seen().len(), 1);
    let gone = server.url.clone();
    drop(server);
    tokio::task::yield_now().await;
    run(&gone, &["SELECT 1"], "").await.fails();
    for (arguments, words) in [
        (&["--file", "/no/such/file"][..], "cannot read /no/such/file"),
        (&[][..], "there is no query in stdin"),
        (&["--server", "ftp://x", "SELECT 1"][..], "write http://127.0.0.1:8089"),
        (&["--format", "xml", "SELECT 1"][..], "xml"),
        (&["--file", "x", "SELECT 1"][..], "cannot be used with"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_materialize-rockset"));
        command.arg("sql").args(arguments);
        let ended = tokio::task::spawn_blocking(|| end(start(command, " -- nothing")));
        let ended = ended.await.unwrap();
        assert!(ended.fails().contains(words), "{ended:?}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn an_interrupt_cancels_the_query_at_the_server() {
    let server = Scripted::answering(|_, seen| match &seen.head[..4] {
        "POST" => Answer::ok(json!({"query_id": "u:q:0", "status": "QUEUED"})),
        "GET " => Answer::ok(json!({"data": {"query_id": "u:q:0", "status": "RUNNING"}})),
        _ => Answer::ok(json!({"data": {"query_id": "u:q:0", "status": "CANCELLED"}})),
    })
    .await;
    let child = start(command(&server.url, &["SELECT 1"]), "");
    while server.seen().len() < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let ended = tokio::task::spawn_blocking(|| end(child)).await.unwrap();
    assert_eq!((ended.code, &*ended.stderr), (Some(130), "cancelled\n"), "{ended:?}");
    let last = server.seen().pop().unwrap().head;
    assert!(last.starts_with("DELETE /v1/orgs/self/queries/u:q:0 "), "{last}");
}
