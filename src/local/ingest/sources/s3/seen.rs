//! The objects seen in a bucket, and how far they are read.

use object_store::ObjectMeta;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The objects of a source. A deleted object stays here.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// By name.
    objects: BTreeMap<String, Object>,
    total: Count,
    /// Objects that are read to their end.
    done: Count,
}

/// How far an object is read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Object {
    /// Changes when the object does.
    version: String,
    size: u64,
    /// Number of records that are stored.
    stored: u64,
    done: bool,
}

/// A number of objects, and their bytes in total.
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
    /// The objects that an earlier process has seen and begun to read.
    pub(super) fn restored(objects: Vec<(String, Object)>) -> Self {
        let mut seen = Self::default();
        for (name, object) in objects {
            seen.total.add(object.size);
            if object.done {
                seen.done.add(object.size);
            }
            seen.objects.insert(name, object);
        }
        seen
    }

    /// How far an object is read once so many more records are stored.
    pub(super) fn after(&self, meta: &ObjectMeta, records: u64, done: bool) -> Object {
        let object = self.objects.get(meta.location.as_ref());
        Object {
            version: version(meta),
            size: meta.size,
            stored: object.map_or(0, |object| object.stored) + records,
            done,
        }
    }

    /// Records a listing, and returns the objects to read, in the order of their names: new and
    /// changed ones, and those not read to their end.
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

    /// Forgets objects that were deleted before they were read.
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

    /// Number of an object's records that are stored.
    pub(super) fn stored(&self, meta: &ObjectMeta) -> u64 {
        self.objects.get(meta.location.as_ref()).map_or(0, |object| object.stored)
    }

    /// Adds to the number of an object's records that are stored.
    pub(super) fn store(&mut self, meta: &ObjectMeta, records: u64) {
        if let Some(object) = self.objects.get_mut(meta.location.as_ref()) {
            object.stored += records;
        }
    }

    /// Records that an object is read to its end.
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
