//! Properties that stand twice in one object: a JSON reader silently keeps the last one.

use super::Problems;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::collections::BTreeSet;
use std::fmt;

/// Notes every property of a JSON text that stands twice in its object. `root` is the path of the
/// text.
pub(super) fn note(root: &str, json: &[u8], problems: &mut Problems) {
    let search = Search { path: root.to_string(), problems };
    // The caller reports text that isn't JSON.
    let _ = search.deserialize(&mut serde_json::Deserializer::from_slice(json));
}

/// Searches the value at `path`, with everything in it.
struct Search<'a> {
    path: String,
    problems: &'a mut Problems,
}

impl<'de> DeserializeSeed<'de> for Search<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Search<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let Self { path, problems } = self;
        let mut names = BTreeSet::new();
        while let Some(name) = object.next_key::<String>()? {
            let path = format!("{path}.{name}");
            if !names.insert(name) {
                problems.add(&path, "stands twice in its object; leave one of the two out");
            }
            object.next_value_seed(Search { path, problems: &mut *problems })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Self { path, problems } = self;
        let mut index = 0;
        let mut search = |path| list.next_element_seed(Search { path, problems: &mut *problems });
        while search(format!("{path}[{index}]"))?.is_some() {
            index += 1;
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}
