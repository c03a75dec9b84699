//! Numbers: rounding, powers, logarithms, and what kind of number a number is.

use crate::local::query::functions::call::Call;
use crate::local::query::functions::function::Function;
use crate::local::query::functions::function::Returns::{Always, Any, Argument};
use crate::local::query::value::{Kind, Value};
use std::f64::consts;

const FLOAT: super::Returns = Always(Kind::Float);
const BOOL: super::Returns = Always(Kind::Bool);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("ABS", "ABS(number)", (1, 1), Argument(0), abs)
        .meaning("Returns the absolute value.")
        .examples(&[
            ("ABS(-5)", "5"),
            ("ABS(-0.5)", "0.5"),
            ("ABS(null)", "null"),
            ("ABS(-9223372036854775808)", "Error: ABS: the result is out of the range of int"),
        ]),
    Function::new("SIGN", "SIGN(number)", (1, 1), Always(Kind::Int), |call| {
        let number = call.number(0)?;
        Ok(Value::Int(i64::from(number > 0.0) - i64::from(number < 0.0)))
    })
    .meaning("Returns -1, 0 or 1.")
    .examples(&[("SIGN(-0.5)", "-1"), ("SIGN(0)", "0")]),
    Function::new("MOD", "MOD(number, number)", (2, 2), Any, modulo)
        .meaning("Returns the remainder, with the sign of the first number.")
        .examples(&[
            ("MOD(-7, 3)", "-1"),
            ("MOD(7.5, 2)", "1.5"),
            ("MOD(1, 0)", "Error: MOD: division by zero"),
        ]),
    Function::new("FLOOR", "FLOOR(number)", (1, 1), FLOAT, |call| of(call, f64::floor))
        .meaning("Returns the greatest whole number that isn't above, as a float.")
        .examples(&[("FLOOR(2.6)", "2.0"), ("FLOOR(2)", "2.0"), ("FLOOR(-2.1)", "-3.0")]),
    Function::new("CEIL", "CEIL(number)", (1, 1), FLOAT, |call| of(call, f64::ceil))
        .meaning("Returns the least whole number that isn't below, as a float.")
        .examples(&[("CEIL(2.4)", "3.0"), ("CEIL(3)", "3.0")]),
    Function::new("CEILING", "CEILING(number)", (1, 1), FLOAT, |call| of(call, f64::ceil))
        .meaning("Returns what `CEIL` does.")
        .examples(&[("CEILING(2.4)", "3.0")]),
    Function::new("TRUNCATE", "TRUNCATE(number[, digits])", (1, 2), FLOAT, truncate)
        .meaning("Returns the number with no more digits after the point, or none, as a float.")
        .examples(&[
            ("TRUNCATE(2.6)", "2.0"),
            ("TRUNCATE(-2.4)", "-2.0"),
            ("TRUNCATE(2.68, 1)", "2.6"),
        ]),
    Function::new("TRUNC", "TRUNC(number[, digits])", (1, 2), FLOAT, truncate)
        .meaning("Returns what `TRUNCATE` does.")
        .examples(&[("TRUNC(2.6)", "2.0")]),
    Function::new("ROUND", "ROUND(number[, digits])", (1, 2), FLOAT, round)
        .meaning(
            "Returns the nearest number with so many digits after the point, as a float. A half \
             goes away from zero.",
        )
        .examples(&[
            ("ROUND(2.5)", "3.0"),
            ("ROUND(-2.5)", "-3.0"),
            ("ROUND(3)", "3.0"),
            ("ROUND(12.345, 1)", "12.3"),
            ("ROUND(1250, -2)", "1300.0"),
        ]),
    Function::new("POW", "POW(base, exponent)", (2, 2), FLOAT, |call| of_two(call, f64::powf))
        .meaning("Returns the base to the power of the exponent.")
        .examples(&[("POW(2, 10)", "1024.0")]),
    Function::new("POWER", "POWER(base, exponent)", (2, 2), FLOAT, |call| of_two(call, f64::powf))
        .meaning("Returns what `POW` does.")
        .examples(&[("POWER(2, -1)", "0.5")]),
    Function::new("SQRT", "SQRT(number)", (1, 1), FLOAT, |call| of(call, f64::sqrt))
        .meaning("Returns the square root: NaN for a negative number.")
        .examples(&[("SQRT(16)", "4.0"), ("IS_NAN(SQRT(-1))", "true")]),
    Function::new("CBRT", "CBRT(number)", (1, 1), FLOAT, |call| of(call, f64::cbrt))
        .meaning("Returns the cube root.")
        .examples(&[("CBRT(-27)", "-3.0")]),
    Function::new("HYPOT", "HYPOT(x, y)", (2, 2), FLOAT, |call| of_two(call, f64::hypot))
        .meaning("Returns the square root of `x * x + y * y`.")
        .examples(&[("HYPOT(3, 4)", "5.0")]),
    Function::new("EXP", "EXP(number)", (1, 1), FLOAT, |call| of(call, f64::exp))
        .meaning("Returns e to the power of the number.")
        .examples(&[("EXP(0)", "1.0")]),
    Function::new("LN", "LN(number)", (1, 1), FLOAT, |call| of(call, f64::ln))
        .meaning("Returns the natural logarithm.")
        .examples(&[("LN(E())", "1.0"), ("LN(0)", "\"-inf\"")]),
    Function::new("LOG2", "LOG2(number)", (1, 1), FLOAT, |call| of(call, f64::log2))
        .meaning("Returns the logarithm to base 2.")
        .examples(&[("LOG2(8)", "3.0")]),
    Function::new("LOG10", "LOG10(number)", (1, 1), FLOAT, |call| of(call, f64::log10))
        .meaning("Returns the logarithm to base 10.")
        .examples(&[("LOG10(1000)", "3.0")]),
    Function::new("E", "E()", (0, 0), FLOAT, |_| Ok(Value::Float(consts::E)))
        .meaning("Returns Euler's number.")
        .examples(&[("E()", "2.718281828459045")]),
    Function::new("PI", "PI()", (0, 0), FLOAT, |_| Ok(Value::Float(consts::PI)))
        .meaning("Returns π.")
        .examples(&[("PI()", "3.141592653589793")]),
    Function::new("RAND", "RAND()", (0, 0), FLOAT, |_| Ok(Value::Float(fastrand::f64())))
        .impure()
        .meaning("Returns a random number from 0 to below 1.")
        .examples(&[("FLOOR(RAND())", "0.0")]),
    Function::new("IS_NAN", "IS_NAN(number)", (1, 1), BOOL, |call| is(call, f64::is_nan))
        .meaning("Returns whether the number is NaN.")
        .examples(&[("IS_NAN(LN(-1))", "true"), ("IS_NAN(1)", "false"), ("IS_NAN(null)", "null")]),
    Function::new("IS_FINITE", "IS_FINITE(number)", (1, 1), BOOL, |call| is(call, f64::is_finite))
        .meaning("Returns whether the number is neither NaN nor infinite.")
        .examples(&[("IS_FINITE(1.5)", "true"), ("IS_FINITE(LN(0))", "false")]),
    Function::new("IS_INFINITE", "IS_INFINITE(number)", (1, 1), BOOL, |call| {
        is(call, f64::is_infinite)
    })
    .meaning("Returns whether the number is infinite.")
    .examples(&[("IS_INFINITE(LN(0))", "true")]),
];

