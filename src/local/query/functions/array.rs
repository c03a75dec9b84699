//! Arrays, by position. Positions are counted from 1, and negative ones from the end.

use super::limit;
use super::string::{count, int_of, place, text_of};
use crate::local::query::functions::call::Call;
use crate::local::query::functions::function::Returns::{Always, Any};
use crate::local::query::functions::function::{Function, MANY};
use crate::local::query::value::equal;
use crate::local::query::value::{Kind, Value};

const ARRAY: super::Returns = Always(Kind::Array);
const INT: super::Returns = Always(Kind::Int);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("ARRAY_CREATE", "ARRAY_CREATE(value, …)", (0, MANY), ARRAY, |call| {
        Ok(Value::Array(call.args.to_vec()))
    })
    .sees_absent()
    .meaning("Returns an array of the arguments. `[a, b]` is `ARRAY_CREATE(a, b)`.")
    .examples(&[
        ("ARRAY_CREATE(5, 'hello', null)", r#"[5,"hello",null]"#),
        ("ARRAY_CREATE()", "[]"),
    ]),
    Function::new("CARDINALITY", "CARDINALITY(array)", (1, 1), INT, |call| {
        Ok(int_of(call.array(0)?.len()))
    })
    .meaning("Returns the number of elements.")
    .examples(&[("CARDINALITY([1, null])", "2")]),
    Function::new(
        "ELEMENT_AT",
        "ELEMENT_AT(array | object, position | key | keys)",
        (2, 2),
        Any,
        element_at,
    )
    .meaning(
        "Returns the element at a position of an array, the value of a key of an object, or \
         what a list of keys and positions leads to; null if there is none.",
    )
    .examples(&[
        ("ELEMENT_AT(SPLIT('a / b', ' / '), 2)", "\"b\""),
        ("ELEMENT_AT([1, 2, 3], -1)", "3"),
        ("ELEMENT_AT([1, 2, 3], 4)", "null"),
        ("ELEMENT_AT({'foo': 25}, 'foo')", "25"),
        ("ELEMENT_AT({'foo': 25}, 'abc')", "null"),
        ("ELEMENT_AT(JSON_PARSE('{\"a\": [1, {\"b\": 2}]}'), ['a', 2, 'b'])", "2"),
        ("ELEMENT_AT(5, 1)", "Error: ELEMENT_AT: a value of type int has no elements"),
    ]),
    Function::new("SLICE", "SLICE(array, start[, length])", (2, 3), ARRAY, slice)
        .meaning("Returns the elements from position `start`.")
        .examples(&[
            ("SLICE([1, 2, 3, 4], 2, 2)", "[2,3]"),
            ("SLICE([1, 2, 3, 4], -2)", "[3,4]"),
            ("SLICE([1, 2], 3)", "[]"),
        ]),
    Function::new("ARRAY_POSITION", "ARRAY_POSITION(array, value)", (2, 2), INT, |call| {
        position(call, |array, value| array.iter().position(|element| same(element, value)))
    })
    .sees_absent()
    .meaning(
        "Returns the position of the first element that is the value, which may be null, or 0 \
         if none is.",
    )
    .examples(&[
        ("ARRAY_POSITION([5, null, 5], 5)", "1"),
        ("ARRAY_POSITION([5, null, 5], 'hello')", "0"),
        ("ARRAY_POSITION([5, 'hello', null], null)", "3"),
        ("ARRAY_POSITION(null, 5)", "null"),
    ]),
    Function::new(
        "ARRAY_LAST_POSITION",
        "ARRAY_LAST_POSITION(array, value)",
        (2, 2),
        INT,
        |call| {
            position(call, |array, value| array.iter().rposition(|element| same(element, value)))
        },
    )
    .sees_absent()
    .meaning(
        "Returns the position of the last element that is the value, which may be null, or 0 if \
         none is.",
    )
    .examples(&[("ARRAY_LAST_POSITION([5, null, 5], 5)", "3")]),
    Function::new(
        "ARRAY_CONTAINS",
        "ARRAY_CONTAINS(array, value)",
        (2, 2),
        Always(Kind::Bool),
        |call| Ok(Value::Bool(call.array(0)?.iter().any(|element| same(element, call.value(1))))),
    )
    .meaning("Returns whether an element is the value.")
    .examples(&[
        ("ARRAY_CONTAINS(SPLIT('a,b', ','), 'a')", "true"),
        ("ARRAY_CONTAINS([1, 2], 2.0)", "true"),
        ("ARRAY_CONTAINS([1, null], null)", "null"),
    ]),
    Function::new("ARRAY_REMOVE", "ARRAY_REMOVE(array, value)", (2, 2), ARRAY, remove)
        .sees_absent()
        .meaning("Returns the elements that aren't the value, which may be null.")
        .examples(&[
            ("ARRAY_REMOVE([3, 1.6, -0.83, 1.6], 1.6)", "[3,-0.83]"),
            ("ARRAY_REMOVE([3, 3, 3], 3)", "[]"),
            ("ARRAY_REMOVE(['a', null], null)", r#"["a"]"#),
        ]),
    Function::new("ARRAY_CONCAT", "ARRAY_CONCAT(array, …)", (1, MANY), ARRAY, concat)
        .meaning("Returns the elements of all arrays.")
        .examples(&[("ARRAY_CONCAT([1], [], [2, 3])", "[1,2,3]")]),
    Function::new("ARRAY_FLATTEN", "ARRAY_FLATTEN(array)", (1, 1), ARRAY, flatten)
        .meaning(
            "Returns the elements of the arrays within, and what isn't an array as it is. Nulls \
             are left out.",
        )
        .examples(&[("ARRAY_FLATTEN([[1, [2]], null, [], [3], 4])", "[1,[2],3,4]")]),
    Function::new("ARRAY_JOIN", "ARRAY_JOIN(array, separator)", (2, 2), Always(Kind::String), join)
        .meaning(
            "Returns the elements as strings with a separator between them. Nulls are left out.",
        )
        .examples(&[("ARRAY_JOIN(['a', null, 2, true], ', ')", "\"a, 2, true\"")]),
    Function::new("ARRAY_SHUFFLE", "ARRAY_SHUFFLE(array)", (1, 1), ARRAY, |call| {
        let mut elements = call.array(0)?.to_vec();
        fastrand::shuffle(&mut elements);
        Ok(Value::Array(elements))
    })
    .impure()
    .meaning("Returns the elements in a random order.")
    .examples(&[("ARRAY_SORT(ARRAY_SHUFFLE([3, 1, 2]))", "[1,2,3]")]),
    Function::new("SEQUENCE", "SEQUENCE(start, stop[, step])", (2, 3), ARRAY, sequence)
        .meaning("Returns the integers from `start` to `stop`, up or down, or by steps.")
        .examples(&[
            ("SEQUENCE(1, 4)", "[1,2,3,4]"),
            ("SEQUENCE(3, 1)", "[3,2,1]"),
            ("SEQUENCE(0, 10, 4)", "[0,4,8]"),
            ("SEQUENCE(1, 0, 1)", "[]"),
        ]),
    Function::new("ARRAY_MAP", "ARRAY_MAP(function, array)", (2, 2), ARRAY, map)
        .meaning("Returns what the function with this name makes of each element.")
        .examples(&[
            ("ARRAY_MAP('UPPER', ['a', null])", r#"["A",null]"#),
            (
                "ARRAY_MAP('POW', [1])",
                "Error: ARRAY_MAP: there is no function \"POW\" of one argument",
            ),
        ]),
];

/// Whether an element is a value: equal, or null as well.
fn same(element: &Value, value: &Value) -> bool {
    equal(element, value).unwrap_or(element.is_absent() && value.is_absent())
}

fn element_at(call: &Call<'_>) -> Result<Value, String> {
    let keys = match call.value(1) {
        Value::Array(keys) => keys,
        key => std::slice::from_ref(key),
    };
    let mut found = call.value(0);
    for key in keys {
        if found.is_absent() || key.is_absent() {
            return Ok(Value::Null);
        }
        found = part(call, found, key)?;
    }
    Ok(if found.is_absent() { Value::Null } else { found.clone() })
}

/// An element of an array, or a field of an object.
fn part<'v>(call: &Call<'_>, of: &'v Value, key: &Value) -> Result<&'v Value, String> {
    match (of, key) {
        (Value::Array(elements), Value::Int(position)) => {
            let place = place(*position, elements.len());
            Ok(place.map_or(&Value::Null, |place| &elements[place]))
        }
        (Value::Object(_), Value::String(name)) => Ok(of.field(name)),
        (Value::Array(_), _) => Err(call.error("the position isn't an int")),
        (Value::Object(_), _) => Err(call.error("the key isn't a string")),
        _ => Err(call.error(format!("a value of type {} has no elements", of.kind()))),
    }
}

fn slice(call: &Call<'_>) -> Result<Value, String> {
    let (array, start) = (call.array(0)?, call.int(1)?);
    let length = if call.has(2) { count(call, 2)? } else { usize::MAX };
    let from = place(start, array.len()).map_or(&[][..], |start| &array[start..]);
    Ok(Value::Array(from[..length.min(from.len())].to_vec()))
}

/// Where an array holds the second argument, by a search from either end.
fn position(
    call: &Call<'_>,
    search: fn(&[Value], &Value) -> Option<usize>,
) -> Result<Value, String> {
    if call.value(0).is_absent() {
        return Ok(Value::Null);
    }
    Ok(int_of(search(call.array(0)?, call.value(1)).map_or(0, |place| place + 1)))
}

fn remove(call: &Call<'_>) -> Result<Value, String> {
    if call.value(0).is_absent() {
        return Ok(Value::Null);
    }
    let kept = call.array(0)?.iter().filter(|element| !same(element, call.value(1)));
    Ok(Value::Array(kept.cloned().collect()))
}

fn concat(call: &Call<'_>) -> Result<Value, String> {
    let arrays = (0..call.args.len()).map(|index| call.array(index));
    let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
    limit::elements(call, arrays.iter().map(|array| array.len()).sum())?;
    Ok(Value::Array(arrays.concat()))
}

fn flatten(call: &Call<'_>) -> Result<Value, String> {
    let mut flat = Vec::new();
    for element in call.array(0)? {
        match element {
            Value::Array(elements) => flat.extend_from_slice(elements),
            Value::Null | Value::Undefined => {}
            other => flat.push(other.clone()),
        }
    }
    Ok(Value::Array(flat))
}

fn join(call: &Call<'_>) -> Result<Value, String> {
    let (array, separator) = (call.array(0)?, call.string(1)?);
    let present = array.iter().filter(|element| !element.is_absent());
    let texts: Vec<_> = present.map(text_of).collect();
    let separators = separator.len().saturating_mul(texts.len());
    let size = texts.iter().map(|text| text.len()).sum::<usize>().saturating_add(separators);
    limit::bytes(call, size)?;
    Ok(Value::String(texts.join(separator)))
}

fn sequence(call: &Call<'_>) -> Result<Value, String> {
    let (start, stop) = (call.int(0)?, call.int(1)?);
    let step = match call.has(2) {
        true => call.int(2)?,
        false if start <= stop => 1,
        false => -1,
    };
    if step == 0 {
        return Err(call.error("the step is 0"));
    }
    // In 128 bits, no difference of two integers overflows.
    let last = (i128::from(stop) - i128::from(start)).div_euclid(i128::from(step));
    let last = if (stop > start) == (step > 0) || stop == start { last } else { -1 };
    limit::elements(call, usize::try_from(last + 1).unwrap_or(usize::MAX))?;
    let element = |index| (i128::from(start) + index * i128::from(step)) as i64;
    Ok(Value::Array((0..=last).map(element).map(Value::Int).collect()))
}

fn map(call: &Call<'_>) -> Result<Value, String> {
    let (name, array) = (call.string(0)?, call.array(1)?);
    let takes_one =
        |function: &&Function| (function.arguments.0..=function.arguments.1).contains(&1);
    let found = super::find(name).filter(|function| function.is_pure).filter(takes_one);
    let missing = || call.error(format!("there is no function {name:?} of one argument"));
    let function = found.ok_or_else(missing)?;
    let one = |element| function.call(std::slice::from_ref(element), call.now);
    Ok(Value::Array(array.iter().map(one).collect::<Result<_, _>>()?))
}
