//! The power goes: what was not synced may be lost.

#![allow(clippy::unwrap_used, clippy::panic)]

use super::open::open_on;
use crate::local::journal::change::{Change, Commit, Write};
use crate::local::journal::handle::Journal;
use crate::local::journal::recovered::Recovered;
use crate::local::storage::{Batch, Document, Memory, Snapshot};
use async_trait::async_trait;
use bytes::Bytes;
use fastrand::Rng;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::mem;
use std::sync::Arc;

/// A disk. An object that is created is synced when the call returns. When the power goes, a call
/// that hasn't returned may have had its effect or not, and no later one has any. Deletions are
/// never synced: each of them may be undone.
#[derive(Debug, Clone)]
struct Disk {
    objects: Arc<InMemory>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    random: Rng,
    /// Number of changes until the power goes.
    left: usize,
    deleted: Vec<(Path, Bytes)>,
    is_full: bool,
}

/// What becomes of a change.
#[derive(PartialEq)]
enum Fate {
    Synced,
    /// It happens, and the power goes.
    Unanswered,
    Lost,
}

impl Disk {
    fn new(objects: Arc<InMemory>, seed: u64, left: usize) -> Self {
        let random = Rng::with_seed(seed);
        let state = State { random, left, deleted: Vec::new(), is_full: false };
        Self { objects, state: Arc::new(Mutex::new(state)) }
    }

    fn fate(&self) -> Fate {
        let mut state = self.state.lock();
        state.left = state.left.saturating_sub(1);
        let happens = state.random.bool();
        match state.left {
            0 => Fate::Lost,
            1 if happens => Fate::Unanswered,
            1 => Fate::Lost,
            _ => Fate::Synced,
        }
    }

    /// What is there when the power is back.
    async fn after(&self) -> Arc<InMemory> {
        let undone: Vec<_> = {
            let mut state = self.state.lock();
            let deleted = mem::take(&mut state.deleted);
            deleted.into_iter().filter(|_| state.random.bool()).collect()
        };
        for (path, content) in undone {
            self.objects.put(&path, content.into()).await.unwrap();
        }
        self.objects.clone()
    }
}

impl Display for Disk {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("disk")
    }
}

fn failed(why: &str) -> Error {
    Error::Generic { store: "disk", source: why.to_string().into() }
}

#[async_trait]
impl ObjectStore for Disk {
    async fn put_opts(
        &self,
        path: &Path,
        content: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        if self.state.lock().is_full {
            return Err(failed("no space is left"));
        }
        match self.fate() {
            Fate::Lost => Err(failed("the power is gone")),
            Fate::Synced => self.objects.put_opts(path, content, options).await,
            Fate::Unanswered => {
                self.objects.put_opts(path, content, options).await?;
                Err(failed("the power is gone"))
            }
        }
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Err(failed("nothing is put in parts"))
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        self.objects.get_opts(path, options).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let disk = self.clone();
        let delete = move |path: Result<Path>| {
            let disk = disk.clone();
            async move {
                let path = path?;
                if disk.fate() == Fate::Lost {
                    return Err(failed("the power is gone"));
                }
                let content = disk.objects.get(&path).await?.bytes().await?;
                disk.state.lock().deleted.push((path.clone(), content));
                disk.objects.delete(&path).await?;
                Ok(path)
            }
        };
        paths.then(delete).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.objects.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.objects.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(failed("nothing is copied"))
    }
}

type Fields = BTreeMap<String, String>;

/// The collection that is written.
const COLLECTION: u64 = 7;

fn fields(snapshot: &Arc<Snapshot>) -> Fields {
    let mut fields = Fields::new();
    for chunk in snapshot.chunks() {
        let texts = chunk.texts().unwrap();
        let documents = chunk.live_rows();
        fields.extend(documents.map(|(row, it)| (it.id.to_string(), texts.get(row).to_string())));
    }
    fields
}