/// A function of one number.
pub(super) fn of(call: &Call<'_>, function: fn(f64) -> f64) -> Result<Value, String> {
    Ok(Value::Float(function(call.number(0)?)))
}

/// A function of two numbers.
pub(super) fn of_two(call: &Call<'_>, function: fn(f64, f64) -> f64) -> Result<Value, String> {
    Ok(Value::Float(function(call.number(0)?, call.number(1)?)))
}

fn is(call: &Call<'_>, test: fn(f64) -> bool) -> Result<Value, String> {
    Ok(Value::Bool(test(call.number(0)?)))
}

/// That an integer has no room for a result.
pub(super) fn overflow(call: &Call<'_>) -> String {
    call.error("the result is out of the range of int")
}

/// That there is no quotient.
pub(super) fn by_zero(call: &Call<'_>) -> String {
    call.error("division by zero")
}

fn abs(call: &Call<'_>) -> Result<Value, String> {
    match call.value(0) {
        Value::Int(int) => int.checked_abs().map(Value::Int).ok_or_else(|| overflow(call)),
        _ => of(call, f64::abs),
    }
}

fn modulo(call: &Call<'_>) -> Result<Value, String> {
    match (call.value(0), call.value(1)) {
        (Value::Int(_), Value::Int(0)) => Err(by_zero(call)),
        // `MOD(x, -1)` is 0 for the least integer too, whose quotient overflows.
        (Value::Int(a), Value::Int(b)) => Ok(Value::Int(a.wrapping_rem(*b))),
        _ => of_two(call, |a, b| a % b),
    }
}

fn round(call: &Call<'_>) -> Result<Value, String> {
    to_digits(call, f64::round)
}

fn truncate(call: &Call<'_>) -> Result<Value, String> {
    to_digits(call, f64::trunc)
}

fn to_digits(call: &Call<'_>, whole: fn(f64) -> f64) -> Result<Value, String> {
    let number = call.number(0)?;
    let digits = if call.has(1) { call.int(1)? } else { 0 };
    Ok(Value::Float(with_digits(number, digits, whole)))
}

/// A number with `digits` digits after the point, or with zeros before it.
pub(super) fn with_digits(number: f64, digits: i64, whole: fn(f64) -> f64) -> f64 {
    if !number.is_finite() {
        return number;
    }
    // No float has a digit beyond these places.
    let digits = digits.clamp(-350, 350) as i32;
    let power = 10_f64.powi(digits.abs());
    let scaled = if digits > 0 { number * power } else { number / power };
    let whole = whole(scaled);
    match digits {
        // Numbers from 2^53 are whole already.
        1.. if scaled.abs() < 9_007_199_254_740_992.0 => whole / power,
        1.. => number,
        _ if whole == 0.0 => whole,
        _ => whole * power,
    }
}
