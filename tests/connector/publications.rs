//! A task over several publications: what it goes on from, and what it can't.

use crate::support::connector::{Connector, Ended};
use crate::support::scripted::{Answer, Scripted};
use crate::support::task::{acknowledge, endpoint, flush, projection, start_commit};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use materialize_rockset::flow::consumer::{Checkpoint, checkpoint};
use materialize_rockset::flow::materialize::request::{self, validate};
use materialize_rockset::flow::materialize::response::validated;
use materialize_rockset::flow::spec::materialization_spec::Binding;
use materialize_rockset::flow::spec::{CollectionSpec, FieldSelection, MaterializationSpec};
use materialize_rockset::flow::{Codec, Request, Response};
use prost::Message as _;
use serde_json::{Value, json};

/// A Rockset with an integration and nothing else.
async fn empty() -> Scripted {
    Scripted::answering(|_, request| match request.head.contains("/integrations/") {
        true => Answer::ok(json!({"data": {"name": "i", "created_by": "me", "s3": {}}})),
        false => Answer::error(404, "NOTFOUND"),
    })
    .await
}

/// A Rockset whose integration and collections are all there, filled with 42 objects.
async fn filled_rockset() -> Scripted {
    Scripted::answering(|_, request| {
        let name = request.head.split(' ').nth(1).unwrap().rsplit('/').next().unwrap();
        let locations = [
            json!({"prefix": "out/orders/v0000000000/"}),
            json!({"pattern": "out/b/**/*.parquet"}),
        ];
        let sources = locations.map(|mut s3| {
            s3["bucket"] = json!("acme");
            s3["region"] = json!("us-east-1");
            s3["object_count_total"] = json!(42);
            s3["object_count_downloaded"] = json!(42);
            json!({"integration_name": "i", "s3": s3, "status": {"state": "WATCHING"}})
        });
        let named = |name: &str| {
            json!({
                "name": name, "workspace": "commons", "created_by": "me", "status": "READY",
                "s3": {}, "sources": sources,
                "field_mapping_query": {"sql": "SELECT CAST(id AS string) AS _id, * FROM _input"},
            })
        };
        let data = match name {
            "collections" => ["o", "b", "t", "new", "renamed"].map(named).into_iter().collect(),
            name => named(name),
        };
        Answer::ok(json!({ "data": data }))
    })
    .await
}

fn collection(name: &str) -> CollectionSpec {
    let mut id = projection("id", &["integer"]);
    id.is_primary_key = true;
    CollectionSpec {
        name: name.to_string(),
        key: vec!["/id".to_string()],
        projections: vec![id, projection("region", &["string"])],
        ..CollectionSpec::default()
    }
}

/// A binding as the user writes it: the Flow collection and the resource.
#[derive(Clone)]
struct Draft {
    collection: &'static str,
    resource: Value,
    backfill: u32,
    group_by: &'static [&'static str],
}

fn draft(collection: &'static str, target: &str) -> Draft {
    let resource = json!({"workspace": "commons", "collection": target, "documentId": "key"});
    Draft { collection, resource, backfill: 0, group_by: &[] }
}

/// The same, filled from objects of the bucket `acme` first.
fn filled(collection: &'static str, target: &str, location: Value) -> Draft {
    let mut draft = draft(collection, target);
    let mut source = json!({"integration": "i", "bucket": "acme", "region": "us-east-1"});
    source.as_object_mut().unwrap().extend(location.as_object().unwrap().clone());
    draft.resource["initializeFromS3"] = source;
    draft
}

/// A path as Flow writes it into state keys and read suffixes.
fn state_key(path: &[String], backfill: u32) -> String {
    let encoded: Vec<String> = path.iter().map(|part| part.replace('/', "%2F")).collect();
    match backfill {
        0 => encoded.join("%2F"),
        backfill => format!("{}.v{backfill}", encoded.join("%2F")),
    }
}

/// A binding as Flow builds it of a draft and the path that its connector answered.
fn built(draft: &Draft, path: Vec<String>) -> Binding {
    let state_key = state_key(&path, draft.backfill);
    Binding {
        resource_config_json: draft.resource.to_string().into(),
        collection: Some(collection(draft.collection)),
        field_selection: Some(FieldSelection {
            keys: match draft.group_by {
                [] => vec!["id".to_string()],
                fields => fields.iter().map(|field| field.to_string()).collect(),
            },
            ..FieldSelection::default()
        }),
        delta_updates: true,
        backfill: draft.backfill,
        journal_read_suffix: format!("materialize/acmeCo/task/{state_key}"),
        state_key,
        resource_path: path,
        ..Binding::default()
    }
}

