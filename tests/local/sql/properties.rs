//! Random expressions on documents whose fields have values of any type: the engine answers
//! what a plain evaluator computes, in select lists, conditions and groups.

use super::evaluator::{E, V, type_of};
use crate::support::local::Local;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Expressions that are asked. Each is asked three times.
const EXPRESSIONS: usize = 300;

/// Documents of which `any` has values of all types, `n` numbers, `s` strings, `o` objects or
/// something else; any of them may be null or missing.
fn documents() -> Vec<Map<String, Value>> {
    let any = [
        json!(1),
        json!(1.0),
        json!(1.5),
        json!(-3),
        json!("1"),
        json!("x"),
        json!(""),
        json!(true),
        json!(false),
        json!(null),
        json!([1, "x"]),
        json!([1.0, "x"]),
        json!({"a": 1}),
        json!({}),
    ];
    let n = [json!(0), json!(7), json!(-2.5), json!(2.0), json!(null)];
    let s = [json!("x"), json!("X"), json!("größer"), json!(null)];
    let o = [json!({"p": 1, "q": "x"}), json!({"p": "1"}), json!("text"), json!({"p": null})];
    (0..60)
        .map(|at| {
            let mut document = Map::new();
            document.insert("_id".to_string(), json!(format!("{at:02}")));
            let mut put = |name: &str, values: &[Value], step: usize| {
                // One more than there are: the field is missing.
                if let Some(value) = values.get(at / step % (values.len() + 1)) {
                    document.insert(name.to_string(), value.clone());
                }
            };
            put("any", &any, 1);
            put("n", &n, 2);
            put("s", &s, 3);
            put("o", &o, 5);
            put("b", &[json!(true), json!(false)], 1);
            document
        })
        .collect()
}

fn value() -> impl Strategy<Value = E> {
    let literals = [
        json!(0),
        json!(1),
        json!(1.5),
        json!(2.0),
        json!("x"),
        json!("1"),
        json!(""),
        json!(true),
        json!(null),
    ];
    let fields = [
        E::Field("any", None),
        E::Field("n", None),
        E::Field("s", None),
        E::Field("o", None),
        E::Field("o", Some("p")),
        E::Field("o", Some("q")),
        E::Field("b", None),
        E::Field("missing", None),
        E::Undefined,
    ];
    prop_oneof![
        1 => select(literals.to_vec()).prop_map(E::Literal),
        3 => select(fields.to_vec()),
        1 => number(),
        1 => proptest::collection::vec(select(fields.to_vec()), 0..3).prop_map(E::Array),
    ]
}

/// Numbers, or what is absent.
fn number() -> BoxedStrategy<E> {
    let leaf = prop_oneof![
        Just(E::Field("n", None)),
        select(vec![json!(1), json!(2.5), json!(-1)]).prop_map(E::Literal),
    ];
    leaf.prop_recursive(2, 6, 2, |inner| {
        let two = (inner.clone(), inner).prop_map(|(a, b)| (Box::new(a), Box::new(b)));
        prop_oneof![
            two.clone().prop_map(|(a, b)| E::Add(a, b)),
            two.prop_map(|(a, b)| E::Multiply(a, b)),
        ]
    })
    .boxed()
}

/// Bools, or what is absent.
fn condition() -> BoxedStrategy<E> {
    let two = || (value(), value()).prop_map(|(a, b)| (Box::new(a), Box::new(b)));
    let leaf = prop_oneof![
        4 => (select(vec!["=", "<>", "<", "<=", ">", ">="]), two())
            .prop_map(|(op, (a, b))| E::Compare(op, a, b)),
        1 => Just(E::Field("b", None)),
        1 => value().prop_map(|a| E::IsNull(Box::new(a))),
        1 => value().prop_map(|a| E::IsUndefined(Box::new(a))),
        1 => (value(), value(), value())
            .prop_map(|(a, b, c)| E::Between(Box::new(a), Box::new(b), Box::new(c))),
        1 => (value(), proptest::collection::vec(value(), 1..4))
            .prop_map(|(a, list)| E::In(Box::new(a), list)),
    ];
    leaf.prop_recursive(3, 12, 2, |inner| {
        let two = (inner.clone(), inner.clone()).prop_map(|(a, b)| (Box::new(a), Box::new(b)));
        prop_oneof![
            two.clone().prop_map(|(a, b)| E::And(a, b)),
            two.prop_map(|(a, b)| E::Or(a, b)),
            inner.prop_map(|a| E::Not(Box::new(a))),
        ]
    })
    .boxed()
}

