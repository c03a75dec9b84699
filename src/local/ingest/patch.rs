//! Patches: JSON Patch (RFC 6902), with INCREMENT in addition.

use super::special_fields::{self as special, EVENT_TIME, ID, META};
use crate::local::error::ApiError;
use crate::local::storage::Document;
use crate::rockset::enums::{ErrorType, PatchOperationKind as Kind};
use crate::rockset::rules::MAX_BODY;
use crate::rockset::types::PatchOperation;
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

/// Maximum depth of the values in a patched document.
const DEPTH: usize = 100;

/// Applies all operations to a document, which is JSON. If one fails, there is none.
pub fn apply(
    id: &str,
    document: &str,
    operations: &[PatchOperation],
) -> Result<Document, ApiError> {
    let unreadable =
        |error| ApiError::invalid(format!("The stored document can't be read: {error}"));
    let mut patched: Value = serde_json::from_str(document).map_err(unreadable)?;
    // Bytes that may be added: each copy can double a document.
    let mut room = MAX_BODY;
    for (i, operation) in operations.iter().enumerate() {
        carry_out(&mut patched, operation, &mut room).map_err(|wrong| {
            let kind = match wrong {
                PatchError::Test => ErrorType::Conflict,
                PatchError::Patch(_) => ErrorType::Invalidinput,
            };
            let what = match wrong {
                PatchError::Test => "the value is another",
                PatchError::Patch(what) => what,
            };
            let message = format!("patch[{i}]: {} {:?}: {what}", operation.op, operation.path);
            ApiError::new(kind, message)
        })?;
    }
    let Value::Object(mut fields) = patched else {
        return Err(ApiError::invalid("A document must remain an object"));
    };
    if fields.remove(ID).as_ref().and_then(Value::as_str) != Some(id) {
        return Err(ApiError::invalid("A patch can't change _id"));
    }
    let time = fields
        .remove(EVENT_TIME)
        .ok_or_else(|| ApiError::invalid("A patch can't remove _event_time"))?;
    fields.remove(META);
    let event_time = special::event_time(raw(&time)?.as_ref())?;
    Ok(Document { event_time, fields: inside(&fields).into(), meta: None, rollup: None })
}

fn raw(value: &Value) -> Result<Box<RawValue>, ApiError> {
    serde_json::value::to_raw_value(value).map_err(|error| ApiError::invalid(error.to_string()))
}

/// The text of an object without its braces.
fn inside(fields: &Map<String, Value>) -> String {
    let text = serde_json::to_string(fields).unwrap_or_default();
    text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or_default().to_string()
}

/// The reason why an operation fails.
#[derive(Clone, Copy)]
enum PatchError {
    /// A TEST found another value than it expects.
    Test,
    Patch(&'static str),
}

type PatchResult<T = ()> = Result<T, PatchError>;

const NOTHING_THERE: PatchError = PatchError::Patch("there is nothing at this path");

fn carry_out(document: &mut Value, operation: &PatchOperation, room: &mut usize) -> PatchResult {
    let path = pointer(&operation.path)?;
    // A null can't be told from a missing value, so a missing value means null.
    let value = || operation.value.clone().unwrap_or_default();
    let from = || pointer(operation.from.as_deref().ok_or(PatchError::Patch("it needs `from`"))?);
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
            *room = left.ok_or(PatchError::Patch("the document would be too large"))?;
            let copy = copied.clone();
            add(document, &path, copy)
        }
        Kind::Move => {
            let from = from()?;
            if path.len() > from.len() && path.starts_with(&from) {
                return Err(PatchError::Patch("a value can't be moved into itself"));
            }
            let moved = remove(document, &from)?;
            add(document, &path, moved)
        }
        Kind::Test if same(find(document, &path)?, &value()) => Ok(()),
        Kind::Test => Err(PatchError::Test),
        Kind::Increment => {
            let by = value();
            let number = find(document, &path)?;
            *number = sum(number, &by)?;
            Ok(())
        }
        Kind::Unlisted(_) => Err(PatchError::Patch("there is no such operation")),
    }
}

/// Reference tokens of a JSON Pointer (RFC 6901).
fn pointer(path: &str) -> PatchResult<Vec<String>> {
    let Some(steps) = path.strip_prefix('/') else {
        return match path {
            "" => Ok(Vec::new()),
            _ => Err(PatchError::Patch("a path begins with /")),
        };
    };
    Ok(steps.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect())
}

fn find<'v>(document: &'v mut Value, path: &[String]) -> PatchResult<&'v mut Value> {
    path.iter().try_fold(document, |value, step| {
        match value {
            Value::Object(fields) => fields.get_mut(step),
            Value::Array(items) => index(step).and_then(|i| items.get_mut(i)),
            _ => None,
        }
        .ok_or(NOTHING_THERE)
    })
}

fn add(document: &mut Value, path: &[String], value: Value) -> PatchResult {
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
            None => Err(PatchError::Patch("the array has no such place")),
        },
        _ => Err(PatchError::Patch("what holds it is neither an object nor an array")),
    }
}

fn remove(document: &mut Value, path: &[String]) -> PatchResult<Value> {
    let (last, parents) =
        path.split_last().ok_or(PatchError::Patch("the whole document can't be taken away"))?;
    match find(document, parents)? {
        Value::Object(fields) => fields.remove(last),
        Value::Array(items) => index(last).filter(|i| *i < items.len()).map(|i| items.remove(i)),
        _ => None,
    }
    .ok_or(NOTHING_THERE)
}

/// Maximum depth of a value that is put at a path.
fn levels(path: &[String]) -> usize {
    DEPTH.saturating_sub(path.len())
}

/// Approximate size of a value in bytes. Fails if the value has more than `levels` levels.
fn weight(value: &Value, levels: usize) -> PatchResult<usize> {
    let mut sum = size_of::<Value>();
    let within = levels.checked_sub(1).ok_or(PatchError::Patch("the document would be too deep"));
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

fn sum(a: &Value, b: &Value) -> PatchResult<Value> {
    if !a.is_number() {
        return Err(PatchError::Patch("the field is no number"));
    }
    if let (Some(a), Some(b)) = (a.as_i64(), b.as_i64()) {
        return a.checked_add(b).map(Value::from).ok_or(PatchError::Patch("the sum is too large"));
    }
    let (Some(a), Some(b)) = (a.as_f64(), b.as_f64()) else {
        return Err(PatchError::Patch("its value is no number"));
    };
    Number::from_f64(a + b).map(Value::from).ok_or(PatchError::Patch("the sum is too large"))
}
