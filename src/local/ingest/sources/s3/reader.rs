//! Reader of an object, ahead of what is stored.

use super::pattern::Pattern;
use crate::local::catalog::Collection;
use crate::local::catalog::Transformation;
use crate::local::error::with_causes;
use crate::local::ingest::sources::formats::{self, Fault, Format};
use crate::local::ingest::sources::sink::{Part, Sink};
use crate::local::pool::Pool;
use crate::local::storage::RecordOrigin;
use crate::rockset::types::Source;
use object_store::{ObjectMeta, ObjectStore};
use serde_json::Value;
use std::sync::{Arc, Weak};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Parts of an object that may wait to be stored.
const AHEAD: usize = 1;

/// Task that reads an object. Dropping it stops the task.
pub(super) struct Reader {
    pub(super) object: ObjectMeta,
    parts: mpsc::Receiver<Part>,
    task: JoinSet<Option<Part>>,
}

impl Reader {
    /// Starts reading an object of a source, after the records that are stored already.
    pub(super) fn start(
        store: Arc<dyn ObjectStore>,
        source: &Source,
        pattern: &Pattern,
        object: ObjectMeta,
        (collection, transformation, skip): (Weak<Collection>, Option<Transformation>, u64),
        pool: Pool,
    ) -> Result<Self, String> {
        let format = Format::given(source.format_params.as_ref(), "the source")
            .map_err(|error| error.message().to_string())?;
        let bucket = source.s3.as_ref().map_or("", |s3| s3.bucket.as_str());
        let about = about(bucket, pattern, object.location.as_ref());
        let (sender, parts) = mpsc::channel(AHEAD);
        let origin = RecordOrigin::S3 { object: about, offset: 0 };
        let sink = Sink::new(collection, transformation, origin, skip, sender, pool);
        let mut task = JoinSet::new();
        let read = object.clone();
        task.spawn(async move {
            let fault = formats::read(&store, &read, &format, sink.clone()).await.err()?;
            match fault {
                Fault::ReceiverGone => None,
                Fault::Bad(reason) => {
                    Some(Part { records: 0, documents: Ok(sink.bad_object(reason)) })
                }
                Fault::Store(error) => {
                    Some(Part { records: 0, documents: Err(with_causes(&error)) })
                }
            }
        });
        Ok(Self { object, parts, task })
    }

    /// The next part of the object, and whether it is known to be the last; `None` at the end.
    pub(super) async fn next(&mut self) -> Option<(Part, bool)> {
        if let Some(part) = self.parts.recv().await {
            return Some((part, false));
        }
        let last = match self.task.join_next().await? {
            Ok(last) => last?,
            Err(error) => Part { records: 0, documents: Err(error.to_string()) },
        };
        Some((last, true))
    }
}

/// `_meta.s3` of an object, as the inside of a JSON object.
fn about(bucket: &str, pattern: &Pattern, name: &str) -> Arc<str> {
    let mut fields = vec![("bucket", bucket), ("path", name)];
    fields.extend(pattern.matches(name).unwrap_or_default());
    let fields = fields
        .into_iter()
        .map(|(name, value)| format!("{}:{}", Value::from(name), Value::from(value)));
    fields.collect::<Vec<_>>().join(",").into()
}
