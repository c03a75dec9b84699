//! Parameters of queries, in all the spellings that clients send.

use crate::queries::QUERIES;
use crate::support::local::{Answer, Local};
use serde_json::{Value, json};

async fn given(local: &Local, parameters: Value, sql: &str) -> Answer {
    local.post(QUERIES, json!({"sql": {"query": sql, "parameters": parameters}})).await
}

/// What `TYPEOF(:p)` and `:p` are.
async fn value(local: &Local, kind: &str, value: Value) -> (Value, Value) {
    let parameter = json!([{"name": "p", "type": kind, "value": value}]);
    let answer = given(local, parameter, "SELECT TYPEOF(:p) AS t, :p AS v").await;
    assert_eq!(answer.status, 200, "{kind} {value}: {answer:?}");
    (answer.body["results"][0]["t"].clone(), answer.body["results"][0]["v"].clone())
}

#[tokio::test]
async fn each_type_takes_what_clients_send_for_it() {
    let local = Local::start();
    let typed = |kind: &str, value: Value| json!({"__rockset_type": kind, "value": value});
    for (kind, sent, expected_type, expected) in [
        ("string", json!("x"), "string", json!("x")),
        ("string", json!(" 5 "), "string", json!(" 5 ")),
        ("string", json!(5), "string", json!("5")),
        ("varchar", json!("x"), "string", json!("x")),
        ("int", json!("12"), "int", json!(12)),
        ("integer", json!(12), "int", json!(12)),
        ("INT64", json!("-9223372036854775808"), "int", json!(i64::MIN)),
        ("int", json!(12.0), "int", json!(12)),
        ("float", json!("12.5"), "float", json!(12.5)),
        ("float", json!(12.5), "float", json!(12.5)),
        ("double", json!(3), "float", json!(3.0)),
        ("bool", json!("true"), "bool", json!(true)),
        ("bool", json!("False"), "bool", json!(false)),
        ("boolean", json!(true), "bool", json!(true)),
        ("date", json!("2018-05-26"), "date", typed("DATE", json!("2018-05-26"))),
        (
            "datetime",
            json!("2018-05-26 10:30:20.345000"),
            "datetime",
            typed("DATETIME", json!("2018-05-26T10:30:20.345")),
        ),
        (
            "datetime",
            json!("2018-05-26T10:30:20"),
            "datetime",
            typed("DATETIME", json!("2018-05-26T10:30:20")),
        ),
        ("time", json!("12:34"), "time", typed("TIME", json!("12:34:00"))),
        (
            "timestamp",
            json!("2022-03-30T00:00:00"),
            "timestamp",
            json!("2022-03-30T00:00:00.000000Z"),
        ),
        (
            "timestamp",
            json!("2022-03-30T00:00:00+02:00"),
            "timestamp",
            json!("2022-03-29T22:00:00.000000Z"),
        ),
        (
            "timestamp",
            json!("2022-03-30 00:00:00+00:00"),
            "timestamp",
            json!("2022-03-30T00:00:00.000000Z"),
        ),
        ("array", json!("[1, 2.5, \"x\"]"), "array", json!([1, 2.5, "x"])),
        ("array", json!("['a', 'it\\'s', True, None]"), "array", json!(["a", "it's", true, null])),
        ("array", json!([1, [2]]), "array", json!([1, [2]])),
        ("object", json!("{\"a\": {\"b\": 1}}"), "object", json!({"a": {"b": 1}})),
        ("object", json!("{'a': [1, \"x\"]}"), "object", json!({"a": [1, "x"]})),
        ("null", json!("whatever"), "null", json!(null)),
        ("string", json!(null), "null", json!(null)),
        ("bytes", json!("aGVsbG8="), "bytes", json!("aGVsbG8=")),
        (
            "u256",
            json!("123456789012345678901234567890"),
            "u256",
            typed("U256", json!("123456789012345678901234567890")),
        ),
        ("month_interval", json!("40"), "month_interval", typed("MONTH_INTERVAL", json!(40))),
        (
            "microsecond_interval",
            json!(5_000_000),
            "microsecond_interval",
            typed("MICROSECOND_INTERVAL", json!(5_000_000)),
        ),
    ] {
        let found = value(&local, kind, sent.clone()).await;
        assert_eq!(found, (json!(expected_type), expected), "{kind} {sent}");
    }
    // Extended JSON within.
    let dates = json!("[{\"__rockset_type\": \"date\", \"value\": \"2018-05-26\"}]");
    let (_, found) = value(&local, "array", dates).await;
    assert_eq!(found, json!([typed("DATE", json!("2018-05-26"))]));
    // Without a type, it is that of the JSON.
    let untyped =
        given(&local, json!([{"name": "p", "value": [1]}]), "SELECT TYPEOF(:p) AS t").await;
    assert_eq!(untyped.body["results"], json!([{"t": "array"}]));
}

#[tokio::test]
async fn a_value_that_is_wrong_or_missing_is_refused_by_its_name() {
    let local = Local::start();
    for (kind, value) in [
        ("int", json!("x")),
        ("int", json!("12.5")),
        ("int", json!("")),
        ("bool", json!("yes")),
        ("date", json!("yesterday")),
        ("timestamp", json!("soon")),
        ("array", json!("[1")),
        ("array", json!("{}")),
        ("object", json!("[]")),
        ("bytes", json!("***")),
        ("u256", json!("-1")),
        ("color", json!("red")),
    ] {
        let parameters = json!([{"name": "wrong", "type": kind, "value": value}]);
        let answer = given(&local, parameters, "SELECT :wrong").await;
        let message = answer.refused(400, "QUERY_ERROR");
        assert!(message.contains("\"wrong\""), "{kind} {value}: {message}");
    }
    let missing = given(&local, json!([]), "SELECT 1,\n  :absent").await;
    assert!(missing.refused(400, "QUERY_ERROR").contains("\"absent\""));
    assert_eq!((&missing.body["line"], &missing.body["column"]), (&json!(2), &json!(3)));
    for bad in [json!([{"name": 1, "value": 1}]), json!("none"), json!([3])] {
        given(&local, bad, "SELECT 1").await.refused(400, "INVALIDINPUT");
    }
}

#[tokio::test]
async fn they_are_named_in_all_ways_and_spare_ones_are_ignored() {
    let local = Local::start();
    let parameters = json!([
        {"name": "1", "type": "int", "value": "1"},
        {"name": "2", "type": "int", "value": "2"},
        {"name": "a b", "type": "string", "value": "quoted"},
        {"name": "spare", "type": "string", "value": "x"},
        {"name": "n", "type": "int", "value": 2},
    ]);
    let sql =
        "SELECT ? AS a, ? AS b, :1 + : 2 AS c, :\"a b\" AS d FROM UNNEST([1, 2, 3] AS x) LIMIT :n";
    let answer = given(&local, parameters, sql).await;
    let row = json!({"a": 1, "b": 2, "c": 3, "d": "quoted"});
    assert_eq!(answer.body["results"], json!([row, row]), "{answer:?}");
    // As the JDBC driver sends them.
    let parameters = json!([{"type": "int", "value": "7"}, {"type": "string", "value": "x"}]);
    let answer = given(&local, parameters, "SELECT ? AS a, ? AS b").await;
    assert_eq!(answer.body["results"], json!([{"a": 7, "b": "x"}]), "{answer:?}");
}
