//! Warns of fields that hold only a part of the reduced value.
//!
//! Delta updates bring what one transaction has combined of a key, and each document replaces the
//! one before it. So for a field with a reduction, Rockset holds the part of the last transaction.

use super::Candidate;
use crate::flow::spec::{Projection, inference::Reduce};
use tracing::warn;

/// The number of fields that a warning names.
const NAMED: usize = 8;

/// Warns of the fields of a binding's collection that hold only a part, with their strategies.
pub(super) fn warn_of(candidate: &Candidate<'_>) {
    let projections = candidate.collection.projections.iter();
    let partial = projections.filter(|projection| !candidate.is_key(projection));
    let mut partial: Vec<(&str, &str)> = partial
        .filter_map(|projection| Some((projection.field.as_str(), strategy(projection)?)))
        .collect();
    partial.sort();
    let (named, others) = partial.split_at(partial.len().min(NAMED));
    let mut fields: Vec<String> =
        named.iter().map(|(field, strategy)| format!("{field} ({strategy})")).collect();
    if !others.is_empty() {
        fields.push(format!("{} more", others.len()));
    }
    if !fields.is_empty() {
        warn!(
            collection = candidate.collection.name,
            "{}: Rockset gets what each transaction has combined of a key, in place of what it had, \
             so these fields hold the part of the last transaction: {}; materialize a collection \
             whose documents are whole, or set fields.groupBy to a key that no two documents \
             share, and combine them in SQL",
            candidate.path(),
            fields.join(", "),
        );
    }
}

/// The name of a projection's strategy, if the last part isn't the whole.
fn strategy(projection: &Projection) -> Option<&'static str> {
    let reduce = projection.inference.as_ref()?.reduce;
    match Reduce::try_from(reduce).ok()? {
        Reduce::Unset | Reduce::LastWriteWins => None,
        Reduce::Multiple => Some("several strategies"),
        Reduce::Append => Some("append"),
        Reduce::FirstWriteWins => Some("firstWriteWins"),
        Reduce::Maximize => Some("maximize"),
        Reduce::Merge => Some("merge"),
        Reduce::Minimize => Some("minimize"),
        Reduce::Set => Some("set"),
        Reduce::Sum => Some("sum"),
        Reduce::JsonSchemaMerge => Some("jsonSchemaMerge"),
    }
}
