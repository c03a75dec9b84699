//! The console at a local Rockset.

use crate::support::console::{self, Ended};
use crate::support::local::Local;
use serde_json::{Value, json};

/// A server with the collection `commons.c` of so many documents, with an `n` from 1.
async fn numbers(count: i64) -> Local {
    let local = Local::with_collection(json!({})).await;
    let documents: Vec<Value> =
        (1..=count).map(|n| json!({"_id": n.to_string(), "n": n})).collect();
    for some in documents.chunks(1_000) {
        local.add(json!(some)).await;
    }
    local
}

async fn run(local: &Local, arguments: &[&str], input: &str) -> Ended {
    console::run(&local.server.url(), arguments, input).await
}

#[tokio::test]
async fn queries_come_as_an_argument_from_a_pipe_or_from_a_file() {
    let local = numbers(3).await;
    let query = "SELECT n FROM c ORDER BY n";
    let rows = "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n";
    assert_eq!(run(&local, &[query], "").await.ok(), rows);
    assert_eq!(run(&local, &[], query).await.ok(), rows);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("-- All of it.\n{query};\nSELECT ';' AS s;\n")).unwrap();
    let ended = run(&local, &["--file", file.path().to_str().unwrap()], "").await;
    assert_eq!(ended.ok(), format!("{rows}{{\"s\":\";\"}}\n"));
}

#[tokio::test]
async fn a_script_goes_with_its_query() {
    let local = Local::start();
    let script = "script {{{ export const f = x => { let y = x; return y + 1; }; }}}";
    let ended =
        run(&local, &[], &format!("{script}\nSELECT _script.f(1) AS n;\nSELECT 3 AS n;")).await;
    assert_eq!(ended.ok(), "{\"n\":2}\n{\"n\":3}\n");
}

#[tokio::test]
async fn parameters_reach_the_query() {
    let local = numbers(3).await;
    let parameters = ["--param", "least=2", "--param", "day:date=2024-05-01"];
    let query = "SELECT n, :day AS day FROM c WHERE n > :least";
    let ended = run(&local, &parameters, query).await;
    let row: Value = serde_json::from_str(ended.ok()).unwrap();
    assert_eq!(row["n"], 3);
    assert_eq!(row["day"]["value"], "2024-05-01");
}

#[tokio::test]
async fn all_pages_are_printed() {
    let local = numbers(2_500).await;
    let ended = run(&local, &["SELECT n FROM c ORDER BY n"], "").await;
    let expected: String = (1..=2_500).map(|n| format!("{{\"n\":{n}}}\n")).collect();
    assert!(ended.ok() == expected, "{} lines", ended.stdout.lines().count());
    let table = run(&local, &["--format", "table", "SELECT * FROM c"], "").await;
    assert!(table.ok().contains("(2500 rows in "), "{}", table.stdout);
    assert_eq!(table.stdout.matches("┌").count(), 3);
}

#[tokio::test]
async fn an_error_points_at_its_place() {
    let local = Local::start();
    let ended = run(&local, &[], "SELECT 1;\n\nSELECT 2,\n  COUT(*);\nSELECT 3;").await;
    assert_eq!(ended.stdout, "{\"?field0\":1}\n", "{ended:?}");
    let told = ended.fails();
    assert!(told.ends_with("\n4 |   COUT(*)\n      ^\n"), "{told}");
    assert!(told.starts_with("error: ") && told.contains("COUT"), "{told}");
    let ended = run(&local, &["SELECT * FROM nowhere"], "").await;
    assert!(ended.fails().contains("nowhere"), "{ended:?}");
}

#[tokio::test]
async fn commands_list_collections_and_fields() {
    let local = numbers(3).await;
    let ended = run(&local, &["--format", "csv"], "\\d\n\\d c\n\\q\nSELECT 1").await;
    let text = ended.ok();
    assert!(text.starts_with("collection,status,documents,bytes\n"), "{text}");
    assert!(text.contains("\ncommons.c,READY,3,"), "{text}");
    assert!(text.contains("\"[\"\"n\"\"]\",int,3,3") || text.contains("[\"\"n\"\"]"), "{text}");
    assert!(!text.contains("?field0"), "{text}");
    assert!(run(&local, &["\\x"], "").await.fails().contains("there is no command \\x"));
}
