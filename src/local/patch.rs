//! Patches: JSON Patch (RFC 6902) with INCREMENT besides.

use super::errors::Failure;
use super::special_fields::{self as special, EVENT_TIME, ID, META};
use super::storage::Document;
use crate::rockset::enums::{ErrorType, PatchOperationKind as Kind};
use crate::rockset::rules::MAX_BODY;
use crate::rockset::types::PatchOperation;
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

/// How many values deep a patch may make a document.
const DEPTH: usize = 100;

/// Carries out all operations on a document, or fails and leaves it as it was.
pub(super) fn apply(
    id: &str,
    document: &Document,
    operations: &[PatchOperation],
) -> Result<Document, Failure> {
    let unreadable =
        |error| Failure::invalid(format!("The stored document can't be read: {error}"));
    let mut patched: Value = serde_json::from_str(&document.json(id)).map_err(unreadable)?;
    // Copies can double a document with every operation.
    let mut room = MAX_BODY;
    for (i, operation) in operations.iter().enumerate() {
        carry_out(&mut patched, operation, &mut room).map_err(|wrong| {
            let kind = match wrong {
                Wrong::Test => ErrorType::Conflict,
                Wrong::Patch(_) => ErrorType::Invalidinput,
            };
            let what = match wrong {
                Wrong::Test => "the value is another",
                Wrong::Patch(what) => what,
            };
            let message = format!("patch[{i}]: {} {:?}: {what}", operation.op, operation.path);
            Failure::new(kind, message)
        })?;
    }
    let Value::Object(mut fields) = patched else {
        return Err(Failure::invalid("A document must remain an object"));
    };
    if fields.remove(ID).as_ref().and_then(Value::as_str) != Some(id) {
        return Err(Failure::invalid("A patch can't change _id"));
    }
    let time = fields
        .remove(EVENT_TIME)
        .ok_or_else(|| Failure::invalid("A patch can't remove _event_time"))?;
    fields.remove(META);
    let event_time = special::event_time(raw(&time)?.as_ref())?;
    Ok(Document { event_time, fields: inside(&fields).into(), meta: None })
}

fn raw(value: &Value) -> Result<Box<RawValue>, Failure> {
    serde_json::value::to_raw_value(value).map_err(|error| Failure::invalid(error.to_string()))
}

/// The text of an object without its braces.
fn inside(fields: &Map<String, Value>) -> String {
    let text = serde_json::to_string(fields).unwrap_or_default();
    text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or_default().to_string()
}

/// Why an operation can't be carried out.
#[derive(Clone, Copy)]
enum Wrong {
    /// A TEST did not find what it expects.
    Test,
    Patch(&'static str),
}

type Done<T = ()> = Result<T, Wrong>;

const NOTHING_THERE: Wrong = Wrong::Patch("there is nothing at this path");

fn carry_out(document: &mut Value, operation: &PatchOperation, room: &mut usize) -> Done {
    let path = pointer(&operation.path)?;
    // A null can't be told from no value, so that is what no value means.
    let value = || operation.value.clone().unwrap_or_default();
    let from = || pointer(operation.from.as_deref().ok_or(Wrong::Patch("it needs `from`"))?);
    match &operation.op {
        Kind::Add => add(document, &path, value()),
        Kind::Replace => {
            let value = value();
            weight(&value, levels(&path))?;
            *find(document, &path)? = value;
            Ok(())
        }
        Kind::Remove => remove(document, &path).map(drop),
        Kind::Copy => {
            let copied = find(document, &from()?)?;
            let left = room.checked_sub(weight(copied, DEPTH)?);
            *room = left.ok_or(Wrong::Patch("the document would be too large"))?;
            let copy = copied.clone();
            add(document, &path, copy)
        }
        Kind::Move => {
            let from = from()?;
            if path.len() > from.len() && path.starts_with(&from) {
                return Err(Wrong::Patch("a value can't be moved into itself"));
            }
            let moved = remove(document, &from)?;
            add(document, &path, moved)
        }
        Kind::Test => match same(find(document, &path)?, &value()) {
            true => Ok(()),
            false => Err(Wrong::Test),
        },
        Kind::Increment => {
            let by = value();
            let number = find(document, &path)?;
            *number = sum(number, &by)?;
            Ok(())
        }
        Kind::Unlisted(_) => Err(Wrong::Patch("there is no such operation")),
    }
}

/// The steps of a JSON Pointer.
fn pointer(path: &str) -> Done<Vec<String>> {
    let Some(steps) = path.strip_prefix('/') else {
        return match path {
            "" => Ok(Vec::new()),
            _ => Err(Wrong::Patch("a path begins with /")),
        };
    };
    Ok(steps.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect())
}

fn find<'v>(document: &'v mut Value, path: &[String]) -> Done<&'v mut Value> {
    path.iter().try_fold(document, |value, step| {
        match value {
            Value::Object(fields) => fields.get_mut(step),
            Value::Array(items) => index(step).and_then(|i| items.get_mut(i)),
            _ => None,
        }
        .ok_or(NOTHING_THERE)
    })
}