fn expression() -> BoxedStrategy<E> {
    let two = || (value(), value()).prop_map(|(a, b)| (Box::new(a), Box::new(b)));
    prop_oneof![
        1 => value(),
        3 => condition(),
        1 => (condition(), two()).prop_map(|(c, (a, b))| E::Case(Box::new(c), a, b)),
        1 => two().prop_map(|(a, b)| E::Coalesce(a, b)),
        1 => two().prop_map(|(a, b)| E::NullIf(a, b)),
        1 => value().prop_map(|a| E::TypeOf(Box::new(a))),
    ]
    .boxed()
}

/// What is in a row: a value with its type, or nothing. Undefined and null are alike where an
/// operation has made one of them, and so are the two zeros.
fn shown(value: &V) -> (String, String) {
    let json = match value {
        V::Undefined => Value::Null,
        V::Json(json) => json.clone(),
    };
    let kind = match type_of(value) {
        "undefined" => "null",
        kind => kind,
    };
    let zero = json.as_f64() == Some(0.0) && kind == "float";
    (kind.to_string(), if zero { "0.0".to_string() } else { json.to_string() })
}

async fn rows(local: &Local, query: &str) -> Vec<Value> {
    let body = json!({"sql": {"query": query}});
    let answer = local.post("/v1/orgs/self/queries", body).await;
    assert_eq!(answer.status, 200, "{query}\n{answer:?}");
    answer.body["results"].as_array().unwrap().clone()
}

async fn check(local: &Local, documents: &[Map<String, Value>], expression: &E) {
    let sql = expression.sql();
    let expected: Vec<V> = documents.iter().map(|document| expression.of(document)).collect();

    let query = format!("SELECT {sql} AS x FROM c ORDER BY _id");
    let found = rows(local, &query).await;
    let found: Vec<_> = found
        .iter()
        .map(|row| shown(&row.get("x").cloned().map_or(V::Undefined, V::Json)))
        .collect();
    assert_eq!(found, expected.iter().map(shown).collect::<Vec<_>>(), "{query}");

    let query = format!("SELECT _id FROM c WHERE ({sql}) = true ORDER BY _id");
    let found: Vec<Value> =
        rows(local, &query).await.into_iter().map(|row| row["_id"].clone()).collect();
    let is_true = |(_, value): &(&Map<String, Value>, &V)| **value == V::Json(json!(true));
    let kept = documents.iter().zip(&expected).filter(is_true);
    assert_eq!(
        found,
        kept.map(|(document, _)| document["_id"].clone()).collect::<Vec<_>>(),
        "{query}"
    );

    let query = format!("SELECT {sql} AS x, COUNT(*) AS count FROM c GROUP BY x");
    let mut found: BTreeMap<_, i64> = BTreeMap::new();
    for row in rows(local, &query).await {
        let group = shown(&row.get("x").cloned().map_or(V::Undefined, V::Json));
        *found.entry(group).or_default() += row["count"].as_i64().unwrap();
    }
    let mut groups: BTreeMap<_, i64> = BTreeMap::new();
    for value in &expected {
        *groups.entry(shown(value)).or_default() += 1;
    }
    assert_eq!(found, groups, "{query}");
}

#[tokio::test]
async fn answers_are_those_of_a_plain_evaluator() {
    let local = Local::with_collection(json!({})).await;
    let documents = documents();
    let added = local.add(json!(documents)).await;
    assert_eq!(added.status, 200, "{added:?}");
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    for _ in 0..EXPRESSIONS {
        let expression = expression().new_tree(&mut runner).unwrap().current();
        check(&local, &documents, &expression).await;
    }
}
