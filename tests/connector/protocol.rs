//! Flow's protocol as it is on the wire: every request here is written, and every response
//! read, by the tags and names of its documentation.

use crate::support::connector::{Ended, run_on};
use crate::support::local::Local;
use crate::support::raw::{all, field, fixed32, frame, json, messages, number, one, text, texts};
use crate::support::stored::{count, stored};
use materialize_rockset::flow::Codec;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const SPEC: u32 = 1;
const VALIDATE: u32 = 2;
const APPLY: u32 = 3;
const OPEN: u32 = 4;
const FLUSH: u32 = 6;
const STORE: u32 = 7;
const START_COMMIT: u32 = 8;
const ACKNOWLEDGE: u32 = 9;

/// A projection: its field, the types of its location, and whether it is a key.
struct Projection<'a>(&'a str, &'a [&'a str], bool);

impl Projection<'_> {
    fn raw(&self) -> Vec<u8> {
        let Self(name, types, is_key) = self;
        let inference = [texts(1, types), number(8, 1)].concat();
        [
            field(1, format!("/{name}")),
            field(2, name),
            number(5, u64::from(*is_key)),
            field(6, inference),
        ]
        .concat()
    }
}

/// A CollectionSpec.
fn collection(name: &str, projections: &[Projection<'_>]) -> Vec<u8> {
    let keys = projections.iter().filter(|it| it.2).flat_map(|it| field(3, format!("/{}", it.0)));
    let projections = projections.iter().flat_map(|it| field(6, it.raw()));
    [field(1, name), keys.collect(), field(4, "/_meta/uuid"), projections.collect()].concat()
}

fn orders() -> Vec<u8> {
    collection(
        "acmeCo/orders",
        &[Projection("id", &["integer"], true), Projection("text", &["string"], false)],
    )
}

fn resource(collection: &str) -> Value {
    json!({"workspace": "commons", "collection": collection})
}

fn endpoint(local: &Local) -> Value {
    json!({"api_key": "secret-key", "region_base_url": local.server.url()})
}

/// A MaterializationSpec of these bindings.
fn materialization(local: &Local, parts: &[Vec<u8>]) -> Vec<u8> {
    [field(1, "acmeCo/rockset"), number(2, 8), json(3, &endpoint(local)), parts.concat()].concat()
}

/// A binding of a MaterializationSpec, but for its collection.
fn binding(target: &str, backfill: u64) -> Vec<u8> {
    let selection = [texts(1, &["id"]), texts(2, &["text"])].concat();
    [
        json(1, &resource(target)),
        texts(2, &["commons", target]),
        field(4, selection),
        number(5, 1),
        number(12, backfill),
        field(13, format!("commons%2F{target}.v{backfill}")),
    ]
    .concat()
}

fn apply(task: &[u8], last: Option<&[u8]>) -> Vec<u8> {
    let last = last.map(|last| field(4, last)).unwrap_or_default();
    frame(field(APPLY, [field(1, task), field(2, "v"), last].concat()))
}

fn open(task: &[u8], range: (u32, u32), state: &Value) -> Vec<u8> {
    let range = [fixed32(2, range.0), fixed32(3, range.1), fixed32(5, u32::MAX)].concat();
    let open = [field(1, task), field(2, "v"), field(3, range), json(4, state)].concat();
    frame(field(OPEN, open))
}

/// One transaction with these Stores.
fn transaction(stores: &[Vec<u8>]) -> Vec<u8> {
    let stores: Vec<u8> = stores.iter().flat_map(|store| frame(field(STORE, store))).collect();
    [frame(field(ACKNOWLEDGE, [])), frame(field(FLUSH, [])), stores, frame(field(START_COMMIT, []))]
        .concat()
}

async fn succeeds(input: &[u8]) -> Vec<Vec<u8>> {
    let ended = run_on(Codec::Proto, input).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    messages(&ended.stdout).into_iter().map(<[u8]>::to_vec).collect()
}

async fn fails(codec: Codec, input: &[u8]) -> Ended {
    let ended = run_on(codec, input).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    ended
}

/// Each field of a Validated binding: type, reason and folded field, once by the map and once
/// by the list.
fn constraints(binding: &[u8]) -> [BTreeMap<String, (String, String, String)>; 2] {
    [1, 6].map(|tag| {
        let entries = all(binding, tag);
        let parsed = entries.iter().map(|entry| {
            let constraint = one(entry, 2);
            let parts = (text(&constraint, 2), text(&constraint, 3), text(&constraint, 4));
            (text(entry, 1), parts)
        });
        let parsed: BTreeMap<_, _> = parsed.collect();
        assert_eq!(parsed.len(), entries.len(), "a field has two constraints");
        parsed
    })
}

/// Validate of these bindings: each its resource's collection, its own bytes, and its backfill.
fn validate(local: &Local, bindings: &[(&str, Vec<u8>)], rest: &[Vec<u8>]) -> Vec<u8> {
    let bindings = bindings.iter().flat_map(|(target, binding)| {
        field(4, [json(1, &resource(target)), binding.clone()].concat())
    });
    let validate = [field(1, "acmeCo/rockset"), json(3, &endpoint(local)), bindings.collect()];
    frame(field(VALIDATE, [validate.concat(), rest.concat()].concat()))
}

async fn validated(input: &[u8]) -> Vec<Vec<u8>> {
    let [message] = succeeds(input).await.try_into().unwrap();
    all(&one(&message, 2), 1)
}

#[tokio::test]
async fn constraints_come_in_both_forms() {
    let local = Local::start();
    let input = validate(&local, &[("c", field(2, orders()))], &[]);
    let [binding] = validated(&input).await.try_into().unwrap();
    let [map, list] = constraints(&binding);
    assert_eq!(map, list);
    let types: Vec<_> = list.iter().map(|(name, it)| (name.as_str(), it.0.as_str())).collect();
    // LOCATION_REQUIRED and FIELD_OPTIONAL.
    assert_eq!(types, [("id", "2"), ("text", "4")]);
    assert_eq!(all(&binding, 2), [b"commons".to_vec(), b"c".to_vec()]);
    assert_eq!(text(&binding, 3), "1");
}

/// The runtime begins every process with Spec, of an empty configuration.
#[tokio::test]
async fn spec_comes_before_anything() {
    let local = Local::start();
    let spec = frame(field(SPEC, [number(1, 8), field(2, "{}")].concat()));
    let input = [spec, validate(&local, &[("c", field(2, orders()))], &[])].concat();
    let messages = succeeds(&input).await;
    assert_eq!(text(&one(&messages[0], 1), 1), "3032023");
    assert_eq!(all(&one(&messages[1], 2), 1).len(), 1);
}

#[tokio::test]
async fn a_binding_that_was_inactive_is_created_again_when_its_backfill_rose() {
    let local = Local::start();
    let bound = |backfill| [binding("c", backfill), field(3, orders())].concat();
    let before = materialization(&local, &[field(4, bound(0))]);
    succeeds(&apply(&before, None)).await;
    local.add(json!([{"_id": "old"}])).await.statuses();

    // Disabled, then enabled with and without a higher counter.
    let disabled = materialization(&local, &[field(9, bound(0))]);
    let [applied] = succeeds(&apply(&before, Some(&disabled))).await.try_into().unwrap();
    assert_eq!(text(&one(&applied, 3), 1), "");
    assert_eq!(count(&local, "commons", "c").await, 1);

    let backfilled = materialization(&local, &[field(4, bound(1))]);
    let [applied] = succeeds(&apply(&backfilled, Some(&disabled))).await.try_into().unwrap();
    let action = text(&one(&applied, 3), 1);
    assert!(action.starts_with("Deleted collection commons.c"), "{action}");
    assert_eq!(count(&local, "commons", "c").await, 0);
}

fn packed(id: u8, text: &str) -> Vec<u8> {
    let values = [b"\x02", text.as_bytes(), b"\0"].concat();
    [field(3, [0x15, id]), field(5, values)].concat()
}

/// Every message of a session in the indirect form, the last publications included.
#[tokio::test]
async fn the_indirect_form_is_the_same() {
    let local = Local::start();
    let others = collection("acmeCo/others", &[Projection("id", &["string"], true)]);
    let linked = |tag| [field(tag, &others), field(tag, orders())].concat();
    // The index of the first one is left out on the wire.
    let last = materialization(
        &local,
        &[
            field(4, [binding("c", 0), number(15, 1)].concat()),
            field(9, binding("gone", 0)),
            linked(13),
        ],
    );
    let input =
        validate(&local, &[("c", number(6, 1)), ("d", vec![])], &[field(5, &last), linked(7)]);
    let bindings = validated(&input).await;
    let [of_orders, of_others] = bindings.try_into().unwrap();
    assert_eq!(constraints(&of_orders)[1].keys().collect::<Vec<_>>(), ["id", "text"]);
    assert_eq!(constraints(&of_others)[1].keys().collect::<Vec<_>>(), ["id"]);

    let task =
        materialization(&local, &[field(4, [binding("c", 0), number(15, 1)].concat()), linked(13)]);
    succeeds(&apply(&task, Some(&last))).await;
    let session =
        [open(&task, (0, u32::MAX), &json!({})), transaction(&[packed(7, "seven")])].concat();
    assert_eq!(succeeds(&session).await.len(), 4);
    let documents = stored(&local, "commons", "c").await;
    assert_eq!(documents["FQc"], json!({"_id": "FQc", "id": 7, "text": "seven"}));
}

#[tokio::test]
async fn mixed_forms_and_indices_out_of_range_name_the_binding() {
    let local = Local::start();
    let own = || [binding("c", 0), field(3, orders())].concat();
    let indirect = |index| [binding("c", 0), number(15, index)].concat();
    let linked = || field(13, orders());
    let good = || materialization(&local, &[field(4, own())]);
    let cases = [
        (
            "a collection beside linked ones",
            apply(
                &materialization(&local, &[field(4, indirect(0)), field(4, own()), linked()]),
                None,
            ),
            "Apply: bindings[1] has a collection of its own, although there are \
             linked_collections; a message has one form or the other",
        ),
        (
            "an index out of range",
            open(&materialization(&local, &[field(4, indirect(1)), linked()]), (0, 9), &json!({})),
            "Open: bindings[0] names linked collection 1, but there are only 1 linked_collections",
        ),
        (
            "an index without linked collections",
            apply(&materialization(&local, &[field(4, indirect(2))]), None),
            "Apply: bindings[0] names linked collection 2, but there are no linked_collections",
        ),
        (
            "no collection at all",
            apply(&materialization(&local, &[field(4, own()), field(4, binding("d", 0))]), None),
            "Apply: bindings[1] has no collection",
        ),
        (
            "in an inactive binding of the last publication",
            apply(&good(), Some(&materialization(&local, &[field(9, indirect(3)), linked()]))),
            "Apply: last_materialization.inactive_bindings[0] names linked collection 3, but there \
             are only 1 linked_collections",
        ),
        (
            "in Validate",
            validate(&local, &[("c", number(6, 4))], &[field(7, orders())]),
            "Validate: bindings[0] names linked collection 4, but there are only 1 \
             linked_collections",
        ),
        (
            "mixed in Validate",
            validate(&local, &[("c", vec![]), ("d", field(2, orders()))], &[field(7, orders())]),
            "Validate: bindings[1] has a collection of its own, although there are \
             linked_collections; a message has one form or the other",
        ),
    ];
    for (case, input, error) in cases {
        assert_eq!(fails(Codec::Proto, &input).await.error(), error, "{case}");
    }
}

/// A session in the codec `json`: each request a line, and what it answers.
fn lines(requests: &[Value]) -> Vec<u8> {
    requests.iter().map(|request| format!("{request}\n")).collect::<String>().into_bytes()
}

/// Keys and values of each kind as Flow packs them, in hex, and as JSON text.
const TUPLES: &[(&str, &str)] = &[
    ("152a", "42"),
    ("13fe", "-1"),
    ("14", "0"),
    ("160100", "256"),
    ("1cffffffffffffffff", "18446744073709551615"),
    ("0c7fffffffffffffff", "-9223372036854775808"),
    ("1d09010000000000000000", "18446744073709551616"),
    ("0bf6feffffffffffffffff", "-18446744073709551616"),
    ("21bff8000000000000", "1.5"),
    ("21c008000000000000", "3.0"),
    ("214007ffffffffffff", "-1.5"),
    ("21fe37e43c8800759c", "1e300"),
    ("26", "false"),
    ("27", "true"),
    ("02686900", "\"hi\""),
    ("0200", "\"\""),
    ("026100ff6200", "\"a\\u0000b\""),
    ("0268c3a96c6c6f20e2988320f09f988000", "\"h\u{e9}llo \\u2603 \\ud83d\\ude00\""),
    ("02225c0a00", "\"\\\"\\\\\\n\""),
];

/// Values alone, since no key can hold them.
const NESTED: &[(&str, &str)] = &[
    ("00", "null"),
    ("015b5d00", "[]"),
    ("017b2261223a5b312c223220205c22332c20225d7d00", "{ \"a\" : [1, \"2  \\\"3, \"] }"),
];

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

/// A runtime that speaks JSON sends keys and values as JSON alone. The same documents come of
/// it as of packed tuples.
#[tokio::test]
async fn documents_from_json_are_those_from_packed_tuples() {
    let local = Local::start();
    let any: &[&str] = &["array", "boolean", "null", "number", "object", "string"];
    let collection_spec = collection(
        "acmeCo/anything",
        &[Projection("id", any, true), Projection("text", any, false)],
    );
    let bound = |target| field(4, [binding(target, 0), field(3, &collection_spec)].concat());
    let proto = materialization(&local, &[bound("proto")]);
    let mut stores = Vec::new();
    let mut json_stores = Vec::new();
    let values = TUPLES.iter().chain(NESTED);
    for ((packed_key, key), (packed_value, value)) in TUPLES.iter().cycle().zip(values) {
        stores.push([field(3, hex(packed_key)), field(5, hex(packed_value))].concat());
        json_stores.push(format!("{{\"store\":{{\"key\":[ {key}],\"values\":[{value} ]}}}}\n"));
    }
    let session =
        [apply(&proto, None), open(&proto, (0, u32::MAX), &json!({})), transaction(&stores)];
    succeeds(&session.concat()).await;

    let projection = |name: &str, is_key| {
        json!({
            "ptr": format!("/{name}"), "field": name, "isPrimaryKey": is_key,
            "inference": {"types": any, "exists": "MUST"},
        })
    };
    let task = json!({
        "name": "acmeCo/rockset", "connectorType": "IMAGE", "config": endpoint(&local),
        "bindings": [{
            "resourceConfig": resource("json"), "resourcePath": ["commons", "json"],
            "collection": {
                "name": "acmeCo/anything", "key": ["/id"],
                "projections": [projection("id", true), projection("text", false)],
            },
            "fieldSelection": {"keys": ["id"], "values": ["text"]},
            "deltaUpdates": true, "stateKey": "commons%2Fjson",
            "journalReadSuffix": "materialize/acmeCo/rockset/commons%2Fjson",
            "notBefore": "2024-02-03T04:05:06.789Z",
        }],
    });
    let session = [
        lines(&[
            json!({"apply": {"materialization": task, "version": "v"}}),
            json!({"open": {
                "materialization": task, "version": "v",
                "range": {"keyEnd": u32::MAX, "rClockEnd": u32::MAX}, "state": {},
            }}),
            json!({"acknowledge": {"statePatches": [{"a": 1}]}}),
            json!({"flush": {"backfillBegins": [
                {"timestamp": "2024-02-03T04:05:06Z"}, {"binding": 0},
            ]}}),
        ]),
        json_stores.concat().into_bytes(),
        lines(&[json!({"startCommit": {"statePatches": []}})]),
    ];
    let ended = run_on(Codec::Json, &session.concat()).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(String::from_utf8(ended.stdout).unwrap().lines().count(), 5);

    let from_proto = stored(&local, "commons", "proto").await;
    assert_eq!(from_proto.len(), TUPLES.len());
    assert_eq!(stored(&local, "commons", "json").await, from_proto);
}

#[tokio::test]
async fn json_that_can_not_be_packed_is_refused() {
    let local = Local::start();
    let task = json!({
        "config": endpoint(&local),
        "bindings": [{
            "resourceConfig": resource("c"), "collection": {"name": "acmeCo/c"},
            "fieldSelection": {"keys": ["id"]},
        }],
    });
    for (store, error) in [
        (r#"{"key": {"id": 1}}"#, "store.key: invalid type: map, expected a sequence"),
        (r#"{"key": [1e400]}"#, "store.key: element 0 is 1e400, which is no number of 64 bits"),
        (r#"{"key": [1], "values": 5}"#, "store.values: invalid type: integer `5`"),
        (r#"{"key": [1, 2]}"#, "the packed tuple goes on for 2 bytes after it"),
        (r#"{"key": []}"#, "field \"id\": the packed tuple ends before it"),
        (r#"{"key": null}"#, "field \"id\": the packed tuple ends before it"),
    ] {
        let session = [
            lines(&[
                json!({"apply": {"materialization": task}}),
                json!({"open": {"materialization": task}}),
                json!({"acknowledge": {}}),
                json!({"flush": {}}),
            ]),
            format!("{{\"store\":{store}}}\n").into_bytes(),
        ];
        let ended = fails(Codec::Json, &session.concat()).await;
        assert!(ended.error().contains(error), "{store}: {}", ended.error());
    }
}

/// Only the shard whose keys begin at 0 may say where the runtime goes on.
#[tokio::test]
async fn only_the_first_shard_answers_a_checkpoint() {
    let local = Local::start();
    let task = materialization(&local, &[field(4, [binding("c", 0), field(3, orders())].concat())]);
    succeeds(&apply(&task, None)).await;
    // A Checkpoint with one source, `j`, that has been read up to 5.
    let state = json!({"b64EncodedFlowCheckpoint": "CgcKAWoSAggF", "nextSeqNumList": [0]});
    for (range, has_checkpoint) in
        [((0, u32::MAX), true), ((0, 99), true), ((100, u32::MAX), false)]
    {
        let session = [open(&task, range, &state), transaction(&[packed(7, "seven")])].concat();
        let messages = succeeds(&session).await;
        let opened = one(&messages[0], 4);
        assert_eq!(!all(&opened, 1).is_empty(), has_checkpoint, "{range:?}");
        // What it writes to the state leaves alone what its peers write.
        let state = one(&one(&messages[3], 7), 1);
        assert_eq!(text(&state, 2), "1", "not a merge patch");
        let patch: Value = serde_json::from_slice(&one(&state, 1)).unwrap();
        assert_eq!(patch, json!({"b64EncodedFlowCheckpoint": null, "nextSeqNumList": null}));
    }
}

/// Where documents are reduced, a transaction brings a part of them, and Validate says so.
#[tokio::test]
async fn validate_warns_of_fields_that_hold_a_part() {
    let local = Local::start();
    let reduced = |name: &str, strategy| {
        let inference = [texts(1, &["integer"]), number(8, 1), number(12, strategy)].concat();
        let projection = [field(1, format!("/{name}")), field(2, name), field(6, inference)];
        field(6, projection.concat())
    };
    let reductions = [
        ("unset", 0),
        ("mixed", 1),
        ("tags", 2),
        ("first", 3),
        ("last", 4),
        ("most", 5),
        ("object", 6),
        ("least", 7),
        ("members", 8),
        ("total", 9),
        ("schema", 10),
        ("later", 99),
    ];
    let collection =
        [orders(), reductions.iter().flat_map(|(name, number)| reduced(name, *number)).collect()];
    let input = validate(&local, &[("c", field(2, collection.concat()))], &[]);
    let ended = run_on(Codec::Proto, &input).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let records = ended.stderr.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let warnings: Vec<Value> = records.filter(|record| record["level"] == "warn").collect();
    let [warning] = warnings.as_slice() else { panic!("{warnings:?}") };
    assert_eq!(warning["collection"], "acmeCo/orders");
    assert_eq!(
        warning["message"],
        "bindings[0].resource: Rockset gets what each transaction has combined of a key, in place \
         of what it had, so these fields hold the part of the last transaction: first \
         (firstWriteWins), least (minimize), members (set), mixed (several strategies), most \
         (maximize), object (merge), schema (jsonSchemaMerge), tags (append), 1 more; materialize \
         a collection whose documents are whole, or set fields.groupBy to a key that no two \
         documents share, and combine them in SQL"
    );
}
