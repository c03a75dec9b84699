//! What a local Rockset holds, read back over HTTP.

use super::local::Local;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// All documents of a collection, by `_id`, without what Rockset adds to them.
pub async fn stored(local: &Local, workspace: &str, collection: &str) -> BTreeMap<String, Value> {
    let path = format!("/local/ws/{workspace}/collections/{collection}/docs?limit=1000");
    let mut documents = BTreeMap::new();
    let mut next = Value::Null;
    loop {
        let page = match next.as_str() {
            Some(id) => format!("{path}&after={}", escaped(id)),
            None => path.clone(),
        };
        let page = local.get(&page).await;
        for document in page.data().as_array().unwrap() {
            let mut document = document.clone();
            let fields = document.as_object_mut().unwrap();
            fields.remove("_event_time");
            fields.remove("_meta");
            let id = fields["_id"].as_str().unwrap().to_string();
            assert!(documents.insert(id.clone(), document).is_none(), "{id} came twice");
        }
        next = page.body["next"].clone();
        if next.is_null() {
            return documents;
        }
    }
}

/// The number of documents that the collection says it has.
pub async fn count(local: &Local, workspace: &str, collection: &str) -> Value {
    let path = format!("/v1/orgs/self/ws/{workspace}/collections/{collection}");
    local.get(&path).await.data()["stats"]["doc_count"].clone()
}

/// A document as the connector should write it.
pub fn document(id: &str, fields: &[(&str, Value)]) -> Value {
    let mut document = json!({ "_id": id });
    for (name, value) in fields {
        document[*name] = value.clone();
    }
    document
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}
