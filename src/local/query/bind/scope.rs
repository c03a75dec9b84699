//! Relations, and what they are known to have.

use super::typed::Typed;
use datafusion::common::Column;
use sqlparser::ast;

/// What a part of a query sees.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    pub(super) relations: Vec<Relation>,
    /// What the select list has named, where such names count: in `GROUP BY`, `HAVING` and
    /// `ORDER BY`.
    pub(super) aliases: Vec<(String, Typed)>,
    /// The score of the `SEARCH` in the `WHERE`.
    pub(super) score: Option<Typed>,
    /// What `WINDOW` has named.
    pub(super) windows: Vec<ast::NamedWindowDefinition>,
}

/// A relation of a `FROM`.
#[derive(Debug, Clone)]
pub(super) struct Relation {
    pub(super) number: usize,
    /// What its fields may be qualified by, if anything.
    pub(super) name: Option<String>,
    pub(super) fields: Vec<Field>,
    /// What has fields that aren't listed.
    pub(super) spreads: Vec<Spread>,
    /// The value of the relation as a whole, if it has one: an element of an array.
    pub(super) element: Option<Typed>,
}

/// A field that a relation is known to have.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) value: Typed,
}

/// Fields that aren't known by name.
#[derive(Debug, Clone)]
pub(super) enum Spread {
    /// The relation offers what is demanded of it: a column for each path. `stars` is what
    /// `*` stands for; a collection's documents if it is `None`.
    Demanded { offers: Vec<Typed>, stars: Option<Vec<Star>> },
    /// The fields of objects.
    Object { value: Typed, except: Vec<String> },
}

/// An object whose fields are those of a relation, but for some.
#[derive(Debug, Clone)]
pub(super) struct Star {
    pub(super) value: Typed,
    pub(super) except: Vec<String>,
}

impl Relation {
    /// Whether it is a collection, of which is known what its documents have.
    pub(super) fn has_documents(&self) -> bool {
        self.spreads.iter().any(|it| matches!(it, Spread::Demanded { stars: None, .. }))
    }

    /// The columns that its values are read from.
    pub(super) fn columns(&self) -> impl Iterator<Item = Column> {
        let fields = self.fields.iter().map(|field| &field.value);
        let spreads = self.spreads.iter().flat_map(|spread| match spread {
            Spread::Object { value, .. } => vec![value],
            Spread::Demanded { offers, stars } => {
                let stars = stars.iter().flatten().map(|star| &star.value);
                offers.iter().chain(stars).collect()
            }
        });
        let values = fields.chain(spreads).chain(&self.element);
        values.flat_map(|value| value.expr.column_refs().into_iter().cloned().collect::<Vec<_>>())
    }

    /// A relation of which all fields are known.
    pub(super) fn closed(number: usize, name: Option<String>, fields: Vec<Field>) -> Self {
        Self { number, name, fields, spreads: Vec::new(), element: None }
    }
}
