//! Comparisons, arithmetic and logic on values of known and unknown types.

use super::binder::Binder;
use super::expression::{not_if, place};
use super::scope::Relation;
use super::typed::Typed;
use crate::local::query::operation::{Arithmetic, Comparison, Op};
use crate::local::query::sql_error::{Place, SqlResult};
use crate::local::query::types::{Missing, Type};
use crate::local::query::value::Kind;
use datafusion::logical_expr::{BinaryExpr, Case, Expr, Operator, cast, lit};
use sqlparser::ast::{self, BinaryOperator};

impl Binder<'_> {
    /// `a < b`: null where one is absent, or where their types don't compare.
    pub(super) fn compare(
        &self,
        comparison: Comparison,
        a: Typed,
        b: Typed,
        place: Option<Place>,
    ) -> Typed {
        let may_fail = a.may_fail || b.may_fail;
        let native = |a: Expr, b: Expr| {
            let expr = BinaryExpr::new(Box::new(a), operator(comparison), Box::new(b));
            Typed { expr: Expr::BinaryExpr(expr), of: Type::BOOL, may_fail }
        };
        if a.of.is_absent() || b.of.is_absent() {
            return Typed::nothing(Type::BOOL);
        }
        match (a.of.kind(), b.of.kind()) {
            (Some(left), Some(right))
                if left == right && !a.of.is_boxed() && !is_document(&a, &b) =>
            {
                native(a.expr, b.expr)
            }
            (Some(left), Some(right)) if left.is_number() && right.is_number() => {
                native(cast(a.expr, Type::FLOAT.arrow()), cast(b.expr, Type::FLOAT.arrow()))
            }
            (Some(left), Some(right)) if left.is_moment() && right.is_moment() => {
                let instant = Type::of(Kind::Timestamp).arrow();
                native(cast(a.expr, instant.clone()), cast(b.expr, instant))
            }
            (Some(left), Some(right)) if left != right => Typed::nothing(Type::BOOL),
            _ => {
                let (a, b) = (self.boxed(a), self.boxed(b));
                let compared =
                    self.operation(Op::Compare(comparison), vec![a, b], Type::BOOL, place);
                compared.failing(may_fail)
            }
        }
    }

    /// `a = b` so that it can be the key of a join: false in place of null.
    pub(super) fn keys_equal(&self, a: Typed, b: Typed, place: Option<Place>) -> Typed {
        let plain = |value: &Typed| !value.of.is_boxed();
        if (plain(&a) && plain(&b)) || a.value().is_some() || b.value().is_some() {
            return self.compare(Comparison::Equal, a, b, place);
        }
        let may_fail = a.may_fail || b.may_fail;
        let [a, b] = [a, b].map(|value| self.equality_key(value, place).expr);
        Typed::new(a.eq(b), Type::BOOL).failing(may_fail)
    }

    /// Bytes that are equal where SQL's `=` holds.
    pub(super) fn equality_key(&self, value: Typed, place: Option<Place>) -> Typed {
        let boxed = self.boxed(value);
        self.operation(Op::EqualityKey, vec![boxed], Type::Any, place)
    }

    pub(super) fn arithmetic(
        &self,
        arithmetic: Arithmetic,
        a: Typed,
        b: Typed,
        place: Option<Place>,
    ) -> SqlResult<Typed> {
        let of = arithmetic_type(arithmetic, a.of, b.of);
        let may_fail = of != Type::FLOAT;
        let native = match arithmetic {
            Arithmetic::Add => Operator::Plus,
            Arithmetic::Subtract => Operator::Minus,
            Arithmetic::Multiply => Operator::Multiply,
            Arithmetic::Divide => Operator::Divide,
            Arithmetic::Modulo => Operator::Modulo,
        };
        // Arrow's arithmetic on floats is that of IEEE 754, as SQL's is.
        if of == Type::FLOAT && native != Operator::Modulo {
            let (a, b) = (self.number(a, place)?, self.number(b, place)?);
            let fails = a.may_fail || b.may_fail;
            let expr = BinaryExpr::new(Box::new(a.expr), native, Box::new(b.expr));
            return Ok(Typed::new(Expr::BinaryExpr(expr), of).failing(fails));
        }
        if let (Some(left), Some(right)) = (a.value(), b.value()) {
            let operation =
                self.operation(Op::Arithmetic(arithmetic), vec![a, b], of, place).failing(may_fail);
            return Ok(match arithmetic.of(&left, &right) {
                Ok(value) => Typed::constant(&value),
                Err(_) => operation,
            });
        }
        Ok(self.operation(Op::Arithmetic(arithmetic), vec![a, b], of, place).failing(may_fail))
    }

    pub(super) fn absent(&self, value: Typed) -> Typed {
        if value.of.is_absent() {
            return Typed::bool(true);
        }
        let may_fail = value.may_fail;
        match value.of.is_boxed() {
            true => self.operation(Op::IsAbsent, vec![value], Type::BOOL, None),
            false => Typed::new(value.expr.is_null(), Type::BOOL).failing(may_fail),
        }
    }

    pub(super) fn undefined(&self, value: Typed) -> Typed {
        match value.of {
            Type::Only(Kind::Undefined, _) => Typed::bool(true),
            of if of.is_boxed() => self.operation(Op::IsUndefined, vec![value], Type::BOOL, None),
            Type::Only(_, Missing::Undefined) | Type::Document(_) => {
                Typed::new(value.expr.is_null(), Type::BOOL).failing(value.may_fail)
            }
            _ => Typed::bool(false),
        }
    }

    /// `a AND b`. Where `b` may fail, it is evaluated only where `a` isn't false.
    pub(super) fn and(&mut self, left: &ast::Expr, right: &ast::Expr) -> SqlResult<Typed> {
        let (a, b) = (self.condition(left)?, self.condition(right)?);
        Ok(both(a, b))
    }

    /// `a OR b`. Where `b` may fail, it is evaluated only where `a` isn't true.
    pub(super) fn or(&mut self, left: &ast::Expr, right: &ast::Expr) -> SqlResult<Typed> {
        let (a, b) = (self.condition(left)?, self.condition(right)?);
        let may_fail = a.may_fail || b.may_fail;
        if !b.may_fail {
            return Ok(Typed::new(a.expr.or(b.expr), Type::BOOL).failing(may_fail));
        }
        let either = cast(a.expr.clone().or(b.expr), Type::INT.arrow());
        let expr = when(Expr::IsTrue(Box::new(a.expr)), lit(1_i64), either).eq(lit(1_i64));
        Ok(Typed::new(expr, Type::BOOL).failing(may_fail))
    }

    fn condition(&mut self, expr: &ast::Expr) -> SqlResult<Typed> {
        let value = self.expression(expr)?;
        self.truth(value, place(expr))
    }

    /// The condition of a `WHERE`, `ON` or `HAVING`: what is null counts as false, so that
    /// equalities can be keys of joins.
    pub(super) fn filter(&mut self, expr: &ast::Expr) -> SqlResult<Typed> {
        let mut conditions = Vec::new();
        conjuncts(expr, &mut conditions);
        let mut bound = Vec::new();
        for condition in conditions {
            bound.push(match condition {
                ast::Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
                    let (a, b) = (self.expression(left)?, self.expression(right)?);
                    let joins = self.relations_of(&a) != self.relations_of(&b)
                        && a.value().is_none()
                        && b.value().is_none();
                    let equal = self.keys_equal(a, b, place(condition));
                    // The key of a join is evaluated for all rows anyway.
                    if joins { Typed { may_fail: false, ..equal } } else { equal }
                }
                condition => match self.semi_join(condition, false)? {
                    Some(joined) => joined,
                    None => self.condition(condition)?,
                },
            });
        }
        Ok(self.guarded(bound))
    }

    /// A condition on a query that can be a join, which is no value.
    fn semi_join(&mut self, expr: &ast::Expr, negated: bool) -> SqlResult<Option<Typed>> {
        match expr {
            ast::Expr::Nested(inner) => self.semi_join(inner, negated),
            ast::Expr::UnaryOp { op: ast::UnaryOperator::Not, expr } => {
                self.semi_join(expr, !negated)
            }
            ast::Expr::Exists { subquery, negated: not } => {
                self.exists_filter(subquery, negated != *not).map(Some)
            }
            ast::Expr::InSubquery { expr, subquery, negated: not } => {
                self.in_filter(expr, subquery, negated != *not).map(Some)
            }
            ast::Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. }
            | ast::Expr::AllOp { left, compare_op: BinaryOperator::NotEq, right } => {
                let is_all = matches!(expr, ast::Expr::AllOp { .. });
                match &**right {
                    ast::Expr::Subquery(query) => {
                        self.in_filter(left, query, negated != is_all).map(Some)
                    }
                    _ => Ok(None),
                }
            }
            _ => Ok(None),
        }
    }

    /// All conditions. Those that may fail are evaluated only where the others before them, on
    /// the same relations, hold.
    fn guarded(&self, conditions: Vec<Typed>) -> Typed {
        let may_fail = conditions.iter().any(|condition| condition.may_fail);
        let mut chains: Vec<(Vec<usize>, Vec<Expr>)> = Vec::new();
        let mut plain: Vec<(Vec<usize>, Expr)> = Vec::new();
        for condition in conditions {
            let relations = self.relations_of(&condition);
            if !condition.may_fail {
                plain.push((relations, condition.expr));
                continue;
            }
            match chains.iter_mut().find(|(known, _)| *known == relations) {
                Some((_, chain)) => chain.push(condition.expr),
                None => {
                    let is_within = |of: &Vec<usize>| of.iter().all(|at| relations.contains(at));
                    let before = plain.iter().filter(|(of, _)| is_within(of));
                    let mut chain: Vec<Expr> = before.map(|(_, expr)| expr.clone()).collect();
                    chain.push(condition.expr);
                    chains.push((relations, chain));
                }
            }
        }
        let all = plain.into_iter().map(|(_, expr)| expr);
        let all = all.chain(chains.into_iter().map(|(_, chain)| in_turn(chain)));
        let all = all.reduce(Expr::and).unwrap_or_else(|| lit(true));
        Typed::new(all, Type::BOOL).failing(may_fail)
    }

    /// The relations of the innermost scope that an expression reads, by their position.
    fn relations_of(&self, value: &Typed) -> Vec<usize> {
        let Some(scope) = self.scopes.last() else { return Vec::new() };
        let columns = value.expr.column_refs();
        let reads =
            |relation: &Relation| relation.columns().any(|column| columns.contains(&column));
        let read = scope.relations.iter().enumerate().filter(|(_, relation)| reads(relation));
        read.map(|(at, _)| at).collect()
    }

    pub(super) fn in_list(
        &mut self,
        inner: &ast::Expr,
        list: &[ast::Expr],
        negated: bool,
    ) -> SqlResult<Typed> {
        let value = self.expression(inner)?;
        let at = place(inner);
        let mut found = Typed::bool(false);
        let elements: SqlResult<Vec<_>> = list.iter().map(|expr| self.expression(expr)).collect();
        let elements = elements?;
        let plain = !value.of.is_boxed() && value.of.kind().is_some();
        let native = plain
            && elements
                .iter()
                .all(|element| element.of.kind() == value.of.kind() && element.value().is_some());
        if native && !elements.is_empty() {
            let list = elements.into_iter().map(|element| element.expr).collect();
            let may_fail = value.may_fail;
            let expr = value.expr.in_list(list, negated);
            return Ok(Typed::new(expr, Type::BOOL).failing(may_fail));
        }
        for element in elements {
            let equal = self.compare(Comparison::Equal, value.clone(), element, at);
            let may_fail = found.may_fail || equal.may_fail;
            found = Typed::new(found.expr.or(equal.expr), Type::BOOL).failing(may_fail);
        }
        Ok(not_if(negated, found))
    }
}

