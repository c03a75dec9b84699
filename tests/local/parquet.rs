//! Parquet in the local Rockset: every type of a column, and files as
//! materialize-s3-parquet writes them.

use crate::support::local::{Local, options};
use crate::support::parquet::{Compression, file, packed};
use crate::support::s3::S3;
use crate::support::sources::source;
use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, FixedSizeBinaryArray,
    Float32Array, Float64Array, Int32Array, Int64Array, ListArray, MapBuilder, RecordBatch,
    StringArray, StringBuilder, StructArray, Time64MicrosecondArray, TimestampMicrosecondArray,
    TimestampMillisecondArray, TimestampNanosecondArray, UInt64Array,
};
use arrow::datatypes::Int32Type;
use materialize_rockset::local::{Options, S3 as Reading};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

async fn started() -> (Local, S3) {
    let poll = Duration::from_millis(20);
    let s3 = Reading { poll, ..Reading::default() };
    let (local, s3) = (Local::with(Options { s3, ..options() }), S3::start(&["files"]).await);
    local.integrate(&s3).await;
    (local, s3)
}

/// Columns with a value in the first row, and null in the second.
fn columns() -> Vec<(&'static str, ArrayRef, Value)> {
    fn of<T: arrow::array::Array + 'static>(array: T) -> ArrayRef {
        Arc::new(array)
    }
    let extended = |kind: &str, value: &str| json!({"__rockset_type": kind, "value": value});
    let micros = 1_700_000_000_123_456;
    let nested: ArrayRef = of(Int64Array::from(vec![Some(1), None]));
    let mut map = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    map.keys().append_value("k");
    map.values().append_value("v");
    map.append(true).unwrap();
    map.append(false).unwrap();
    vec![
        ("text", of(StringArray::from(vec![Some("é\"\n"), None])), json!("é\"\n")),
        ("int", of(Int64Array::from(vec![Some(i64::MIN), None])), json!(i64::MIN)),
        ("small", of(Int32Array::from(vec![Some(-7), None])), json!(-7)),
        ("big", of(UInt64Array::from(vec![Some(u64::MAX), None])), json!(u64::MAX)),
        ("double", of(Float64Array::from(vec![Some(0.1), None])), json!(0.1)),
        ("float", of(Float32Array::from(vec![Some(0.1), None])), json!(0.1)),
        ("nan", of(Float64Array::from(vec![Some(f64::NAN), None])), Value::Null),
        ("flag", of(BooleanArray::from(vec![Some(true), None])), json!(true)),
        (
            "decimal",
            of(Decimal128Array::from(vec![Some(-1_234_567), None])
                .with_precision_and_scale(20, 3)
                .unwrap()),
            json!(-1234.567),
        ),
        (
            "stamp",
            of(TimestampMicrosecondArray::from(vec![Some(micros), None]).with_timezone("UTC")),
            extended("timestamp", "2023-11-14T22:13:20.123456Z"),
        ),
        (
            "zoned",
            of(TimestampMillisecondArray::from(vec![Some(micros / 1000), None])
                .with_timezone("+05:00")),
            extended("timestamp", "2023-11-14T22:13:20.123000Z"),
        ),
        (
            "clock",
            of(TimestampNanosecondArray::from(vec![Some(micros * 1000), None])),
            extended("datetime", "2023-11-14T22:13:20.123456"),
        ),
        ("date", of(Date32Array::from(vec![Some(-1), None])), extended("date", "1969-12-31")),
        (
            "time",
            of(Time64MicrosecondArray::from(vec![Some(3_600_000_001), None])),
            extended("time", "01:00:00.000001"),
        ),
        (
            "bytes",
            of(BinaryArray::from(vec![Some(&b"\x00\xff"[..]), None])),
            extended("bytes", "AP8="),
        ),
        (
            "fixed",
            of(FixedSizeBinaryArray::try_from_sparse_iter_with_size(
                [Some([1u8, 2]), None].into_iter(),
                2,
            )
            .unwrap()),
            extended("bytes", "AQI="),
        ),
        (
            "list",
            of(ListArray::from_iter_primitive::<Int32Type, _, _>([
                Some(vec![Some(1), None]),
                None,
            ])),
            json!([1, null]),
        ),
        ("object", of(StructArray::try_from(vec![("n", nested)]).unwrap()), json!({"n": 1})),
        ("map", of(map.finish()), json!({"k": "v"})),
    ]
}

