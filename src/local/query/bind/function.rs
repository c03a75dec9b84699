//! Calls of functions.

use super::binder::Binder;
use super::expression::{or_null, place, result_of};
use super::scope::Scope;
use super::typed::Typed;
use crate::local::query::functions::{self, Function, MANY, Returns};
use crate::local::query::operation::{Comparison, Op};
use crate::local::query::script::NAMESPACE;
use crate::local::query::sql_error::{Place, SqlError, SqlResult};
use crate::local::query::syntax::{IS_UNDEFINED, place_of};
use crate::local::query::types::Type;
use crate::local::query::value::Value;
use sqlparser::ast::{
    self, DuplicateTreatment, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArguments, ObjectNamePart, OrderByExpr, Spanned,
};

/// A call as it is written.
pub(super) struct Written<'a> {
    /// In the letter case of the query.
    pub(super) name: String,
    pub(super) place: Option<Place>,
    pub(super) args: Vec<&'a ast::Expr>,
    /// `f(*)`.
    pub(super) is_star: bool,
    pub(super) options: Vec<(&'a str, &'a ast::Expr)>,
    pub(super) distinct: bool,
    pub(super) order_by: &'a [OrderByExpr],
    pub(super) limit: Option<&'a ast::Expr>,
    pub(super) filter: Option<&'a ast::Expr>,
    pub(super) over: Option<&'a ast::WindowType>,
    pub(super) ignores_nulls: bool,
}

impl<'a> Written<'a> {
    fn new(function: &'a ast::Function) -> SqlResult<Self> {
        let [ObjectNamePart::Identifier(name)] = &function.name.0[..] else {
            let error = SqlError::unsupported(format!("The function {}", function.name));
            return Err(error.with_id("function_not_found").at(place_of(function.name.span())));
        };
        Self::named(name, function)
    }

    fn named(name: &ast::Ident, function: &'a ast::Function) -> SqlResult<Self> {
        let mut written = Self {
            name: name.value.clone(),
            place: place_of(name.span),
            args: Vec::new(),
            is_star: false,
            options: Vec::new(),
            distinct: false,
            order_by: &[],
            limit: None,
            filter: function.filter.as_deref(),
            over: function.over.as_ref(),
            ignores_nulls: function.null_treatment == Some(ast::NullTreatment::IgnoreNulls),
        };
        if !function.within_group.is_empty() {
            return Err(SqlError::unsupported("WITHIN GROUP").at(written.place));
        }
        match &function.args {
            FunctionArguments::None => {}
            FunctionArguments::Subquery(_) => {
                let error =
                    SqlError::new("A query as an argument stands in parentheses of its own");
                return Err(error.at(written.place));
            }
            FunctionArguments::List(list) => {
                written.distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
                for arg in &list.args {
                    written.push(arg)?;
                }
                for clause in &list.clauses {
                    match clause {
                        FunctionArgumentClause::OrderBy(keys) => written.order_by = keys,
                        FunctionArgumentClause::Limit(limit) => written.limit = Some(limit),
                        FunctionArgumentClause::IgnoreOrRespectNulls(treatment) => {
                            written.ignores_nulls = *treatment == ast::NullTreatment::IgnoreNulls;
                        }
                        other => {
                            return Err(SqlError::unsupported(other).at(written.place));
                        }
                    }
                }
            }
        }
        Ok(written)
    }

    fn push(&mut self, arg: &'a FunctionArg) -> SqlResult<()> {
        match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => self.args.push(expr),
            FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => self.is_star = true,
            FunctionArg::Named { name, arg: FunctionArgExpr::Expr(expr), .. } => {
                self.options.push((&name.value, expr));
            }
            other => {
                return Err(SqlError::unsupported(format!("The argument {other}")).at(self.place));
            }
        }
        Ok(())
    }

    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    pub(super) fn takes(&self, count: usize) -> SqlResult<()> {
        match self.args.len() == count {
            true => Ok(()),
            false => Err(wrong_count(&self.name, (count, count), self.args.len()).at(self.place)),
        }
    }
}

fn wrong_count(name: &str, (least, most): (usize, usize), given: usize) -> SqlError {
    let counted =
        |count| if count == 1 { "1 argument".into() } else { format!("{count} arguments") };
    let needed = match most {
        _ if least == most => counted(least),
        MANY => format!("at least {}", counted(least)),
        most => format!("{least} to {}", counted(most)),
    };
    SqlError::new(format!("{name} takes {needed}, not {given}"))
}

