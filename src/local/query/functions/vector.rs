//! Vectors: arrays of numbers.

use super::math::{by_zero, overflow};
use crate::local::query::functions::call::Call;
use crate::local::query::functions::function::Function;
use crate::local::query::functions::function::Returns::Always;
use crate::local::query::value::{Kind, Value};

const ARRAY: super::Returns = Always(Kind::Array);
const FLOAT: super::Returns = Always(Kind::Float);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("VECTOR_ENFORCE", "VECTOR_ENFORCE(array, length, type)", (3, 3), ARRAY, enforce)
        .meaning(
            "Returns the array if it has this length and only elements of this type, `'int'` or \
             `'float'`, or else null.",
        )
        .examples(&[
            ("VECTOR_ENFORCE([1, 2, 3], 3, 'int')", "[1,2,3]"),
            ("VECTOR_ENFORCE([1, 2, 3], 3, 'float')", "null"),
            ("VECTOR_ENFORCE([1.5, 2.6], 1, 'float')", "null"),
            (
                "VECTOR_ENFORCE([1.5], 1, 1)",
                "Error: VECTOR_ENFORCE: argument 3 has to be a string, not an int",
            ),
        ]),
    Function::new("VECTOR_ADD", "VECTOR_ADD(array, number | array)", (2, 2), ARRAY, |call| {
        each(call, i64::checked_add, |a, b| a + b)
    })
    .meaning(
        "Returns the vector with a number, or the elements of another vector, added to each \
         element.",
    )
    .examples(&[
        ("VECTOR_ADD([1, 2, 3, 4], 4)", "[5,6,7,8]"),
        ("VECTOR_ADD([1, 2], [0.5, 6])", "[1.5,8]"),
        (
            "VECTOR_ADD([9223372036854775807], 1)",
            "Error: VECTOR_ADD: the result is out of the range of int",
        ),
    ]),
    Function::new(
        "VECTOR_SUBTRACT",
        "VECTOR_SUBTRACT(array, number | array)",
        (2, 2),
        ARRAY,
        |call| each(call, i64::checked_sub, |a, b| a - b),
    )
    .meaning(
        "Returns the vector with a number, or the elements of another vector, subtracted from \
         each element.",
    )
    .examples(&[("VECTOR_SUBTRACT([5, 6], [1, 2.5])", "[4,3.5]")]),
    Function::new(
        "VECTOR_MULTIPLY",
        "VECTOR_MULTIPLY(array, number | array)",
        (2, 2),
        ARRAY,
        |call| each(call, i64::checked_mul, |a, b| a * b),
    )
    .meaning(
        "Returns the vector with each element multiplied by a number, or by the element of \
         another vector.",
    )
    .examples(&[
        ("VECTOR_MULTIPLY([1, 2], 3)", "[3,6]"),
        (
            "VECTOR_MULTIPLY([1, 2], [1])",
            "Error: VECTOR_MULTIPLY: the vectors have 2 and 1 elements",
        ),
    ]),
    Function::new("VECTOR_DIVIDE", "VECTOR_DIVIDE(array, number | array)", (2, 2), ARRAY, |call| {
        each(call, i64::checked_div, |a, b| a / b)
    })
    .meaning(
        "Returns the vector with each element divided by a number, or by the element of another \
         vector. The quotient of two integers is one.",
    )
    .examples(&[
        ("VECTOR_DIVIDE([7, 8.0], 2)", "[3,4.0]"),
        ("VECTOR_DIVIDE([7, 8.0], [2, 0])", r#"[3,"inf"]"#),
        ("VECTOR_DIVIDE([7, 8], 0)", "Error: VECTOR_DIVIDE: division by zero"),
    ]),
    Function::new("DOT_PRODUCT", "DOT_PRODUCT(array, array)", (2, 2), FLOAT, dot_product)
        .meaning("Returns the dot product of two vectors.")
        .examples(&[
            ("DOT_PRODUCT([1, 2, 3], [4, 5.5, 6])", "33.0"),
            (
                "DOT_PRODUCT([1], ['a'])",
                "Error: DOT_PRODUCT: an element is of type string, not a number",
            ),
        ]),
    Function::new(
        "APPROX_DOT_PRODUCT",
        "APPROX_DOT_PRODUCT(array, array)",
        (2, 2),
        FLOAT,
        dot_product,
    )
    .meaning("Returns what `DOT_PRODUCT` does.")
    .examples(&[("APPROX_DOT_PRODUCT([1, 2], [3, 4])", "11.0")]),
    Function::new("COSINE_SIM", "COSINE_SIM(array, array)", (2, 2), FLOAT, cosine)
        .meaning("Returns the cosine of the angle between two vectors: NaN if one has no length.")
        .examples(&[("COSINE_SIM([3, 4], [6, 8])", "1.0"), ("COSINE_SIM([1, 0], [0, 2])", "0.0")]),
    Function::new("EUCLIDEAN_DIST", "EUCLIDEAN_DIST(array, array)", (2, 2), FLOAT, distance)
        .meaning("Returns the distance between two points.")
        .examples(&[("EUCLIDEAN_DIST([0, 0], [3, 4])", "5.0")]),
    Function::new(
        "APPROX_EUCLIDEAN_DIST",
        "APPROX_EUCLIDEAN_DIST(array, array)",
        (2, 2),
        FLOAT,
        distance,
    )
    .meaning("Returns what `EUCLIDEAN_DIST` does.")
    .examples(&[("APPROX_EUCLIDEAN_DIST([0], [2])", "2.0")]),
];

