//! Checks of a task that ask Rockset: whether the key is allowed what the task needs, whether
//! integrations exist, and whether existing collections are as configured.

use super::Candidate;
use crate::config::{Endpoint, InitializeFromS3, Problems, Resource};
use crate::driver::differences::differences;
use crate::driver::occupant::{self, Occupant};
use crate::driver::survey::{Wanted, at_once, survey};
use crate::driver::{Doing, Error};
use crate::rockset::client::documents;
use crate::rockset::client::retry::RetryPolicy;
use crate::rockset::enums::CollectionStatus;
use crate::rockset::types::{Collection, Integration};
use crate::rockset::{self, Client, Settings, call};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The time for all questions together. It is short, because a person waits for the outcome.
const PATIENCE: Duration = Duration::from_secs(10);

/// The body of a write without documents, which changes nothing.
const NOTHING: &[u8] = br#"{"data":[]}"#;

/// A question to Rockset.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Question {
    /// The collection of that name in that workspace.
    Collection(String, String),
    /// The integration of that name.
    Integration(String),
    /// Whether documents may be written to that collection.
    Writing(String, String),
}

/// The answer to a question.
#[derive(Debug)]
enum Answer {
    Collection(Box<Collection>),
    Integration(Box<Integration>),
    Yes,
    Nothing,
    /// There is no such collection, and may be something else of its name.
    Missing,
    Occupied(Occupant),
}

type Answers = BTreeMap<Question, Result<Answer, rockset::Error>>;

