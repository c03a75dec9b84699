//! What Validate learns from Rockset.

use crate::support::connector::{Ended, run_on};
use crate::support::local::{Local, options};
use crate::support::scripted::{Answer, Scripted};
use crate::support::snapshot;
use crate::support::task::{collection_of, configured, endpoint, projection, resource, task};
use bytes::BytesMut;
use materialize_rockset::flow::materialize::request;
use materialize_rockset::flow::materialize::request::validate::Binding;
use materialize_rockset::flow::spec::{MaterializationSpec, inference};
use materialize_rockset::flow::{Codec, Request, materialize};
use materialize_rockset::local::Options;
use serde_json::{Value, json};

/// A binding of `commons.{collection}` with this configuration, of a collection whose
/// key has these parts.
fn bind(collection: &str, settings: Value, key: &[(&str, &[&str])]) -> Binding {
    let mut resource = resource("commons", collection);
    for (name, value) in settings.as_object().unwrap() {
        resource[name] = value.clone();
    }
    let projections = key.iter().map(|(field, types)| {
        let mut projection = projection(field, types);
        projection.is_primary_key = true;
        (*field, projection)
    });
    let mut spec = collection_of(projections);
    spec.name = format!("acmeCo/{collection}");
    Binding {
        resource_config_json: resource.to_string().into(),
        collection: Some(spec),
        ..Binding::default()
    }
}

const TEXT: &[(&str, &[&str])] = &[("id", &["string"])];

async fn validate(url: &str, bindings: Vec<Binding>) -> Ended {
    validate_after(url, bindings, None).await
}

async fn validate_after(
    url: &str,
    bindings: Vec<Binding>,
    last_materialization: Option<MaterializationSpec>,
) -> Ended {
    let request = Request::Validate(Box::new(request::Validate {
        config_json: endpoint(url).to_string().into(),
        bindings,
        last_materialization,
        ..Default::default()
    }));
    let mut frame = BytesMut::new();
    Codec::Proto.encode("Request", &materialize::Request::from(request), &mut frame).unwrap();
    let ended = run_on(Codec::Proto, &frame).await;
    assert!(!ended.stderr.contains("secret-key"), "{ended:?}");
    ended
}

/// The problems, without what differs from run to run.
fn problems(ended: &Ended) -> String {
    assert_eq!((ended.code, ended.stdout.len()), (Some(1), 0), "{ended:?}");
    let mut text = ended.error();
    while let Some(start) = text.find(" (trace ") {
        let end = start + text[start..].find(')').unwrap() + 1;
        text.replace_range(start..end, "");
    }
    text
}

fn warnings(ended: &Ended) -> Vec<String> {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let records = ended.stderr.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    records
        .filter(|record| record["level"] == "warn")
        .map(|record| record["message"].as_str().unwrap().to_string())
        .collect()
}

#[tokio::test]
async fn a_key_that_is_not_known() {
    let local = Local::with(Options { api_key: Some("another-key".parse().unwrap()), ..options() });
    let ended =
        validate(&local.server.url(), vec![bind("a", json!({}), TEXT), bind("b", json!({}), TEXT)])
            .await;
    snapshot::assert_text("validate_unknown_key", &problems(&ended));
}

#[tokio::test]
async fn a_key_that_must_not_read() {
    let server = Scripted::start(vec![Answer::error(403, "FORBIDDEN")]).await;
    let ended =
        validate(&server.url, vec![bind("a", json!({}), TEXT), bind("b", json!({}), TEXT)]).await;
    snapshot::assert_text("validate_must_not_read", &problems(&ended));
}

#[tokio::test]
async fn a_key_that_must_not_write() {
    let local = Local::with(Options {
        api_key: Some("another-key".parse().unwrap()),
        read_only_api_key: Some("secret-key".parse().unwrap()),
        ..options()
    });
    let ended = validate(&local.server.url(), vec![bind("a", json!({}), TEXT)]).await;
    snapshot::assert_text("validate_must_not_write", &problems(&ended));
}

#[tokio::test]
async fn nobody_answers() {
    let url = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let ended = validate(&url, vec![bind("a", json!({}), TEXT), bind("b", json!({}), TEXT)]).await;
    let error = ended.error();
    let begin = "endpoint.region_base_url: 127.0.0.1 can't be reached: gave up listing the \
                 collections of a workspace after ";
    assert!(error.starts_with(begin), "{error}");
    assert!(error.contains("; no answer from Rockset: error"), "{error}");
    let end = "; not answered: collections of workspace commons; check the host, and whether it \
               runs";
    assert!(error.ends_with(end), "{error}");
}

