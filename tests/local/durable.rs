//! A local Rockset with a store: what it holds after a restart, and what it says of a store that it
//! can't read.

use crate::receivers::upload;
use crate::support::local::{C, DOCS, Local, options};
use crate::support::process::Process;
use crate::support::s3::{KEY, S3};
use crate::support::sources::{COLLECTIONS, INTEGRATIONS, SOURCES, source};
use materialize_rockset::local::{self, Data, Options, S3 as Reading};
use reqwest::Method;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// Everything that a server shows of what it holds.
const SHOWN: [&str; 18] = [
    "/v1/orgs/self/ws",
    "/v1/orgs/self/collections",
    INTEGRATIONS,
    SOURCES,
    "/local/ws/commons/collections/c/docs?limit=10000",
    "/local/ws/other/collections/all/docs?limit=10000",
    "/v1/orgs/self/aliases",
    "/v1/orgs/self/views",
    "/v1/orgs/self/lambdas",
    "/v1/orgs/self/ws/other/lambdas/asked/tags",
    "/v1/orgs/self/virtualinstances",
    "/v1/orgs/self/lambdas/scheduled_lambdas",
    "/v1/orgs/self/deploymentsettings",
    "/v1/orgs/self/users",
    "/v1/orgs/self/roles",
    "/v1/orgs/self/users/u@example.com/apikeys",
    "/v1/orgs/self/users/self/preferences",
    "/local/ws/commons/collections/_events/docs?limit=10000",
];

fn with_store(place: &Path, checkpoint_every: u64) -> Options {
    let poll = Duration::from_millis(20);
    Options {
        data: Data {
            place: Some(place.display().to_string()),
            checkpoint_every,
            ..Data::default()
        },
        s3: Reading { poll, ..Reading::default() },
        ..options()
    }
}

async fn end(local: Local) {
    let Local { mut server, http } = local;
    drop(http);
    server.stop();
    server.stopped().await.unwrap();
}

async fn shown(local: &Local) -> Vec<Value> {
    local.objects_read(1).await;
    let mut shown = Vec::new();
    for path in SHOWN {
        let answer = local.get(path).await;
        shown.push(answer.data().clone());
    }
    for instance in shown[10].as_array().unwrap().clone() {
        let path = format!("{}/{}/mounts", SHOWN[10], instance["id"].as_str().unwrap());
        let mut mounts = local.get(&path).await.data().clone();
        // That of events is as old as the process. The time of the last query is not kept.
        mounts.as_array_mut().unwrap().retain(|it| it["collection_path"] != "commons._events");
        for mount in mounts.as_array_mut().unwrap() {
            mount.as_object_mut().unwrap().remove("stats");
        }
        shown.push(mounts);
    }
    shown
}

/// The time of the last query is not kept, and a checkpoint takes less space than a log. The
/// collection of events is as old as the process.
fn without_changing(mut shown: Vec<Value>) -> Vec<Value> {
    for collection in shown[1].as_array_mut().unwrap() {
        collection["stats"].as_object_mut().unwrap().remove("last_queried_ms");
        collection["stats"].as_object_mut().unwrap().remove("total_size");
        if collection["name"] == "_events" {
            collection.as_object_mut().unwrap().retain(|name, _| name == "rrn");
        }
    }
    shown
}

