//! The bits of integers in two's complement.

use crate::local::query::functions::call::Call;
use crate::local::query::functions::function::Function;
use crate::local::query::functions::function::Returns::Always;
use crate::local::query::value::{Kind, Value};

const INT: super::Returns = Always(Kind::Int);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("BIT_COUNT", "BIT_COUNT(int, bits)", (2, 2), INT, bit_count)
        .meaning(
            "Returns how many bits are 1 in an integer that is written with so many bits: 2 to \
             64.",
        )
        .examples(&[
            ("BIT_COUNT(9, 64)", "2"),
            ("BIT_COUNT(-7, 8)", "6"),
            ("BIT_COUNT(128, 8)", "Error: BIT_COUNT: 128 has no room in 8 bits"),
        ]),
    Function::new("BITWISE_AND", "BITWISE_AND(int, int)", (2, 2), INT, |call| {
        Ok(Value::Int(call.int(0)? & call.int(1)?))
    })
    .meaning("Returns the bits that both have.")
    .examples(&[("BITWISE_AND(12, 10)", "8")]),
    Function::new("BITWISE_OR", "BITWISE_OR(int, int)", (2, 2), INT, |call| {
        Ok(Value::Int(call.int(0)? | call.int(1)?))
    })
    .meaning("Returns the bits that either has.")
    .examples(&[("BITWISE_OR(12, 10)", "14")]),
    Function::new("BITWISE_XOR", "BITWISE_XOR(int, int)", (2, 2), INT, |call| {
        Ok(Value::Int(call.int(0)? ^ call.int(1)?))
    })
    .meaning("Returns the bits that one has and the other hasn't.")
    .examples(&[("BITWISE_XOR(12, 10)", "6")]),
    Function::new("BITWISE_NOT", "BITWISE_NOT(int)", (1, 1), INT, |call| {
        Ok(Value::Int(!call.int(0)?))
    })
    .meaning("Returns the bits that the integer hasn't.")
    .examples(&[("BITWISE_NOT(12)", "-13")]),
];

fn bit_count(call: &Call<'_>) -> Result<Value, String> {
    let (int, bits) = (call.int(0)?, call.int(1)?);
    if !(2..=64).contains(&bits) {
        return Err(call.error(format!("{bits} isn't a number of bits from 2 to 64")));
    }
    let unused = 64 - bits as u32;
    let shifted = int << unused;
    match shifted >> unused == int {
        true => Ok(Value::Int(shifted.count_ones().into())),
        false => Err(call.error(format!("{int} has no room in {bits} bits"))),
    }
}