/// The last publication of materialize-s3-parquet, with bindings of these collections, paths
/// and backfills.
fn of_s3(bindings: &[(&'static str, &str, u32)]) -> MaterializationSpec {
    let config = json!({
        "image": "ghcr.io/estuary/materialize-s3-parquet:v1",
        "config": {"bucket": "acme", "prefix": "out/", "region": "us-east-1", "uploadInterval": "5m"},
    });
    let bindings = bindings.iter().map(|(collection, path, backfill)| {
        let resource = json!({"path": path, "_meta": {"path": [path]}});
        let draft = Draft { backfill: *backfill, resource, ..draft(collection, "unused") };
        built(&draft, vec![path.to_string()])
    });
    MaterializationSpec {
        name: "acmeCo/task".to_string(),
        config_json: config.to_string().into(),
        bindings: bindings.collect(),
        ..MaterializationSpec::default()
    }
}

/// Validate of these drafts after a publication.
fn validate(url: &str, drafts: &[Draft], last: Option<&MaterializationSpec>) -> Request {
    let bindings = drafts.iter().map(|draft| validate::Binding {
        resource_config_json: draft.resource.to_string().into(),
        collection: Some(collection(draft.collection)),
        backfill: draft.backfill,
        group_by: draft.group_by.iter().map(|field| field.to_string()).collect(),
        ..Default::default()
    });
    Request::Validate(Box::new(request::Validate {
        name: "acmeCo/task".to_string(),
        config_json: endpoint(url).to_string().into(),
        bindings: bindings.collect(),
        last_materialization: last.cloned(),
        ..Default::default()
    }))
}

async fn validated(request: Request) -> (Vec<validated::Binding>, Ended) {
    let mut connector = Connector::start(Codec::Proto);
    let Response::Validated(validated) = connector.ask(request).await else { panic!() };
    (validated.bindings, connector.end().await)
}

/// The paths that these drafts get after a publication.
async fn paths(drafts: &[Draft], last: &MaterializationSpec) -> Vec<String> {
    let server = empty().await;
    let (bindings, _) = validated(validate(&server.url, drafts, Some(last))).await;
    bindings.into_iter().map(|binding| binding.resource_path.join(".")).collect()
}

/// The next publication: what Flow builds of the drafts and of what Validate answered. What
/// it doesn't have any more is inactive.
async fn published(url: &str, drafts: &[Draft], last: &MaterializationSpec) -> MaterializationSpec {
    let (bindings, _) = validated(validate(url, drafts, Some(last))).await;
    let paths = bindings.into_iter().map(|binding| binding.resource_path);
    let bindings: Vec<Binding> =
        drafts.iter().zip(paths).map(|(draft, path)| built(draft, path)).collect();
    let before = last.bindings.iter().chain(&last.inactive_bindings);
    let gone =
        before.filter(|old| bindings.iter().all(|new| new.resource_path != old.resource_path));
    MaterializationSpec {
        name: "acmeCo/task".to_string(),
        config_json: json!({"image": "acme/rockset:v3", "config": endpoint(url)})
            .to_string()
            .into(),
        inactive_bindings: gone.cloned().collect(),
        bindings,
        ..MaterializationSpec::default()
    }
}

/// The task as the runtime hands it over: with the endpoint's configuration alone.
fn unwrapped(url: &str, task: &MaterializationSpec) -> MaterializationSpec {
    MaterializationSpec { config_json: endpoint(url).to_string().into(), ..task.clone() }
}

fn suffixes(task: &MaterializationSpec) -> Vec<&str> {
    task.bindings.iter().map(|binding| binding.journal_read_suffix.as_str()).collect()
}

/// Both publications, and the ones after them: the read suffix stays, so that Flow goes on
/// reading where the files end.
#[tokio::test]
async fn a_handed_over_binding_keeps_its_read_suffix() {
    let server = filled_rockset().await;
    let s3 = of_s3(&[("acmeCo/orders", "orders", 0), ("acmeCo/other", "b", 2)]);
    let orders = filled("acmeCo/orders", "o", json!({"prefix": "out/orders/v0000000000/"}));
    let mut other = filled("acmeCo/other", "b", json!({"pattern": "out/b/**/*.parquet"}));
    other.backfill = 2;
    let drafts = [orders, other];
    let first = published(&server.url, &drafts, &s3).await;
    assert_eq!(suffixes(&first), suffixes(&s3));
    assert_eq!(
        suffixes(&first),
        ["materialize/acmeCo/task/orders", "materialize/acmeCo/task/b.v2"]
    );
    assert_eq!(first.bindings[1].state_key, "b.v2");

    // Apply and Open take them as they are. The files are counted by the state keys.
    let mut connector = Connector::start_hurried(Codec::Proto);
    let apply = request::Apply {
        materialization: Some(unwrapped(&server.url, &first)),
        last_materialization: Some(s3.clone()),
        state_json: json!({"fileCounts": {"orders": 41, "b.v2": 41}}).to_string().into(),
        ..Default::default()
    };
    let Response::Applied(applied) = connector.ask(Request::Apply(apply.into())).await else {
        panic!()
    };
    assert_eq!((applied.action_description.as_str(), applied.state), ("", None));

    // Later publications: without the source, with a new binding beside, and with a new name.
    let plain = [draft("acmeCo/orders", "o"), draft("acmeCo/new", "new"), drafts[1].clone()];
    let second = published(&server.url, &plain, &first).await;
    assert_eq!(
        suffixes(&second),
        [
            "materialize/acmeCo/task/orders",
            "materialize/acmeCo/task/commons%2Fnew",
            "materialize/acmeCo/task/b.v2",
        ]
    );
    let renamed = [draft("acmeCo/orders", "renamed"), plain[2].clone()];
    let third = published(&server.url, &renamed, &second).await;
    assert_eq!(
        suffixes(&third),
        ["materialize/acmeCo/task/commons%2Frenamed", "materialize/acmeCo/task/b.v2"]
    );
    // The one that was renamed comes back under its old name, where it left off.
    let fourth = published(&server.url, &plain, &third).await;
    assert_eq!(suffixes(&fourth), suffixes(&second));
    // A backfill changes the counter, and with it the suffix: Flow reads from the start.
    let mut backfilled = plain.clone();
    backfilled[0].backfill = 1;
    let fifth = published(&server.url, &backfilled, &fourth).await;
    assert_eq!(suffixes(&fifth)[0], "materialize/acmeCo/task/orders.v1");
}

#[tokio::test]
async fn only_a_binding_that_reads_the_files_goes_on_from_them() {
    let s3 = of_s3(&[("acmeCo/orders", "orders", 0)]);
    let from = |location: Value| filled("acmeCo/orders", "o", location);
    let cases = [
        (from(json!({"prefix": "out/orders/v0000000000/"})), "orders"),
        (from(json!({"prefix": "out/orders"})), "orders"),
        (from(json!({})), "orders"),
        (from(json!({"pattern": "out/orders/v0000000000/*.parquet"})), "orders"),
        (from(json!({"pattern": "out/**"})), "orders"),
        (from(json!({"pattern": "out/{table}/*/????????????????????.parquet"})), "orders"),
        (from(json!({"prefix": "out/orders/v0000000001/"})), "commons.o"),
        (from(json!({"prefix": "out/orders/v0000000000/0"})), "commons.o"),
        (from(json!({"pattern": "out/*.parquet"})), "commons.o"),
        (from(json!({"bucket": "another"})), "commons.o"),
        (from(json!({"region": "eu-west-1"})), "commons.o"),
        (filled("acmeCo/others", "o", json!({"prefix": "out/orders/"})), "commons.o"),
        (draft("acmeCo/orders", "o"), "commons.o"),
        (Draft { backfill: 1, ..from(json!({})) }, "commons.o"),
    ];
    for (draft, path) in cases {
        assert_eq!(paths(std::slice::from_ref(&draft), &s3).await, [path], "{}", draft.resource);
    }
}

/// Two bindings of one collection to S3: what is read tells them apart, or else nothing does.
#[tokio::test]
async fn of_two_candidates_the_one_whose_files_are_read() {
    let s3 = of_s3(&[("acmeCo/orders", "a", 0), ("acmeCo/orders", "b", 0)]);
    let from = |target, prefix: &str| filled("acmeCo/orders", target, json!({ "prefix": prefix }));
    assert_eq!(paths(&[from("o", "out/b/")], &s3).await, ["b"]);
    let both = [from("one", "out/b/"), from("two", "out/a/v")];
    assert_eq!(paths(&both, &s3).await, ["b", "a"]);
    // No two bindings share a path.
    let same = [from("one", "out/b/"), from("two", "out/b/v")];
    assert_eq!(paths(&same, &s3).await, ["b", "commons.two"]);

    let server = empty().await;
    let mut connector = Connector::start(Codec::Proto);
    connector.send(validate(&server.url, &[from("o", "out/")], Some(&s3))).await;
    let ended = connector.end().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(
        ended.error(),
        "bindings[0].resource.initializeFromS3 (acmeCo/orders): it names the files that \
         materialize-s3-parquet wrote to the paths a and b, and which of them the binding goes on \
         from can't be told; end the prefix with one of the paths and its version"
    );
}

/// The old form of the state names sources with the read suffixes of its time.
#[tokio::test]
async fn an_old_checkpoint_gets_the_read_suffixes_of_now() {
    let server = filled_rockset().await;
    let source = |read_through| checkpoint::Source { read_through, producers: Vec::new() };
    let sources = [
        ("acmeCo/orders/pivot=00;materialize/acmeCo/task/orders", 1),
        ("acmeCo/other/pivot=00;materialize/acmeCo/task/b.v0", 2),
        ("acmeCo/third/pivot=00;materialize/acmeCo/task/elsewhere", 3),
        ("acmeCo/gone/pivot=00;materialize/acmeCo/task/gone", 4),
    ];
    let sources = sources.map(|(name, read)| (name.to_string(), source(read))).into();
    let mut encoded = Checkpoint { sources, ..Checkpoint::default() }.encode_to_vec();
    // A field that nobody knows stays.
    encoded.extend([0x9a, 0x06, 0x03, b'n', b'e', b'w']);
    let state = json!({
        "b64EncodedFlowCheckpoint": STANDARD.encode(&encoded), "nextSeqNumList": [42, 42, 0],
    });
    let mut other = filled("acmeCo/other", "b", json!({"pattern": "out/b/**/*.parquet"}));
    other.backfill = 2;
    let bindings = vec![
        built(
            &filled("acmeCo/orders", "o", json!({"prefix": "out/orders/v0000000000/"})),
            vec!["orders".to_string()],
        ),
        built(&other, vec!["b".to_string()]),
        built(&draft("acmeCo/third", "t"), vec!["commons".to_string(), "t".to_string()]),
    ];
    let task = MaterializationSpec {
        name: "acmeCo/task".to_string(),
        config_json: endpoint(&server.url).to_string().into(),
        bindings,
        ..MaterializationSpec::default()
    };
    let mut connector = Connector::start_hurried(Codec::Proto);
    let open = request::Open {
        materialization: Some(task),
        state_json: state.to_string().into(),
        ..Default::default()
    };
    let Response::Opened(opened) = connector.ask(Request::Open(open.into())).await else {
        panic!()
    };
    let bytes = opened.encode_to_vec();
    assert!(bytes.windows(6).any(|window| window == [0x9a, 0x06, 0x03, b'n', b'e', b'w']));
    let sources = opened.runtime_checkpoint.unwrap().message().unwrap().sources;
    let sources: Vec<(&str, i64)> =
        sources.iter().map(|(name, source)| (name.as_str(), source.read_through)).collect();
    assert_eq!(
        sources,
        [
            ("acmeCo/gone/pivot=00;materialize/acmeCo/task/gone", 4),
            ("acmeCo/orders/pivot=00;materialize/acmeCo/task/orders", 1),
            ("acmeCo/other/pivot=00;materialize/acmeCo/task/b.v2", 2),
            ("acmeCo/third/pivot=00;materialize/acmeCo/task/commons%2Ft", 3),
        ]
    );
    connector.ask(acknowledge()).await;
    connector.ask(flush()).await;
    connector.ask(start_commit()).await;
    assert_eq!(connector.end().await.code, Some(0));
}

/// The type and reason of each constraint of the only binding.
async fn constraints(draft: Draft, last: &MaterializationSpec) -> Vec<(String, String, String)> {
    let server = empty().await;
    let (bindings, _) = validated(validate(&server.url, &[draft], Some(last))).await;
    let constraints = bindings[0].projection_constraints.iter().map(|it| {
        let constraint = it.constraint.as_ref().unwrap();
        let kind = constraint.r#type().as_str_name().to_string();
        (it.field.clone(), kind, constraint.reason.clone())
    });
    constraints.collect()
}

#[tokio::test]
async fn a_key_that_changed_without_a_backfill_is_incompatible() {
    let server = empty().await;
    let by_id = draft("acmeCo/orders", "o");
    let by_region = Draft { group_by: &["region"], ..by_id.clone() };
    let last =
        published(&server.url, std::slice::from_ref(&by_id), &MaterializationSpec::default()).await;

    let same = constraints(Draft { group_by: &["id"], ..by_id.clone() }, &last).await;
    assert_eq!(same[0].1, "LOCATION_REQUIRED");
    let changed = constraints(by_region.clone(), &last).await;
    assert_eq!((changed[0].1.as_str(), changed[1].1.as_str()), ("FIELD_OPTIONAL", "INCOMPATIBLE"));
    assert_eq!(
        changed[1].2,
        "The key was /id and is /region now. A document's _id is made from its key, so documents \
         that are in Rockset already would never be replaced; backfill the binding, which creates \
         the collection again"
    );
    // The advice works.
    let backfilled = constraints(Draft { backfill: 1, ..by_region.clone() }, &last).await;
    assert_eq!(backfilled[1].1, "LOCATION_REQUIRED");
    // Back to the collection's key.
    let last = published(&server.url, &[by_region], &MaterializationSpec::default()).await;
    assert_eq!(constraints(by_id, &last).await[0].1, "INCOMPATIBLE");
}
