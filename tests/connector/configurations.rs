//! How configurations are read: what is taken, and that all that isn't is told at once.

use crate::support::connector::{Ended, run_on};
use crate::support::scripted::{Answer, Scripted};
use materialize_rockset::flow::Codec;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Validate as a line of JSON, with each configuration as the very text that is given.
async fn validate(endpoint: &str, resources: &[String]) -> Ended {
    let bindings: Vec<String> = resources
        .iter()
        .map(|resource| {
            format!(
                r#"{{"resourceConfig":{resource},"collection":{{"name":"acmeCo/c","key":["/id"],"projections":[{{"field":"id","ptr":"/id","isPrimaryKey":true,"inference":{{"types":["integer"]}}}}]}}}}"#
            )
        })
        .collect();
    let line = format!(
        "{{\"validate\":{{\"name\":\"acmeCo/rockset\",\"connectorType\":\"IMAGE\",\"config\":{endpoint},\"bindings\":[{}]}}}}\n",
        bindings.join(",")
    );
    let ended = run_on(Codec::Json, line.as_bytes()).await;
    assert!(!ended.stderr.contains("secret-key"), "{ended:?}");
    ended
}

/// A Rockset in which there is nothing yet.
async fn empty() -> Scripted {
    Scripted::start(vec![Answer::error(404, "NOTFOUND")]).await
}

