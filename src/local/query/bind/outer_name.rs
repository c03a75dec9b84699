//! Names that belong to a query around the one that they stand in.

use crate::local::query::sql_error::{Place, SqlError};

/// A name of a query further out, as an expression refers to it.
#[derive(Debug, Clone)]
pub struct OuterName {
    pub(super) name: String,
    pub(super) place: Option<Place>,
    /// Whether there is another query in between.
    pub(super) is_far: bool,
}

/// What DataFusion says when it can't make a join of a query in an expression.
const NO_JOIN: [&str; 4] = [
    "Schema error: No field named",
    "Physical plan does not support logical expression",
    "outer references",
    "orrelated",
];

impl OuterName {
    /// The error of a query that can't be answered with this name.
    pub(super) fn refused(&self) -> SqlError {
        let Self { name, place, is_far } = self;
        let message = match is_far {
            true => format!(
                "A query in an expression can refer to the query around it, but not to `{name}`, \
                 which is further out: use a join instead"
            ),
            false => format!(
                "A query in an expression can't refer to `{name}` of the query around it here: \
                 compare it in the WHERE, or use a join instead"
            ),
        };
        SqlError::new(message).at(*place)
    }

    /// An error of a query that has this name: where DataFusion can't say what is wrong, that it is
    /// this name.
    pub fn explain(&self, error: SqlError) -> SqlError {
        let is_no_join = NO_JOIN.iter().any(|said| error.message.contains(said));
        if is_no_join { self.refused() } else { error }
    }
}
