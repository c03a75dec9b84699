//! An object that is being read, ahead of what is stored of it.

use super::pattern::Pattern;
use super::place::explain;
use crate::local::definition::Transformation;
use crate::local::engine::formats::{self, Fault, Format};
use crate::local::engine::ingest::{Part, Sink};
use crate::local::pool::Pool;
use crate::local::storage::Origin;
use crate::local::store::Collection;
use crate::rockset::types::Source;
use object_store::{ObjectMeta, ObjectStore};
use serde_json::Value;
use std::sync::{Arc, Weak};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Parts of an object that may wait to be stored.
const AHEAD: usize = 1;

/// Who reads an object. It stops when this is dropped.
pub(super) struct Reader {
    pub(super) object: ObjectMeta,
    parts: mpsc::Receiver<Part>,
    task: JoinSet<Option<Part>>,
}

impl Reader {
    /// Begins to read an object of a source, after what is stored of it already.
    pub(super) fn start(
        store: Arc<dyn ObjectStore>,
        source: &Source,
        pattern: &Pattern,
        object: ObjectMeta,
        (collection, transformation, skip): (Weak<Collection>, Option<Transformation>, u64),
        pool: Pool,
    ) -> Result<Self, String> {
        let format = Format::given(source.format_params.as_ref(), "the source")
            .map_err(|failure| failure.message().to_string())?;
        let bucket = source.s3.as_ref().map_or("", |s3| s3.bucket.as_str());
        let about = about(bucket, pattern, object.location.as_ref());
        let (sender, parts) = mpsc::channel(AHEAD);
        let origin = Origin::S3 { object: about, offset: 0 };
        let sink = Sink::new(collection, transformation, origin, skip, sender, pool);
        let mut task = JoinSet::new();
        let read = object.clone();
        task.spawn(async move {
            let fault = formats::read(&store, &read, &format, sink.clone()).await.err()?;
            match fault {
                Fault::Unwanted => None,
                Fault::Bad(reason) => {
                    Some(Part { records: 0, documents: Ok(sink.bad_object(reason)) })
                }
                Fault::Store(error) => Some(Part { records: 0, documents: Err(explain(&error)) }),
            }
        });
        Ok(Self { object, parts, task })
    }

    /// What comes next of the object. `None` at its end.
    pub(super) async fn next(&mut self) -> Option<Part> {
        if let Some(part) = self.parts.recv().await {
            return Some(part);
        }
        match self.task.join_next().await? {
            Ok(last) => last,
            Err(error) => Some(Part { records: 0, documents: Err(error.to_string()) }),
        }
    }
}

/// What `_meta.s3` says of an object, as the inside of a JSON object.
fn about(bucket: &str, pattern: &Pattern, name: &str) -> Arc<str> {
    let mut fields = vec![("bucket", bucket), ("path", name)];
    fields.extend(pattern.matches(name).unwrap_or_default());
    let fields = fields
        .into_iter()
        .map(|(name, value)| format!("{}:{}", Value::from(name), Value::from(value)));
    fields.collect::<Vec<_>>().join(",").into()
}