/// Number of commits that the entry says there are, and the documents.
fn held(recovered: &Recovered) -> (usize, Arc<Snapshot>) {
    let count = recovered.texts("count", "n").next().map_or(0, |(_, text)| text.parse().unwrap());
    let nothing = || Arc::new(Snapshot::new(recovered.memory.clone()));
    (count, recovered.documents.get(&COLLECTION).cloned().unwrap_or_else(nothing))
}

/// Writes and removes documents at random, together with the number of commits.
fn commit(
    journal: &Journal,
    snapshot: &Arc<Snapshot>,
    n: usize,
    random: &mut Rng,
) -> Arc<Snapshot> {
    let mut batch = Batch::new(snapshot, None);
    for _ in 0..random.usize(1..30) {
        let id = random.u32(..50).to_string();
        match random.u32(..4) {
            0 => batch.remove(&id),
            _ => {
                let fields = format!("\"n\":{}", random.u64(..)).into();
                batch.put(id.into(), Document { event_time: 0, fields, meta: None, rollup: None });
            }
        }
    }
    let (sealed, changes) = batch.seal_with_changes();
    let (snapshot, changes) = (Arc::new(sealed.written(n as i64)), Some(changes));
    journal.commit(Commit {
        changes: vec![Change::put("count", "n", &n)],
        write: Some(Write { collection: COLLECTION, changes, snapshot: snapshot.clone() }),
        ..Commit::default()
    });
    snapshot
}

#[tokio::test]
async fn what_was_acknowledged_is_there_when_the_power_is_back() {
    let mut random = Rng::with_seed(1);
    let mut objects = Arc::new(InMemory::new());
    // The documents after each commit, and how many are known to be durable.
    let (mut history, mut durable) = (vec![Fields::new()], 0);
    for point in 0..60 {
        let disk = Disk::new(objects, point, random.usize(2..60));
        let every = if random.bool() { 1 } else { 3_000 };
        // With so little, no fields stay in memory that are in a segment.
        let memory = if random.bool() { Memory::new(1_000) } else { Memory::default() };
        if let Ok((journal, recovered)) = open_on(Arc::new(disk.clone()), every, memory) {
            let (mut count, mut snapshot) = held(&recovered);
            assert!(count >= durable, "{count} commits are left of {durable}, at point {point}");
            assert_eq!(fields(&snapshot), history[count], "after {count}, at point {point}");
            history.truncate(count + 1);
            durable = count;
            loop {
                for _ in 0..random.usize(1..4) {
                    count += 1;
                    snapshot = commit(&journal, &snapshot, count, &mut random);
                    history.push(fields(&snapshot));
                }
                if journal.settled().await.is_err() {
                    break;
                }
                durable = count;
            }
        }
        objects = disk.after().await;
    }
    assert!(durable > 100, "only {durable} commits");
    let (_, recovered) = open_on(objects, 1, Memory::default()).unwrap();
    assert_eq!(fields(&held(&recovered).1), history[held(&recovered).0]);
}

#[tokio::test]
async fn a_full_disk_is_told_and_nothing_is_lost_when_there_is_space_again() {
    let disk = Disk::new(Arc::new(InMemory::new()), 1, usize::MAX);
    let (journal, _) = open_on(Arc::new(disk.clone()), 1 << 20, Memory::default()).unwrap();
    let mut random = Rng::with_seed(1);
    let first = commit(&journal, &Arc::default(), 1, &mut random);
    journal.settled().await.unwrap();

    disk.state.lock().is_full = true;
    let second = commit(&journal, &first, 2, &mut random);
    let error = journal.settled().await.unwrap_err();
    let message = error.message();
    assert!(message.contains("log/00000000000000000003"), "{message}");
    assert!(message.contains("no space is left"), "{message}");
    journal.check().unwrap_err();

    disk.state.lock().is_full = false;
    while journal.settled().await.is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let (_, recovered) = open_on(disk.objects.clone(), 1, Memory::default()).unwrap();
    assert_eq!(held(&recovered).0, 2);
    assert_eq!(fields(&held(&recovered).1), fields(&second));
}
