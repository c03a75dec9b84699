//! `SEARCH`, its matchers and what they score.

use super::binder::Binder;
use super::expression::place;
use super::scope::Scope;
use super::typed::Typed;
use super::written::{Written, wrong_count};
use crate::local::query::functions::MANY;
use crate::local::query::operation::Arithmetic;
use crate::local::query::sql_error::{SqlError, SqlResult};
use crate::local::query::types::Type;
use crate::local::query::value::{Kind, Value};
use sqlparser::ast;

impl Binder<'_> {
    /// `SEARCH(matcher, …)`: all matchers hold, or at least one with `match_all=false`. What
    /// they score is kept for `SCORE()`.
    pub(super) fn search(&mut self, written: &Written<'_>) -> SqlResult<Typed> {
        let all = match written.options[..] {
            [] => true,
            [(name, value)] if name.eq_ignore_ascii_case("match_all") => {
                self.expression(value)?.value() != Some(Value::Bool(false))
            }
            _ => return Err(SqlError::new("The only option of SEARCH is match_all")),
        };
        let mut found: Option<Typed> = None;
        let mut score = Typed::constant(&Value::Float(0.0));
        for matcher in &written.args {
            let (matches, scores) = self.matcher(matcher)?;
            score = self.arithmetic(Arithmetic::Add, score, scores, written.place)?;
            found = Some(match found {
                None => matches,
                Some(found) if all => Typed::new(found.expr.and(matches.expr), Type::BOOL),
                Some(found) => Typed::new(found.expr.or(matches.expr), Type::BOOL),
            });
        }
        if let Some(Scope { score: kept, .. }) = self.scopes.last_mut() {
            *kept = Some(score);
        }
        found.map(|found| found.failing(true)).ok_or_else(|| wrong_count("SEARCH", (1, MANY), 0))
    }

    /// Whether a matcher holds, and its score.
    fn matcher(&mut self, expr: &ast::Expr) -> SqlResult<(Typed, Typed)> {
        let at = place(expr);
        let ast::Expr::Function(function) = expr else {
            return Err(SqlError::new("SEARCH takes matchers, such as HAS_TERM").at(at));
        };
        let written = Written::new(function)?;
        let weighted = |binder: &Self, matches: Typed, weight: Typed| {
            let nothing = Typed::constant(&Value::Float(0.0));
            let score = binder.choice(vec![(matches.clone(), weight)], nothing);
            (matches, score)
        };
        let one = Typed::constant(&Value::Float(1.0));
        match (written.name.to_ascii_uppercase().as_str(), &written.args[..]) {
            ("HAS_TERM", [field, term]) => {
                let matches = self.call("ARRAY_CONTAINS", &[field, term], at)?;
                let matches = self.truth(matches, at)?;
                Ok(weighted(self, matches, one))
            }
            ("CONTAINS", [field, text, ..]) => {
                let mut tokenize = vec![*text];
                tokenize.extend(written.args.get(2));
                let terms = self.call("TOKENIZE", &tokenize, at)?;
                let field = self.expression(field)?;
                let field = match field.of.kind() {
                    Some(Kind::String) => self.call_named("TOKENIZE", vec![field], at)?,
                    _ => field,
                };
                let matches = self.call_named("ARRAY_CONTAINS_ANY", vec![field, terms], at)?;
                let matches = self.truth(matches, at)?;
                Ok(weighted(self, matches, one))
            }
            ("BOOST" | "PROXIMITY_BOOST", [weight, term]) => {
                let (matches, _) = self.matcher(term)?;
                let weight = self.expression(weight)?;
                let weight = self.number(weight, at)?;
                Ok(weighted(self, matches, weight))
            }
            ("PROXIMITY", [first, rest @ ..]) => {
                let (mut matches, mut score) = self.matcher(first)?;
                for term in rest {
                    let (also, scores) = self.matcher(term)?;
                    matches = Typed::new(matches.expr.and(also.expr), Type::BOOL);
                    score = self.arithmetic(Arithmetic::Add, score, scores, at)?;
                }
                Ok((matches, score))
            }
            (name, _) => Err(SqlError::new(format!("{name} is no matcher of SEARCH")).at(at)),
        }
    }
}