/// Makes something of everything.
async fn fill(local: &Local, s3: &S3) {
    local.integrate(s3).await;
    let workspace = json!({"name": "other", "description": "The other one"});
    local.post("/v1/orgs/self/ws", workspace).await.data();
    let definition = json!({
        "name": "all",
        "description": "Everything that can be said",
        "retention_secs": 1_000_000,
        "event_time_info": {"field": "t", "format": "seconds_since_epoch", "time_zone": "Europe/Paris"},
        "insert_only": true,
        "field_mapping_query": {"sql": "SELECT *, t + 1 AS u FROM _input"},
        "storage_compression_type": "ZSTD",
    });
    let created = local.post("/v1/orgs/self/ws/other/collections", definition).await;
    assert_eq!(created.status, 200, "{created:?}");
    let now = chrono::Utc::now().timestamp();
    let data =
        json!({"data": [{"_id": "1", "t": now}, {"_id": "é\"", "t": now, "x": [1.50, null]}]});
    local.post("/v1/orgs/self/ws/other/collections/all/docs", data).await.data();

    s3.put("files", "1.jsonl", "{\"n\": 1}\n{\"n\": 2}\n{\"n\":");
    local.create(json!({"sources": [source(json!({}))]})).await.data();
    local.objects_read(1).await;
    local.add(json!([{"_id": "a", "v": 1}, {"_id": "b"}, {"_id": "c"}])).await.data();
    local.add(json!([{"_id": "a", "v": 2}])).await.data();
    let patch = json!({"data": [{"_id": "b", "patch": [{"op": "add", "path": "/v", "value": 3}]}]});
    local.send(Method::PATCH, DOCS, patch).await.data();
    local.send(Method::DELETE, DOCS, json!({"data": [{"_id": "c"}]})).await.data();
    upload(local, "up.json", b"{\"up\": 1}", &[]).await.data();
    fill_names(local).await;
    fill_access(local).await;
}

/// Makes a user, a role and keys, and others that are deleted.
async fn fill_access(local: &Local) {
    for name in ["role", "gone"] {
        let privilege = json!({"action": "QUERY_DATA_WS", "resource_name": "other"});
        let role = json!({"role_name": name, "privileges": [privilege]});
        local.post("/v1/orgs/self/roles", role).await.data();
    }
    for email in ["u@example.com", "gone@example.com"] {
        let user = json!({"email": email, "first_name": "U", "roles": ["member"]});
        local.post("/v1/orgs/self/users", user).await.data();
        for name in ["key", "gone"] {
            let key = json!({
                "name": name,
                "created_by": email,
                "role": "role",
                "expiry_time": "2120-01-01T00:00:00Z",
            });
            local.post("/v1/orgs/self/users/self/apikeys", key).await.data();
        }
    }
    for path in ["roles/gone", "users/gone@example.com", "users/u@example.com/apikeys/gone"] {
        local.delete(&format!("/v1/orgs/self/{path}")).await.data();
    }
    let declined = json!({"data": [{"notificationType": "QUERY_LIMIT"}]});
    local.post("/v1/orgs/self/users/self/preferences", declined).await.data();
}

/// Makes an alias, a view, a query lambda and a virtual instance, and others that are deleted.
async fn fill_names(local: &Local) {
    let within = |path: &str| format!("/v1/orgs/self/ws/other/{path}");
    for (name, of) in [("short", "other.all"), ("gone", "commons.c")] {
        let alias = json!({"name": name, "description": "An alias", "collections": [of]});
        local.post(&within("aliases"), alias).await.data();
        let view = json!({"name": format!("{name}_view"), "query": format!("SELECT * FROM {of}")});
        local.post(&within("views"), view).await.data();
        let lambda = json!({"name": name, "sql": {"query": "SELECT 1"}});
        local.post(&within("lambdas"), lambda).await.data();
    }
    for path in ["aliases/gone", "views/gone_view", "lambdas/gone"] {
        local.send(Method::DELETE, &within(path), json!({})).await.data();
    }
    let parameter = json!({"name": "n", "type": "int", "value": "7"});
    let sql = json!({"query": "SELECT :n AS n", "default_parameters": [parameter]});
    let lambda = json!({"name": "asked", "sql": sql});
    let made = local.post(&within("lambdas"), lambda).await;
    let tag = json!({"tag_name": "prod", "version": made.data()["version"]});
    local.post(&within("lambdas/asked/tags"), tag).await.data();
    let sql = json!({"sql": {"query": "SELECT 2"}});
    local.post(&within("lambdas/asked/versions"), sql).await.data();
    let instance = json!({"name": "second", "type": "SMALL"});
    let made = local.post("/v1/orgs/self/virtualinstances", instance).await;
    let mounts =
        format!("/v1/orgs/self/virtualinstances/{}/mounts", made.data()["id"].as_str().unwrap());
    local.post(&mounts, json!({"collection_paths": ["other.all"]})).await.data();
    let default = json!({"default_query_vi": made.data()["id"]});
    let set = local.send(Method::PUT, "/v1/orgs/self/deploymentsettings", default).await;
    assert_eq!(set.status, 202, "{set:?}");
    let yearly =
        json!({"apikey": "k", "cron_string": "0 0 1 1 *", "ql_name": "asked", "tag": "prod"});
    local.post(&within("scheduled_lambdas"), yearly).await.data();
}

