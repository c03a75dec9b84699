//! Objects.

use crate::local::query::functions::call::Call;
use crate::local::query::functions::function::Function;
use crate::local::query::functions::function::Returns::Always;
use crate::local::query::value::{Kind, Value};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

const OBJECT: super::Returns = Always(Kind::Object);
const ARRAY: super::Returns = Always(Kind::Array);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("OBJECT", "OBJECT(keys, values)", (2, 2), OBJECT, object)
        .meaning(
            "Returns an object of an array of keys and an array of their values. The last of \
             equal keys wins.",
        )
        .examples(&[
            ("OBJECT(['foo', 'bar'], [25, 'hello'])", r#"{"foo":25,"bar":"hello"}"#),
            ("OBJECT(['foo'], [])", "Error: OBJECT: there are 1 keys and 0 values"),
        ]),
    Function::new("ZIP", "ZIP(entries)", (1, 1), OBJECT, zip)
        .meaning("Returns an object of an array of `[key, value]` arrays.")
        .examples(&[("ZIP([['foo', 25], ['bar', null]])", r#"{"foo":25,"bar":null}"#)]),
    Function::new("KEYS", "KEYS(object)", (1, 1), ARRAY, |call| {
        Ok(entries(call.object(0)?, |(name, _)| Value::string(name)))
    })
    .meaning("Returns the keys, in the object's order.")
    .examples(&[("KEYS({'b': 1, 'a': 2})", r#"["b","a"]"#)]),
    Function::new("VALUES", "VALUES(object)", (1, 1), ARRAY, |call| {
        Ok(entries(call.object(0)?, |(_, value)| value.clone()))
    })
    .meaning("Returns the values, in the order of `KEYS`.")
    .examples(&[("VALUES({'b': 1, 'a': 2})", "[1,2]")]),
    Function::new("ITEMS", "ITEMS(object)", (1, 1), ARRAY, |call| {
        Ok(entries(call.object(0)?, |(name, value)| {
            Value::Array(vec![Value::string(name), value.clone()])
        }))
    })
    .meaning("Returns the entries as `[key, value]` arrays, in the order of `KEYS`.")
    .examples(&[("ITEMS({'b': 1, 'a': 2})", r#"[["b",1],["a",2]]"#)]),
    Function::new("MERGE", "MERGE(object, object)", (2, 2), OBJECT, |call| {
        let (first, second) = (call.object(0)?, call.object(1)?);
        let all = first.iter().chain(second);
        Ok(collect(all.map(|(name, value)| (name.as_str(), value))))
    })
    .meaning("Returns an object of the entries of both. The second's value of a common key wins.")
    .examples(&[("MERGE({'a': 1, 'b': 2}, {'a': 3, 'c': 4})", r#"{"a":3,"b":2,"c":4}"#)]),
    Function::new("ERASE", "ERASE(object, key | keys)", (2, 2), OBJECT, erase)
        .meaning("Returns the object without a key, or without the keys of an array.")
        .examples(&[
            ("ERASE({'a': 1, 'b': 2}, 'a')", r#"{"b":2}"#),
            ("ERASE({'a': 1, 'b': 2}, ['a', 'x', 'b'])", "{}"),
        ]),
];

/// An object of entries. A later value replaces an earlier one of the same name.
fn collect<'a>(entries: impl Iterator<Item = (&'a str, &'a Value)>) -> Value {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut fields: Vec<(String, Value)> = Vec::new();
    for (name, value) in entries {
        match places.entry(name) {
            Entry::Occupied(place) => fields[*place.get()].1 = value.clone(),
            Entry::Vacant(place) => {
                place.insert(fields.len());
                fields.push((name.to_string(), value.clone()));
            }
        }
    }
    Value::Object(fields)
}

fn entries(fields: &[(String, Value)], part: fn(&(String, Value)) -> Value) -> Value {
    Value::Array(fields.iter().map(part).collect())
}

fn object(call: &Call<'_>) -> Result<Value, String> {
    let (keys, values) = (call.array(0)?, call.array(1)?);
    let (count, other) = (keys.len(), values.len());
    if count != other {
        return Err(call.error(format!("there are {count} keys and {other} values")));
    }
    let keys = keys.iter().map(|key| name(call, key)).collect::<Result<Vec<_>, _>>()?;
    Ok(collect(keys.into_iter().zip(values)))
}

fn zip<'a>(call: &Call<'a>) -> Result<Value, String> {
    let entry = |entry: &'a Value| match entry {
        Value::Array(pair) => match &pair[..] {
            [key, value] => Ok((name(call, key)?, value)),
            _ => Err(call.error(format!("an entry has {} elements, not 2", pair.len()))),
        },
        other => Err(call.error(format!("an entry is of type {}, not array", other.kind()))),
    };
    let entries = call.array(0)?.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    Ok(collect(entries.into_iter()))
}

fn erase(call: &Call<'_>) -> Result<Value, String> {
    let erased: HashSet<&str> = match call.value(1) {
        Value::String(key) => HashSet::from([key.as_str()]),
        Value::Array(keys) => keys.iter().map(|key| name(call, key)).collect::<Result<_, _>>()?,
        _ => return Err(call.wrong(1, "a string or an array of strings")),
    };
    let kept = call.object(0)?.iter().filter(|(name, _)| !erased.contains(name.as_str()));
    Ok(Value::Object(kept.cloned().collect()))
}

fn name<'a>(call: &Call<'_>, key: &'a Value) -> Result<&'a str, String> {
    match key {
        Value::String(name) => Ok(name),
        other => Err(call.error(format!("a key is of type {}, not string", other.kind()))),
    }
}
