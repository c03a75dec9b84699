//! What the handlers work with.

use super::limits::Writes;
use super::options::Options;
use super::pool::Pool;
use super::store::Store;
use axum::extract::FromRef;
use std::ops::Deref;
use std::sync::{Arc, Weak};

/// All of it; clones share it.
#[derive(Debug, Clone)]
pub(super) struct App(Arc<Parts>);

#[derive(Debug)]
pub(super) struct Parts {
    pub(super) options: Options,
    pub(super) url: String,
    pub(super) started_at: String,
    pub(super) store: Store,
    pub(super) pool: Pool,
    /// The limit on write requests, if one is enforced.
    pub(super) writes: Option<Writes>,
}

/// The same for who must not keep the server.
#[derive(Debug, Clone)]
pub(super) struct WeakApp(Weak<Parts>);

impl App {
    pub(super) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    pub(super) fn weak(&self) -> WeakApp {
        WeakApp(Arc::downgrade(&self.0))
    }
}

impl WeakApp {
    /// `None` when the server has ended.
    pub(super) fn upgrade(&self) -> Option<App> {
        self.0.upgrade().map(App)
    }
}

impl FromRef<App> for Pool {
    fn from_ref(app: &App) -> Self {
        app.pool.clone()
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