#[tokio::test]
async fn a_restart_keeps_everything() {
    for every in [1 << 30, 1] {
        let (root, s3) = (TempDir::new().unwrap(), S3::start(&["files"]).await);
        let options = with_store(root.path(), every);
        let local = Local::with(options.clone());
        fill(&local, &s3).await;
        let offset = local.add(json!([{"_id": "last"}])).await.body["last_offset"].clone();
        let before = shown(&local).await;
        end(local).await;

        for _ in 0..2 {
            let local = Local::with(options.clone());
            let after = shown(&local).await;
            assert_eq!(without_changing(after), without_changing(before.clone()));
            let passed =
                local.post(&format!("{C}/offsets/commit"), json!({"name": [offset]})).await;
            assert_eq!(passed.data()["passed"], true, "{passed:?}");
            end(local).await;
        }
        // What was read is not read again, and what is new is read with the key that was kept.
        let local = Local::with(options.clone());
        s3.put("files", "2.jsonl", "{\"n\": 4}");
        local.objects_read(2).await;
        let rows =
            local.documents().await.iter().filter(|it| it["_meta"]["s3"].is_object()).count();
        assert_eq!(rows, 4);
        let again = json!({"name": "all"});
        local.post("/v1/orgs/self/ws/other/collections", again).await.refused(409, "ALREADYEXISTS");
        let more = json!({"data": [{"_id": "1"}, {"_id": "2", "t": 5_000_000_000_u64}]});
        let path = "/v1/orgs/self/ws/other/collections/all/docs";
        assert_eq!(local.post(path, more).await.statuses(), ["ERROR", "ADDED"]);
        let made = local.get("/local/ws/other/collections/all/docs/2").await;
        assert_eq!(made.body["u"], 5_000_000_001_u64);
        let asked = local.post("/v1/orgs/self/ws/other/lambdas/asked/tags/prod", json!({})).await;
        assert_eq!(asked.body["results"], json!([{"n": 7}]), "{asked:?}");
    }
}

/// A key works after a restart, with its role and its state, and the store has no text of it.
#[tokio::test]
async fn the_identifier_of_the_main_instance_stays_until_another_is_given() {
    let place = TempDir::new().unwrap();
    let known = "b9f4f0f2-93c5-4f0e-9d3a-1b5e0d3c7a55";
    let other = "5e0d3c7a-4f0e-4d3a-93c5-b9f4f0f21b55";
    for (given, expected) in [(Some(known), known), (None, known), (Some(other), other)] {
        let main_instance_id = given.map(|id| id.parse().unwrap());
        let local = Local::with(Options { main_instance_id, ..with_store(place.path(), 1 << 20) });
        let listed = local.get("/v1/orgs/self/virtualinstances").await;
        let listed: Vec<&Value> = listed.data().as_array().unwrap().iter().collect();
        assert_eq!((listed.len(), &listed[0]["id"]), (1, &json!(expected)));
        end(local).await;
    }
}

