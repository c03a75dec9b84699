//! The select list.

use super::binder::Binder;
use super::expression::place;
use super::parts::{Content, Item, Selected};
use super::path::{bare_names, field_name};
use super::scope::{Field, Relation, Spread};
use super::typed::Typed;
use crate::local::query::sql_error::{SqlError, SqlResult};
use crate::local::query::syntax::IS_UNDEFINED;
use sqlparser::ast::{
    self, SelectItem, SelectItemQualifiedWildcardKind, WildcardAdditionalOptions,
};

impl Binder<'_> {
    /// The select list, with its stars spelled out.
    pub(super) fn items(&mut self, projection: &[SelectItem]) -> SqlResult<Vec<Selected>> {
        let mut selected = Vec::new();
        for (position, item) in projection.iter().enumerate() {
            match item {
                SelectItem::UnnamedExpr(expr) => {
                    let name = default_name(expr, position);
                    let value = self.expression(expr)?;
                    selected.push(Selected { place: place(expr), ..field(name, value) });
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    let value = self.expression(expr)?;
                    let named = field(alias.value.clone(), value);
                    selected.push(Selected { place: place(expr), ..named });
                }
                SelectItem::Wildcard(options) => {
                    let except = excepted(options)?;
                    let relations = self.scopes.last().map(|scope| scope.relations.clone());
                    for relation in relations.into_iter().flatten() {
                        self.star(&relation, &except, &mut selected);
                    }
                }
                SelectItem::QualifiedWildcard(what, options) => {
                    let except = excepted(options)?;
                    self.qualified_star(what, except, &mut selected)?;
                }
                SelectItem::ExprWithAliases { .. } => {
                    return Err(SqlError::unsupported("Several names of one expression"));
                }
            }
        }
        Ok(selected)
    }

    /// All fields of a relation, except some.
    fn star(&mut self, relation: &Relation, except: &[String], selected: &mut Vec<Selected>) {
        for Field { name, value } in &relation.fields {
            if !except.contains(name) {
                selected.push(field(name.clone(), value.clone()));
            }
        }
        for spread in &relation.spreads {
            let source =
                Relation { fields: Vec::new(), spreads: vec![spread.clone()], ..relation.clone() };
            match spread {
                Spread::Object { value, except: fewer } => {
                    let except = [except, fewer].concat();
                    // An element that has a name inside of UNNEST alone is a field of that name.
                    selected.push(spread_item(value.clone(), except, source));
                }
                Spread::Demanded { offers, stars: None } => {
                    let value = self.offered(relation.number, offers);
                    selected.push(spread_item(value, except.to_vec(), source));
                }
                Spread::Demanded { stars: Some(stars), .. } => {
                    for star in stars {
                        let except = [except, &star.except[..]].concat();
                        selected.push(spread_item(star.value.clone(), except, source.clone()));
                    }
                }
            }
        }
    }

    fn qualified_star(
        &mut self,
        what: &SelectItemQualifiedWildcardKind,
        except: Vec<String>,
        selected: &mut Vec<Selected>,
    ) -> SqlResult<()> {
        let value = match what {
            SelectItemQualifiedWildcardKind::ObjectName(name) => {
                let path: Vec<String> = name.0.iter().map(|part| part.to_string()).collect();
                let path: Vec<String> = path
                    .into_iter()
                    .zip(&name.0)
                    .map(|(shown, part)| match part {
                        ast::ObjectNamePart::Identifier(name) => name.value.clone(),
                        _ => shown,
                    })
                    .collect();
                if let [name] = &path[..]
                    && let Some(relation) = self.relation_named(name)
                {
                    self.star(&relation, &except, selected);
                    return Ok(());
                }
                self.name(&path)?
            }
            SelectItemQualifiedWildcardKind::Expr(expr) => self.expression(expr)?,
        };
        let value = self.boxed(value);
        let spread = Spread::Object { value: value.clone(), except: except.clone() };
        let number = self.next_relation();
        let source =
            Relation { spreads: vec![spread], ..Relation::closed(number, None, Vec::new()) };
        selected.push(spread_item(value, except, source));
        Ok(())
    }

    /// Makes the names of the select list known to what follows it.
    pub(super) fn name_aliases(&mut self, selected: &[Selected]) {
        let aliases = selected.iter().filter_map(|selected| match &selected.item.content {
            Content::Field(name) => Some((name.clone(), selected.item.value.clone())),
            Content::Spread(_) => None,
        });
        if let Some(scope) = self.scopes.last_mut() {
            scope.aliases = aliases.collect();
        }
    }
}

fn field(name: String, value: Typed) -> Selected {
    let item = Item { value, content: Content::Field(name) };
    Selected { item, source: None, place: None }
}

fn spread_item(value: Typed, except: Vec<String>, source: Relation) -> Selected {
    let item = Item { value, content: Content::Spread(except) };
    Selected { item, source: Some(source), place: None }
}

fn excepted(options: &WildcardAdditionalOptions) -> SqlResult<Vec<String>> {
    if options.opt_exclude.is_some()
        || options.opt_replace.is_some()
        || options.opt_rename.is_some()
    {
        return Err(SqlError::unsupported("After `*`, anything but EXCEPT"));
    }
    let except = options.opt_except.iter();
    let names = except.flat_map(|except| {
        std::iter::once(&except.first_element).chain(&except.additional_elements)
    });
    Ok(names.map(|name| name.value.clone()).collect())
}

/// The name of a column without an alias: the last part of a path, `?` and the name of a
/// function as it is written, or `?field` and the position.
pub(super) fn default_name(expr: &ast::Expr, position: usize) -> String {
    let last = match expr {
        ast::Expr::Identifier(name) => Some(name.value.clone()),
        ast::Expr::CompoundIdentifier(names) => names.last().map(|name| name.value.clone()),
        ast::Expr::CompoundFieldAccess { access_chain, .. } => match access_chain.last() {
            Some(ast::AccessExpr::Dot(field)) => field_name(field),
            Some(ast::AccessExpr::Subscript(ast::Subscript::Index {
                index: ast::Expr::Value(value),
            })) => match &value.value {
                ast::Value::SingleQuotedString(name) => Some(name.clone()),
                _ => None,
            },
            _ => None,
        },
        ast::Expr::Function(function) if bare_names(function).is_some() => {
            bare_names(function).and_then(|mut names| names.pop())
        }
        ast::Expr::Function(function) if function.name.to_string() == IS_UNDEFINED => None,
        ast::Expr::Function(function) => function.name.0.last().map(|name| format!("?{name}")),
        ast::Expr::Nested(inner) => return default_name(inner, position),
        _ => None,
    };
    last.unwrap_or_else(|| format!("?field{position}"))
}
