//! Sources of the local Rockset: what it reads from S3, in which order, and what it says
//! of it.

use crate::support::local::{C, Local, options};
use crate::support::s3::S3;
use crate::support::sources::{COLLECTIONS, INTEGRATIONS, SOURCES, source};
use materialize_rockset::local::{Options, S3 as Reading};
use reqwest::Method;
use serde_json::{Value, json};
use std::io::Write;
use std::time::Duration;

/// Looks for new objects all the time.
fn quick() -> Options {
    let poll = Duration::from_millis(20);
    Options { s3: Reading { poll, ..Reading::default() }, ..options() }
}

/// A local Rockset with the integration `i` to an S3 server with the bucket `files`.
async fn started() -> (Local, S3) {
    let (local, s3) = (Local::with(quick()), S3::start(&["files"]).await);
    local.integrate(&s3).await;
    (local, s3)
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// `{"_id": id, "from": file, "row": row}` for each row.
fn rows(file: usize, ids: impl Iterator<Item = usize>) -> String {
    ids.enumerate()
        .map(|(row, id)| json!({"_id": format!("{id:04}"), "from": file, "row": row}).to_string())
        .collect::<Vec<_>>()
        .join("\n")
}

#[tokio::test]
async fn later_objects_and_rows_win_whatever_comes_first() {
    let (local, s3) = started().await;
    // Every key is in every file, and twice in each.
    for file in 0..12 {
        s3.put("files", &format!("f/{file:03}.jsonl"), rows(file, (0..500).chain(0..500)));
        // The earlier an object, the later it comes.
        let delay = Duration::from_millis(200 - 15 * file as u64);
        s3.delay(&format!("{file:03}.jsonl"), delay);
    }
    let read = local.ingest(source(json!({"prefix": "f/"}))).await;
    assert_eq!(read["s3"]["object_count_total"], 12);
    assert!(s3.most_at_a_time() > 1, "nothing was read in parallel");
    let documents = local.documents().await;
    assert_eq!(documents.len(), 500);
    for (i, document) in documents.iter().enumerate() {
        assert_eq!((&document["from"], &document["row"]), (&json!(11), &json!(500 + i)));
        let meta = json!({"s3": {"bucket": "files", "path": "f/011.jsonl", "offset": 500 + i}});
        assert_eq!(document["_meta"], meta);
    }
}

#[tokio::test]
async fn counters_and_states_tell_how_far_it_is() {
    let (local, s3) = started().await;
    let texts = [r#"{"n":1}"#, r#"{"n":2}{"#, r#"{"n":3}"#];
    for (i, text) in texts.iter().enumerate() {
        s3.put("files", &format!("{i}.json"), text);
    }
    s3.delay("2.json", Duration::from_millis(500));
    local.create(json!({"sources": [source(json!({}))]})).await.data();
    let half = local.source_until(|s| s["s3"]["object_count_downloaded"] == 2).await;
    assert_eq!(half["status"]["state"], "PROCESSING");
    assert_eq!(half["s3"]["object_count_total"], 3);
    assert_eq!(half["s3"]["object_bytes_total"], 22);
    assert_eq!(half["s3"]["object_bytes_downloaded"], 15);
    assert_eq!(half["status"]["last_processed_item"], "1.json");
    let whole = local.read_to_the_end().await;
    assert_eq!(whole["s3"]["object_count_downloaded"], 3);
    assert_eq!(whole["s3"]["object_bytes_downloaded"], 22);
    assert_eq!(whole["status"]["detected_size_bytes"], 22);
    // Small as it is, the collection was READY all the time.
    assert_eq!(local.collection_status().await, "READY");
    let shown = local.get(C).await;
    assert_eq!(shown.data()["sources"][0], whole);
    assert_eq!(
        local.get(&format!("{SOURCES}/{}", whole["id"].as_str().unwrap())).await.data(),
        &whole
    );
}

#[tokio::test]
async fn a_collection_is_not_ready_before_the_source_is_listed() {
    let (local, s3) = started().await;
    s3.put("files", "1.json", r#"{"_id":"1"}"#);
    s3.delay("/files", Duration::from_millis(300));
    s3.delay("/files/", Duration::from_millis(300));
    local.create(json!({"sources": [source(json!({}))]})).await.data();
    assert_eq!(local.collection_status().await, "CREATED");
    let source = local.get(SOURCES).await;
    assert_eq!(source.data()[0]["status"]["state"], "INITIALIZING");
    local.add(json!([{}])).await.refused(400, "NOT_READY");
    let read = local.read_to_the_end().await;
    assert_eq!(read["s3"]["object_count_downloaded"], 1);
    assert_eq!(local.collection_status().await, "READY");
}

#[tokio::test]
async fn a_bulk_ingest_holds_the_collection() {
    let s3 = S3::start(&["files"]).await;
    let reading = Reading { bulk_size: 20, ..quick().s3 };
    let ready_after = Duration::from_millis(400);
    let local = Local::with(Options { s3: reading, ready_after, ..options() });
    local.integrate(&s3).await;
    s3.put("files", "1.json", r#"{"_id":"1"}"#);
    s3.put("files", "2.json", r#"{"_id":"2"}"#);
    s3.delay("2.json", Duration::from_millis(1000));
    local.create(json!({"sources": [source(json!({}))]})).await.data();
    let mut statuses: Vec<String> = Vec::new();
    loop {
        let status = local.collection_status().await;
        if statuses.last() != Some(&status) {
            // It has only just begun, and so holds on for this.
            if ["PREPARING_BULK", "BULK_INGEST_MODE"].contains(&status.as_str()) {
                local.add(json!([{"_id": "w"}])).await.refused(400, "NOT_READY");
            }
            statuses.push(status);
        }
        if statuses.last().unwrap() == "READY" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let expected = ["CREATED", "PREPARING_BULK", "BULK_INGEST_MODE", "READY"];
    assert_eq!(statuses, expected);
    assert_eq!(local.documents().await.len(), 2);
    // What comes later is no bulk any more.
    s3.put("files", "3.json", rows(3, 0..100));
    local.objects_read(3).await;
    assert_eq!(local.add(json!([{"_id": "w"}])).await.statuses(), ["ADDED"]);
}

#[tokio::test]
async fn new_and_changed_objects_are_read_later() {
    let (local, s3) = started().await;
    s3.put("files", "in/1.json", r#"{"_id":"a","v":1}"#);
    s3.put("files", "other/1.json", r#"{"_id":"b","v":1}"#);
    let prefix = source(json!({"prefix": "in/"}));
    assert_eq!(local.ingest(prefix).await["s3"]["object_count_total"], 1);
    s3.put("files", "in/2.json", r#"{"_id":"a","v":2}"#);
    local.objects_read(2).await;
    assert_eq!(local.document("a").await["v"], 2);
    s3.put("files", "in/1.json", r#"{"_id":"a","v":11}"#);
    let document = async || local.document("a").await["v"].clone();
    while document().await != 11 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(local.read_to_the_end().await["s3"]["object_count_total"], 2);
    assert_eq!(local.documents().await.len(), 1);
    // What was read is not read again.
    assert_eq!(s3.requests("in/2.json"), 1);
}

#[tokio::test]
async fn patterns_choose_objects_and_capture() {
    let (local, s3) = started().await;
    let names = ["y=2023/m=01/a.json", "y=2023/m=02/deep/b.json", "y=2024/m=1/c.json", "z/d.json"];
    for name in names {
        s3.put("files", name, json!({"_id": name.replace('/', "|")}).to_string());
    }
    let cases = [
        ("y=2023", vec![0, 1]),
        ("y=*/m=*/?.json", vec![0, 2]),
        ("y=*/**/*.json", vec![0, 1, 2]),
        ("**", vec![0, 1, 2, 3]),
        ("**/d.json", vec![3]),
        ("y={year}/m={month}/*.json", vec![0, 2]),
        (r"y={year:\d{4}}/m={month:\d\d}/**", vec![0, 1]),
        ("y=????/m=?/*", vec![2]),
        ("*.json", vec![]),
    ];
    for (pattern, expected) in cases {
        let read = local.ingest(source(json!({"pattern": pattern}))).await;
        let documents = local.documents().await;
        let found = documents.iter().map(|d| d["_meta"]["s3"]["path"].as_str().unwrap());
        let expected: Vec<_> = expected.iter().map(|i| names[*i]).collect();
        assert_eq!(found.collect::<Vec<_>>(), expected, "{pattern}");
        assert_eq!(read["s3"]["object_count_total"], expected.len(), "{pattern}");
        let first = documents.first().map(|document| document["_meta"]["s3"].clone());
        if pattern.contains("{year") {
            let path = names[0];
            let meta = json!({"bucket": "files", "path": path, "year": "2023", "month": "01", "offset": 0});
            assert_eq!(first, Some(meta), "{pattern}");
        }
        local.delete(C).await.data();
    }
}

#[tokio::test]
async fn a_prefix_is_taken_by_the_letter() {
    let (local, s3) = started().await;
    for name in ["a/file-1.json", "a/file-2.json", "a/other.json", "ab.json", "a*.json"] {
        s3.put("files", name, json!({"_id": name.replace('/', "|")}).to_string());
    }
    for (prefix, count) in [("", 5), ("a/file", 2), ("a/", 3), ("a", 5), ("a*", 1), ("c", 0)] {
        let read = local.ingest(source(json!({"prefix": prefix}))).await;
        assert_eq!(read["s3"]["object_count_total"], count, "{prefix:?}");
        local.delete(C).await.data();
    }
}

#[tokio::test]
async fn json_lines_keep_every_value_as_it_is() {
    let (local, s3) = started().await;
    let document = r#""n":1.50,"big":123456789012345678901234567890,"x":[1,"a",null,{"b":[]}],"u":"é\u0041","e":1e3"#;
    let lines = format!("\u{feff}{{\"_id\":\"1\",{document}}}\r\n\n  {{\"_id\":\"2\"}}\n{{}}");
    s3.put("files", "1.jsonl.gz", gzip(lines.as_bytes()));
    s3.put("files", "no-extension", r#"{"_id":"3"}"#);
    s3.put("files", "empty.json", "");
    local.ingest(source(json!({}))).await;
    let path = "/local/ws/commons/collections/c/docs/1";
    let text = local.request(Method::GET, path).send().await.unwrap().text().await.unwrap();
    assert!(text.contains(document), "{text}");
    let documents = local.documents().await;
    assert_eq!(documents.len(), 4);
    let made_up = documents.iter().find(|d| d["_meta"]["s3"]["offset"] == 2).unwrap();
    assert_eq!(made_up["_id"].as_str().unwrap().len(), 36);
}

#[tokio::test]
async fn csv_is_read_as_described() {
    let (local, s3) = started().await;
    s3.put("files", "1.csv", "_id,name,n\na,\"x, \"\"y\"\"\",1\nb,,\n");
    local.ingest(source(json!({}))).await;
    assert_eq!(local.document("a").await["name"], r#"x, "y""#);
    assert_eq!(local.document("a").await["n"], "1");
    assert_eq!(local.document("b").await["name"], "");
    local.delete(C).await.data();

    let text = b"id;flag;i;f;at;day;name\na;true;7;1.5;2024-01-02T03:04:05Z;2024-01-02;caf\xe9\nb;FALSE;;;;;'x;y'\nc;yes;1;1;;;\nd;true\n";
    s3.put("files", "1.csv", text);
    let mut described = source(json!({}));
    described["format_params"] = json!({"csv": {
        "separator": ";", "quoteChar": "'", "encoding": "ISO_8859_1",
        "firstLineAsColumnNames": true,
        "columnNames": ["_id", "flag", "i", "f", "at", "day", "name"],
        "columnTypes": ["STRING", "BOOLEAN", "INTEGER", "FLOAT", "TIMESTAMP", "DATE", "STRING"],
    }});
    local.ingest(described).await;
    let a = local.document("a").await;
    assert_eq!((&a["flag"], &a["i"], &a["f"]), (&json!(true), &json!(7), &json!(1.5)));
    assert_eq!(a["at"], json!({"__rockset_type": "timestamp", "value": "2024-01-02T03:04:05Z"}));
    assert_eq!(a["day"], json!({"__rockset_type": "date", "value": "2024-01-02"}));
    assert_eq!(a["name"], "café");
    let b = local.document("b").await;
    assert_eq!((&b["flag"], &b["i"], &b["name"]), (&json!(false), &Value::Null, &json!("x;y")));
    let bad: Vec<Value> =
        local.documents().await.iter().map(|d| d["_meta"]["bad"].clone()).collect();
    let bad: Vec<&str> = bad.iter().filter_map(Value::as_str).collect();
    assert_eq!(bad.len(), 2, "{bad:?}");
    assert!(
        bad.iter().any(|reason| reason.contains("\"flag\"") && reason.contains("yes")),
        "{bad:?}"
    );
    assert!(
        bad.iter().any(|reason| reason.contains("2 values") && reason.contains("7 columns")),
        "{bad:?}"
    );
}

#[tokio::test]
async fn what_cant_be_read_becomes_bad_documents() {
    let (local, s3) = started().await;
    let mut cut = gzip(rows(0, 0..5000).as_bytes());
    cut.truncate(cut.len() - 40);
    s3.put("files", "1.json", "{\"_id\":\"1\"}\nnot json\n[1]\n{\"_id\":7}\n{\"_id\":\"2\",\"_event_time\":\"x\"}\n\"\u{fffd}\"");
    s3.put("files", "2.json.gz", cut);
    s3.put("files", "3.json.gz", "no gzip");
    s3.put("files", "4.parquet", "no parquet");
    s3.put("files", "5.json", b"\"\xff\"\n{\"_id\":\"5\"}");
    let read = local.ingest(source(json!({}))).await;
    assert_eq!(read["s3"]["object_count_downloaded"], 5);
    let documents = local.documents().await;
    let bad = |path: &str| {
        let of = documents.iter().filter(|d| d["_meta"]["s3"]["path"] == path);
        let mut bad: Vec<(u64, String)> = of
            .filter_map(|d| {
                Some((
                    d["_meta"]["s3"]["offset"].as_u64()?,
                    d["_meta"]["bad"].as_str()?.to_string(),
                ))
            })
            .collect();
        bad.sort();
        bad
    };
    let offsets = |path: &str| bad(path).iter().map(|(offset, _)| *offset).collect::<Vec<_>>();
    assert_eq!(offsets("1.json"), [1, 2, 3, 4, 5], "{:?}", bad("1.json"));
    assert!(bad("1.json")[0].1.contains("not json"));
    assert!(bad("1.json")[2].1.contains("_id"));
    assert!(bad("1.json")[3].1.contains("_event_time"));
    // What comes before the end of an object that is cut off is there.
    let cut = offsets("2.json.gz");
    assert_eq!(cut.len(), 1);
    assert!(cut[0] > 1000, "{cut:?}");
    assert_eq!(offsets("3.json.gz"), [0]);
    assert_eq!(offsets("4.parquet"), [0]);
    assert_eq!(offsets("5.json"), [0]);
    assert_eq!(local.document("5").await["_meta"]["s3"]["offset"], 1);
    let without = local.document("1").await;
    assert_eq!(without["_meta"].get("bad"), None);
}

#[tokio::test]
async fn what_cant_be_reached_is_an_error_that_passes() {
    let (local, s3) = started().await;
    local.create(json!({"sources": [source(json!({"bucket": "missing"}))]})).await.data();
    let failed = local.source_until(|s| s["status"]["state"] == "ERROR").await;
    let message = failed["status"]["message"].as_str().unwrap();
    assert!(message.contains("NoSuchBucket"), "{message}");
    assert_eq!(local.collection_status().await, "READY");
    s3.make_bucket("missing");
    s3.put("missing", "1.json", r#"{"_id":"1"}"#);
    let read = local.objects_read(1).await;
    assert_eq!(read["status"]["message"], Value::Null);
    local.document("1").await;
}

#[tokio::test]
async fn a_wrong_key_is_an_error_until_the_integration_is_right() {
    let (local, s3) = (Local::with(quick()), S3::start(&["files"]).await);
    s3.put("files", "1.json", r#"{"_id":"1"}"#);
    let mut wrong = s3.integration("i");
    wrong["s3"]["aws_access_key"]["aws_secret_access_key"] = json!("another secret");
    local.post(INTEGRATIONS, wrong).await.data();
    local.create(json!({"sources": [source(json!({}))]})).await.data();
    let failed = local.source_until(|s| s["status"]["state"] == "ERROR").await;
    let message = failed["status"]["message"].as_str().unwrap();
    assert!(!message.contains("another secret"), "{message}");
    let right = s3.integration("i");
    let updated =
        local.send(Method::PUT, &format!("{INTEGRATIONS}/i"), json!({"s3": right["s3"]})).await;
    assert_eq!(updated.data()["s3"]["aws_access_key"]["aws_secret_access_key"], "********");
    local.objects_read(1).await;
}

#[tokio::test]
async fn a_directory_serves_in_place_of_s3() {
    let directory = tempfile::tempdir().unwrap();
    let bucket = directory.path().join("files/in");
    std::fs::create_dir_all(&bucket).unwrap();
    for i in 0..20 {
        std::fs::write(bucket.join(format!("{i:02}.jsonl")), rows(i, 0..10)).unwrap();
    }
    let s3 = Reading { directory: Some(directory.path().into()), ..quick().s3 };
    let local = Local::with(Options { s3, ..options() });
    let role = json!({"name": "i", "s3": {"aws_role": {"aws_role_arn": "arn:aws:iam::1:role/r"}}});
    local.post(INTEGRATIONS, role).await.data();
    let read = local.ingest(source(json!({"prefix": "in/"}))).await;
    assert_eq!(read["s3"]["object_count_downloaded"], 20);
    let documents = local.documents().await;
    assert_eq!(documents.len(), 10);
    assert!(documents.iter().all(|document| document["from"] == 19), "{documents:?}");

    local.delete(C).await.data();
    local.create(json!({"sources": [source(json!({"bucket": "none"}))]})).await.data();
    let failed = local.source_until(|s| s["status"]["state"] == "ERROR").await;
    assert!(failed["status"]["message"].as_str().unwrap().contains("none"), "{failed}");
}

#[tokio::test]
async fn sources_are_checked() {
    let (local, _s3) = started().await;
    let role =
        json!({"name": "role", "s3": {"aws_role": {"aws_role_arn": "arn:aws:iam::1:role/r"}}});
    local.post(INTEGRATIONS, role).await.data();
    let kafka = json!({"name": "kafka", "kafka": {"kafka_topic_names": ["t"]}});
    local.post(INTEGRATIONS, kafka).await.data();
    let with = |key: &str, value: Value| {
        let mut source = source(json!({}));
        source[key] = value;
        source
    };
    let cases = [
        (with("integration_name", json!("none")), 404, "NOTFOUND", "\"none\""),
        (with("integration_name", json!("role")), 400, "INVALIDINPUT", "aws_role"),
        (with("integration_name", json!("kafka")), 400, "INVALIDINPUT", "not for S3"),
        (source(json!({"prefix": "a", "pattern": "b"})), 400, "INVALIDINPUT", "excludes"),
        (source(json!({"pattern": "{x:(}"})), 400, "INVALIDINPUT", "pattern"),
        (source(json!({"pattern": "{x"})), 400, "INVALIDINPUT", "pattern"),
        (source(json!({"pattern": "{path}"})), 400, "INVALIDINPUT", "pattern"),
        (source(json!({"bucket": "../files"})), 400, "INVALIDINPUT", "bucket"),
        (source(json!({"settings": {"s3_scan_frequency": "1m"}})), 400, "INVALIDINPUT", "s3_scan"),
        (
            with("format_params", json!({"csv": {"separator": "ab"}})),
            400,
            "INVALIDINPUT",
            "separator",
        ),
        (
            with("format_params", json!({"csv": {"separator": ""}})),
            400,
            "INVALIDINPUT",
            "separator: it is empty",
        ),
        (with("kafka", json!({"kafka_topic_name": "t"})), 400, "INVALIDINPUT", "kafka and s3"),
    ];
    for (source, status, kind, words) in cases {
        let answer = local.create(json!({"sources": [source]})).await;
        assert!(answer.refused(status, kind).contains(words), "{source}: {answer:?}");
    }
    let left = local.get(COLLECTIONS).await;
    assert_eq!(left.data().as_array().unwrap().len(), 1, "{left:?}");
    assert_eq!(left.data()[0]["name"], "_events");
    let integration = json!({"name": "j", "s3": {"endpoint_url": "ftp://host"}});
    let refused = local.post(INTEGRATIONS, integration).await;
    assert!(refused.refused(400, "INVALIDINPUT").contains("s3.endpoint_url"));
}

/// They are taken all the same, and don't hold up the collection.
#[tokio::test]
async fn a_source_that_is_not_read_says_so() {
    let (local, _s3) = started().await;
    let kafka = json!({"kafka": {"kafka_topic_name": "t"}});
    let created = local.create(json!({ "sources": [kafka] })).await;
    let status = &created.data()["sources"][0]["status"];
    assert_eq!(status["state"], "ERROR");
    assert!(status["message"].as_str().unwrap().contains("not kafka"), "{status}");
    assert_eq!(local.collection_status().await, "READY");
    // Neither is a format that this server doesn't know.
    let mut xml = source(json!({}));
    xml["format_params"] = json!({"xml": {"root_tag": "r"}});
    let made = local.post(SOURCES, xml).await;
    let xml = &made.data()["format_params"]["xml"];
    let expected = json!({"attribute_prefix": "", "doc_tag": "", "encoding": "", "root_tag": "r",
        "value_tag": ""});
    assert_eq!(xml, &expected);
    let path = format!("{SOURCES}/{}", made.data()["id"].as_str().unwrap());
    tokio::time::sleep(Duration::from_millis(200)).await;
    let status = local.get(&path).await.data()["status"].clone();
    assert_eq!(status["state"], "ERROR");
    assert!(status["message"].as_str().unwrap().contains("format_params"), "{status}");
}

#[tokio::test]
async fn a_public_bucket_needs_no_integration() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("files")).unwrap();
    std::fs::write(directory.path().join("files/1.json"), r#"{"_id":"1"}"#).unwrap();
    let s3 = Reading { directory: Some(directory.path().into()), ..Reading::default() };
    let local = Local::with(Options { s3, ..options() });
    local.create(json!({"sources": [{"s3": {"bucket": "files"}}]})).await.data();
    local.objects_read(1).await;
    assert_eq!(local.documents().await.len(), 1);
}

#[tokio::test]
async fn sources_come_and_go() {
    let (local, s3) = started().await;
    s3.put("files", "1/a.json", r#"{"_id":"1"}"#);
    s3.put("files", "2/a.json", r#"{"_id":"2"}"#);
    local.create(json!({})).await.data();
    let added = local.post(SOURCES, source(json!({"prefix": "1/"}))).await;
    let id = added.data()["id"].as_str().unwrap().to_string();
    local.objects_read(1).await;
    assert_eq!(local.collection_status().await, "READY");
    local.delete(&format!("{INTEGRATIONS}/i")).await.refused(409, "DEPENDENTRESOURCES");

    let removed = local.delete(&format!("{SOURCES}/{id}")).await;
    assert_eq!(removed.data()["id"], json!(id));
    assert_eq!(local.get(SOURCES).await.data(), &json!([]));
    local.get(&format!("{SOURCES}/{id}")).await.refused(404, "NOTFOUND");
    for act in ["suspend", "resume"] {
        let path = format!("{SOURCES}/{id}/{act}");
        local.post(&path, json!({})).await.refused(404, "NOTFOUND");
    }
    local.delete(&format!("{SOURCES}/{id}")).await.refused(404, "NOTFOUND");
    // It is read no more, and what it has brought stays.
    s3.put("files", "1/b.json", r#"{"_id":"3"}"#);
    local.post(SOURCES, source(json!({"prefix": "2/"}))).await.data();
    local.objects_read(1).await;
    let ids: Vec<Value> = local.documents().await.iter().map(|d| d["_id"].clone()).collect();
    assert_eq!(ids, ["1", "2"]);
    local.delete(C).await.data();
    local.delete(&format!("{INTEGRATIONS}/i")).await.data();
}

#[tokio::test]
async fn a_suspended_source_rests_until_it_goes_on() {
    let (local, s3) = started().await;
    s3.put("files", "1.json", r#"{"_id":"1"}"#);
    let id = local.ingest(source(json!({}))).await["id"].as_str().unwrap().to_string();
    let path = format!("{SOURCES}/{id}");
    let wrong = json!({"resume_after_duration": "1 hour"});
    local.post(&format!("{path}/suspend"), wrong).await.refused(400, "INVALIDINPUT");
    let suspended = local.post(&format!("{path}/suspend"), json!({})).await;
    assert_eq!(suspended.data()["status"]["state"], "SUSPENDED");
    assert!(
        suspended.data()["suspended_at"].is_string() && suspended.data()["resume_at"].is_string()
    );
    s3.put("files", "2.json", r#"{"_id":"2"}"#);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(local.get(&path).await.data()["status"]["state"], "SUSPENDED");
    assert_eq!(local.documents().await.len(), 1);
    let resumed = local.send(Method::POST, &format!("{path}/resume"), json!({})).await;
    assert_eq!(resumed.data()["suspended_at"], Value::Null);
    local.objects_read(2).await;

    let soon = json!({"resume_after_duration": "PT0.2S"});
    local.post(&format!("{path}/suspend"), soon).await.data();
    s3.put("files", "3.json", r#"{"_id":"3"}"#);
    local.objects_read(3).await;

    let often = json!({"s3": {"settings": {"s3_scan_frequency": "PT1H"}}});
    let updated = local.send(Method::PUT, &path, often).await;
    assert_eq!(updated.data()["s3"]["settings"]["s3_scan_frequency"], "PT1H");
}

#[tokio::test]
async fn names_may_hold_anything() {
    let (local, s3) = started().await;
    let names = ["a%2Fb/ c+d=é&#.json", "a%2Fb/{x}?*.json"];
    for (i, name) in names.iter().enumerate() {
        s3.put("files", name, json!({"_id": i.to_string()}).to_string());
    }
    s3.put("files", "a/b/c.json", "{}");
    let read = local.ingest(source(json!({"prefix": "a%2Fb/"}))).await;
    assert_eq!(read["s3"]["object_count_downloaded"], 2, "{read:#}");
    for (i, name) in names.iter().enumerate() {
        assert_eq!(local.document(&i.to_string()).await["_meta"]["s3"]["path"], *name);
    }
}

#[tokio::test]
async fn insert_only_keeps_the_first() {
    let (local, s3) = started().await;
    s3.put("files", "1.json", "{\"_id\":\"a\",\"v\":1}\n{\"_id\":\"a\",\"v\":2}");
    local.create(json!({"sources": [source(json!({}))], "insert_only": true})).await.data();
    local.objects_read(1).await;
    assert_eq!(local.document("a").await["v"], 1);
}

#[tokio::test]
async fn nothing_is_read_for_a_server_or_a_collection_that_is_gone() {
    let (local, s3) = started().await;
    s3.put("files", "1.json", "{}");
    local.ingest(source(json!({}))).await;
    let listings = || s3.requests("/files") + s3.requests("/files/");
    assert!(listings() > 0);
    let stays = async || {
        // A listing may be under way.
        tokio::time::sleep(Duration::from_millis(100)).await;
        let before = listings();
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(listings(), before);
    };
    local.delete(C).await.data();
    stays().await;
    local.ingest(source(json!({}))).await;
    drop(local);
    stays().await;
}

#[test]
fn options_are_read_from_the_command_line() {
    #[derive(clap::Parser)]
    struct CommandLine {
        #[command(flatten)]
        options: Reading,
    }
    let parse = |args: &str| {
        <CommandLine as clap::Parser>::try_parse_from(format!("local {args}").split_whitespace())
            .map(|line| line.options)
            .map_err(|error| error.to_string())
    };
    assert_eq!(format!("{:?}", parse("").unwrap()), format!("{:?}", Reading::default()));
    let sizes = [
        ("20", 20),
        ("5GiB", 5 << 30),
        ("3MB", 3_000_000),
        ("1KiB", 1024),
        ("1kB", 1_000),
        ("1.5GB", 1_500_000_000),
    ];
    for (text, bytes) in sizes {
        assert_eq!(parse(&format!("--bulk-size {text}")).unwrap().bulk_size, bytes);
    }
    for wrong in ["", "GB", "-1", "5XB", "5parsecs"] {
        assert!(parse(&format!("--bulk-size={wrong}")).is_err(), "{wrong}");
    }
    assert_eq!(parse("--s3-poll 2s").unwrap().poll, Duration::from_secs(2));
    assert!(parse("--s3-endpoint nowhere").is_err());
    let both = "--s3-endpoint http://localhost --s3-directory /tmp";
    assert!(parse(both).unwrap_err().contains("--s3-directory"));
}

/// Each has more readers waiting for their turn than it has threads of its own. None of them
/// may be in the way of the one whose turn it is.
#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_sources_do_not_stand_in_each_others_way() {
    const COUNT: usize = 200;
    let (local, s3) = (Local::with(options()), S3::start(&["files"]).await);
    local.integrate(&s3).await;
    for file in 0..4 {
        // A row group for each row makes several parts.
        let content = crate::support::parquet::packed_in_groups(4 * file, 4, 100, 1);
        s3.put("files", &format!("{file}.parquet"), content);
    }
    // All of the others wait until the first one comes.
    s3.delay("0.parquet", Duration::from_secs(3));
    local.create(json!({"sources": vec![source(json!({})); COUNT]})).await.data();
    loop {
        let answer = local.get(SOURCES).await;
        let sources = answer.data().as_array().unwrap();
        assert_eq!(sources.len(), COUNT);
        let done = |source: &Value| {
            assert_ne!(source["status"]["state"], "ERROR", "{source:#}");
            source["s3"]["object_count_downloaded"] == 4
        };
        if sources.iter().all(done) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(local.get(C).await.data()["stats"]["doc_count"], COUNT * 16);
}