fn is_document(a: &Typed, b: &Typed) -> bool {
    matches!(a.of, Type::Document(_)) || matches!(b.of, Type::Document(_))
}

/// The conditions that `AND` joins.
fn conjuncts<'a>(expr: &'a ast::Expr, out: &mut Vec<&'a ast::Expr>) {
    match expr {
        ast::Expr::Nested(inner) => conjuncts(inner, out),
        ast::Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            conjuncts(left, out);
            conjuncts(right, out);
        }
        expr => out.push(expr),
    }
}

/// All conditions, each evaluated only where those before it hold. The optimizer would turn a
/// `CASE` of bools into `AND`, which evaluates both sides: so the conditions are ints.
fn in_turn(conditions: Vec<Expr>) -> Expr {
    let mut conditions = conditions.into_iter().rev();
    let int = |expr| cast(expr, Type::INT.arrow());
    let Some(last) = conditions.next() else { return lit(true) };
    let Some(before) = conditions.next() else { return last };
    let mut nested = when(Expr::IsTrue(Box::new(before)), int(last), lit(0_i64));
    for condition in conditions {
        nested = when(Expr::IsTrue(Box::new(condition)), nested, lit(0_i64));
    }
    nested.eq(lit(1_i64))
}

/// Both conditions. If the second one may fail, it isn't evaluated where the first one is
/// false.
fn both(a: Typed, b: Typed) -> Typed {
    let may_fail = a.may_fail || b.may_fail;
    if !b.may_fail {
        return Typed::new(a.expr.and(b.expr), Type::BOOL).failing(may_fail);
    }
    let both = cast(a.expr.clone().and(b.expr), Type::INT.arrow());
    let expr = when(Expr::IsFalse(Box::new(a.expr)), lit(0_i64), both).eq(lit(1_i64));
    Typed::new(expr, Type::BOOL).failing(may_fail)
}