/// What lies beyond the years that can be written costs the row that it is in.
#[tokio::test]
async fn a_time_beyond_all_years_costs_its_document() {
    let (local, s3) = started().await;
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("_id", Arc::new(StringArray::from(vec!["1", "2", "3", "4"])) as ArrayRef, true),
        ("date", Arc::new(Date32Array::from(vec![0, i32::MAX, 0, 0])) as ArrayRef, true),
        (
            "stamp",
            Arc::new(TimestampMicrosecondArray::from(vec![0, 0, i64::MAX, 0]).with_timezone("UTC"))
                as ArrayRef,
            true,
        ),
        (
            "clock",
            Arc::new(TimestampMillisecondArray::from(vec![0, 0, 0, i64::MAX])) as ArrayRef,
            true,
        ),
    ])
    .unwrap();
    s3.put("files", "1.parquet", file(&[batch], Compression::SNAPPY, 100));
    local.create(json!({"sources": [source(json!({}))]})).await.data();
    local.objects_read(1).await;
    let documents = local.documents().await;
    let mut bad: Vec<&str> =
        documents.iter().filter_map(|document| document["_meta"]["bad"].as_str()).collect();
    bad.sort_unstable();
    let expected = ["A date is", "A datetime is", "A timestamp is"];
    let expected: Vec<String> =
        expected.iter().map(|what| format!("{what} beyond all years")).collect();
    assert_eq!(bad, expected);
    let good = documents.iter().find(|document| document["_id"] == "1").unwrap();
    assert_eq!(good["date"], json!({"__rockset_type": "date", "value": "1970-01-01"}));
}

