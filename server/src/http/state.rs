//! Retained state over plain HTTP, where the document asks for it: `GET <state.http>` with the parameters in the path
//! or the query.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Query};
use axum::http::{Extensions, HeaderMap, StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::get;
use serde_json::{Map, Value};

use super::caller::{caller, forbidden};
use super::failure;
use super::rate::only_within_rate;
use super::requests::{no_text, refused};
use super::retained::{json, shortened, unprocessable};
use crate::auth::check_access;
use crate::connection::{Served, guarded};
use crate::contract::Caller;
use crate::contract::erased::ResolvedTopic;
use crate::protocol::encode::Failure;
use crate::protocol::{ErrorCode, Faults};

type Parameters = BTreeMap<String, String>;

pub(super) fn routes(served: &Arc<Served>) -> Router {
    let mut router = Router::new();
    let within_rate = from_fn_with_state(served.clone(), only_within_rate);
    for (index, topic) in served.endpoint.topics.iter().enumerate() {
        let Some(kept) = topic.spec().state else { continue };
        let Some(path) = kept.http else { continue };
        // A parameter of this name is the topic's own.
        let has_limit = topic.spec().shape.iter().any(|member| member.key == "limit");
        let served = served.clone();
        let handler = async move |path: Result<Path<Parameters>, PathRejection>,
                                  Query(mut query): Query<Parameters>,
                                  uri: Uri,
                                  headers: HeaderMap,
                                  extensions: Extensions| {
            let caller = match caller(&served, &uri, &headers, &extensions).await {
                Ok(caller) => caller,
                Err(refused) => return refused,
            };
            let path = match path {
                Ok(Path(path)) => path,
                Err(rejection) => return unprocessable(&unreadable(rejection)),
            };
            query.remove(served.guard.parameter());
            let limit = if has_limit { None } else { query.remove("limit") };
            let parameters = query.into_iter().chain(path).collect();
            match state(&served, index, &parameters, caller).await {
                Ok(payload) => match shortened(kept.kind, payload, limit.as_deref()) {
                    Ok(payload) => json(&headers, payload),
                    Err(faults) => unprocessable(&faults),
                },
                Err(refused) => refused,
            }
        };
        router = router.route(path, get(handler).layer(within_rate.clone()));
    }
    router
}

/// What is wrong with a path whose parameters cannot be read: one is no text.
fn unreadable(rejection: PathRejection) -> Faults {
    let kind = match rejection {
        PathRejection::FailedToDeserializePathParams(failed) => Some(failed.into_kind()),
        _ => None,
    };
    match kind {
        Some(ErrorKind::InvalidUtf8InPathParam { key }) => Faults::new(vec![no_text(&key)]),
        _ => Faults::new(Vec::new()),
    }
}

async fn state(
    served: &Served,
    index: usize,
    parameters: &Parameters,
    caller: Caller,
) -> Result<String, Response> {
    let resolved = match resolve(served, index, parameters) {
        Ok(resolved) => resolved,
        Err(faults) => return Err(unprocessable(&faults)),
    };
    let access = check_access(&caller, resolved.spec().access, resolved.params_json());
    let allowed = match access {
        Ok(()) => guarded(served, resolved.clone().authorize(caller.clone())).await,
        denied => Ok(denied),
    };
    let allowed = allowed.map_err(|failed| refused(&[], &failed))?;
    allowed.map_err(|refusal| forbidden(&refusal))?;
    // A service that fails to make a snapshot leaves the retained one, as it does over the socket.
    let own = guarded(served, resolved.clone().snapshot(caller)).await.unwrap_or_default();
    let retained =
        || served.route(resolved.spec().route).and_then(|(_, route)| route.retained(resolved.topic()));
    own.or_else(retained).ok_or_else(|| {
        let message = format!("Nothing is retained of {}", resolved.label());
        failure(StatusCode::NOT_FOUND, &Failure::framework(ErrorCode::UnknownType, &message))
    })
}

/// Reads the parameters as strings, and where they do not fit as what their text is in JSON.
fn resolve(served: &Served, index: usize, parameters: &Parameters) -> Result<Arc<dyn ResolvedTopic>, Faults> {
    let object = |convert: &dyn Fn(&str) -> Value| {
        let members = parameters.iter().map(|(key, text)| (key.clone(), convert(text)));
        Value::Object(members.collect::<Map<_, _>>()).to_string()
    };
    let texts = object(&|text| Value::String(text.to_owned()));
    let values =
        object(&|text| serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())));
    let read = |payload: &str| {
        let service = served.endpoint.topics[index].clone();
        service.resolve(&served.endpoint.schemas, Some(payload))
    };
    read(&texts).or_else(|faults| read(&values).map_err(|_| faults))
}
