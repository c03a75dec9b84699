//! What a function of SQL is.

use super::call::Call;
use crate::local::query::value::{Kind, Value};
use std::hash::{Hash, Hasher};

/// A function.
#[derive(Debug)]
pub struct Function {
    /// In upper case.
    pub name: &'static str,
    /// How it is written: `SUBSTR(string, start[, length])`.
    pub signature: &'static str,
    /// A sentence in the third person: `Returns …`.
    pub meaning: &'static str,
    /// Expressions, and the JSON of their values.
    pub examples: &'static [(&'static str, &'static str)],
    /// The least and the greatest number of arguments.
    pub arguments: (usize, usize),
    pub returns: Returns,
    pub absent: Absent,
    /// Whether equal arguments give equal results.
    pub is_pure: bool,
    pub eval: Eval,
    pub of_int: Option<OfInt>,
}

/// What computes a function.
pub type Eval = fn(&Call<'_>) -> Result<Value, String>;

/// What computes a function of one int, as the integer that stands for the result in Arrow. `None`
/// where the function fails.
pub type OfInt = fn(i64) -> Option<i64>;

// No two functions have one name.
impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Function {}

impl Hash for Function {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl Function {
    /// A pure function whose result is null if an argument is.
    pub const fn new(
        name: &'static str,
        signature: &'static str,
        arguments: (usize, usize),
        returns: Returns,
        eval: Eval,
    ) -> Self {
        Self {
            name,
            signature,
            meaning: "",
            examples: &[],
            arguments,
            returns,
            absent: Absent::GivesNull,
            is_pure: true,
            eval,
            of_int: None,
        }
    }

    pub const fn meaning(mut self, meaning: &'static str) -> Self {
        self.meaning = meaning;
        self
    }

    pub const fn examples(mut self, examples: &'static [(&'static str, &'static str)]) -> Self {
        self.examples = examples;
        self
    }

    /// It is called with arguments that are null or undefined.
    pub const fn sees_absent(mut self) -> Self {
        self.absent = Absent::IsSeen;
        self
    }

    /// Whole columns of ints can be computed so, with the same results.
    pub const fn of_int(mut self, of_int: OfInt) -> Self {
        self.of_int = Some(of_int);
        self
    }

    /// Its result is another one with every row.
    pub const fn impure(mut self) -> Self {
        self.is_pure = false;
        self
    }

    /// The result of the function, whose number of arguments has been checked.
    pub fn call(&self, args: &[Value], now: i64) -> Result<Value, String> {
        if self.absent == Absent::GivesNull && args.iter().any(Value::is_absent) {
            return Ok(Value::Null);
        }
        (self.eval)(&Call { name: self.name, args, now })
    }
}

/// The type of what a function returns. It may return null besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returns {
    /// Always this.
    Always(Kind),
    /// That of the argument with this index.
    Argument(usize),
    /// It depends on values.
    Any,
}

/// What becomes of an argument that is null or undefined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// The result is null, and the function isn't called.
    GivesNull,
    /// The function is called.
    IsSeen,
}

/// Any number of arguments.
pub const MANY: usize = usize::MAX;
