//! Field selection: which fields of a collection a binding takes.
//!
//! The collection, the user and the connector each have a say. The strongest reason
//! to take a field meets the strongest reason to leave it out. Where neither gives
//! way, the fields are in conflict and the binding is refused.

mod candidate;
mod reason;

use self::candidate::{Candidate, candidates};
use self::reason::{Reject, Select};
use crate::flow::spec::FieldSelection;
use crate::preview::schema::pointer::is_parent;
use std::cmp::Reverse;
use std::collections::BTreeMap;

pub use self::candidate::Voices;

/// Selects a binding's fields. The error lists each field in conflict.
pub fn select(voices: Voices<'_>) -> Result<FieldSelection, Vec<String>> {
    let Voices { key, fields, .. } = voices;
    let mut candidates = candidates(voices);
    // A stable sort: fields with the same reason remain sorted by name.
    candidates.sort_by_key(|candidate| Reverse(candidate.select));
    let mut taken = Taken { excluded: excluded(&candidates), ..Taken::default() };
    let mut conflicts = Vec::new();
    for candidate in candidates {
        match candidate.settle(&taken) {
            Verdict::Take => taken.take(candidate, key),
            Verdict::LeaveOut => {}
            Verdict::Conflict(conflict) => conflicts.push(conflict),
        }
    }
    if !conflicts.is_empty() {
        conflicts.sort();
        return Err(conflicts);
    }
    taken.values.sort();
    let config = fields.require.iter().map(|(field, config)| (field.clone(), config.to_string()));
    Ok(FieldSelection {
        keys: key.to_vec(),
        values: taken.values,
        document: taken.document.unwrap_or_default(),
        field_config_json_map: config.collect(),
    })
}

/// The locations that the user excludes by the name that the schema gives them.
fn excluded<'a>(candidates: &[Candidate<'a>]) -> Vec<&'a str> {
    let is_excluded = |candidate: &&Candidate<'_>| {
        candidate.reject == Some(Reject::UserExcluded)
            && candidate.pointer.strip_prefix('/') == Some(candidate.field)
    };
    candidates.iter().filter(is_excluded).map(|candidate| candidate.pointer).collect()
}

/// The fields that are taken so far.
#[derive(Default)]
struct Taken<'a> {
    document: Option<String>,
    values: Vec<String>,
    /// Their locations. The root is none, since it would cover all others.
    pointers: Vec<&'a str>,
    /// Their fields, by their names at the endpoint.
    names: BTreeMap<String, &'a str>,
    /// Locations that the user excludes.
    excluded: Vec<&'a str>,
}

impl<'a> Taken<'a> {
    fn take(&mut self, candidate: Candidate<'a>, key: &[String]) {
        let Candidate { field, pointer, name, .. } = candidate;
        self.names.insert(name, field);
        if pointer.is_empty() && self.document.is_none() {
            self.document = Some(field.to_string());
            return;
        }
        self.pointers.extend((!pointer.is_empty()).then_some(pointer));
        if !key.iter().any(|key| key == field) {
            self.values.push(field.to_string());
        }
    }
}

/// The decision on a candidate.
enum Verdict {
    Take,
    LeaveOut,
    /// Neither side gives way.
    Conflict(String),
}

impl<'a> Candidate<'a> {
    fn settle(&self, taken: &Taken<'a>) -> Verdict {
        match self.weigh(taken) {
            (None, _) => Verdict::LeaveOut,
            (Some(_), None) => Verdict::Take,
            (Some(select), Some(reject))
                if select.gives_way() && reject != Reject::Incompatible =>
            {
                Verdict::LeaveOut
            }
            (Some(select), Some(reject)) => Verdict::Conflict(format!(
                "field {:?} {} but {}",
                self.field,
                select.explain(),
                reject.explain(self.reason)
            )),
        }
    }

    /// The strongest reasons on both sides, beside the fields that are taken.
    fn weigh(&self, taken: &Taken<'a>) -> (Option<Select>, Option<Reject<'a>>) {
        let same_name = taken.names.get(&self.name).map(|other| Reject::SameName(other));
        let reject = self.reject.max(same_name);
        match self.overlap(taken) {
            Some(overlap) => (None, reject.max(Some(overlap))),
            None => (self.select, reject),
        }
    }

    /// How the field overlaps one that is taken or excluded, unless it is selected for a stronger
    /// reason.
    fn overlap(&self, taken: &Taken<'a>) -> Option<Reject<'a>> {
        use Select::{CoreMetadata, DesiredDepth, LocationRequired};
        if taken.pointers.contains(&self.pointer) {
            let is_weak =
                matches!(self.select, None | Some(DesiredDepth | CoreMetadata | LocationRequired));
            return is_weak.then_some(Reject::SameLocation);
        }
        if !matches!(self.select, None | Some(DesiredDepth)) {
            return None;
        }
        let is_within = |parents: &[&str]| parents.iter().any(|it| is_parent(it, self.pointer));
        if is_within(&taken.pointers) {
            Some(Reject::Covered)
        } else {
            is_within(&taken.excluded).then_some(Reject::ParentExcluded)
        }
    }
}
