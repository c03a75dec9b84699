//! What a query asks: SQL, or a query lambda.

use crate::rockset::Client;
use crate::rockset::types::{
    AsyncQueryOptions, ExecuteQueryLambdaRequest, QueryParameter, QueryRequest, QueryRequestSql,
};
use progenitor_client::encode_path;
use reqwest::RequestBuilder;

/// What a query asks.
#[derive(Debug, Clone)]
pub(super) enum Asked {
    Sql(String),
    /// A query lambda, by what follows it in the path: `tags/TAG` or `versions/VERSION`.
    Lambda {
        workspace: String,
        name: String,
        which: (&'static str, String),
    },
}

/// How it is asked.
pub(super) struct How {
    pub(super) parameters: Vec<QueryParameter>,
    pub(super) options: AsyncQueryOptions,
    /// The virtual instance, if it is not the default one.
    pub(super) instance: Option<String>,
}

impl Asked {
    /// The request that begins the query in the background.
    pub(super) fn request(&self, client: &Client, how: How) -> RequestBuilder {
        let How { parameters, options, instance } = how;
        let orgs = format!("{}/v1/orgs/self", client.baseurl);
        let max_initial_results = options.max_initial_results;
        match self {
            Self::Sql(query) => {
                let url = match &instance {
                    None => format!("{orgs}/queries"),
                    Some(id) => format!("{orgs}/virtualinstances/{}/queries", encode_path(id)),
                };
                client.client.post(url).json(&QueryRequest {
                    async_: Some(true),
                    async_options: Some(options),
                    debug_threshold_ms: None,
                    max_initial_results,
                    sql: QueryRequestSql {
                        default_row_limit: None,
                        initial_paginate_response_doc_count: None,
                        parameters,
                        query: query.clone(),
                    },
                    timeout_ms: None,
                })
            }
            Self::Lambda { workspace, name, which: (kind, which) } => {
                let [workspace, name, which] =
                    [workspace, name, which].map(|part| encode_path(part));
                let url = format!("{orgs}/ws/{workspace}/lambdas/{name}/{kind}/{which}");
                client.client.post(url).json(&ExecuteQueryLambdaRequest {
                    async_: Some(true),
                    async_options: Some(options),
                    max_initial_results,
                    parameters,
                    virtual_instance_id: instance,
                    ..ExecuteQueryLambdaRequest::default()
                })
            }
        }
    }
}