fn enforce(call: &Call<'_>) -> Result<Value, String> {
    let (length, kind) = (call.int(1)?, call.string(2)?);
    let named = Kind::from_name(kind).filter(|kind| kind.is_number());
    let Some(kind) = named else {
        return Err(call.error(format!("the type has to be 'int' or 'float', not '{kind}'")));
    };
    let Value::Array(elements) = call.value(0) else { return Ok(Value::Null) };
    let fits = i64::try_from(elements.len()) == Ok(length)
        && elements.iter().all(|element| element.kind() == kind);
    Ok(if fits { call.value(0).clone() } else { Value::Null })
}

/// The vector of what is computed of each element and a number, or another vector's element.
fn each(
    call: &Call<'_>,
    ints: fn(i64, i64) -> Option<i64>,
    floats: fn(f64, f64) -> f64,
) -> Result<Value, String> {
    let vector = call.array(0)?;
    let one = |a: &Value, b: &Value| match (a, b) {
        // With zero, only a division has no result.
        (Value::Int(a), Value::Int(0)) => ints(*a, 0).map(Value::Int).ok_or_else(|| by_zero(call)),
        (Value::Int(a), Value::Int(b)) => {
            ints(*a, *b).map(Value::Int).ok_or_else(|| overflow(call))
        }
        _ => Ok(Value::Float(floats(number(call, a)?, number(call, b)?))),
    };
    let results = match call.value(1) {
        Value::Array(_) => pairs(call)?.map(|(a, b)| one(a, b)).collect::<Result<_, _>>()?,
        other => vector.iter().map(|a| one(a, other)).collect::<Result<_, _>>()?,
    };
    Ok(Value::Array(results))
}

fn dot_product(call: &Call<'_>) -> Result<Value, String> {
    let mut sum = 0.0;
    for (a, b) in pairs(call)? {
        sum += number(call, a)? * number(call, b)?;
    }
    Ok(Value::Float(sum))
}

fn distance(call: &Call<'_>) -> Result<Value, String> {
    let mut squares = 0.0;
    for (a, b) in pairs(call)? {
        let difference = number(call, a)? - number(call, b)?;
        squares += difference * difference;
    }
    Ok(Value::Float(squares.sqrt()))
}

fn cosine(call: &Call<'_>) -> Result<Value, String> {
    let (mut product, mut first, mut second) = (0.0, 0.0, 0.0);
    for (a, b) in pairs(call)? {
        let (a, b) = (number(call, a)?, number(call, b)?);
        product += a * b;
        first += a * a;
        second += b * b;
    }
    // The square root of each, since their product may overflow.
    Ok(Value::Float(product / (first.sqrt() * second.sqrt())))
}

/// The elements of two vectors of one length.
fn pairs<'a>(
    call: &Call<'a>,
) -> Result<impl Iterator<Item = (&'a Value, &'a Value)> + use<'a>, String> {
    let (first, second) = (call.array(0)?, call.array(1)?);
    let (a, b) = (first.len(), second.len());
    match a == b {
        true => Ok(first.iter().zip(second)),
        false => Err(call.error(format!("the vectors have {a} and {b} elements"))),
    }
}

fn number(call: &Call<'_>, element: &Value) -> Result<f64, String> {
    let kind = element.kind();
    let wrong = || call.error(format!("an element is of type {kind}, not a number"));
    element.as_f64().ok_or_else(wrong)
}