/// Nothing is created, changed or deleted: the one request that isn't a GET holds no
/// documents, and shows whether the key may write.
#[tokio::test]
async fn it_is_read_only() {
    let server = Scripted::start(vec![Answer::error(404, "NOTFOUND")]).await;
    let ended =
        validate(&server.url, vec![bind("a", json!({}), TEXT), bind("b", json!({}), TEXT)]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let mut seen: Vec<String> = server
        .seen()
        .iter()
        .map(|seen| format!("{} {}", seen.head.split(" HTTP").next().unwrap(), seen.body))
        .collect();
    seen.sort();
    assert_eq!(
        seen,
        [
            "GET /v1/orgs/self/ws/commons/aliases ",
            "GET /v1/orgs/self/ws/commons/collections ",
            "GET /v1/orgs/self/ws/commons/views ",
            "POST /v1/orgs/self/ws/commons/collections/a/docs {\"data\":[]}",
        ]
    );
}

#[tokio::test]
async fn names_that_something_else_has() {
    let local = Local::with_collection(json!({})).await;
    let alias = json!({"name": "a", "collections": ["commons.c"]});
    local.post("/v1/orgs/self/ws/commons/aliases", alias).await.data();
    let told = |index: usize, kind: &str, name: &str| {
        format!(
            "bindings[{index}].resource.collection (acmeCo/{name}): {kind} has the name \
             commons.{name}: delete it in Rockset, or name another collection in the binding's \
             resource"
        )
    };
    let url = local.server.url();
    let from_s3 = json!({"initializeFromS3": {"integration": "i", "bucket": "b"}});
    local.post("/v1/orgs/self/integrations", json!({"name": "i", "s3": {}})).await.data();
    let bindings = || vec![bind("b", json!({}), TEXT), bind("a", json!({}), TEXT)];
    let ended = validate(&url, vec![bind("a", from_s3, TEXT)]).await;
    assert!(problems(&ended).contains(&told(0, "an alias", "a")), "{ended:?}");
    let ended = validate(&url, bindings()).await;
    assert!(problems(&ended).contains(&told(1, "an alias", "a")), "{ended:?}");

    if cfg!(feature = "engine") {
        let view = json!({"name": "b", "query": "SELECT n FROM a"});
        local.post("/v1/orgs/self/ws/commons/views", view).await.data();
        let ended = validate(&url, bindings()).await;
        let problems = problems(&ended);
        assert!(problems.contains(&told(0, "a view", "b")), "{problems}");
        assert!(problems.contains(&told(1, "an alias", "a")), "{problems}");
        let ended = validate(&url, vec![bind("b", json!({}), TEXT)]).await;
        assert!(ended.error().contains(&told(0, "a view", "b")), "{ended:?}");
    }
}

#[tokio::test]
async fn all_problems_at_once() {
    let local = Local::start();
    let gcs = json!({"name": "gcs", "gcs": {"gcp_service_account": {"service_account_key_file_json": "{}"}}});
    let created = local.post("/v1/orgs/self/integrations", gcs).await;
    assert_eq!(created.status, 200, "{created:?}");
    let source = |integration: &str| json!({"documentId": "key", "initializeFromS3": {"integration": integration, "bucket": "b"}});
    let bindings = vec![
        bind("same", json!({}), TEXT),
        bind("same", json!({}), TEXT),
        bind("no_integration", source("missing"), TEXT),
        bind("other_integration", source("gcs"), TEXT),
        bind("bad", json!({"advancedCollectionSettings": {"retention_secs": 1}}), TEXT),
        bind("nullable", json!({"documentId": "key"}), &[("id", &["integer", "null"])]),
        bind("number", json!({"documentId": "key"}), &[("id", &["number"])]),
        bind("mixed", json!({"documentId": "key"}), &[("id", &["integer", "string"])]),
        bind(
            "strings",
            json!({"documentId": "key"}),
            &[("a", &["string"]), ("n", &["integer"]), ("b", &["string"])],
        ),
    ];
    let ended = validate(&local.server.url(), bindings).await;
    snapshot::assert_text("validate_problems", &problems(&ended));
}

#[tokio::test]
async fn a_key_that_may_be_absent_has_no_plain_text() {
    let local = Local::start();
    let mut binding = bind("c", json!({"documentId": "key"}), TEXT);
    let part = &mut binding.collection.as_mut().unwrap().projections[0];
    part.inference.as_mut().unwrap().exists = inference::Exists::May.into();
    let ended = validate(&local.server.url(), vec![binding.clone()]).await;
    assert_eq!(
        problems(&ended),
        "bindings[0].resource.documentId (acmeCo/c): key can't be used, because the key's part id \
         may be absent from a document; use packedKey"
    );
    // With a default, it never is.
    let part = &mut binding.collection.as_mut().unwrap().projections[0];
    part.inference.as_mut().unwrap().default_json = "\"none\"".into();
    assert_eq!(validate(&local.server.url(), vec![binding]).await.code, Some(0));
}

/// Settings of a collection, and others.
fn settings(one: bool) -> Value {
    let pick = |a: Value, b: Value| if one { a } else { b };
    json!({
        "description": pick(json!("one"), json!("two")),
        "retention_secs": pick(json!(3600), json!(7200)),
        "event_time_info": {"field": pick(json!("at"), json!("then"))},
        "clustering_key": [{"field_name": pick(json!("a"), json!("b"))}],
        "insert_only": one,
        "storage_compression_type": pick(json!("LZ4"), json!("ZSTD")),
        "source_download_soft_limit_bytes": pick(json!(1), json!(2)),
        "time_partition_resolution_secs": pick(json!(60), json!(3600)),
        "field_schemas": [{"field_name": "a", "field_options": {"index_mode": pick(json!("index"), json!("no_index"))}}],
        "inverted_index_group_encoding_options": {"group_size": pick(json!(1), json!(2))},
    })
}

#[tokio::test]
async fn a_collection_that_exists() {
    let local = Local::start();
    let mut made = settings(true);
    made["name"] = json!("c");
    let created = local.post("/v1/orgs/self/ws/commons/collections", made).await;
    assert_eq!(created.status, 200, "{created:?}");
    let url = local.server.url();
    let with = |settings: Value| bind("c", json!({"advancedCollectionSettings": settings}), TEXT);

    let unlike = with(settings(false));
    let last = MaterializationSpec {
        bindings: vec![configured(
            crate::support::task::binding("commons", "c", &["id"], &[]),
            json!({"documentId": "key", "advancedCollectionSettings": settings(true)}),
        )],
        ..task(&url, vec![])
    };
    let ended = validate_after(&url, vec![unlike.clone()], Some(last.clone())).await;
    snapshot::assert_text("validate_differences", &problems(&ended));

    // A collection that somebody made by hand.
    let ended = validate(&url, vec![unlike.clone()]).await;
    snapshot::assert_text("validate_differences_of_a_stranger", &problems(&ended));

    // What is left out is not compared, and what is the same is fine.
    assert_eq!(validate(&url, vec![bind("c", json!({}), TEXT)]).await.code, Some(0));
    let same = validate_after(&url, vec![with(settings(true))], None).await;
    assert_eq!(same.code, Some(0), "{same:?}");

    // A backfill creates it anew.
    let backfilled = Binding { backfill: 1, ..unlike };
    let ended = validate_after(&url, vec![backfilled], Some(last)).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[tokio::test]
async fn a_collection_without_the_configured_source() {
    let s3 = |prefix: &str| json!({"integration_name": "i", "s3": {"bucket": "b", "prefix": prefix, "region": "eu-1"}});
    let binding = bind(
        "c",
        json!({"documentId": "key", "initializeFromS3": {
            "integration": "i", "bucket": "b", "prefix": "p/",
        }}),
        TEXT,
    );
    for (sources, is_fine) in [
        (json!([]), false),
        (json!([{"write_api": {}}, s3("q/")]), false),
        (json!([{"write_api": {}}, s3("p/")]), true),
    ] {
        // The collection and the integration are asked for at once: the answer is both.
        let data = json!({
            "name": "c", "status": "READY", "sources": sources, "created_by": "me", "s3": {},
        });
        let server = Scripted::start(vec![Answer::ok(json!({"data": data}))]).await;
        let ended = validate(&server.url, vec![binding.clone()]).await;
        match is_fine {
            true => assert_eq!(ended.code, Some(0), "{ended:?}"),
            false => assert_eq!(
                problems(&ended),
                "bindings[0].resource.initializeFromS3 (acmeCo/c): the collection commons.c exists \
                 and has no such source, not s3://b/p/ through integration i, which can't be \
                 changed: backfill the binding to create the collection anew, or configure what it \
                 has"
            ),
        }
    }
}

#[tokio::test]
async fn warnings_of_ids() {
    let source = |document_id: &str, sql: Option<&str>| {
        let mut settings = json!({});
        if let Some(sql) = sql {
            settings["field_mapping_query"] = json!({"sql": sql});
        }
        json!({
            "documentId": document_id,
            "initializeFromS3": {"integration": "i", "bucket": "b"},
            "advancedCollectionSettings": settings,
        })
    };
    let cases = [
        source("packedKey", None),
        source("key", None),
        source("packedKey", Some("SELECT *, md5(id) AS _id FROM _input")),
        source("key", Some("SELECT *, 1 AS x FROM _input")),
        source("key", Some("SELECT * EXCEPT (_id, a) FROM _input")),
        json!({"advancedCollectionSettings": {"field_mapping_query": {"sql": "SELECT id FROM _input"}}}),
        json!({}),
    ];
    let mut text = String::new();
    for case in cases {
        // The integration, and a collection that is about to be gone.
        let data = json!({"name": "c", "created_by": "me", "s3": {}, "status": "DELETED"});
        let server = Scripted::start(vec![Answer::ok(json!({"data": data}))]).await;
        let ended = validate(&server.url, vec![bind("c", case.clone(), TEXT)]).await;
        text.push_str(&format!("{case}\n"));
        for warning in warnings(&ended) {
            text.push_str(&format!("    {warning}\n"));
        }
    }
    snapshot::assert_text("validate_warnings", &text);
}

/// An `_id` that is a key as it is can't be empty, so the schema had better say that the key
/// isn't.
#[tokio::test]
async fn warnings_of_empty_keys() {
    let server = Scripted::start(vec![Answer::error(404, "NOTFOUND")]).await;
    let at_id = |schema: Value| json!({"properties": {"id": schema}});
    let bundled = |id: Value| {
        json!({
            "$defs": {
                "a": {"$id": "flow://write-schema", "$defs": {"id": id}, "properties": {"id": {"$ref": "#/$defs/id"}}},
                "b": {"$id": "flow://inferred-schema", "properties": {"id": {"maxLength": 9}}},
            },
            "allOf": [{"$ref": "flow://inferred-schema"}, {"$ref": "flow://write-schema"}],
        })
    };
    let cyclic = json!({"$defs": {"id": {"allOf": [{"$ref": "#/$defs/id"}]}}, "properties": {"id": {"$ref": "#/$defs/id"}}});
    let cases = [
        (at_id(json!({"type": "string"})), true),
        (at_id(json!({"type": "string", "minLength": 0})), true),
        (at_id(json!({"type": "string", "minLength": 1})), false),
        (at_id(json!({"type": "string", "minLength": 2.0})), false),
        (at_id(json!({"enum": ["a", "b"]})), false),
        (at_id(json!({"enum": ["a", ""]})), true),
        (at_id(json!({"const": "a"})), false),
        (json!({"properties": {"other": {"minLength": 1}}}), true),
        (json!({"allOf": [at_id(json!({})), at_id(json!({"minLength": 1}))]}), false),
        (bundled(json!({"minLength": 1})), false),
        (bundled(json!({})), true),
        (cyclic, true),
        (json!({"properties": {"id": {"$ref": "#/nowhere"}}}), true),
        (json!(true), true),
    ];
    let plain = |name: String, schema: &Value| {
        let mut binding = bind(&name, json!({"documentId": "key"}), TEXT);
        binding.collection.as_mut().unwrap().read_schema_json = schema.to_string().into();
        binding
    };
    for (schema, warns) in &cases {
        let bindings = vec![
            bind("packed", json!({}), TEXT),
            bind(
                "parts",
                json!({"documentId": "key"}),
                &[("id", &["string"]), ("n", &["integer"])],
            ),
            bind("number", json!({"documentId": "key"}), &[("id", &["integer"])]),
            plain("plain".to_string(), schema),
        ];
        let warnings = warnings(&validate(&server.url, bindings).await);
        let expected = "by their schemas, keys may be empty strings in bindings[3] (acmeCo/plain, \
                        field id): such a key can't be an _id, and stops the task; add \
                        minLength: 1 to the key in the schema of the collection, or use \
                        documentId: packedKey and a key of another name than _id";
        assert_eq!(warnings, vec![expected; usize::from(*warns)], "{schema}");
    }

    let own_id = bind("own", json!({}), &[("_id", &["string"])]);
    let mut many: Vec<Binding> =
        (0..7).map(|i| plain(format!("c{i}"), &at_id(json!({})))).collect();
    many.insert(0, own_id);
    let warnings = warnings(&validate(&server.url, many).await);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let start = "by their schemas, keys may be empty strings in bindings[0] (acmeCo/own, field \
                 _id), bindings[1] (acmeCo/c0, field id), bindings[2] (acmeCo/c1, field id), \
                 bindings[3] (acmeCo/c2, field id), bindings[4] (acmeCo/c3, field id) and 3 more: \
                 such a key";
    assert!(warnings[0].starts_with(start), "{warnings:?}");
}
