//! Views over HTTP: queries with names, in one name space with collections and aliases.

use crate::aliases::{ALIASES, COLLECTIONS, create as create_alias};
use crate::queries::{QUERIES, ask, numbers, rows};
use crate::support::local::{Answer, C, Local, options};
use materialize_rockset::local::Options;
use serde_json::{Value, json};
use std::time::Duration;

const VIEWS: &str = "/v1/orgs/self/ws/commons/views";

async fn create(local: &Local, name: &str, query: &str) -> Answer {
    local.post(VIEWS, json!({"name": name, "query": query})).await
}

async fn update(local: &Local, name: &str, query: &str) -> Answer {
    local.post(&format!("{VIEWS}/{name}"), json!({"query": query})).await
}

async fn delete(local: &Local, name: &str) -> Answer {
    local.delete(&format!("{VIEWS}/{name}")).await
}

#[tokio::test]
async fn a_view_is_queried_like_a_collection() {
    let local = numbers(10).await;
    create(&local, "v", "SELECT n, n * 2 AS twice FROM c WHERE n > 5").await.data();
    for (sql, expected) in [
        (
            "SELECT * FROM v WHERE n < 8 ORDER BY n",
            json!([{"n": 6, "twice": 12}, {"n": 7, "twice": 14}]),
        ),
        ("SELECT v.twice FROM commons.v WHERE v.n = 9", json!([{"twice": 18}])),
        ("SELECT w.twice AS x FROM v AS w WHERE w.n = 9", json!([{"x": 18}])),
        ("SELECT COUNT(*) AS n FROM v JOIN c ON v.n = c.n", json!([{"n": 4}])),
        ("SELECT n FROM c WHERE n IN (SELECT twice FROM v) ORDER BY n", json!([])),
        ("WITH v AS (SELECT 1 AS n) SELECT n FROM v", json!([{"n": 1}])),
    ] {
        assert_eq!(rows(&local, sql).await, expected, "{sql}");
    }
    let answer = ask(&local, "SELECT n FROM v").await;
    assert_eq!(answer.body["collections"], json!(["commons.c"]));
    // Documents that are written later are in the view, too.
    local.add(json!([{"_id": "x", "n": 100}])).await.data();
    let sql = "SELECT MAX(twice) AS most FROM v";
    assert_eq!(rows(&local, sql).await, json!([{"most": 200}]));
    create(&local, "all", "SELECT * FROM c").await.data();
    let sql = "SELECT _id, n FROM all WHERE _id = 'x'".replace(" all ", " \"all\" ");
    assert_eq!(rows(&local, &sql).await, json!([{"_id": "x", "n": 100}]));
}

#[tokio::test]
async fn a_view_knows_nothing_of_the_query_that_names_it() {
    let local = numbers(3).await;
    create(&local, "v", "SELECT MAX(n) AS n FROM c").await.data();
    let named = "WITH c AS (SELECT 1000 AS n) SELECT v.n FROM v";
    assert_eq!(rows(&local, named).await, json!([{"n": 2}]));
    let within = "SELECT c.n, (SELECT n FROM v) AS most FROM c WHERE c.n = 0";
    assert_eq!(rows(&local, within).await, json!([{"n": 0, "most": 2}]));
}