#[tokio::test]
async fn a_restart_keeps_keys_but_not_their_texts() {
    let root = TempDir::new().unwrap();
    let api_key = Some("right".parse().unwrap());
    let options = Options { api_key, ..with_store(root.path(), 1 << 30) };
    let local = Local::with(options.clone());
    let keys = "/v1/orgs/self/users/self/apikeys";
    let mut texts = Vec::new();
    for (name, role) in [("look", "read-only"), ("suspended", "admin"), ("deleted", "admin")] {
        let key = json!({"name": name, "role": role});
        let made = local.by("right", Method::POST, keys, key).await;
        texts.push(made.data()["key"].as_str().unwrap().to_string());
    }
    let used = local.by(&texts[0], Method::GET, "/v1/orgs/self", json!({})).await;
    assert_eq!(used.status, 200);
    let path = format!("{keys}/suspended");
    local.by("right", Method::POST, &path, json!({"state": "SUSPENDED"})).await.data();
    let path = format!("{keys}/deleted");
    local.by("right", Method::DELETE, &path, json!({})).await.data();
    end(local).await;

    let local = Local::with(options);
    let looks = async |key: &str| local.by(key, Method::GET, "/v1/orgs/self", json!({})).await;
    assert_eq!(looks(&texts[0]).await.status, 200);
    let makes = local.by(&texts[0], Method::POST, "/v1/orgs/self/ws", json!({"name": "w"})).await;
    makes.refused(403, "FORBIDDEN");
    assert!(looks(&texts[1]).await.refused(401, "AUTHEXCEPTION").contains("suspended"));
    assert!(looks(&texts[2]).await.refused(401, "AUTHEXCEPTION").contains("not known"));
    let listed = local.by("right", Method::GET, keys, json!({})).await;
    assert!(listed.data()[0]["last_access_time"].is_string(), "{listed:?}");
    end(local).await;
    // The header has 32 bytes.
    let message = |path: &PathBuf| match &fs::read(path).unwrap()[32..] {
        [] => Vec::new(),
        compressed => zstd::decode_all(compressed).unwrap(),
    };
    let contents: Vec<_> = objects(root.path()).iter().map(message).collect();
    let has = |text: &str| {
        contents.iter().any(|it| it.windows(text.len()).any(|window| window == text.as_bytes()))
    };
    assert!(has(&texts[0][..6]));
    assert!(!texts.iter().any(|text| has(text)));
}

#[tokio::test]
async fn what_is_deleted_stays_so() {
    let root = TempDir::new().unwrap();
    let options = with_store(root.path(), 1);
    let local = Local::with(options.clone());
    local.create(json!({})).await.data();
    local.add(json!([{"_id": "a"}])).await.data();
    local.delete(C).await.data();
    local.post("/v1/orgs/self/ws", json!({"name": "gone"})).await.data();
    local.delete("/v1/orgs/self/ws/gone").await.data();
    end(local).await;

    let local = Local::with(options.clone());
    let left = local.get("/v1/orgs/self/collections").await;
    assert_eq!(left.data().as_array().unwrap().len(), 1, "{left:?}");
    assert_eq!(left.data()[0]["name"], "_events");
    assert_eq!(local.get("/v1/orgs/self/ws").await.data().as_array().unwrap().len(), 1);
    // A new collection has none of the documents of the old one.
    local.create(json!({})).await.data();
    end(local).await;
    let local = Local::with(options);
    assert!(local.documents().await.is_empty());
}

/// The objects of a store, by path.
fn objects(root: &Path) -> Vec<PathBuf> {
    let folders = ["log", "checkpoint", "segment"].map(|folder| root.join(folder));
    let files = folders
        .iter()
        .filter(|folder| folder.exists())
        .flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    let mut files: Vec<PathBuf> = files.collect();
    files.sort();
    files
}

fn bytes(root: &Path) -> u64 {
    objects(root).iter().map(|path| path.metadata().map_or(0, |it| it.len())).sum()
}

/// The error of a server that can't start with a store.
fn refused(root: &Path) -> String {
    local::start(with_store(root, 1 << 30)).expect_err("the store is bad").to_string()
}

