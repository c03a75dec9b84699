//! Views in `FROM`.

use super::binder::Binder;
use super::parts::Joined;
use crate::local::query::sql_error::{Place, SqlError, SqlResult};
use crate::local::query::statement::Query;
use crate::local::query::syntax::MAX_DEPTH;
use sqlparser::ast;
use std::mem;

/// Maximum number of views that a query reads, each counted as often as it is named. A few views
/// that name each other twice are as many as there is no time for.
const MAX_VIEWS: usize = 1_000;

impl Binder<'_> {
    /// The query of a view, which sees nothing of the query that names it.
    pub(super) fn view(
        &mut self,
        (path, name): (&str, &str),
        query: &Query,
        alias: Option<&ast::TableAlias>,
        at: Option<Place>,
    ) -> SqlResult<Joined> {
        let (depth, count) = (self.views.0 + query.depth(), self.views.1 + 1);
        if depth > MAX_DEPTH || count > MAX_VIEWS {
            let message = format!("View '{path}' is nested too deep, or names too many views");
            return Err(SqlError::new(message).at(at));
        }
        let outer = (mem::take(&mut self.named), mem::take(&mut self.scopes));
        let above = mem::replace(&mut self.views, (depth, count)).0;
        let bound = self.derived_as(&query.tree, name, alias);
        (self.named, self.scopes) = outer;
        self.views.0 = above;
        bound.map_err(|error| {
            let message = format!("View '{path}': {}", error.message);
            SqlError { message, ..error }.at(at)
        })
    }
}
