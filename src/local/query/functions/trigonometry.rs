//! Angles in radians, and hyperbolic functions.

use super::math::{of, of_two};
use crate::local::query::functions::function::Function;
use crate::local::query::functions::function::Returns::Always;
use crate::local::query::value::Kind;

const FLOAT: super::Returns = Always(Kind::Float);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("SIN", "SIN(angle)", (1, 1), FLOAT, |call| of(call, f64::sin))
        .meaning("Returns the sine.")
        .examples(&[("SIN(0)", "0.0")]),
    Function::new("COS", "COS(angle)", (1, 1), FLOAT, |call| of(call, f64::cos))
        .meaning("Returns the cosine.")
        .examples(&[("COS(0)", "1.0")]),
    Function::new("TAN", "TAN(angle)", (1, 1), FLOAT, |call| of(call, f64::tan))
        .meaning("Returns the tangent.")
        .examples(&[("TAN(0)", "0.0")]),
    Function::new("ASIN", "ASIN(number)", (1, 1), FLOAT, |call| of(call, f64::asin))
        .meaning("Returns the arc sine: NaN outside of -1 to 1.")
        .examples(&[("ROUND(ASIN(1), 6)", "1.570796")]),
    Function::new("ACOS", "ACOS(number)", (1, 1), FLOAT, |call| of(call, f64::acos))
        .meaning("Returns the arc cosine: NaN outside of -1 to 1.")
        .examples(&[("ACOS(1)", "0.0"), ("ACOS(2)", "\"NaN\"")]),
    Function::new("ATAN", "ATAN(number)", (1, 1), FLOAT, |call| of(call, f64::atan))
        .meaning("Returns the arc tangent.")
        .examples(&[("ROUND(ATAN(1), 6)", "0.785398")]),
    Function::new("ATAN2", "ATAN2(y, x)", (2, 2), FLOAT, |call| of_two(call, f64::atan2))
        .meaning("Returns the angle of the point `(x, y)`, in whichever quadrant it is.")
        .examples(&[("ROUND(ATAN2(-1, -1), 6)", "-2.356194")]),
    Function::new("SINH", "SINH(number)", (1, 1), FLOAT, |call| of(call, f64::sinh))
        .meaning("Returns the hyperbolic sine.")
        .examples(&[("SINH(0)", "0.0")]),
    Function::new("COSH", "COSH(number)", (1, 1), FLOAT, |call| of(call, f64::cosh))
        .meaning("Returns the hyperbolic cosine.")
        .examples(&[("COSH(0)", "1.0")]),
    Function::new("TANH", "TANH(number)", (1, 1), FLOAT, |call| of(call, f64::tanh))
        .meaning("Returns the hyperbolic tangent.")
        .examples(&[("TANH(0)", "0.0")]),
    Function::new("ASINH", "ASINH(number)", (1, 1), FLOAT, |call| of(call, f64::asinh))
        .meaning("Returns the inverse hyperbolic sine.")
        .examples(&[("ASINH(0)", "0.0")]),
    Function::new("ACOSH", "ACOSH(number)", (1, 1), FLOAT, |call| of(call, f64::acosh))
        .meaning("Returns the inverse hyperbolic cosine: NaN below 1.")
        .examples(&[("ACOSH(1)", "0.0")]),
    Function::new("ATANH", "ATANH(number)", (1, 1), FLOAT, |call| of(call, f64::atanh))
        .meaning("Returns the inverse hyperbolic tangent: NaN outside of -1 to 1.")
        .examples(&[("ATANH(0)", "0.0")]),
    Function::new("DEGREES", "DEGREES(angle)", (1, 1), FLOAT, |call| of(call, f64::to_degrees))
        .meaning("Returns an angle in degrees.")
        .examples(&[("DEGREES(PI())", "180.0")]),
    Function::new("RADIANS", "RADIANS(degrees)", (1, 1), FLOAT, |call| of(call, f64::to_radians))
        .meaning("Returns an angle of degrees in radians.")
        .examples(&[("RADIANS(180)", "3.141592653589793")]),
];