impl Binder<'_> {
    pub(super) fn function(&mut self, function: &ast::Function) -> SqlResult<Typed> {
        if let [ObjectNamePart::Identifier(space), ObjectNamePart::Identifier(name)] =
            &function.name.0[..]
            && space.value.eq_ignore_ascii_case(NAMESPACE)
        {
            return self.of_script(function, name);
        }
        let written = Written::new(function)?;
        let bound = match self.special(&written)? {
            Some(special) => Ok(special),
            None => match (self.aggregate(&written)?, written.over) {
                (Some(aggregate), _) => Ok(aggregate),
                (None, Some(over)) => self.window(&written, over),
                (None, None) => self.plain(&written),
            },
        };
        bound.map_err(|error| error.at(written.place))
    }

    /// `_script.f(…)`.
    fn of_script(&mut self, function: &ast::Function, name: &ast::Ident) -> SqlResult<Typed> {
        let place = place_of(name.span);
        let Some(script) = self.context.script else {
            let message = format!("{NAMESPACE}.{name} needs a script before the query");
            return Err(SqlError::new(message).with_id("function_not_found").at(place));
        };
        let op = Op::Script(script.function(&name.value).map_err(|error| error.at(place))?);
        let written = Written::named(name, function)?;
        if written.is_star || written.distinct || written.over.is_some() {
            let message = format!("{NAMESPACE}.{name} is no aggregate");
            return Err(SqlError::new(message).at(place));
        }
        let args = written.args.iter().map(|arg| self.expression(arg));
        let args = args.collect::<SqlResult<Vec<_>>>()?;
        let args = self.without_documents(args);
        Ok(self.operation(op, args, Type::Any, place).failing(!self.lenient))
    }

    /// Values that are whole documents, encoded.
    fn without_documents(&self, args: Vec<Typed>) -> Vec<Typed> {
        let encoded =
            |arg: Typed| if matches!(arg.of, Type::Document(_)) { self.boxed(arg) } else { arg };
        args.into_iter().map(encoded).collect()
    }

    fn plain(&mut self, written: &Written<'_>) -> SqlResult<Typed> {
        self.known_function(&written.name, written.place)?;
        if written.is_star || written.distinct || !written.order_by.is_empty() {
            let message = format!("{} is no aggregate", written.name);
            return Err(SqlError::new(message));
        }
        let is_normalize = written.is("NORMALIZE");
        let mut args = Vec::new();
        for (at, arg) in written.args.iter().enumerate() {
            args.push(match arg {
                // The form of a normalisation is a bare word.
                ast::Expr::Identifier(form) if is_normalize && at == 1 => {
                    Typed::constant(&Value::string(&*form.value))
                }
                arg => self.expression(arg)?,
            });
        }
        self.call_named(&written.name, args, written.place)
    }

    fn known_function(&self, name: &str, place: Option<Place>) -> SqlResult<&'static Function> {
        functions::find(name).ok_or_else(|| {
            let error = SqlError::new(format!("Function `{name}` not found."));
            error.with_id("function_not_found").at(place)
        })
    }

    pub(super) fn call(
        &mut self,
        name: &str,
        args: &[&ast::Expr],
        place: Option<Place>,
    ) -> SqlResult<Typed> {
        let args: SqlResult<Vec<_>> = args.iter().map(|arg| self.expression(arg)).collect();
        self.call_named(name, args?, place)
    }

    pub(super) fn call_named(
        &mut self,
        name: &str,
        args: Vec<Typed>,
        place: Option<Place>,
    ) -> SqlResult<Typed> {
        let function = self.known_function(name, place)?;
        self.tells_time |= function.name.starts_with("CURRENT_") || function.name == "NOW";
        let (least, most) = function.arguments;
        if !(least..=most).contains(&args.len()) {
            let mut error = wrong_count(name, function.arguments, args.len());
            error.message.push_str(&format!(": {}", function.signature));
            return Err(error.at(place));
        }
        let args = self.without_documents(args);
        let of = match function.returns {
            Returns::Always(kind) => result_of(kind),
            Returns::Argument(index) => args.get(index).map_or(Type::Any, |arg| or_null(arg.of)),
            Returns::Any => Type::Any,
        };
        let op = Op::Function(function);
        Ok(self.operation(op, args, of, place).failing(!self.lenient))
    }

    /// What looks like a function, but isn't computed from the values of its arguments alone.
    fn special(&mut self, written: &Written<'_>) -> SqlResult<Option<Typed>> {
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
                    let present = super::expression::not(self.absent(value.clone()));
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

    /// `SEARCH(matcher, …)`: all matchers hold, or at least one with `match_all=false`. What
    /// they score is kept for `SCORE()`.
    fn search(&mut self, written: &Written<'_>) -> SqlResult<Typed> {
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
            score = self.arithmetic(
                crate::local::query::operation::Arithmetic::Add,
                score,
                scores,
                written.place,
            )?;
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
                    Some(crate::local::query::value::Kind::String) => {
                        self.call_named("TOKENIZE", vec![field], at)?
                    }
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
                    score = self.arithmetic(
                        crate::local::query::operation::Arithmetic::Add,
                        score,
                        scores,
                        at,
                    )?;
                }
                Ok((matches, score))
            }
            (name, _) => Err(SqlError::new(format!("{name} is no matcher of SEARCH")).at(at)),
        }
    }
}
