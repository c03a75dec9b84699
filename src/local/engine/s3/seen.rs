//! What has been seen of a bucket, and how far it has been read.

use object_store::ObjectMeta;
use std::collections::BTreeMap;

/// The objects of a source. One that is deleted stays here.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// By their names.
    objects: BTreeMap<String, Object>,
    total: Count,
    /// Those of them that have been read.
    done: Count,
}

#[derive(Debug)]
struct Object {
    /// Changes when the object does.
    version: String,
    size: u64,
    /// Records that are stored.
    stored: u64,
    done: bool,
}

/// So many objects, and the bytes of all.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Count {
    pub(super) objects: u64,
    pub(super) bytes: u64,
}

impl Count {
    fn add(&mut self, bytes: u64) {
        self.objects += 1;
        self.bytes += bytes;
    }

    fn subtract(&mut self, bytes: u64) {
        self.objects -= 1;
        self.bytes -= bytes;
    }
}

impl Seen {
    /// Takes note of a listing, and gives what of it is still to be read, in the order of
    /// the names: what is new, has changed, or was not read to its end.
    pub(super) fn update(&mut self, mut listed: Vec<ObjectMeta>) -> Vec<ObjectMeta> {
        listed.sort_unstable_by(|a, b| a.location.as_ref().cmp(b.location.as_ref()));
        let mut new = Vec::new();
        for meta in listed {
            let (name, version) = (meta.location.as_ref(), version(&meta));
            match self.objects.get(name) {
                Some(object) if object.version == version && object.done => continue,
                Some(object) if object.version == version => {}
                _ => {
                    let object = Object { version, size: meta.size, stored: 0, done: false };
                    self.total.add(object.size);
                    if let Some(old) = self.objects.insert(name.to_string(), object) {
                        self.forget(&old);
                    }
                }
            }
            new.push(meta);
        }
        self.forget_the_lost(&new);
        new
    }

    /// Forgets what has gone before it could be read: it won't come any more.
    fn forget_the_lost(&mut self, new: &[ObjectMeta]) {
        let is_here = |name: &str| new.binary_search_by(|m| m.location.as_ref().cmp(name)).is_ok();
        let unread = self.objects.iter().filter(|(_, object)| !object.done);
        let lost: Vec<String> =
            unread.map(|(name, _)| name).filter(|name| !is_here(name)).cloned().collect();
        for name in lost {
            if let Some(object) = self.objects.remove(&name) {
                self.forget(&object);
            }
        }
    }

    fn forget(&mut self, object: &Object) {
        self.total.subtract(object.size);
        if object.done {
            self.done.subtract(object.size);
        }
    }

    /// Records of an object that are stored.
    pub(super) fn stored(&self, meta: &ObjectMeta) -> u64 {
        self.objects.get(meta.location.as_ref()).map_or(0, |object| object.stored)
    }

    /// Notes that more records of an object are stored.
    pub(super) fn store(&mut self, meta: &ObjectMeta, records: u64) {
        if let Some(object) = self.objects.get_mut(meta.location.as_ref()) {
            object.stored += records;
        }
    }

    /// Notes that an object has been read to its end.
    pub(super) fn finish(&mut self, meta: &ObjectMeta) {
        if let Some(object) = self.objects.get_mut(meta.location.as_ref()) {
            if !object.done {
                self.done.add(object.size);
            }
            object.done = true;
        }
    }

    pub(super) fn total(&self) -> Count {
        self.total
    }

    pub(super) fn done(&self) -> Count {
        self.done
    }
}

fn version(meta: &ObjectMeta) -> String {
    match &meta.e_tag {
        Some(tag) => tag.clone(),
        None => format!("{} {}", meta.last_modified, meta.size),
    }
}
