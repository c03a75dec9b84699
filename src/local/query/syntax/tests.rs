#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;

fn text(query: &str) -> String {
    parse_statement(query).unwrap().to_string()
}

#[test]
fn parameters_are_written_in_many_ways() {
    let query = "SELECT :a, : b, :\"c d\", :1, ?, ?, {'k': x, 'l': :a} FROM t LIMIT :n;;";
    assert_eq!(text(query), "SELECT :a, :b, :c d, :1, :1, :2, {'k': x, 'l': :a} FROM t LIMIT :n");
}

#[test]
fn hints_change_nothing() {
    let query = "SELECT a FROM t HINT(access_path=index_scan) JOIN u ON t.a = u.a \
                 HINT(join_strategy=lookup) HINT(x)";
    assert_eq!(text(query), "SELECT a FROM t JOIN u ON t.a = u.a");
}

#[test]
fn an_unnest_names_its_elements_inside() {
    let query = "SELECT x FROM t, UNNEST(t.a AS x WITH ORDINALITY AS n) AS u, UNNEST(b AS v)";
    assert_eq!(text(query), "SELECT x FROM t, UNNEST(t.a, x, n) AS u, UNNEST(b, v)");
}

#[test]
fn rocksets_own_forms_are_read() {
    for query in [
        "SELECT a, b, FROM t",
        "SELECT * EXCEPT (a, b), t.* EXCEPT (c), t.o.* FROM t",
        "SELECT a IS NOT UNDEFINED, undefined, a['x'][1].y[-1], ARRAY[1], [1, 2] FROM `t u`",
        "SELECT COUNT(*) COUNT, date, time, timestamp FROM ws.t TABLESAMPLE BERNOULLI(10)",
        "SELECT DATE '2020-1-1', INTERVAL 5 MINUTE, INTERVAL '3-4' YEAR TO MONTH, CURRENT_DATE",
        "SELECT INTERVAL -1.5 SECOND, X'4142', bytes 'hello', a AT TIME ZONE 'UTC', 1., .5",
        "SELECT EXTRACT(date FROM a), EXTRACT(dayofweek FROM a), NORMALIZE(x, NFD)",
        "SELECT x FROM t WHERE SEARCH(HAS_TERM(w, 'a'), HAS_TERM(w, 'b')) OPTION(match_all=false)",
        "SELECT ARRAY_AGG(DISTINCT a ORDER BY b DESC LIMIT 3), COUNT(*) FILTER (WHERE a > 1) FROM t",
        "SELECT a FROM TABLE('t') GROUP BY ROLLUP(a, b), CUBE(c), GROUPING SETS((a), ())",
        "SELECT a FROM w JOIN (j JOIN p ON j.a = p.a HINT(x=1)) ON w.a = j.a",
        "SELECT 'x' IN (SELECT e.text FROM UNNEST(t.entities.hashtags) e) FROM t",
        "SELECT a = ANY (SELECT 1), EXISTS (SELECT 1), a LIKE 'x' ESCAPE '!' FROM t",
        "INSERT INTO ws.t (a, b) SELECT a, b FROM u",
        "DESCRIBE ws.t",
        "DESCRIBE ws.t OPTION(max_field_depth=1)",
        "SHOW COLUMNS FROM ws.t OPTION(max_field_depth=1)",
        "INSERT INTO 's3://b/p' INTEGRATION = 'i' FORMAT = (TYPE = 'JSON', x = true) SELECT 1",
        "INSERT INTO 's3://b/p' INTEGRATION = 'i' SELECT a FROM t PARTITION BY a, b",
        "EXPLAIN SELECT 1",
        "EXPLAIN (SELECT 1)",
        "EXPLAIN ANALYZE (x, y=1) (SELECT 1)",
        "WITH x AS (SELECT 1 AS a) SELECT * FROM x UNION ALL SELECT 2 ORDER BY 1 LIMIT 5 OFFSET 2",
        "SELECT CAST(a AS array), TRY_CAST(a AS ARRAY), a::array, array FROM t",
        "SELECT FROM t",
    ] {
        if let Err(error) = parse(query) {
            panic!("{query}: {error} at {:?}", error.place);
        }
    }
}

#[test]
fn an_error_has_its_place() {
    let error = parse("SELECT a\nFROM t WHERE +").unwrap_err();
    assert!(error.place.is_some(), "{error:?}");
    let error = parse("SELECT 'a").unwrap_err();
    assert_eq!(error.place, Some(Place { line: 1, column: 8 }));
}

#[test]
fn values_need_no_parentheses() {
    for (query, read) in [
        ("VALUES 1, f(2, 3)", "VALUES (1), (f(2, 3))"),
        (
            "VALUES 1 UNION ALL VALUES 'a', NULL LIMIT 2",
            "VALUES (1) UNION ALL VALUES ('a'), (NULL) LIMIT 2",
        ),
        ("SELECT x IN (VALUES 1, 2), 3", "SELECT x IN (VALUES (1), (2)), 3"),
        ("VALUES (1, 2), (3, 4)", "VALUES (1, 2), (3, 4)"),
        ("SELECT (values = 1)", "SELECT (values = 1)"),
    ] {
        assert_eq!(text(query), read);
    }
}