#[tokio::test]
async fn every_type_of_column_has_its_json() {
    let (local, s3) = started().await;
    let columns = columns();
    let ids: ArrayRef = Arc::new(StringArray::from(vec!["1", "2"]));
    let all = columns.iter().map(|(name, array, _)| (*name, array.clone()));
    let batch = RecordBatch::try_from_iter_with_nullable(
        [("_id", ids)].into_iter().chain(all).map(|(name, array)| (name, array, true)),
    )
    .unwrap();
    s3.put("files", "1.parquet", file(&[batch], Compression::SNAPPY, 100));
    local.ingest(source(json!({}))).await;
    let (first, second) = (local.document("1").await, local.document("2").await);
    for (name, _, expected) in &columns {
        assert_eq!(&first[*name], expected, "{name}");
        match *name {
            // The struct is there, its field is not.
            "object" => assert_eq!(second[*name], json!({"n": null})),
            _ => assert_eq!(second.get(*name), Some(&Value::Null), "{name}"),
        }
    }
    assert_eq!(first["_meta"]["s3"]["offset"], 0);
    assert_eq!(second["_meta"]["s3"]["offset"], 1);
    // A decimal has all its digits.
    let path = "/local/ws/commons/collections/c/docs/1";
    let text = local.request(Method::GET, path).send().await.unwrap().text().await.unwrap();
    assert!(text.contains(r#""decimal":-1234.567,"#), "{text}");
}

#[tokio::test]
async fn every_compression_is_read_under_any_name() {
    let (local, s3) = started().await;
    let names = ["a.parquet", "b.snappy.parquet", "c", "d.pq", "e.parquet"];
    let compressions = [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(Default::default()),
        Compression::ZSTD(Default::default()),
        Compression::LZ4_RAW,
    ];
    for (name, compression) in names.into_iter().zip(compressions) {
        let ids: ArrayRef = Arc::new(StringArray::from(vec![name]));
        let batch = RecordBatch::try_from_iter([("_id", ids)]).unwrap();
        s3.put("files", name, file(&[batch], compression, 100));
    }
    local.ingest(source(json!({}))).await;
    let ids: Vec<Value> = local.documents().await.iter().map(|d| d["_id"].clone()).collect();
    assert_eq!(ids, names);
}

#[tokio::test]
async fn delta_updates_of_many_files_end_with_the_newest_of_each_key() {
    let (local, s3) = started().await;
    // Row groups of 100 rows, several updates of a key in a file, and in every file.
    for number in 0..8 {
        let name = format!("some/path/v0000000000/{number:020}.parquet");
        s3.put("files", &name, packed(number * 1000, 1000, 300));
    }
    local
        .create(json!({
            "sources": [source(json!({"prefix": "some/path/v0000000000/"}))],
            "field_mapping_query": {"sql": "SELECT CAST(id AS string) AS _id, * FROM _input"},
        }))
        .await
        .data();
    let read = local.objects_read(8).await;
    assert_eq!(read["s3"]["object_count_total"], 8);
    let documents = local.documents().await;
    assert_eq!(documents.len(), 300);
    for document in documents {
        let id = document["id"].as_u64().unwrap();
        assert_eq!(document["_id"], json!(id.to_string()));
        let newest = (0..8000).rev().find(|update| update % 300 == id).unwrap();
        assert_eq!(document["update"], json!(newest));
        assert_eq!(document["flow_document"], json!({"id": id, "update": newest}).to_string());
    }
}

#[tokio::test]
async fn an_object_that_fails_midway_is_read_on_where_it_failed() {
    let (local, s3) = started().await;
    // Its rows have no _id, so that one that is stored twice is there twice.
    s3.put("files", "1.parquet", packed(0, 3000, 3000));
    s3.put("files", "2.parquet", packed(3000, 10, 3010));
    s3.allow("1.parquet", 25);
    local.create(json!({ "sources": [source(json!({}))] })).await.data();
    let failed = local.source_until(|s| s["status"]["state"] == "ERROR").await;
    assert!(failed["status"]["message"].as_str().unwrap().contains("1.parquet"), "{failed}");
    assert_eq!(failed["s3"]["object_count_downloaded"], 0);
    let stored = local.documents().await.len();
    assert!((1..3000).contains(&stored), "{stored}");
    s3.allow("1.parquet", usize::MAX);
    local.objects_read(2).await;
    let documents = local.documents().await;
    let mut updates: Vec<i64> = documents.iter().map(|d| d["update"].as_i64().unwrap()).collect();
    updates.sort();
    assert_eq!(updates, (0..3010).collect::<Vec<_>>());
    let offset = |d: &Value| d["_meta"]["s3"]["offset"].as_i64().unwrap();
    assert!(documents.iter().all(|d| offset(d) == d["update"].as_i64().unwrap() % 3000));
}

#[tokio::test]
async fn a_damaged_row_group_is_a_bad_document_after_what_could_be_read() {
    let (local, s3) = started().await;
    let mut damaged = packed(0, 1000, 1000);
    // The footer and the first row groups stay as they are.
    let middle = damaged.len() / 2;
    damaged[middle..middle + 2000].fill(0xff);
    s3.put("files", "1.parquet", damaged);
    s3.put("files", "2.parquet", packed(5000, 10, 1000));
    let read = local.ingest(source(json!({}))).await;
    assert_eq!(read["s3"]["object_count_downloaded"], 2);
    let documents = local.documents().await;
    let bad: Vec<_> = documents.iter().filter(|d| d["_meta"]["bad"].is_string()).collect();
    assert_eq!(bad.len(), 1, "{bad:#?}");
    assert_eq!(bad[0]["_meta"]["s3"]["path"], "1.parquet");
    let good = documents.iter().filter(|d| d["_meta"]["s3"]["path"] == "1.parquet").count() - 1;
    assert_eq!(bad[0]["_meta"]["s3"]["offset"], good);
    assert!((100..1000).contains(&good), "{good}");
}
