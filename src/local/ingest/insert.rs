//! `INSERT INTO`: rows of a query become documents.

use super::{Ingest, Ingested, Outcome};
use crate::local::catalog::Collection;
use crate::local::error::ApiError;
use crate::local::storage::NewDocument;
use crate::rockset::enums::ErrorType;
use uuid::Uuid;

/// Stores rows, each the text of a JSON object: all of them, or none if one is rejected. Returns
/// the number of documents, and the offset of the write. Needs the pool: this may take long, and
/// much stack.
pub fn rows(collection: &Collection, rows: &[Box<str>]) -> Result<(usize, String), ApiError> {
    collection.writable()?;
    let texts: Vec<&str> = rows.iter().map(AsRef::as_ref).collect();
    let outcomes = Ingest::new(collection, None).texts(&texts, |_| Uuid::new_v4(), |_| None);
    let documents = outcomes.into_iter().filter_map(document).collect::<Result<Vec<_>, _>>()?;
    let insert_only = collection.definition().insert_only;
    let (stored, offset) = collection.write(|batch| {
        let replaces = |(id, document): &&NewDocument| batch.replaces(id, document);
        let known = documents.iter().find(|document| insert_only && replaces(document));
        if let Some((id, _)) = known {
            let message = format!("The collection is insert_only, and has a document {id:?}");
            return Err(ApiError::new(ErrorType::Forbidden, message));
        }
        let count = documents.len();
        for (id, document) in documents {
            batch.merge(id, document).map_err(ApiError::invalid)?;
        }
        Ok(count)
    })?;
    Ok((stored?, offset))
}

/// The document of a row; `None` if a transformation leaves it out.
fn document(outcome: Outcome) -> Option<Result<NewDocument, ApiError>> {
    match outcome {
        Ok(Ingested::Document(document)) => Some(Ok(document)),
        Ok(Ingested::Dropped(_)) => None,
        Err(rejected) => Some(Err(ApiError::invalid(rejected.reason()))),
    }
}
