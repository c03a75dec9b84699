//! What has been seen of a bucket, and how far it has been read.

use object_store::ObjectMeta;
use std::collections::BTreeMap;

/// The objects of a source, by their names. One that is deleted stays here.
#[derive(Debug, Default)]
pub(super) struct Seen(BTreeMap<String, Object>);

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

impl Seen {
    /// Takes note of a listing, and gives what of it is still to be read: what is new,
    /// has changed, or was not read to its end.
    pub(super) fn update(&mut self, listed: Vec<ObjectMeta>) -> Vec<ObjectMeta> {
        let mut new = Vec::new();
        for meta in listed {
            let (name, version) = (meta.location.as_ref(), version(&meta));
            match self.0.get(name) {
                Some(object) if object.version == version && object.done => continue,
                Some(object) if object.version == version => {}
                _ => {
                    let object = Object { version, size: meta.size, stored: 0, done: false };
                    self.0.insert(name.to_string(), object);
                }
            }
            new.push(meta);
        }
        // What has gone before it could be read won't come any more.
        let is_here = |name: &str| new.binary_search_by(|m| m.location.as_ref().cmp(name)).is_ok();
        self.0.retain(|name, object| object.done || is_here(name));
        new
    }

    /// Records of an object that are stored.
    pub(super) fn stored(&self, meta: &ObjectMeta) -> u64 {
        self.0.get(meta.location.as_ref()).map_or(0, |object| object.stored)
    }

    /// Notes that more records of an object are stored.
    pub(super) fn store(&mut self, meta: &ObjectMeta, records: u64) {
        if let Some(object) = self.0.get_mut(meta.location.as_ref()) {
            object.stored += records;
        }
    }

    /// Notes that an object has been read to its end.
    pub(super) fn finish(&mut self, meta: &ObjectMeta) {
        if let Some(object) = self.0.get_mut(meta.location.as_ref()) {
            object.done = true;
        }
    }

    pub(super) fn total(&self) -> Count {
        count(self.0.values())
    }

    pub(super) fn done(&self) -> Count {
        count(self.0.values().filter(|object| object.done))
    }
}

fn count<'a>(objects: impl Iterator<Item = &'a Object>) -> Count {
    objects.fold(Count::default(), |count, object| Count {
        objects: count.objects + 1,
        bytes: count.bytes + object.size,
    })
}

fn version(meta: &ObjectMeta) -> String {
    match &meta.e_tag {
        Some(tag) => tag.clone(),
        None => format!("{} {}", meta.last_modified, meta.size),
    }
}