fn when(condition: Expr, then: Expr, otherwise: Expr) -> Expr {
    let when = vec![(Box::new(condition), Box::new(then))];
    Expr::Case(Case::new(None, when, Some(Box::new(otherwise))))
}

fn operator(comparison: Comparison) -> Operator {
    match comparison {
        Comparison::Equal => Operator::Eq,
        Comparison::NotEqual => Operator::NotEq,
        Comparison::Less => Operator::Lt,
        Comparison::LessOrEqual => Operator::LtEq,
        Comparison::Greater => Operator::Gt,
        Comparison::GreaterOrEqual => Operator::GtEq,
    }
}

/// The type of a result, as far as the types of operands tell it.
fn arithmetic_type(arithmetic: Arithmetic, a: Type, b: Type) -> Type {
    let (Some(a), Some(b)) = (a.kind(), b.kind()) else { return Type::Any };
    let adds = matches!(arithmetic, Arithmetic::Add | Arithmetic::Subtract);
    match (a, b) {
        (Kind::Int, Kind::Int) => Type::INT,
        (a, b) if a.is_number() && b.is_number() => Type::FLOAT,
        (Kind::Timestamp, Kind::Timestamp) | (Kind::Datetime, Kind::Datetime)
            if arithmetic == Arithmetic::Subtract =>
        {
            Type::of(Kind::MicrosecondInterval)
        }
        (
            kind @ (Kind::Timestamp | Kind::Datetime),
            Kind::MicrosecondInterval | Kind::MonthInterval,
        ) if adds => Type::of(kind),
        (kind @ (Kind::MicrosecondInterval | Kind::MonthInterval), other)
            if adds && kind == other =>
        {
            Type::of(kind)
        }
        _ => Type::Any,
    }
}
