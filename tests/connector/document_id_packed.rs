//! `_id`s as they have been since 2021: the packed key in base64, and the key beside it.

use crate::support::connector::Connector;
use crate::support::local::Local;
use crate::support::task::{acknowledge, apply, binding, flush, open, start_commit, task};
use bytes::Bytes;
use fearless_simd::{Level, Simd, dispatch};
use materialize_rockset::encode::Error;
use materialize_rockset::encode::buffer::{Buffer, Writer};
use materialize_rockset::encode::tuple::Reader;
use materialize_rockset::flow::materialize::request::Store;
use materialize_rockset::flow::{Codec, Request};
use serde_json::{Value, json};
use std::cell::Cell;

/// Packed key in hex, its `_id`, and the JSON text of each part. Packed by FoundationDB's
/// own tuple layer.
const VECTORS: &[(&str, &str, &[&str])] = &[
    ("152a02686900", "FSoCaGkA", &["42", r#""hi""#]),
    ("0200", "AgA", &[r#""""#]),
    ("026100ff6200", "AmEA/2IA", &[r#""a\u0000b""#]),
    ("0200ff00", "AgD/AA", &[r#""\u0000""#]),
    ("0200ff00ff00", "AgD/AP8A", &[r#""\u0000\u0000""#]),
    ("0268c3a96c6c6f20e2988320f09f988000", "AmjDqWxsbyDimIMg8J+YgAA", &[r#""héllo ☃ 😀""#]),
    ("02225c0a0d09080c1f2f7f00", "AiJcCg0JCAwfL38A", &[r#""\"\\\n\r\t\b\f\u001f/\u007f""#]),
    ("14", "FA", &["0"]),
    ("13fe", "E/4", &["-1"]),
    ("15ff", "Ff8", &["255"]),
    ("160100", "FgEA", &["256"]),
    ("12feff", "Ev7/", &["-256"]),
    ("1c7fffffffffffffff", "HH//////////", &["9223372036854775807"]),
    ("0c7fffffffffffffff", "DH//////////", &["-9223372036854775808"]),
    ("1cffffffffffffffff", "HP//////////", &["18446744073709551615"]),
    ("1d08ffffffffffffffff", "HQj//////////w", &["18446744073709551615"]),
    ("0bf70000000000000000", "C/cAAAAAAAAAAA", &["-18446744073709551615"]),
    ("1d09010000000000000000", "HQkBAAAAAAAAAAA", &["18446744073709551616"]),
    ("0bf6feffffffffffffffff", "C/b+//////////8", &["-18446744073709551616"]),
    (
        "1d107fffffffffffffffffffffffffffffff",
        "HRB/////////////////////",
        &["170141183460469231731687303715884105727"],
    ),
    (
        "0bef7fffffffffffffffffffffffffffffff",
        "C+9/////////////////////",
        &["-170141183460469231731687303715884105728"],
    ),
    (
        "1d10ffffffffffffffffffffffffffffffff",
        "HRD/////////////////////",
        &["340282366920938463463374607431768211455"],
    ),
    (
        "1d199f4f2726179a224501d762422c946590d91000000000000000",
        "HRmfTycmF5oiRQHXYkIslGWQ2RAAAAAAAAAA",
        &["1000000000000000000000000000000000000000000000000000000000000"],
    ),
    (
        "0be660b0d8d9e865ddbafe289dbdd36b9a6f26efffffffffffffff",
        "C+ZgsNjZ6GXduv4onb3Ta5pvJu//////////",
        &["-1000000000000000000000000000000000000000000000000000000000000"],
    ),
    ("27", "Jw", &["true"]),
    ("26", "Jg", &["false"]),
    ("00", "AA", &["null"]),
    ("21bff8000000000000", "Ib/4AAAAAAAA", &["1.5"]),
    ("214007ffffffffffff", "IUAH////////", &["-1.5"]),
    ("218000000000000000", "IYAAAAAAAAAA", &["0.0"]),
    ("217fffffffffffffff", "IX//////////", &["-0.0"]),
    ("21c008000000000000", "IcAIAAAAAAAA", &["3.0"]),
    ("21fe37e43c8800759c", "If435DyIAHWc", &["1e+300"]),
    ("218000000000000001", "IYAAAAAAAAAB", &["5e-324"]),
    (
        "02610013f8270021c004000000000000",
        "AmEAE/gnACHABAAAAAAAAA",
        &[r#""a""#, "-7", "true", "null", "2.5"],
    ),
    ("017b2261223a5b312c6e756c6c5d7d00", "AXsiYSI6WzEsbnVsbF19AA", &[r#"{"a":[1,null]}"#]),
];

#[tokio::test]
async fn vectors() {
    let local = Local::start();
    let parts = |count: usize| (0..count).map(|part| format!("k{part}")).collect::<Vec<_>>();
    // One binding for each number of parts.
    let names = [vec![], parts(1), parts(2), parts(3), parts(4), parts(5)];
    let bindings = names.iter().enumerate().map(|(count, names)| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        binding("commons", &format!("c{count}"), if count == 0 { &["x"] } else { &names }, &[])
    });
    let task = task(&local.server.url(), bindings.collect());

    let mut connector = Connector::start(Codec::Proto);
    connector.ask(apply(&task)).await;
    connector.ask(open(&task)).await;
    connector.ask(acknowledge()).await;
    connector.ask(flush()).await;
    for (packed, _, parts) in VECTORS {
        let (binding, key_packed) = (parts.len() as u32, from_hex(packed));
        connector.send(Request::Store(Store { binding, key_packed, ..Store::default() })).await;
    }
    connector.ask(start_commit()).await;
    let ended = connector.end().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");

    for (packed, id, parts) in VECTORS {
        let escaped = id.replace('/', "%2F").replace('+', "%2B");
        let path = format!("/local/ws/commons/collections/c{}/docs/{escaped}", parts.len());
        let document = local.get(&path).await;
        assert_eq!(document.status, 200, "{packed}: {document:?}");
        assert_eq!(document.body["_id"], *id);
        for (index, part) in parts.iter().enumerate() {
            let expected: Value = serde_json::from_str(part).unwrap();
            assert_eq!(document.body[format!("k{index}")], expected, "{packed}");
        }
    }
}

fn write_next<S: Simd>(
    simd: S,
    rest: &Cell<Reader<'_>>,
    out: &mut Writer<'_>,
) -> Result<(), Error> {
    let mut tuple = rest.get();
    let written = tuple.write_json(simd, out);
    rest.set(tuple);
    written
}

/// Integers that no JSON library's integers hold reach the wire digit by digit.
#[test]
fn the_text_is_exact() {
    for (packed, _, parts) in VECTORS {
        let packed = from_hex(packed);
        let mut tuple = Reader::new(&packed);
        for part in *parts {
            let (mut text, rest) = (Buffer::default(), Cell::new(tuple));
            text.append(|out| {
                rest.set(tuple);
                dispatch!(Level::new(), simd => write_next(simd, &rest, out))
            })
            .unwrap();
            tuple = rest.get();
            let text = String::from_utf8(text.as_slice().to_vec()).unwrap();
            match part.starts_with('"') {
                true => assert_eq!(json!(text), json!(normal(part)), "{packed:?}"),
                false => assert_eq!(text, *part, "{packed:?}"),
            }
        }
        tuple.finish().unwrap();
    }
}

/// A string as serde_json writes it.
fn normal(json: &str) -> String {
    serde_json::from_str::<Value>(json).unwrap().to_string()
}

fn from_hex(hex: &str) -> Bytes {
    let digits = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}
