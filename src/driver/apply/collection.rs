//! One collection: created, created anew, updated, or left as it is.

use crate::config::Resource;
use crate::driver::Error;
use crate::driver::differences::{changes, describe, has_source};
use crate::driver::task::Target;
use crate::rockset::enums::CollectionStatus;
use crate::rockset::types::{
    Collection, CreateCollectionRequest, FieldMappingQuery, UpdateCollectionRequest,
};
use crate::rockset::{self, Client, call};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::info;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How often it is logged that a deleted collection is still there.
const REPORT_EVERY: Duration = Duration::from_secs(30);

/// What is to be done to one collection.
pub(super) struct Work {
    pub client: Client,
    pub target: Arc<Target>,
    pub resource: Resource,
    pub definition: CreateCollectionRequest,
    /// What the resource was configured as before.
    pub last: Option<Resource>,
    /// Whether the collection is to be created anew, if it exists.
    pub is_recreated: bool,
}

/// What has been done to it.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// One line each.
    pub actions: Vec<String>,
    /// What the configuration says and the collection can't follow, one line each.
    pub reported: Vec<String>,
    /// Whether the collection is as empty as if it had been created anew.
    pub is_recreated: bool,
}

impl Work {
    pub async fn run(self) -> Result<Outcome, Error> {
        let mut outcome = Outcome { is_recreated: self.is_recreated, ..Outcome::default() };
        match self.look().await? {
            Some(existing) if !is_going(&existing) => {
                if !self.is_recreated {
                    self.follow(&existing, &mut outcome).await?;
                    return Ok(outcome);
                }
                self.delete().await?;
                outcome
                    .actions
                    .push(format!("Deleted collection {}, to fill it anew", self.target));
                self.until_gone().await?;
            }
            Some(_) => self.until_gone().await?,
            None => {}
        }
        outcome.actions.extend(self.create().await?);
        Ok(outcome)
    }

    async fn look(&self) -> Result<Option<Collection>, Error> {
        let Target { workspace, collection, .. } = &*self.target;
        match call(self.client.get_collection(workspace, collection)).await {
            Ok(answer) => Ok(answer.data),
            Err(rockset::Error::NotFound(_)) => Ok(None),
            Err(error) => Err(self.failed("looking for")(error)),
        }
    }

    /// Creates the collection. Somebody else may do so at the same time.
    async fn create(&self) -> Result<Option<String>, Error> {
        loop {
            match call(self.client.create_collection(&self.target.workspace, &self.definition))
                .await
            {
                Ok(_) => break,
                Err(rockset::Error::AlreadyExists(_)) => match self.look().await? {
                    Some(existing) if !is_going(&existing) => return Ok(None),
                    _ => self.until_gone().await?,
                },
                Err(error) => return Err(self.failed("creating")(error)),
            }
        }
        let mut action = format!("Created collection {}", self.target);
        if let Some(source) = &self.resource.initialize_from_s3 {
            action.push_str(&format!(", filled from {}", describe(source)));
        }
        Ok(Some(action))
    }

    async fn delete(&self) -> Result<(), Error> {
        let Target { workspace, collection, .. } = &*self.target;
        match call(self.client.delete_collection(workspace, collection)).await {
            Ok(_) | Err(rockset::Error::NotFound(_)) => Ok(()),
            Err(error) => Err(self.failed("deleting")(error)),
        }
    }

    /// Waits until nothing is left of a deleted collection.
    async fn until_gone(&self) -> Result<(), Error> {
        let begun = Instant::now();
        let mut pause = FIRST_PAUSE;
        let mut reported = begun;
        while self.look().await?.is_some_and(|existing| is_going(&existing)) {
            if reported.elapsed() >= REPORT_EVERY {
                reported = Instant::now();
                let seconds = begun.elapsed().as_secs();
                info!(collection = %self.target, seconds, "waiting for the deleted collection to be gone");
            }
            tokio::time::sleep(pause.mul_f64(0.75 + fastrand::f64() / 2.0)).await;
            pause = pause.mul_f64(1.5).min(LONGEST_PAUSE);
        }
        Ok(())
    }

    /// Brings a collection that exists closer to what is configured, as far as it can
    /// follow.
    async fn follow(&self, existing: &Collection, outcome: &mut Outcome) -> Result<(), Error> {
        if let Some(source) = &self.resource.initialize_from_s3
            && !has_source(existing, source)
        {
            return Err(Error::request(
                "Apply",
                format!(
                    "bindings[{}]: collection {} exists and has no source that reads {}; backfill \
                     the binding to create the collection anew, or leave initializeFromS3 out",
                    self.target.binding,
                    self.target,
                    describe(source),
                ),
            ));
        }
        self.update(existing, outcome).await?;
        let changes = self.last.as_ref().map(|last| changes(last, &self.resource, existing));
        outcome.reported = changes
            .into_iter()
            .flatten()
            .map(|change| {
                format!(
                    "Kept {} of collection {} at {}, although it is configured as {} now: a \
                     backfill of the binding creates the collection anew",
                    change.setting, self.target, change.has, change.wanted
                )
            })
            .collect();
        Ok(())
    }

    /// Updates what can be changed in place, where it is configured and differs.
    async fn update(&self, existing: &Collection, outcome: &mut Outcome) -> Result<(), Error> {
        let wanted = &self.definition;
        let differs = |wanted: Option<&str>, has: Option<&str>| {
            wanted.is_some_and(|wanted| wanted != has.unwrap_or_default())
        };
        let sql = |query: &Option<FieldMappingQuery>| query.as_ref().and_then(|it| it.sql.clone());
        let (wanted_sql, sql) =
            (sql(&wanted.field_mapping_query), sql(&existing.field_mapping_query));
        let new_description =
            differs(wanted.description.as_deref(), existing.description.as_deref());
        let new_sql = differs(wanted_sql.as_deref(), sql.as_deref());
        if !new_description && !new_sql {
            return Ok(());
        }
        // What is to stay is said again, since a server may take what is left out for
        // what is to go.
        let body = UpdateCollectionRequest {
            description: wanted.description.clone().or_else(|| existing.description.clone()),
            field_mapping_query: wanted
                .field_mapping_query
                .clone()
                .or_else(|| existing.field_mapping_query.clone()),
        };
        let Target { workspace, collection, .. } = &*self.target;
        call(self.client.update_collection(workspace, collection, &body))
            .await
            .map_err(|error| self.failed("updating")(error))?;
        if new_description {
            outcome.actions.push(format!("Updated the description of collection {}", self.target));
        }
        if new_sql {
            outcome.actions.push(format!(
                "Updated the ingest transformation of collection {}, for documents that come from \
                 now on",
                self.target
            ));
        }
        Ok(())
    }

    fn failed(&self, verb: &str) -> impl FnOnce(rockset::Error) -> Error {
        let Target { binding, .. } = *self.target;
        Error::rockset(format!("bindings[{binding}]: {verb} collection {}", self.target))
    }
}

fn is_going(collection: &Collection) -> bool {
    collection.status == Some(CollectionStatus::Deleted)
}