/// Asks Rockset about all bindings, with one call for each workspace, and notes the problems.
pub(super) async fn check(
    endpoint: &Endpoint,
    candidates: &[Candidate<'_>],
    problems: &mut Problems,
) -> Result<(), Error> {
    let retry = RetryPolicy { timeout: PATIENCE, ..RetryPolicy::default() };
    let settings = Settings {
        retry,
        connect_timeout: PATIENCE / 2,
        patience: Some(PATIENCE),
        ..Settings::default()
    };
    let (base, key) = (&endpoint.region_base_url, endpoint.api_key.reveal());
    let client = rockset::connect_with(base, key, settings).doing(|| "connecting".to_string())?;

    let (collections, integrations) =
        tokio::join!(collections(&client, candidates), integrations(&client, candidates));
    let mut answers = collections?;
    answers.extend(integrations?);
    if reports_access(endpoint, &answers, problems) {
        return Ok(());
    }
    answers.extend(occupied(&client, candidates, &answers).await?);
    answers.extend(writes(&client, candidates, &answers).await?);
    if reports_access(endpoint, &answers, problems) {
        return Ok(());
    }
    for candidate in candidates {
        let mut found = Problems::default();
        check_collection(candidate, &answers, &mut found);
        check_integration(candidate, &answers, &mut found);
        problems.0.extend(found.about(&candidate.collection.name).0);
    }
    Ok(())
}

fn collection(resource: &Resource) -> Question {
    Question::Collection(resource.workspace.clone(), resource.collection.clone())
}

/// Looks for the collections of all bindings.
async fn collections(client: &Client, candidates: &[Candidate<'_>]) -> Result<Answers, Error> {
    let mut wanted = Wanted::new();
    for Candidate { resource, .. } in candidates {
        wanted.entry(resource.workspace.clone()).or_default().insert(resource.collection.clone());
    }
    let mut survey = survey(client, wanted).await?;
    let mut answers = Answers::new();
    for Candidate { resource, .. } in candidates {
        let answer = match survey.get(&resource.workspace) {
            Some(Ok(found)) => Ok(match found.collections.get(&resource.collection) {
                Some(found) => Answer::Collection(found.clone().into()),
                None => Answer::Missing,
            }),
            // The error is reported for one binding of the workspace, not for all.
            Some(Err(_)) => match survey.remove(&resource.workspace) {
                Some(Err(error)) => Err(error),
                _ => continue,
            },
            None => continue,
        };
        answers.insert(collection(resource), answer);
    }
    Ok(answers)
}

/// Looks for aliases and views that have the names of missing collections.
async fn occupied(
    client: &Client,
    candidates: &[Candidate<'_>],
    answers: &Answers,
) -> Result<Answers, Error> {
    let mut missing = Wanted::new();
    for Candidate { resource, .. } in candidates {
        if let Some(Ok(Answer::Missing)) = answers.get(&collection(resource)) {
            let names = missing.entry(resource.workspace.clone()).or_default();
            names.insert(resource.collection.clone());
        }
    }
    let looks = missing.into_iter().map(|(workspace, names)| {
        let client = client.clone();
        async move {
            let found = occupant::of_names(&client, &workspace, &names).await;
            found.into_iter().map(move |(name, it)| {
                let question = Question::Collection(workspace.clone(), name);
                (question, Ok(Answer::Occupied(it)))
            })
        }
    });
    Ok(at_once(looks).await?.into_iter().flatten().collect())
}

/// Looks for the integrations that bindings name, with one read if there are several.
async fn integrations(client: &Client, candidates: &[Candidate<'_>]) -> Result<Answers, Error> {
    let sources = candidates.iter().filter_map(|it| it.resource.initialize_from_s3.as_ref());
    let names: BTreeSet<&String> = sources.map(|source| &source.integration).collect();
    let mut names = names.into_iter();
    let question = |name: &String| Question::Integration(name.clone());
    let mut answers = Answers::new();
    let (Some(first), second) = (names.next(), names.next()) else { return Ok(answers) };
    let Some(second) = second else {
        let answer = match call(client.get_integration(first)).await {
            Ok(answer) => {
                Ok(answer.data.map_or(Answer::Nothing, |it| Answer::Integration(it.into())))
            }
            Err(rockset::Error::NotFound(_)) => Ok(Answer::Nothing),
            Err(error) => Err(error),
        };
        answers.insert(question(first), answer);
        return Ok(answers);
    };
    match call(client.list_integrations()).await {
        Ok(answer) => {
            for name in [first, second].into_iter().chain(names) {
                let found = answer.data.iter().find(|it| it.name == *name).cloned();
                let found = found.map_or(Answer::Nothing, |it| Answer::Integration(it.into()));
                answers.insert(question(name), Ok(found));
            }
        }
        Err(error) => {
            answers.insert(question(first), Err(error));
        }
    }
    Ok(answers)
}

/// Makes one write to each workspace, to a collection that exists if there is one.
async fn writes(
    client: &Client,
    candidates: &[Candidate<'_>],
    answers: &Answers,
) -> Result<Answers, Error> {
    let mut targets: BTreeMap<&str, &str> = BTreeMap::new();
    for Candidate { resource, .. } in candidates {
        let exists = matches!(answers.get(&collection(resource)), Some(Ok(Answer::Collection(_))));
        let target = targets.entry(&resource.workspace).or_insert(&resource.collection);
        if exists {
            *target = &resource.collection;
        }
    }
    let writing = targets.into_iter().map(|(workspace, collection)| {
        let client = client.clone();
        let (workspace, collection) = (workspace.to_string(), collection.to_string());
        async move {
            let answer = may_write(&client, &workspace, &collection).await;
            (Question::Writing(workspace, collection), answer)
        }
    });
    Ok(at_once(writing).await?.into_iter().collect())
}

/// Checks that the key may write documents to a collection.
async fn may_write(
    client: &Client,
    workspace: &str,
    collection: &str,
) -> Result<Answer, rockset::Error> {
    use rockset::Error as E;
    match documents::add(client, workspace, collection, NOTHING.into()).await {
        Err(
            error @ (E::Unauthorized(_)
            | E::Forbidden(_)
            | E::Unreachable(_)
            | E::Impossible { .. }
            | E::Foreign(_)),
        ) => Err(error),
        // Any other error means that the key was allowed to write.
        _ => Ok(Answer::Yes),
    }
}

/// Notes what the key isn't allowed, or that Rockset can't be reached. Returns whether it noted
/// anything; then further checks are of no use.
fn reports_access(endpoint: &Endpoint, answers: &Answers, problems: &mut Problems) -> bool {
    use rockset::Error as E;
    let mut forbidden = BTreeSet::new();
    for (question, answer) in answers {
        match answer {
            Err(error @ E::Unauthorized(_)) => {
                problems.add("endpoint.api_key", format!("is not accepted: {error}"));
                return true;
            }
            Err(error @ E::Unreachable(_)) => {
                let host = endpoint.region_base_url.host_str().unwrap_or_default();
                let error = rockset::client::error::chain(error);
                let open = unanswered(answers);
                problems.add(
                    "endpoint.region_base_url",
                    format!(
                        "{host} can't be reached: {error}; not answered: {open}; check the \
                         host, and whether it runs"
                    ),
                );
                return true;
            }
            Err(error @ E::Foreign(_)) => {
                let error = rockset::client::error::chain(error);
                problems.add("endpoint.region_base_url", format!("can't be used: {error}"));
                return true;
            }
            Err(error @ E::Impossible { .. }) => {
                let error = rockset::client::error::chain(error);
                problems.add("endpoint.region_base_url", format!("can't be used: {error}"));
                return true;
            }
            Err(error @ E::Forbidden(_)) => {
                let what = match question {
                    Question::Collection(workspace, _) => {
                        format!("must not read collections of workspace {workspace}")
                    }
                    Question::Integration(_) => "must not read integrations".to_string(),
                    Question::Writing(workspace, _) => {
                        format!("must not write documents in workspace {workspace}")
                    }
                };
                if forbidden.insert(what.clone()) {
                    problems.add("endpoint.api_key", format!("{what}: {error}"));
                }
            }
            _ => {}
        }
    }
    !forbidden.is_empty()
}

/// The questions without an answer, for people.
fn unanswered(answers: &Answers) -> String {
    const NAMED: usize = 3;
    let open = answers.iter().filter(|(_, it)| matches!(it, Err(rockset::Error::Unreachable(_))));
    let open: Vec<String> = open
        .map(|(question, _)| match question {
            Question::Collection(workspace, _) => format!("collections of workspace {workspace}"),
            Question::Integration(name) => format!("integration {name}"),
            Question::Writing(workspace, _) => format!("a write in workspace {workspace}"),
        })
        .collect();
    match open.len().saturating_sub(NAMED) {
        0 => open.join(", "),
        more => format!("{} and {more} more", open[..NAMED].join(", ")),
    }
}

fn check_collection(candidate: &Candidate<'_>, answers: &Answers, problems: &mut Problems) {
    let path = candidate.path();
    match answers.get(&collection(&candidate.resource)) {
        Some(Ok(Answer::Collection(existing))) => {
            let is_being_deleted = existing.status == Some(CollectionStatus::Deleted);
            if candidate.is_recreated() || is_being_deleted {
                return;
            }
            for difference in
                differences(&candidate.resource, existing, candidate.last_resource().as_ref())
            {
                problems.add(
                    format!("{path}.{}", difference.setting),
                    format!(
                        "the collection {} exists and has {}, not {}, which can't be changed: \
                         backfill the binding to create the collection anew, or configure what it \
                         has",
                        candidate.resource.path().join("."),
                        difference.has,
                        difference.wanted,
                    ),
                );
            }
        }
        Some(Ok(Answer::Occupied(occupant))) => problems.add(
            format!("{path}.collection"),
            occupant::told(occupant, &candidate.resource.path().join(".")),
        ),
        Some(Err(error)) => problems.add(
            format!("{path}.collection"),
            format!("could not be looked up: {}", rockset::client::error::chain(error)),
        ),
        _ => {}
    }
}

fn check_integration(candidate: &Candidate<'_>, answers: &Answers, problems: &mut Problems) {
    let Some(InitializeFromS3 { integration: name, .. }) = &candidate.resource.initialize_from_s3
    else {
        return;
    };
    let path = format!("{}.initializeFromS3.integration", candidate.path());
    match answers.get(&Question::Integration(name.clone())) {
        Some(Ok(Answer::Integration(integration))) if integration.s3.is_none() => problems.add(
            path,
            format!("{name} is {}; name an integration for Amazon S3", kind(integration)),
        ),
        Some(Ok(Answer::Integration(_))) => {}
        Some(Err(error)) => problems.add(
            path,
            format!("{name} could not be looked up: {}", rockset::client::error::chain(error)),
        ),
        Some(Ok(_)) => problems.add(
            path,
            format!("there is no integration {name}; make it in Rockset, for Amazon S3, first"),
        ),
        None => {}
    }
}

/// The kind of an integration that isn't for S3.
fn kind(integration: &Integration) -> String {
    let integration = serde_json::to_value(integration).unwrap_or_default();
    let kinds = integration.as_object().into_iter().flatten();
    let kinds: Vec<&str> =
        kinds.filter(|(_, value)| value.is_object()).map(|(name, _)| name.as_str()).collect();
    match kinds.as_slice() {
        [] => "not for Amazon S3".to_string(),
        kinds => format!("for {}", kinds.join(" and ")),
    }
}
