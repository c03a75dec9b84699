//! Calls of functions.

use super::binder::Binder;
use super::expression::{or_null, result_of};
use super::typed::Typed;
use super::written::{Written, wrong_count};
use crate::local::query::functions::{self, Function, Returns};
use crate::local::query::operation::Op;
use crate::local::query::script::NAMESPACE;
use crate::local::query::sql_error::{Place, SqlError, SqlResult};
use crate::local::query::syntax::place_of;
use crate::local::query::types::Type;
use crate::local::query::value::Value;
use sqlparser::ast::{self, ObjectNamePart};

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
}