#[tokio::test]
async fn a_view_reads_others_and_aliases_and_names_what_its_text_names() {
    let local = numbers(4).await;
    create_alias(&local, "a", "commons.c").await.data();
    let entities = |answer: Answer| answer.data()["entities"].clone();
    let low = create(&local, "low", "SELECT n FROM a WHERE n < 3").await;
    assert_eq!(entities(low), json!(["commons.a"]));
    let sum = "SELECT SUM(low.n) AS n, MAX(c.n) AS most FROM low JOIN c ON low.n = c.n";
    let sum = create(&local, "sum", sum).await;
    assert_eq!(entities(sum), json!(["commons.c", "commons.low"]));
    let nothing = create(&local, "nothing", "WITH x AS (SELECT 1 AS n) SELECT n FROM x").await;
    assert_eq!(entities(nothing), json!([]));
    assert_eq!(rows(&local, "SELECT * FROM sum").await, json!([{"n": 3, "most": 2}]));

    let body = json!({"sql": {"query": "SELECT n FROM sum"}});
    let validated = local.post(&format!("{QUERIES}/validations"), body).await.body;
    let expected = json!({"aliases": ["commons.a"], "views": ["commons.low", "commons.sum"],
                          "name": [], "collections": ["commons.c"], "parameters": []});
    assert_eq!(validated, expected);

    // A lambda reads by all of them.
    let body = json!({"name": "l", "sql": {"query": "SELECT n FROM sum"}});
    let lambda = local.post("/v1/orgs/self/ws/commons/lambdas", body).await;
    assert_eq!(lambda.data()["collections"], json!(["commons.c"]));
    assert_eq!(lambda.data()["state"], "ACTIVE");
    delete(&local, "sum").await.data();
    let path = "/v1/orgs/self/ws/commons/lambdas/l/tags/latest";
    let found = local.get(path).await;
    assert_eq!(found.data()["version"]["state"], "INVALID_SQL");
}

#[tokio::test]
async fn no_view_reads_itself() {
    let local = numbers(1).await;
    create(&local, "v", "SELECT n FROM v").await.refused(400, "QUERY_ERROR");
    create(&local, "a", "SELECT n FROM c").await.data();
    create(&local, "b", "SELECT n FROM a").await.data();
    create(&local, "d", "SELECT a.n FROM b JOIN a ON a.n = b.n").await.data();
    for query in ["SELECT n FROM a", "SELECT n FROM b", "SELECT c.n FROM c JOIN d ON c.n = d.n"] {
        let refused = update(&local, "a", query).await;
        assert!(refused.refused(400, "INVALIDINPUT").contains("itself"), "{query}");
    }
    assert_eq!(rows(&local, "SELECT n FROM d").await, json!([{"n": 0}]));
    update(&local, "a", "SELECT n + 1 AS n FROM c").await.data();
    assert_eq!(rows(&local, "SELECT n FROM d").await, json!([{"n": 1}]));
}

#[tokio::test]
async fn views_have_states_and_one_name_space_with_collections_and_aliases() {
    let local = Local::with(Options { ready_after: Duration::from_secs(3600), ..options() });
    let created = create(&local, "v", "SELECT 1 AS n").await;
    assert_eq!(created.data()["state"], "SYNCING");
    assert_eq!(local.get(&format!("{VIEWS}/v")).await.data()["state"], "SYNCING");

    let local = Local::with_collection(json!({})).await;
    create_alias(&local, "a", "commons.c").await.data();
    let body = json!({"name": "v", "query": "SELECT 1 AS n", "description": "mine"});
    assert_eq!(local.post(VIEWS, body).await.data()["state"], "SYNCING");
    let updated = update(&local, "v", "SELECT 2 AS n").await;
    assert_eq!(
        (&updated.data()["state"], &updated.data()["description"]),
        (&json!("SYNCING"), &json!("mine"))
    );
    let found = local.get(&format!("{VIEWS}/v")).await;
    assert_eq!(
        (&found.data()["state"], &found.data()["query_sql"]),
        (&json!("CREATED"), &json!("SELECT 2 AS n"))
    );
    for list in [VIEWS, "/v1/orgs/self/views"] {
        assert_eq!(*local.get(list).await.data(), json!([found.data()]));
    }
    for name in ["a", "c", "v"] {
        create(&local, name, "SELECT 1").await.refused(409, "ALREADYEXISTS");
    }
    let taken = create_alias(&local, "v", "commons.c").await;
    assert!(taken.refused(409, "ALREADYEXISTS").contains("View"));
    local.post(COLLECTIONS, json!({"name": "v"})).await.refused(409, "ALREADYEXISTS");
    create_alias(&local, "b", "commons.v").await.refused(404, "NOTFOUND");
    assert_eq!(delete(&local, "v").await.data()["state"], "DELETED");
    for gone in [
        delete(&local, "v").await,
        local.get(&format!("{VIEWS}/v")).await,
        update(&local, "v", "SELECT 1").await,
    ] {
        gone.refused(404, "NOTFOUND");
    }
    local.post(COLLECTIONS, json!({"name": "v"})).await.data();
}