fn add(document: &mut Value, path: &[String], value: Value) -> Done {
    weight(&value, levels(path))?;
    let Some((last, parents)) = path.split_last() else {
        *document = value;
        return Ok(());
    };
    match find(document, parents)? {
        Value::Object(fields) => {
            fields.insert(last.clone(), value);
            Ok(())
        }
        Value::Array(items) if last == "-" => {
            items.push(value);
            Ok(())
        }
        Value::Array(items) => match index(last).filter(|i| *i <= items.len()) {
            Some(i) => {
                items.insert(i, value);
                Ok(())
            }
            None => Err(Wrong::Patch("the array has no such place")),
        },
        _ => Err(Wrong::Patch("what holds it is neither an object nor an array")),
    }
}

fn remove(document: &mut Value, path: &[String]) -> Done<Value> {
    let (last, parents) =
        path.split_last().ok_or(Wrong::Patch("the whole document can't be taken away"))?;
    match find(document, parents)? {
        Value::Object(fields) => fields.remove(last),
        Value::Array(items) => index(last).filter(|i| *i < items.len()).map(|i| items.remove(i)),
        _ => None,
    }
    .ok_or(NOTHING_THERE)
}

/// How deep a value may be that is put at a path.
fn levels(path: &[String]) -> usize {
    DEPTH.saturating_sub(path.len())
}

/// About how many bytes a value takes. Fails if it is deeper than so many levels.
fn weight(value: &Value, levels: usize) -> Done<usize> {
    let mut sum = size_of::<Value>();
    let within = levels.checked_sub(1).ok_or(Wrong::Patch("the document would be too deep"));
    match value {
        Value::String(text) => sum += text.len(),
        Value::Array(items) => {
            for item in items {
                sum += weight(item, within?)?;
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                sum += name.len() + weight(field, within?)?;
            }
        }
        _ => {}
    }
    Ok(sum)
}

/// An index into an array, which has no sign and no leading zero.
fn index(step: &str) -> Option<usize> {
    let digits = step.bytes().all(|byte| byte.is_ascii_digit());
    (digits && (step == "0" || !step.starts_with('0'))).then(|| step.parse().ok())?
}

/// Whether two values are equal, numbers by their value.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            a == b || (a.as_f64() == b.as_f64() && a.is_f64() != b.is_f64())
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

fn sum(a: &Value, b: &Value) -> Done<Value> {
    if !a.is_number() {
        return Err(Wrong::Patch("the field is no number"));
    }
    if let (Some(a), Some(b)) = (a.as_i64(), b.as_i64()) {
        return a.checked_add(b).map(Value::from).ok_or(Wrong::Patch("the sum is too large"));
    }
    let (Some(a), Some(b)) = (a.as_f64(), b.as_f64()) else {
        return Err(Wrong::Patch("its value is no number"));
    };
    Number::from_f64(a + b).map(Value::from).ok_or(Wrong::Patch("the sum is too large"))
}
