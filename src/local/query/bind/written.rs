//! Calls of functions as they are written.

use crate::local::query::functions::MANY;
use crate::local::query::sql_error::{Place, SqlError, SqlResult};
use crate::local::query::syntax::place_of;
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
    pub(super) fn new(function: &'a ast::Function) -> SqlResult<Self> {
        let [ObjectNamePart::Identifier(name)] = &function.name.0[..] else {
            let error = SqlError::unsupported(format!("The function {}", function.name));
            return Err(error.with_id("function_not_found").at(place_of(function.name.span())));
        };
        Self::named(name, function)
    }

    pub(super) fn named(name: &ast::Ident, function: &'a ast::Function) -> SqlResult<Self> {
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

    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    pub(super) fn takes(&self, count: usize) -> SqlResult<()> {
        match self.args.len() == count {
            true => Ok(()),
            false => Err(wrong_count(&self.name, (count, count), self.args.len()).at(self.place)),
        }
    }
}

/// The error of a call that has too few arguments, or too many.
pub(super) fn wrong_count(name: &str, (least, most): (usize, usize), given: usize) -> SqlError {
    let counted =
        |count| if count == 1 { "1 argument".into() } else { format!("{count} arguments") };
    let needed = match most {
        _ if least == most => counted(least),
        MANY => format!("at least {}", counted(least)),
        most => format!("{least} to {}", counted(most)),
    };
    SqlError::new(format!("{name} takes {needed}, not {given}"))
}
