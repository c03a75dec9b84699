//! Arrays as sets, and in the order of `ORDER BY`.

use super::limit;
use crate::local::query::functions::call::Call;
use crate::local::query::functions::function::Returns::{Always, Any};
use crate::local::query::functions::function::{Function, MANY};
use crate::local::query::value::{Kind, Value};
use crate::local::query::value::{compare, total_order};
use std::cmp::Ordering;
use std::collections::BTreeSet;

const ARRAY: super::Returns = Always(Kind::Array);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("ARRAY_DISTINCT", "ARRAY_DISTINCT(array)", (1, 1), ARRAY, |call| {
        Ok(distinct(call.array(0)?.iter()))
    })
    .meaning("Returns each element once, at its first place.")
    .examples(&[("ARRAY_DISTINCT([2, 1, 2.0, null, null])", "[2,1,null]")]),
    Function::new("ARRAY_UNION", "ARRAY_UNION(array, array)", (2, 2), ARRAY, |call| {
        let (first, second) = (call.array(0)?, call.array(1)?);
        limit::elements(call, first.len().saturating_add(second.len()))?;
        Ok(distinct(first.iter().chain(second)))
    })
    .meaning("Returns the elements of either array, each once.")
    .examples(&[("ARRAY_UNION([1, 2], [2, 3])", "[1,2,3]")]),
    Function::new("ARRAY_INTERSECT", "ARRAY_INTERSECT(array, array)", (2, 2), ARRAY, |call| {
        let (first, second) = (call.array(0)?, set(call.array(1)?));
        Ok(distinct(first.iter().filter(|element| second.contains(&Ordered(element)))))
    })
    .meaning("Returns the elements that both arrays have, each once.")
    .examples(&[("ARRAY_INTERSECT([1, 2, 2], [2, 3])", "[2]")]),
    Function::new("ARRAY_EXCEPT", "ARRAY_EXCEPT(array, array)", (2, 2), ARRAY, |call| {
        let (first, second) = (call.array(0)?, set(call.array(1)?));
        Ok(distinct(first.iter().filter(|element| !second.contains(&Ordered(element)))))
    })
    .meaning("Returns the elements of the first array that the second hasn't, each once.")
    .examples(&[("ARRAY_EXCEPT([1, 1, 2], [2, 3])", "[1]")]),
    Function::new(
        "ARRAY_CONTAINS_ANY",
        "ARRAY_CONTAINS_ANY(array, array)",
        (2, 2),
        Always(Kind::Bool),
        |call| {
            let second = set(call.array(1)?);
            let mut present = call.array(0)?.iter().filter(|element| !element.is_absent());
            Ok(Value::Bool(present.any(|element| second.contains(&Ordered(element)))))
        },
    )
    .meaning("Returns whether the arrays have an element in common. Nulls don't count.")
    .examples(&[
        ("ARRAY_CONTAINS_ANY([1, 2], [2, 3])", "true"),
        ("ARRAY_CONTAINS_ANY([1, null], [2, null])", "false"),
    ]),
    Function::new("ARRAY_SORT", "ARRAY_SORT(array)", (1, 1), ARRAY, |call| {
        let mut elements = call.array(0)?.to_vec();
        elements.sort_by(total_order);
        Ok(Value::Array(elements))
    })
    .meaning("Returns the elements in the order of `ORDER BY`.")
    .examples(&[("ARRAY_SORT([3, 'a', 1.5, null])", r#"[null,1.5,3,"a"]"#)]),
    Function::new("ARRAY_MAX", "ARRAY_MAX(array)", (1, 1), Any, |call| {
        extreme(call, call.array(0)?, Ordering::Greater)
    })
    .meaning("Returns the greatest element that isn't null, or null if there is none.")
    .examples(&[("ARRAY_MAX([1, 3.5, null, 2])", "3.5"), ("ARRAY_MAX([])", "null")]),
    Function::new("ARRAY_MIN", "ARRAY_MIN(array)", (1, 1), Any, |call| {
        extreme(call, call.array(0)?, Ordering::Less)
    })
    .meaning("Returns the least element that isn't null, or null if there is none.")
    .examples(&[("ARRAY_MIN(['b', 'a'])", "\"a\"")]),
    Function::new("GREATEST", "GREATEST(value, …)", (1, MANY), Any, |call| {
        extreme(call, call.args, Ordering::Greater)
    })
    .sees_absent()
    .meaning("Returns the greatest argument that isn't null, or null if all are.")
    .examples(&[
        ("GREATEST(1, null, 3)", "3"),
        ("GREATEST(1, 2.5)", "2.5"),
        ("GREATEST(null)", "null"),
        ("GREATEST(1, 'a')", "Error: GREATEST: int and string don't compare"),
    ]),
    Function::new("LEAST", "LEAST(value, …)", (1, MANY), Any, |call| {
        extreme(call, call.args, Ordering::Less)
    })
    .sees_absent()
    .meaning("Returns the least argument that isn't null, or null if all are.")
    .examples(&[("LEAST(2, null, 1)", "1"), ("LEAST('b', 'a')", "\"a\"")]),
];

/// A value in the total order of values.
#[derive(Clone, Copy)]
struct Ordered<'a>(&'a Value);

impl Ord for Ordered<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        total_order(self.0, other.0)
    }
}

impl PartialOrd for Ordered<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ordered<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ordered<'_> {}

fn set(elements: &[Value]) -> BTreeSet<Ordered<'_>> {
    elements.iter().map(Ordered).collect()
}

fn distinct<'a>(elements: impl Iterator<Item = &'a Value>) -> Value {
    let mut seen = BTreeSet::new();
    Value::Array(elements.filter(|element| seen.insert(Ordered(element))).cloned().collect())
}

/// The value that compares so with all others. The first of equal ones; nulls are skipped.
fn extreme(call: &Call<'_>, values: &[Value], wanted: Ordering) -> Result<Value, String> {
    let mut present = values.iter().filter(|value| !value.is_absent());
    let Some(mut found) = present.next() else { return Ok(Value::Null) };
    for value in present {
        let order = compare(value, found);
        let (kind, other) = (found.kind(), value.kind());
        let incomparable = || call.error(format!("{kind} and {other} don't compare"));
        if order.ok_or_else(incomparable)? == wanted {
            found = value;
        }
    }
    Ok(found.clone())
}
