#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use std::cmp::Ordering;

fn json(text: &str) -> String {
    let mut out = String::new();
    write_json(&parse(text).unwrap(), &mut out);
    out
}

#[test]
fn what_json_lacks_is_extended() {
    let same = [
        r#"{"__rockset_type":"DATE","value":"2018-05-26"}"#,
        r#"{"__rockset_type":"TIME","value":"12:34:56.1"}"#,
        r#"{"__rockset_type":"DATETIME","value":"2018-05-26T10:30:20.345"}"#,
        r#"{"__rockset_type":"U256","value":"123"}"#,
        r#"{"__rockset_type":"MONTH_INTERVAL","value":40}"#,
        r#"{"__rockset_type":"GEOGRAPHY","value":{"coordinates":[-170.0,0.0],"type":"Point"}}"#,
        r#"[1,2.0,"a",null,true,{"b":[],"a":{}}]"#,
    ];
    for text in same {
        assert_eq!(json(text), text);
    }
    let timestamp = r#"{"__rockset_type":"timestamp","value":"2024-02-07T03:46:46.239377Z"}"#;
    assert_eq!(json(timestamp), r#""2024-02-07T03:46:46.239377Z""#);
    assert_eq!(json("9223372036854775807"), "9223372036854775807");
    assert_eq!(json("9223372036854775808"), "9.223372036854776e+18");
}

/// Values of all types in their order.
fn ordered() -> Vec<Value> {
    let float = Value::Float;
    let shape = r#"{"__rockset_type":"geography","value":{"type":"Point","coordinates":[1,2]}}"#;
    vec![
        Value::Null,
        Value::Bool(false),
        Value::Bool(true),
        float(f64::NEG_INFINITY),
        Value::Int(i64::MIN),
        float(-1.5),
        Value::Int(-1),
        Value::Int(0),
        float(5e-324),
        float(0.5),
        Value::Int(1),
        Value::Int((1 << 53) + 1),
        Value::Int(i64::MAX - 1),
        Value::Int(i64::MAX),
        float(9_223_372_036_854_775_808.0),
        float(f64::INFINITY),
        float(f64::NAN),
        Value::U256(Box::new(U256::MAX)),
        Value::string(""),
        Value::string("\0"),
        Value::string("\0a"),
        Value::string("a"),
        Value::string("a\0"),
        Value::string("ab"),
        Value::Bytes(vec![0, 0xff]),
        Value::Bytes(vec![1]),
        Value::Array(vec![]),
        Value::Array(vec![Value::string("a")]),
        Value::Array(vec![Value::string("a"), Value::Null]),
        Value::Array(vec![Value::string("b")]),
        Value::Object(vec![("a".into(), Value::Int(1))]),
        parse(shape).unwrap(),
    ]
}

#[test]
fn bytes_are_ordered_as_values() {
    let values = ordered();
    for (i, a) in values.iter().enumerate() {
        let back = decode(&encode(a));
        assert_eq!(total_order(a, &back), Ordering::Equal, "{a:?} came back as {back:?}");
        assert_eq!(kind_of(&encode(a)), a.kind());
        for (j, b) in values.iter().enumerate() {
            assert_eq!(encode(a).cmp(&encode(b)), i.cmp(&j), "{a:?} and {b:?}");
            assert_eq!(total_order(a, b), i.cmp(&j), "{a:?} and {b:?}");
        }
    }
}

#[test]
fn only_values_of_comparable_types_compare() {
    let float = Value::Float(1.0);
    assert_eq!(equal(&Value::Int(1), &float), Some(true));
    assert_eq!(equal(&Value::Int(1), &Value::string("1")), None);
    assert_eq!(equal(&Value::Null, &Value::Null), None);
    assert_eq!(compare(&Value::Date(1), &Value::Timestamp(1)), Some(Ordering::Greater));
    let object = |text: &str| parse(text).unwrap();
    assert_eq!(equal(&object(r#"{"a":1,"b":2}"#), &object(r#"{"b":2,"a":1.0}"#)), Some(true));
}

#[test]
fn parts_are_found_without_decoding() {
    let text = r#"{"a":[1,{"b":"x"},[],null],"c\u0000d":{"e":2.5,"f":{"g":[true]}},"h":""}"#;
    let bytes = encode(&parse(text).unwrap());
    let at = |bytes: &[u8], name: &str| field(bytes, name).map(decode);
    let array = field(&bytes, "a").unwrap();
    assert_eq!(element(array, 1).map(decode), Some(Value::Int(1)));
    assert_eq!(element(array, 2).and_then(|object| at(object, "b")), Some(Value::string("x")));
    assert_eq!(element(array, 4).map(decode), Some(Value::Null));
    assert_eq!((element(array, 0), element(array, 5)), (None, None));
    assert_eq!(elements(array).unwrap().count(), 4);
    let inner = field(&bytes, "c\0d").unwrap();
    assert_eq!(at(inner, "e"), Some(Value::Float(2.5)));
    assert_eq!(at(&bytes, "h"), Some(Value::string("")));
    assert_eq!((field(&bytes, "b"), field(array, "b")), (None, None));
}

#[test]
fn equal_values_have_equal_keys() {
    let key = |text: &str| equality_key(&encode(&parse(text).unwrap())).map(|key| key.to_vec());
    assert_eq!(key("1"), key("1.0"));
    assert_ne!(key("1"), key("1.5"));
    assert_ne!(key("1"), key("\"1\""));
    assert_eq!(key("null"), None);
    assert_eq!(key(r#"{"a":1,"b":[2.0]}"#), key(r#"{"b":[2],"a":1}"#));
    let date = r#"{"__rockset_type":"date","value":"2018-05-26"}"#;
    let time = r#"{"__rockset_type":"timestamp","value":"2018-05-26T00:00:00Z"}"#;
    assert_eq!(key(date), key(time));
}