fn endpoint(server: &Scripted, more: &str) -> String {
    format!(r#"{{"api_key":"secret-key","region_base_url":"{}"{more}}}"#, server.url)
}

fn resource(more: &str) -> String {
    format!(r#"{{"workspace":"w","collection":"c"{more}}}"#)
}

/// The problems of an error, without what it calls them all together.
fn problems(ended: &Ended) -> BTreeSet<String> {
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let error = ended.error();
    let lines = error.lines().filter(|line| !line.ends_with(" problems:"));
    let problems: Vec<String> =
        lines.map(|line| line.strip_prefix("- ").unwrap_or(line).to_string()).collect();
    let set: BTreeSet<String> = problems.iter().cloned().collect();
    assert_eq!(set.len(), problems.len(), "a problem is told twice: {error}");
    set
}

/// What each binding of a published catalog has: its resource path.
#[tokio::test]
async fn notes_of_the_platform_are_passed_over() {
    let server = empty().await;
    for meta in [r#"{"path":["w","c"]}"#, r#"{"path":["other"],"more":[1]}"#, "null", "7", "[]"] {
        let resources = [resource(&format!(r#","_meta":{meta}"#))];
        let ended = validate(&endpoint(&server, ""), &resources).await;
        assert_eq!(ended.code, Some(0), "{meta}: {ended:?}");
    }
}

/// Nothing else is passed over, and `_meta` only where the platform writes it.
#[tokio::test]
async fn other_properties_are_unknown() {
    let server = empty().await;
    let settings = |more: &str| resource(&format!(r#","advancedCollectionSettings":{more}"#));
    let resources = [
        resource(r#","_meta":{},"meta":{}"#),
        resource(r#","collection2":null"#),
        settings(r#"{"_meta":{}}"#),
        settings(r#"{"clustering_key":[{"field_name":"a","_meta":{}}]}"#),
    ];
    let ended = validate(&endpoint(&server, r#","advanced":{"_meta":1}"#), &resources).await;
    let found = problems(&ended);
    for (place, name) in [
        ("endpoint.advanced._meta:", "_meta"),
        ("bindings[0].resource.meta (acmeCo/c):", "meta"),
        ("bindings[1].resource.collection2 (acmeCo/c):", "collection2"),
        ("bindings[2].resource.advancedCollectionSettings._meta (acmeCo/c):", "_meta"),
        (
            "bindings[3].resource.advancedCollectionSettings.clustering_key[0]._meta (acmeCo/c):",
            "_meta",
        ),
    ] {
        let start = format!("{place} unknown field `{name}`, expected ");
        let problem = found.iter().find(|problem| problem.starts_with(&start));
        let problem = problem.unwrap_or_else(|| panic!("no {start:?} in {found:#?}"));
        let expected = problem.strip_prefix(&start).unwrap();
        assert!(!expected.contains("_meta"), "{problem}");
    }
    assert_eq!(found.len(), 5, "{found:#?}");
}

#[tokio::test]
async fn whole_numbers_have_many_forms() {
    let server = empty().await;
    let all = |number: &str, time: &str| {
        resource(&format!(
            r#","advancedCollectionSettings":{{
                "retention_secs":{time},
                "source_download_soft_limit_bytes":{number},
                "time_partition_resolution_secs":{number},
                "inverted_index_group_encoding_options":{{
                    "format_version":{number},"group_size":{number},"restart_length":{number}
                }}
            }}"#
        ))
        .replace(['\n', ' '], "")
    };
    for (number, time) in [("5", "3600"), ("5.0", "3600.0"), ("5e0", "3.6e3"), ("0.5E1", "36e+2")] {
        let endpoint = endpoint(&server, &format!(r#","max_concurrent_requests":{number}"#));
        let ended = validate(&endpoint, &[all(number, time)]).await;
        assert_eq!(ended.code, Some(0), "{number}: {ended:?}");
    }
    // 0 is one, however it is written.
    let options = r#","advancedCollectionSettings":{"inverted_index_group_encoding_options":{"format_version":-0.0,"group_size":0.0}}"#;
    let ended = validate(&endpoint(&server, ""), &[resource(options)]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[tokio::test]
async fn other_numbers_are_no_whole_numbers() {
    let server = empty().await;
    let setting = |setting: &str| resource(&format!(r#","advancedCollectionSettings":{setting}"#));
    for (number, shown) in [
        ("5.5", "5.5"),
        ("64.00000001", "64.00000001"),
        ("1e30", "1e+30"),
        ("-1e30", "-1e+30"),
        ("18446744073709551615", "18446744073709551615"),
        ("256", "256"),
        ("261.0", "261.0"),
    ] {
        let endpoint = endpoint(&server, &format!(r#","max_concurrent_requests":{number}"#));
        let ended = validate(&endpoint, &[]).await;
        let problem = format!(
            "endpoint.max_concurrent_requests: {shown} is not within 1 to 64; leave it out for 8"
        );
        assert_eq!(ended.error(), problem);
    }
    let resources = [
        setting(r#"{"retention_secs":3600.5}"#),
        setting(r#"{"retention_secs":1e30}"#),
        setting(r#"{"source_download_soft_limit_bytes":1.5}"#),
        setting(r#"{"source_download_soft_limit_bytes":1e30}"#),
        setting(r#"{"source_download_soft_limit_bytes":9223372036854775808}"#),
        setting(r#"{"source_download_soft_limit_bytes":-1e30}"#),
        setting(r#"{"time_partition_resolution_secs":0.0}"#),
        setting(r#"{"inverted_index_group_encoding_options":{"group_size":0.1}}"#),
    ];
    let expected = [
        "0].resource.advancedCollectionSettings.retention_secs (acmeCo/c): 3600.5 seconds are not within 3600 to 315359999; leave it out to keep documents for ever",
        "1].resource.advancedCollectionSettings.retention_secs (acmeCo/c): 1e+30 seconds are not within 3600 to 315359999; leave it out to keep documents for ever",
        "2].resource.advancedCollectionSettings.source_download_soft_limit_bytes (acmeCo/c): 1.5 is not a whole number of 1 or more",
        "3].resource.advancedCollectionSettings.source_download_soft_limit_bytes (acmeCo/c): 1e+30 is more than 9223372036854775807, the most that Rockset can take",
        "4].resource.advancedCollectionSettings.source_download_soft_limit_bytes (acmeCo/c): 9223372036854775808 is more than 9223372036854775807, the most that Rockset can take",
        "5].resource.advancedCollectionSettings.source_download_soft_limit_bytes (acmeCo/c): -1e+30 is not a whole number of 1 or more",
        "6].resource.advancedCollectionSettings.time_partition_resolution_secs (acmeCo/c): 0.0 is not a whole number of 1 or more",
        "7].resource.advancedCollectionSettings.inverted_index_group_encoding_options.group_size (acmeCo/c): 0.1 is not a whole number of 0 or more",
    ];
    let expected: BTreeSet<String> =
        expected.iter().map(|problem| format!("bindings[{problem}")).collect();
    assert_eq!(problems(&validate(&endpoint(&server, ""), &resources).await), expected);
}

/// A way to write a part of a resource, and what is wrong with it, as path and problem.
type Choice = (&'static str, &'static [(&'static str, &'static str)]);

/// A resource made of choices: their texts, and all that is wrong with them.
type Chosen = (Vec<&'static str>, Vec<(&'static str, &'static str)>);

/// The parts of a resource, and how each may be written.
const PARTS: [&[Choice]; 7] = [
    &[
        (r#""workspace":"w""#, &[]),
        ("", &[("", "missing field `workspace`")]),
        (r#""workspace":5"#, &[(".workspace", "invalid type: integer `5`, expected a string")]),
        (
            r#""workspace":"a.b""#,
            &[(".workspace", "string \"a.b\" holds '.'; write letters, digits, _ and - only")],
        ),
    ],
    &[
        (r#""collection":"c""#, &[]),
        ("", &[("", "missing field `collection`")]),
        (r#""collection":[]"#, &[(".collection", "invalid type: sequence, expected a string")]),
    ],
    &[
        ("", &[]),
        (
            r#""documentId":"uuid","table":"t""#,
            &[
                (".documentId", "unknown variant `uuid`, expected `packedKey` or `key`"),
                (
                    ".table",
                    "unknown field `table`, expected one of `workspace`, `collection`, \
                     `documentId`, `initializeFromS3`, `advancedCollectionSettings`",
                ),
            ],
        ),
    ],
    &[
        ("", &[]),
        (
            r#""initializeFromS3":{}"#,
            &[
                (".initializeFromS3", "missing field `integration`"),
                (".initializeFromS3", "missing field `bucket`"),
            ],
        ),
        (
            r#""initializeFromS3":{"integration":"-","region":7,"prefix":"p/","pattern":"p/*"}"#,
            &[
                (
                    ".initializeFromS3.integration",
                    "string \"-\" does not start with a letter or a digit",
                ),
                (".initializeFromS3.region", "invalid type: integer `7`, expected a string"),
                (".initializeFromS3", "missing field `bucket`"),
                (
                    ".initializeFromS3",
                    "has both a prefix and a pattern; leave one of them out, since a pattern can \
                     begin with the prefix",
                ),
            ],
        ),
        (
            r#""initializeFromS3":"s3://b""#,
            &[(
                ".initializeFromS3",
                "invalid type: string \"s3://b\", expected an object with integration and bucket",
            )],
        ),
    ],
    &[
        ("", &[]),
        (
            r#""advancedCollectionSettings":{"clustering_key":[{},"x",{"field_name":"a","type":"B"},{"field_name":""},{"field_name":"fine"}],"retention_secs":1}"#,
            &[
                (".advancedCollectionSettings.clustering_key[0]", "missing field `field_name`"),
                (
                    ".advancedCollectionSettings.clustering_key[1]",
                    "invalid type: string \"x\", expected an object with field_name",
                ),
                (
                    ".advancedCollectionSettings.clustering_key[2].type",
                    "unknown variant `B`, expected `AUTO`",
                ),
                (
                    ".advancedCollectionSettings.clustering_key[3].field_name",
                    "is empty; write what it names",
                ),
                (
                    ".advancedCollectionSettings.retention_secs",
                    "1 seconds are not within 3600 to 315359999; leave it out to keep documents \
                     for ever",
                ),
            ],
        ),
        (
            r#""advancedCollectionSettings":{"field_mapping_query":{},"event_time_info":[7],"field_mappings":[{"output_field":{"on_error":"STOP"},"input_fields":[{"is_drop":1},{}]}]}"#,
            &[
                (".advancedCollectionSettings.field_mapping_query", "missing field `sql`"),
                (
                    ".advancedCollectionSettings.event_time_info[0]",
                    "invalid type: integer `7`, expected a string",
                ),
                (
                    ".advancedCollectionSettings.field_mappings[0].output_field.on_error",
                    "unknown variant `STOP`, expected `SKIP` or `FAIL`",
                ),
                (
                    ".advancedCollectionSettings.field_mappings[0].output_field",
                    "missing field `field_name`",
                ),
                (
                    ".advancedCollectionSettings.field_mappings[0].output_field",
                    "missing field `value`",
                ),
                (
                    ".advancedCollectionSettings.field_mappings[0].input_fields[0].is_drop",
                    "invalid type: integer `1`, expected a boolean",
                ),
                (
                    ".advancedCollectionSettings.field_mappings[0].input_fields[0]",
                    "missing field `field_name`",
                ),
                (
                    ".advancedCollectionSettings.field_mappings[0].input_fields[1]",
                    "missing field `field_name`",
                ),
                (
                    ".advancedCollectionSettings",
                    "has both field_mappings and field_mapping_query; leave field_mappings out, \
                     since the query can do all that they do",
                ),
            ],
        ),
    ],
    &[
        ("", &[]),
        (
            r#""a.b/c~d":1"#,
            &[(
                ".a.b/c~d",
                "unknown field `a.b/c~d`, expected one of `workspace`, `collection`, `documentId`, `initializeFromS3`, `advancedCollectionSettings`",
            )],
        ),
    ],
    &[("", &[]), (r#""_meta":{"path":[]}"#, &[])],
];

/// Every choice of every part, with every other: each of these resources is a binding.
#[tokio::test]
async fn all_problems_are_told_at_once() {
    let mut resources: Vec<Chosen> = vec![Default::default()];
    for part in PARTS {
        resources = resources
            .iter()
            .flat_map(|(text, problems)| {
                part.iter().map(|(more, wrong)| {
                    let mut resource = (text.clone(), problems.clone());
                    resource.0.extend((!more.is_empty()).then_some(*more));
                    resource.1.extend(*wrong);
                    resource
                })
            })
            .collect();
    }
    // A resource without a fault would be one more collection that Rockset is asked for.
    resources.retain(|(_, problems)| !problems.is_empty());
    assert_eq!(resources.len(), 4 * 3 * 2 * 4 * 3 * 2 * 2 - 2);

    let texts: Vec<String> =
        resources.iter().map(|(text, _)| format!("{{{}}}", text.join(","))).collect();
    let expected: BTreeSet<String> = resources
        .iter()
        .enumerate()
        .flat_map(|(i, (_, problems))| {
            problems.iter().map(move |(path, problem)| {
                format!("bindings[{i}].resource{path} (acmeCo/c): {problem}")
            })
        })
        .collect();
    let found = problems(&validate(r#"{"max_concurrent_requests":0}"#, &texts).await);
    let endpoint = [
        "endpoint: missing field `api_key`".to_string(),
        "endpoint.max_concurrent_requests: 0 is not within 1 to 64; leave it out for 8".to_string(),
    ];
    let expected: BTreeSet<String> = expected.into_iter().chain(endpoint).collect();
    let (missing, surplus): (Vec<&String>, Vec<&String>) =
        (expected.difference(&found).collect(), found.difference(&expected).collect());
    assert!(
        missing.is_empty() && surplus.is_empty(),
        "{} are missing, such as {:#?}; {} are too many, such as {:#?}",
        missing.len(),
        &missing[..missing.len().min(5)],
        surplus.len(),
        &surplus[..surplus.len().min(5)],
    );
}

#[tokio::test]
async fn what_stands_twice_is_told() {
    let server = empty().await;
    let resources = [
        resource(r#","collection":"d","workspace":7"#),
        resource(
            r#","advancedCollectionSettings":{"clustering_key":[{"field_name":"a"},{"field_name":"a","field_name":"b"}],"insert_only":true,"insert_only":true}"#,
        ),
    ];
    let ended = validate(&endpoint(&server, r#","api_key":"secret-key""#), &resources).await;
    let twice = "stands twice in its object; leave one of the two out";
    let settings = "bindings[1].resource.advancedCollectionSettings";
    assert_eq!(
        problems(&ended),
        BTreeSet::from([
            format!("endpoint.api_key: {twice}"),
            format!("bindings[0].resource.collection (acmeCo/c): {twice}"),
            format!("bindings[0].resource.workspace (acmeCo/c): {twice}"),
            "bindings[0].resource.workspace (acmeCo/c): invalid type: integer `7`, expected a \
             string"
                .to_string(),
            format!("{settings}.clustering_key[1].field_name (acmeCo/c): {twice}"),
            format!("{settings}.insert_only (acmeCo/c): {twice}"),
        ])
    );
}

/// However much is wrong, the answer comes soon.
#[tokio::test]
async fn a_list_of_faults_comes_to_an_end() {
    let server = empty().await;
    let fields = vec!["7"; 100_000].join(",");
    let settings = format!(r#","advancedCollectionSettings":{{"clustering_key":[{fields}]}}"#);
    let ended = validate(&endpoint(&server, ""), &[resource(&settings)]).await;
    assert_eq!(problems(&ended).len(), 100);
}

#[tokio::test]
async fn feature_flags_that_are_not_known_change_nothing() {
    let server = empty().await;
    for (advanced, named) in [
        ("null", None),
        ("{}", None),
        (r#"{"feature_flags":null}"#, None),
        (r#"{"feature_flags":" , "}"#, None),
        (r#"{"feature_flags":"one, no_two ,,three"}"#, Some("one, no_two, three")),
    ] {
        let endpoint = endpoint(&server, &format!(r#","advanced":{advanced}"#));
        let ended = validate(&endpoint, &[resource("")]).await;
        assert_eq!(ended.code, Some(0), "{advanced}: {ended:?}");
        let records = ended.stderr.lines().map(|line| serde_json::from_str(line).unwrap());
        let warnings: Vec<Value> =
            records.filter(|record: &Value| record["level"] == "warn").collect();
        match named {
            None => assert_eq!(warnings, Vec::<Value>::new(), "{advanced}"),
            Some(named) => assert_eq!(
                warnings.iter().map(|record| &record["message"]).collect::<Vec<_>>(),
                [&json!(format!(
                    "endpoint.advanced.feature_flags: this edition of the connector knows none of \
                     the flags {named}, so they change nothing; leave them out unless another \
                     edition needs them"
                ))]
            ),
        }
    }
    let ended = validate(&endpoint(&server, r#","advanced":{"feature_flags":["one"]}"#), &[]).await;
    assert_eq!(
        ended.error(),
        "endpoint.advanced.feature_flags: invalid type: sequence, expected a string"
    );
}