#[tokio::test]
async fn what_a_view_reads_stays() {
    let local = numbers(1).await;
    create_alias(&local, "a", "commons.c").await.data();
    create(&local, "v", "SELECT n FROM a").await.data();
    create(&local, "w", "SELECT v.n FROM v JOIN c ON v.n = c.n").await.data();
    let kept = delete(&local, "v").await;
    assert!(kept.refused(409, "DEPENDENTRESOURCES").contains("view \"commons.w\""));
    let kept = local.delete(&format!("{ALIASES}/a")).await;
    assert!(kept.refused(409, "DEPENDENTRESOURCES").contains("view \"commons.v\""));
    local.delete(C).await.refused(409, "DEPENDENTRESOURCES");
    delete(&local, "w").await.data();
    delete(&local, "v").await.data();
    local.delete(&format!("{ALIASES}/a")).await.data();
    local.delete(C).await.data();
}

#[tokio::test]
async fn a_view_is_one_query_without_parameters() {
    let local = numbers(1).await;
    for query in [
        "SELECT :n AS n",
        "INSERT INTO c SELECT 1 AS n",
        "DESCRIBE c",
        "SELECT n FROM none",
        "SELECT 1; SELECT 2",
        "SELECT COUT(*) FROM c",
        "",
    ] {
        create(&local, "v", query).await.refused(400, "QUERY_ERROR");
    }
    let wrong = create(&local, "v", "SELECT n\nFROM none").await;
    assert_eq!((&wrong.body["line"], &wrong.body["column"]), (&json!(2), &json!(6)));
    create(&local, "two words", "SELECT 1").await.refused(400, "INVALIDINPUT");
    let body = json!({"name": "v", "query": "SELECT 1"});
    let nowhere = local.post("/v1/orgs/self/ws/none/views", body).await;
    assert_eq!(nowhere.body["message_key"], "WORKSPACE_NOT_FOUND");
}

#[tokio::test]
async fn an_error_in_a_view_is_told_where_the_view_is_named() {
    let local = numbers(1).await;
    create(&local, "v", "SELECT n +\n\n  1 AS n FROM c").await.data();
    let wrong = ask(&local, "SELECT n\nFROM\n  v, nothing").await;
    assert_eq!((&wrong.body["line"], &wrong.body["column"]), (&json!(3), &json!(6)));
    // Documents that came later have a type that can't be added to.
    local.add(json!([{"_id": "s", "n": "text"}])).await.data();
    let wrong = ask(&local, "SELECT n\nFROM v").await;
    wrong.refused(400, "QUERY_ERROR");
    assert!([&json!(2), &Value::Null].contains(&&wrong.body["line"]), "{wrong:?}");

    for sql in ["DESCRIBE v", "INSERT INTO v SELECT 1 AS n"] {
        let refused = ask(&local, sql).await;
        assert!(refused.refused(400, "QUERY_ERROR").contains("view"), "{sql}");
    }
}

#[tokio::test]
async fn views_that_are_too_many_are_refused_and_nothing_breaks() {
    let local = numbers(2).await;
    create(&local, "v0", "SELECT n FROM c").await.data();
    let mut refused = None;
    for next in 1..500 {
        let query = format!("SELECT n FROM (SELECT n FROM v{})", next - 1);
        let answer = create(&local, &format!("v{next}"), &query).await;
        if answer.status != 200 {
            refused = Some(answer.refused(400, "QUERY_ERROR").to_string());
            break;
        }
    }
    assert!(refused.unwrap().contains("nested too deep"));

    // Each reads the one before twice, so that each has twice as much to read.
    create(&local, "w0", "SELECT n FROM c").await.data();
    let mut refused = None;
    for next in 1..30 {
        let query = format!("SELECT n FROM w{0} UNION ALL SELECT n FROM w{0}", next - 1);
        let answer = create(&local, &format!("w{next}"), &query).await;
        if answer.status != 200 {
            refused = Some(answer.refused(400, "QUERY_ERROR").to_string());
            break;
        }
    }
    assert!(refused.unwrap().contains("too many views"));
}
