//! The dialect of Rockset's SQL.

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident,
    ObjectName, UnaryOperator,
};
use sqlparser::dialect::{Dialect, GenericDialect, Precedence};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;
use std::any::TypeId;

/// Function that stands for `x IS UNDEFINED` in the tree.
pub const IS_UNDEFINED: &str = "_is_undefined";

/// Rockset's dialect: what the generic one reads, unless it says otherwise.
#[derive(Debug)]
pub(super) struct Rockset;

macro_rules! yes {
    ($($method:ident)*) => { $(fn $method(&self) -> bool { true })* };
}

impl Dialect for Rockset {
    // Some rules of the parser ask for the dialect itself.
    fn dialect(&self) -> TypeId {
        GenericDialect.dialect()
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_alphabetic() || ch == '_'
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_alphanumeric() || ch == '_' || ch == '@'
    }

    yes! {
        supports_unicode_string_literal
        supports_filter_during_aggregation
        supports_within_after_array_aggregation
        supports_group_by_expr
        supports_left_associative_joins_without_parens
        supports_in_empty_list
        supports_named_fn_args_with_rarrow_operator
        supports_dictionary_syntax
        supports_select_wildcard_except
        supports_projection_trailing_commas
        supports_empty_projections
        supports_select_expr_star
        supports_subquery_as_function_arg
        supports_parens_around_table_factor
        supports_values_as_table_factor
        supports_table_sample_before_alias
        supports_array_typedef_without_element_type
        supports_window_clause_named_window_reference
    }

    fn parse_infix(
        &self,
        parser: &mut Parser,
        expr: &Expr,
        _precedence: u8,
    ) -> Option<Result<Expr, ParserError>> {
        if !parser.peek_keyword(Keyword::IS) {
            return None;
        }
        let is = |parser: &Parser, nth, word: &str| match &parser.peek_nth_token_ref(nth).token {
            Token::Word(found) => found.value.eq_ignore_ascii_case(word),
            _ => false,
        };
        let negated = is(parser, 1, "not");
        let distinct = if negated { 2 } else { 1 };
        if is(parser, distinct, "distinct") && is(parser, distinct + 1, "from") {
            (0..=distinct + 1).for_each(|_| parser.advance_token());
            return Some(distinct_from(parser, expr.clone(), negated));
        }
        let undefined = if negated { 2 } else { 1 };
        if !is(parser, undefined, "undefined") {
            return None;
        }
        (0..=undefined).for_each(|_| parser.advance_token());
        let test = call(IS_UNDEFINED, expr.clone());
        Some(Ok(match negated {
            true => Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(test) },
            false => test,
        }))
    }
}

/// `a IS [NOT] DISTINCT FROM b`, of which `b` is an operand as that of a comparison is.
fn distinct_from(parser: &mut Parser, left: Expr, negated: bool) -> Result<Expr, ParserError> {
    let precedence = Rockset.prec_value(Precedence::Is);
    let (left, right) = (Box::new(left), Box::new(parser.parse_subexpr(precedence)?));
    Ok(match negated {
        true => Expr::IsNotDistinctFrom(left, right),
        false => Expr::IsDistinctFrom(left, right),
    })
}

fn call(name: &str, argument: Expr) -> Expr {
    let args = vec![FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))];
    let list = FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() };
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(list),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}
