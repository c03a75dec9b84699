//! Calls of what looks like a function, but isn't computed from the values of its arguments alone.

use super::binder::Binder;
use super::expression::{not, place};
use super::typed::Typed;
use super::written::{Written, wrong_count};
use crate::local::query::functions::MANY;
use crate::local::query::operation::Comparison;
use crate::local::query::sql_error::{SqlError, SqlResult};
use crate::local::query::syntax::IS_UNDEFINED;
use crate::local::query::value::Value;

impl Binder<'_> {
    /// The value of such a call; `None` if it is another one.
    pub(super) fn special(&mut self, written: &Written<'_>) -> SqlResult<Option<Typed>> {
        let upper = written.name.to_ascii_uppercase();
        Ok(Some(match upper.as_str() {
            _ if written.is(IS_UNDEFINED) => {
                let value = self.expression(written.args[0])?;
                self.undefined(value)
            }
            "COALESCE" => {
                let values: SqlResult<Vec<_>> =
                    written.args.iter().map(|arg| self.expression(arg)).collect();
                let mut values = values?;
                let Some(last) = values.pop() else {
                    return Err(wrong_count("COALESCE", (1, MANY), 0));
                };
                let branches = values.into_iter().map(|value| {
                    let present = not(self.absent(value.clone()));
                    (present, value)
                });
                let branches = branches.collect();
                self.choice(branches, last)
            }
            "IF" => {
                let (condition, then, otherwise) = match written.args[..] {
                    [condition, then, otherwise] => (condition, then, Some(otherwise)),
                    [condition, then] => (condition, then, None),
                    _ => return Err(wrong_count("IF", (2, 3), written.args.len())),
                };
                let at = place(condition);
                let condition = self.expression(condition)?;
                let condition = self.truth(condition, at)?;
                let then = self.expression(then)?;
                let otherwise = match otherwise {
                    Some(otherwise) => self.expression(otherwise)?,
                    None => Typed::constant(&Value::Null),
                };
                self.choice(vec![(condition, then)], otherwise)
            }
            "NULLIF" => {
                written.takes(2)?;
                let (a, b) = (self.expression(written.args[0])?, self.expression(written.args[1])?);
                let equal = self.compare(Comparison::Equal, a.clone(), b, written.place);
                self.choice(vec![(equal, Typed::constant(&Value::Null))], a)
            }
            "TRY" => {
                written.takes(1)?;
                let outer = std::mem::replace(&mut self.lenient, true);
                let value = self.expression(written.args[0]);
                self.lenient = outer;
                value?
            }
            "STATIC_CAST" | "TRY_STATIC_CAST" => {
                let message = format!("{upper} is written {upper}(value AS type)");
                return Err(SqlError::new(message));
            }
            "FIELD" => self.computed_field(written)?,
            "SEARCH" => self.search(written)?,
            "SCORE" => {
                let score = self.scopes.last().and_then(|scope| scope.score.clone());
                score.ok_or_else(|| SqlError::new("SCORE() needs a SEARCH in the WHERE"))?
            }
            "HAS_TERM" | "CONTAINS" | "BOOST" | "PROXIMITY" | "PROXIMITY_BOOST" => {
                return Err(SqlError::new(format!("{upper} belongs into a SEARCH in the WHERE")));
            }
            _ => return Ok(None),
        }))
    }

    /// `FIELD('a.b')`, `FIELD('relation', 'a.b')`.
    fn computed_field(&mut self, written: &Written<'_>) -> SqlResult<Typed> {
        let mut path = Vec::new();
        for arg in &written.args {
            let value = self.expression(arg)?.value();
            let Some(Value::String(text)) = value else {
                return Err(SqlError::new("FIELD takes names that are constants or parameters"));
            };
            path.extend(text.split('.').map(String::from));
        }
        match written.args.len() {
            1 | 2 => self.name(&path),
            given => Err(wrong_count("FIELD", (1, 2), given)),
        }
    }
}