/// Whether nothing is left that the last checkpoint makes needless.
fn is_tidy(root: &Path) -> bool {
    let all = objects(root);
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_string();
    let of =
        |folder: &'static str| all.iter().filter(move |it| it.parent().unwrap().ends_with(folder));
    let Some(checkpoint) = of("checkpoint").next_back().map(|path| name(path)) else {
        return false;
    };
    let is_needless = |path: &PathBuf| is_full(path) && name(path) < checkpoint;
    of("checkpoint").count() == 1 && !of("log").any(is_needless)
}

/// Whether an object of the log has a message.
fn is_full(path: &Path) -> bool {
    path.metadata().is_ok_and(|it| it.len() > 32)
}

/// Whether the last checkpoint has everything: the log then only says that it is there.
fn is_in_checkpoint(root: &Path) -> bool {
    let log = |path: &PathBuf| path.parent().unwrap().ends_with("log") && is_full(path);
    is_tidy(root) && objects(root).into_iter().filter(log).count() == 1
}

/// A store with a checkpoint and a log after it.
async fn store() -> TempDir {
    let root = TempDir::new().unwrap();
    let local = Local::with(with_store(root.path(), 1));
    local.create(json!({})).await.data();
    local.add(json!([{"_id": "a", "text": "one"}])).await.data();
    while !is_in_checkpoint(root.path()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    end(local).await;
    let local = Local::with(with_store(root.path(), 1 << 30));
    for n in 0..3 {
        local.add(json!([{"_id": "c", "n": n}])).await.data();
    }
    while !is_tidy(root.path()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    end(local).await;
    root
}

/// Changes one object after the other, and returns what the server says of each.
async fn said_of_each(change: impl Fn(&Path)) -> Vec<(String, String)> {
    let root = store().await;
    let mut said = Vec::new();
    for path in objects(root.path()) {
        let good = fs::read(&path).unwrap();
        change(&path);
        let result = local::start(with_store(root.path(), 1 << 30));
        let name = path.strip_prefix(root.path()).unwrap().display().to_string();
        said.push((name, result.map_or_else(|error| error.to_string(), |_| String::new())));
        fs::write(&path, good).unwrap();
    }
    assert!(said.len() > 5, "{said:?}");
    said
}

#[tokio::test]
async fn a_flipped_bit_in_any_object_is_found_and_the_object_named() {
    let flip = |path: &Path| {
        let mut content = fs::read(path).unwrap();
        let middle = content.len() / 2;
        content[middle] ^= 4;
        fs::write(path, content).unwrap();
    };
    let said = said_of_each(flip).await;
    let damaged: Vec<_> = said.iter().filter(|(_, said)| !said.is_empty()).collect();
    for (name, said) in &damaged {
        assert!(said.contains(&format!("{name} is damaged: its checksum")), "{name}: {said}");
    }
    // Of the log before the checkpoint, only what took a position is left, and not read again. A
    // segment may not be deleted yet.
    let unread = said.len() - damaged.len();
    assert!(unread <= 3, "{said:?}");
    for folder in ["log/", "checkpoint/", "segment/"] {
        assert!(damaged.iter().any(|(name, _)| name.starts_with(folder)), "{said:?}");
    }
}

#[tokio::test]
async fn an_object_of_a_newer_version_is_refused() {
    let newer = |path: &Path| {
        let mut content = fs::read(path).unwrap();
        content[8] += 1;
        fs::write(path, content).unwrap();
    };
    let said = said_of_each(newer).await;
    let refused = |(name, said): &&(String, String)| {
        said.contains(&format!("{name} has version 3 of its form"))
            && said.contains("newer version")
    };
    assert!(said.iter().filter(refused).count() >= said.len() - 1, "{said:?}");
}

#[tokio::test]
async fn a_missing_object_is_named() {
    let root = store().await;
    let all = objects(root.path());
    let in_folder =
        |folder: &'static str| all.iter().filter(move |it| it.parent().unwrap().ends_with(folder));
    let segment = in_folder("segment").next().unwrap();
    let log = in_folder("log").nth_back(1).unwrap();
    for path in [segment, log] {
        let good = fs::read(path).unwrap();
        fs::remove_file(path).unwrap();
        let said = refused(root.path());
        let name = path.strip_prefix(root.path()).unwrap().display().to_string();
        assert!(said.contains(&format!("{name} is missing")), "{said}");
        fs::write(path, good).unwrap();
    }
    Local::with(with_store(root.path(), 1 << 30)).document("c").await;
}

#[tokio::test]
async fn deleted_and_replaced_documents_give_their_space_back() {
    let root = TempDir::new().unwrap();
    let local = Local::with(with_store(root.path(), 20_000));
    local.create(json!({})).await.data();
    let mut random = fastrand::Rng::with_seed(1);
    let mut text = || (0..2_000).map(|_| random.alphanumeric()).collect::<String>();
    let mut most = 0;
    for _ in 0..50 {
        let batch: Vec<Value> =
            (0..50).map(|n| json!({"_id": n.to_string(), "text": text()})).collect();
        local.add(json!(batch)).await.data();
        most = most.max(bytes(root.path()));
    }
    let once = 50 * 2_000;
    assert!(
        most < 25 * once,
        "{most} bytes, though half of all that was written is 25 times {once}"
    );
    let ids: Vec<Value> = (0..50).map(|n| json!({"_id": n.to_string()})).collect();
    local.send(Method::DELETE, DOCS, json!({"data": ids})).await.data();
    let mut n = 0;
    while bytes(root.path()) > once / 2 {
        // The log has to grow for the next checkpoint.
        local.add(json!([{"_id": "x", "text": text()}])).await.data();
        n += 1;
        assert!(n < 1_000, "{} bytes are left", bytes(root.path()));
    }
}

/// The `total_size` of `commons.c`.
async fn total_size(local: &Local) -> u64 {
    local.get(C).await.data()["stats"]["total_size"].as_u64().unwrap()
}

/// Bytes of all objects in a folder of a store.
fn bytes_of(root: &Path, folder: &str) -> u64 {
    let files = fs::read_dir(root.join(folder)).into_iter().flatten();
    files.map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
}

async fn in_checkpoint(root: &Path) {
    while !is_in_checkpoint(root) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn sizes_are_those_of_the_store() {
    let root = TempDir::new().unwrap();
    let local = Local::with(with_store(root.path(), 1));
    local.create(json!({})).await.data();
    assert_eq!(total_size(&local).await, 0);
    let mut random = fastrand::Rng::with_seed(1);
    let mut documents = || {
        let mut text = || (0..1_000).map(|_| random.alphanumeric()).collect::<String>();
        let document = |n: u32| json!({"_id": n.to_string(), "text": text()});
        json!((0..100).map(document).collect::<Vec<Value>>())
    };
    local.add(documents()).await.data();
    in_checkpoint(root.path()).await;
    let in_segments = bytes_of(root.path(), "segment") + bytes_of(root.path(), "texts");
    assert!(in_segments > 50_000);
    assert_eq!(total_size(&local).await, in_segments);
    end(local).await;

    // What replaces them is in the log, and the same after a restart.
    let local = Local::with(with_store(root.path(), 1 << 30));
    local.add(documents()).await.data();
    let both = total_size(&local).await;
    let most = in_segments + bytes_of(root.path(), "log");
    assert!(both > in_segments + 50_000 && both < most, "{both} of {most}");
    end(local).await;
    let local = Local::with(with_store(root.path(), 1 << 30));
    assert_eq!(total_size(&local).await, both);
    end(local).await;

    let local = Local::with(with_store(root.path(), 1));
    let ids: Vec<Value> = (0..100).map(|n| json!({"_id": n.to_string()})).collect();
    local.send(Method::DELETE, DOCS, json!({"data": ids})).await.data();
    in_checkpoint(root.path()).await;
    assert_eq!(total_size(&local).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_opens_a_store_ends_the_process_that_has_it() {
    let root = TempDir::new().unwrap();
    let place = root.path().display().to_string();
    let first = Process::start(["--data", &place], &[]).unwrap();
    let create = json!({"name": "c"});
    assert_eq!(first.send(Method::POST, COLLECTIONS, &create).await.status, 200);

    let second = Process::start(["--data", &place], &[]).unwrap();
    let add = json!({"data": [{"_id": "late"}]});
    let refused = first.try_send(Method::POST, DOCS, &add).await;
    if let Some(refused) = refused {
        assert_eq!(refused.status, 503, "{refused:?}");
        let message = refused.body["message"].as_str().unwrap();
        assert!(message.contains("has taken over the store"), "{message}");
    }
    let ended = first.ended();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stderr.contains("Another local Rockset has taken over the store"), "{ended:?}");

    let add = json!({"data": [{"_id": "good"}]});
    assert_eq!(second.send(Method::POST, DOCS, &add).await.status, 200);
    let page = second.get("/local/ws/commons/collections/c/docs").await;
    let ids: Vec<&Value> = page.data().as_array().unwrap().iter().map(|it| &it["_id"]).collect();
    assert_eq!(ids, ["good"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_in_s3_is_like_one_in_a_directory() {
    let s3 = S3::start(&["store"]).await;
    let url = s3.url();
    let variables = [
        ("AWS_ACCESS_KEY_ID", KEY.0),
        ("AWS_SECRET_ACCESS_KEY", KEY.1),
        ("AWS_ENDPOINT_URL", url.as_str()),
        ("AWS_REGION", "us-east-1"),
    ];
    let start = |every| {
        let arguments = ["--data", "s3://store/some/prefix", "--checkpoint-every", every];
        tokio::task::block_in_place(|| Process::start(arguments, &variables).unwrap())
    };
    let first = start("1GB");
    assert_eq!(first.send(Method::POST, COLLECTIONS, &json!({"name": "c"})).await.status, 200);
    for n in 0..5 {
        let add = json!({"data": [{"_id": n.to_string(), "n": n}]});
        assert_eq!(first.send(Method::POST, DOCS, &add).await.status, 200);
    }
    first.kill();

    // It writes a checkpoint after every commit.
    let second = start("1B");
    let add = json!({"data": [{"_id": "5", "n": 5}]});
    assert_eq!(second.send(Method::POST, DOCS, &add).await.status, 200);
    while !s3.root().join("store/some/prefix/checkpoint").exists() {
        assert_eq!(second.send(Method::POST, DOCS, &add).await.status, 200);
    }
    second.kill();

    let third = start("1GB");
    let page = third.get("/local/ws/commons/collections/c/docs").await;
    let found: Vec<&Value> = page.data().as_array().unwrap().iter().map(|it| &it["n"]).collect();
    assert_eq!(found, [0, 1, 2, 3, 4, 5]);
    let _fourth = start("1GB");
    let refused = third.try_send(Method::POST, DOCS, &add).await;
    assert!(refused.is_none_or(|refused| refused.status == 503));
    assert_eq!(third.ended().status.code(), Some(1));
}

#[tokio::test]
async fn a_query_that_inserts_is_answered_when_its_documents_are_durable() {
    let root = TempDir::new().unwrap();
    let local = Local::with(with_store(root.path(), 1 << 30));
    local.create(json!({})).await.data();
    let sql = "INSERT INTO c SELECT 'q' AS _id, 7 AS n";
    let answer = local.post("/v1/orgs/self/queries", json!({"sql": {"query": sql}})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    // A copy of the store at this moment has the document.
    let copy = TempDir::new().unwrap();
    for path in objects(root.path()) {
        let to = copy.path().join(path.strip_prefix(root.path()).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(path, to).unwrap();
    }
    let other = Local::with(with_store(copy.path(), 1 << 30));
    assert_eq!(other.document("q").await["n"], 7);
}
