//! Checks of keys: whether each has a plain text of its own, and whether the key has changed.

use super::Candidate;
use crate::config::{DocumentId, Problems};
use crate::driver::last;
use crate::driver::names::is_own_id;
use crate::driver::names::types;
use crate::flow::spec::{Projection, inference::Exists};
use crate::rockset::rules::ID;

/// Notes why `documentId: key` could give two keys the same `_id`.
pub(super) fn check(candidate: &Candidate<'_>, problems: &mut Problems) {
    if candidate.resource.document_id != DocumentId::Key || candidate.has_own_id {
        return;
    }
    let key = candidate.key();
    let mut found = Problems::default();
    let path = format!("{}.documentId", candidate.path());
    for part in &key {
        if let Some(what) = not_plain(part) {
            found.add(
                &path,
                format!(
                    "key can't be used, because the key's part {} {what}; use packedKey",
                    part.field
                ),
            );
        }
    }
    let strings = key.iter().filter(|part| types(part) == ["string"]);
    let strings: Vec<&str> = strings.map(|part| part.field.as_str()).collect();
    if strings.len() > 1 {
        found.add(
            &path,
            format!(
                "key can't be used, because {} are strings, which may hold the colon that parts \
                 are joined by; use packedKey",
                strings.join(" and ")
            ),
        );
    }
    problems.0.extend(found.about(&candidate.collection.name).0);
}

/// Why a part of a key may have no plain text, or the same as another one.
fn not_plain(part: &Projection) -> Option<String> {
    let types = types(part);
    match types.as_slice() {
        ["string" | "integer" | "boolean"] => {}
        [] => return Some("has no type".to_string()),
        _ if types.contains(&"null") => return Some("can be null".to_string()),
        [kind] => return Some(format!("is of type {kind}")),
        _ => return Some(format!("is of several types, {}", types.join(" and "))),
    }
    let inference = part.inference.as_ref()?;
    let may_be_absent = matches!(
        Exists::try_from(inference.exists),
        Ok(Exists::May | Exists::Implicit | Exists::Cannot)
    );
    (may_be_absent && inference.default_json.is_empty())
        .then(|| "may be absent from a document".to_string())
}

/// Why the documents that a binding has written are not found by its present key. `None` if they
/// are.
pub(super) fn change(last: &last::Binding<'_>, candidate: &Candidate<'_>) -> Option<String> {
    const CONSEQUENCE: &str = "so documents that are in Rockset already would never be replaced; \
                               backfill the binding, which creates the collection again";
    let had = &last.spec.field_selection.as_ref()?.keys;
    let projections = &last.collection.unwrap_or(candidate.collection).projections;
    let location = |field: &String| {
        let projection = projections.iter().find(|projection| projection.field == *field);
        projection.map_or_else(|| format!("/{field}"), |it| it.ptr.clone())
    };
    let (had_locations, has) = (
        had.iter().map(location).collect::<Vec<_>>(),
        candidate.key().iter().map(|part| part.ptr.clone()).collect::<Vec<_>>(),
    );
    if !had.is_empty() && had_locations != has {
        return Some(format!(
            "The key was {} and is {} now. A document's _id is made from its key, {CONSEQUENCE}",
            had_locations.join(", "),
            has.join(", "),
        ));
    }
    match (is_own_id(had, projections), candidate.has_own_id) {
        (true, false) => Some(format!(
            "The key was a string, which was the document's _id as it is, and now it can be \
             something else, {CONSEQUENCE}"
        )),
        (false, true) if had == &[ID] => Some(format!(
            "The key is a string now and would become the document's _id as it is, which it was \
             not before, {CONSEQUENCE}"
        )),
        _ => None,
    }
}
