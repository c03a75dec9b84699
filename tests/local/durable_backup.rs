//! Backups of a store, through the program: taken beside the process that writes, restored, and what
//! is said when that can't be.

use crate::support::process::Process;
use crate::support::s3::{KEY, S3};
use reqwest::Method;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::task::{JoinHandle, block_in_place};

const COLLECTIONS: &str = "/v1/orgs/self/ws/commons/collections";
const DOCS: &str = "/v1/orgs/self/ws/commons/collections/c/docs";

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

type Variables<'a> = [(&'a str, &'a str); 4];

fn variables(url: &str) -> Variables<'_> {
    [
        ("AWS_ACCESS_KEY_ID", KEY.0),
        ("AWS_SECRET_ACCESS_KEY", KEY.1),
        ("AWS_ENDPOINT_URL", url),
        ("AWS_REGION", "us-east-1"),
    ]
}

fn begin(arguments: &[&str], variables: &[(&str, &str)]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_materialize-rockset"));
    let command = command.args(arguments).envs(variables.iter().copied());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Runs a command to its end. Returns whether it succeeded, and what it said.
fn run(arguments: &[&str], variables: &[(&str, &str)]) -> (bool, String) {
    let output = block_in_place(|| begin(arguments, variables).wait_with_output().unwrap());
    assert!(output.stdout.is_empty(), "{output:?}");
    (output.status.success(), String::from_utf8(output.stderr).unwrap())
}

#[track_caller]
fn succeeds(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let (is_good, said) = run(arguments, variables);
    assert!(is_good, "{said}");
    said
}

/// The reason why a command fails.
#[track_caller]
fn fails(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let (is_good, said) = run(arguments, variables);
    assert!(!is_good, "{said}");
    said
}

fn start(place: &str, every: &str, variables: &[(&str, &str)]) -> Process {
    let arguments = ["--data", place, "--checkpoint-every", every];
    block_in_place(|| Process::start(arguments, variables).unwrap())
}

/// What a local Rockset says of a place that it can't open.
fn refused(place: &str, variables: &[(&str, &str)]) -> String {
    block_in_place(|| Process::start(["--data", place], variables).err().unwrap().stderr)
}

async fn create(process: &Process) {
    let made = process.send(Method::POST, COLLECTIONS, &json!({"name": "c"})).await;
    assert_eq!(made.status, 200, "{made:?}");
}

/// Writes document `n`, and replaces the one that says how many there are.
async fn write(process: &Process, n: usize) {
    let text = "x".repeat(n % 1_000);
    let data = json!([{"_id": format!("{n:06}"), "n": n, "text": text}, {"_id": "last", "n": n}]);
    let sent = process.send(Method::POST, DOCS, &json!({ "data": data })).await;
    assert_eq!(sent.status, 200, "{sent:?}");
}

/// Checks that a store has whole writes, as many as were at some moment. Returns their number.
async fn writes(process: &Process) -> usize {
    let path = "/local/ws/commons/collections/c/docs?limit=10000";
    let page = process.get(path).await;
    let mut found: Vec<Value> = page.data().as_array().unwrap().clone();
    let last = found.pop().unwrap();
    assert_eq!(last["_id"], "last");
    assert_eq!(last["n"], found.len() - 1, "the last write is not whole");
    for (n, document) in found.iter().enumerate() {
        assert_eq!(document["n"], n);
        assert_eq!(document["text"].as_str().unwrap().len(), n % 1_000);
    }
    found.len()
}

/// Writes until it is told to end.
struct Writing {
    acknowledged: Arc<AtomicUsize>,
    end: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Writing {
    fn begin(process: Arc<Process>) -> Self {
        let (acknowledged, end) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let (counted, ended) = (acknowledged.clone(), end.clone());
        let task = tokio::spawn(async move {
            while !ended.load(Ordering::SeqCst) {
                let n = counted.load(Ordering::SeqCst);
                write(&process, n).await;
                counted.store(n + 1, Ordering::SeqCst);
            }
        });
        Self { acknowledged, end, task }
    }

    fn acknowledged(&self) -> usize {
        self.acknowledged.load(Ordering::SeqCst)
    }

    async fn until(&self, writes: usize) {
        let begun = Instant::now();
        while self.acknowledged() < writes {
            assert!(begun.elapsed() < PATIENCE && !self.task.is_finished());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn end(self) -> usize {
        self.end.store(true, Ordering::SeqCst);
        self.task.await.unwrap();
        self.acknowledged.load(Ordering::SeqCst)
    }
}

/// Backs up the store at one place again and again while it is written, and restores what there is.
async fn backed_up(store: &str, place: impl Fn(&str) -> String, variables: &[(&str, &str)]) {
    let process = Arc::new(start(store, "20KB", variables));
    create(&process).await;
    let writing = Writing::begin(process.clone());
    for n in 0..4 {
        writing.until(30 * (n + 1)).await;
        let (backup, restored) = (place(&format!("backup{n}")), place(&format!("restored{n}")));
        let before = writing.acknowledged();
        let said = succeeds(&["backup", "--data", store, "--to", &backup], variables);
        let last = said.lines().last().unwrap();
        let begin = format!("Backed up the store {store} to {backup}: ");
        assert!(last.starts_with(&begin) && last.ends_with(", all checked"), "{said}");

        let said = succeeds(&["restore", "--from", &backup, "--data", &restored], variables);
        let last = said.lines().last().unwrap();
        assert!(last.starts_with(&format!("Restored the backup {backup} to {restored}: ")));
        assert!(last.contains(", all checked. The backup was made at 20"), "{last}");
        let other = start(&restored, "20KB", variables);
        let found = writes(&other).await;
        assert!(found >= before, "{found} of {before} writes");
        // What is restored can be written, and opened again.
        write(&other, found).await;
        other.kill();
        assert_eq!(writes(&start(&restored, "20KB", variables)).await, found + 1);
    }
    let all = writing.end().await;
    assert_eq!(writes(&process).await, all);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_running_store_has_all_that_was_acknowledged_before() {
    let root = TempDir::new().unwrap();
    let place = |name: &str| root.path().join(name).display().to_string();
    backed_up(&place("store"), place, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_in_s3_is_backed_up_likewise() {
    let s3 = S3::start(&["bucket"]).await;
    let url = s3.url();
    backed_up("s3://bucket/store", |name| format!("s3://bucket/{name}"), &variables(&url)).await;
}

/// The objects in a folder of a store, by name.
fn listed(root: &Path, folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root.join(folder)).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    // Files that were begun when a process was killed are no objects.
    paths.retain(|path| !path.display().to_string().contains('#'));
    paths.sort();
    paths
}

async fn until(is: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_that_are_deleted_meanwhile_are_not_missed() {
    let (s3, root) = (S3::start(&["bucket"]).await, TempDir::new().unwrap());
    let url = s3.url();
    let store = s3.root().join("bucket/store");
    let process = start("s3://bucket/store", "1B", &variables(&url));
    create(&process).await;
    write(&process, 0).await;
    until(|| is_in_checkpoint(&store)).await;
    write(&process, 1).await;
    process.kill();

    // It writes no checkpoint before it is told to.
    let process = start("s3://bucket/store", "4KB", &variables(&url));
    until(|| listed(&store, "checkpoint").len() == 1).await;
    let checkpoint = listed(&store, "checkpoint").remove(0);
    let segments = listed(&store, "segment");
    assert!(!segments.is_empty());
    let name = checkpoint.file_name().unwrap().to_str().unwrap();
    let path = format!("checkpoint/{name}");
    let asked = s3.requests(&path);
    s3.delay(&path, Duration::from_secs(2));
    let backup = root.path().join("backup").display().to_string();
    let arguments = ["backup", "--data", "s3://bucket/store", "--to", &backup];
    let child = begin(&arguments, &variables(&url));
    until(|| s3.requests(&path) > asked).await;
    let mut n = 2;
    while segments.iter().any(|segment| segment.exists()) {
        write(&process, n).await;
        n += 1;
    }
    let output = block_in_place(|| child.wait_with_output().unwrap());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("the store has a newer checkpoint"), "{said}");

    let restored = root.path().join("restored").display().to_string();
    succeeds(&["restore", "--from", &backup, "--data", &restored], &[]);
    assert!(writes(&start(&restored, "1GB", &[])).await >= 2);
    // It has nothing that it doesn't need.
    assert_eq!(listed(Path::new(&backup), "checkpoint").len(), 1);
    let has = listed(Path::new(&backup), "segment").len();
    assert_eq!(has, listed(Path::new(&restored), "segment").len());
}

/// A store with a checkpoint and a log after it, which no process has open.
async fn store(root: &Path) -> String {
    let place = root.join("store").display().to_string();
    let process = start(&place, "1B", &[]);
    create(&process).await;
    write(&process, 0).await;
    until(|| is_in_checkpoint(&root.join("store"))).await;
    process.kill();
    let process = start(&place, "1GB", &[]);
    for n in 1..4 {
        write(&process, n).await;
    }
    until(|| is_tidy(&root.join("store"))).await;
    process.kill();
    place
}

/// Whether nothing is left that the last checkpoint makes needless.
fn is_tidy(store: &Path) -> bool {
    let checkpoints = listed(store, "checkpoint");
    let last = checkpoints.last().map(|path| path.file_name());
    let is_old = |path: &PathBuf| Some(path.file_name()) < last;
    checkpoints.len() == 1 && !full(store).iter().any(is_old)
}

/// Whether the last checkpoint has everything: the log then only says that it is there.
fn is_in_checkpoint(store: &Path) -> bool {
    is_tidy(store) && full(store).len() == 1
}

/// The objects of the log that have a message.
fn full(store: &Path) -> Vec<PathBuf> {
    let is_full = |path: &PathBuf| path.metadata().is_ok_and(|it| it.len() > 32);
    listed(store, "log").into_iter().filter(is_full).collect()
}

/// Begins a command that copies to a place in S3, and kills it before it says that this is whole.
async fn killed(s3: &S3, arguments: &[&str], last: &str) {
    s3.delay(last, Duration::from_secs(600));
    let url = s3.url();
    let asked = s3.requests(last);
    let mut child = begin(arguments, &variables(&url));
    until(|| s3.requests(last) > asked).await;
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_copy_is_not_taken_for_a_whole_one() {
    let (s3, root) = (S3::start(&["bucket", "other"]).await, TempDir::new().unwrap());
    let url = s3.url();
    let variables = variables(&url);
    let store = store(root.path()).await;
    let backup = ["backup", "--data", &store, "--to", "s3://bucket/half"];
    killed(&s3, &backup, "half/backup/complete").await;
    // All but the last object is there.
    assert!(!listed(&s3.root().join("bucket/half"), "segment").is_empty());

    s3.delay("half/backup/complete", Duration::ZERO);
    let target = root.path().join("target").display().to_string();
    let said = fails(&["restore", "--from", "s3://bucket/half", "--data", &target], &variables);
    assert!(said.contains("can't restore the backup s3://bucket/half: it holds no whole backup"));
    assert!(!Path::new(&target).join("restore").exists());
    let said = refused("s3://bucket/half", &variables);
    assert!(said.contains("it holds a backup, or a part of one"), "{said}");
    let said = fails(&backup, &variables);
    assert!(said.contains("can't write the backup s3://bucket/half: it is not empty"), "{said}");

    let whole = root.path().join("whole").display().to_string();
    succeeds(&["backup", "--data", &store, "--to", &whole], &[]);
    let restore = ["restore", "--from", &whole, "--data", "s3://other/half"];
    s3.delay("half/restore/complete", Duration::from_secs(600));
    killed(&s3, &restore, "half/restore/complete").await;
    s3.delay("half/restore/complete", Duration::ZERO);
    let said = refused("s3://other/half", &variables);
    assert!(said.contains("delete what is there, and restore again"), "{said}");
    let said = fails(&restore, &variables);
    assert!(said.contains("can't write the store s3://other/half: it is not empty"), "{said}");
    let said = fails(&["backup", "--data", "s3://other/half", "--to", &target], &variables);
    assert!(said.contains("can't back up the store s3://other/half: it holds a part"), "{said}");
    // The whole one is none that a server works on.
    let said = refused(&whole, &[]);
    assert!(said.contains("it holds a backup, or a part of one"), "{said}");
}

/// The objects of a place that a copy reads: without those that only mark something.
fn objects(root: &str) -> Vec<PathBuf> {
    let folders = ["checkpoint", "segment", "log"].into_iter();
    folders.flat_map(|folder| listed(Path::new(root), folder)).collect()
}

/// Damages each object in turn, and returns those of which a command says so.
async fn named(root: &str, command: impl Fn(&str) -> Vec<String>) -> usize {
    let mut named = 0;
    for (n, path) in objects(root).into_iter().enumerate() {
        let good = fs::read(&path).unwrap();
        let mut bad = good.clone();
        bad[good.len() - 1] ^= 1;
        fs::write(&path, bad).unwrap();
        let arguments = command(&n.to_string());
        let (is_good, said) = run(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), &[]);
        let object = path.strip_prefix(root).unwrap().display().to_string();
        if !is_good {
            assert!(said.contains(&format!("{object} is damaged: its checksum")), "{said}");
            named += 1;
        } else {
            // What only took a position is not read.
            assert_eq!(good.len(), 32, "{object}: {said}");
        }
        fs::write(path, good).unwrap();
    }
    named
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_or_missing_object_is_named() {
    let root = TempDir::new().unwrap();
    let place = |name: &str| root.path().join(name).display().to_string();
    let store = store(root.path()).await;
    let words = |words: [&str; 5]| words.map(String::from).to_vec();
    let backup = |n: &str| words(["backup", "--data", &store, "--to", &place(&format!("b{n}"))]);
    assert!(named(&store, backup).await >= 5);

    let whole = place("whole");
    succeeds(&["backup", "--data", &store, "--to", &whole], &[]);
    let restore =
        |n: &str| words(["restore", "--from", &whole, "--data", &place(&format!("r{n}"))]);
    assert!(named(&whole, restore).await >= 5);

    let segment = listed(Path::new(&whole), "segment").remove(0);
    fs::remove_file(&segment).unwrap();
    let said = fails(&["restore", "--from", &whole, "--data", &place("r")], &[]);
    let name = segment.strip_prefix(&whole).unwrap().display().to_string();
    assert!(said.contains(&format!("can't restore the backup {whole}: {name} is missing")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_place_is_refused() {
    let root = TempDir::new().unwrap();
    let place = |name: &str| root.path().join(name).display().to_string();
    let (store, full) = (store(root.path()).await, place("full"));
    fs::create_dir(&full).unwrap();
    fs::write(root.path().join("full/note.txt"), "mine").unwrap();
    let said = fails(&["backup", "--data", &store, "--to", &full], &[]);
    assert!(said.contains("it is not empty: it holds note.txt. Choose an empty place"), "{said}");
    assert_eq!(fs::read_dir(&full).unwrap().count(), 1);

    let inner = format!("{store}/backup");
    let said = fails(&["backup", "--data", &store, "--to", &inner], &[]);
    assert!(said.contains("one is within the other"), "{said}");
    let said = fails(&["backup", "--data", &place("none"), "--to", &place("to")], &[]);
    assert!(said.contains("No such file or directory"), "{said}");
    assert!(!Path::new(&place("none")).exists());
    let said = fails(&["backup", "--data", &full, "--to", &place("to")], &[]);
    assert!(said.contains("it holds no store"), "{said}");
    let said = fails(&["restore", "--from", &store, "--data", &place("to")], &[]);
    assert!(said.contains("it holds no whole backup"), "{said}");

    for command in ["backup", "restore"] {
        let help = block_in_place(|| begin(&[command, "--help"], &[]).wait_with_output().unwrap());
        let help = String::from_utf8(help.stdout).unwrap();
        assert!(help.contains("materialize-rockset restore --"), "{help}");
        assert!(help.contains("only if the exit code is 0"), "{help}");
    }
}
