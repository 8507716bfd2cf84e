//! Retained state over plain HTTP, where the document asks for it: `GET <state.http>` with the parameters in the path
//! or the query.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Path, Query};
use axum::http::{Extensions, HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::get;
use serde_json::{Map, Value};

use super::failure;
use super::retained::{Limit, json, unprocessable};
use crate::connection::Served;
use crate::contract::erased::ResolvedTopic;
use crate::contract::{Caller, Refusal};
use crate::protocol::encode::Failure;
use crate::protocol::{ErrorCode, Faults};

type Parameters = BTreeMap<String, String>;

pub(super) fn routes(served: &Arc<Served>) -> Router {
    let mut router = Router::new();
    for (index, topic) in served.endpoint.topics.iter().enumerate() {
        let Some(kept) = topic.spec().state else { continue };
        let Some(path) = kept.http else { continue };
        // A parameter of this name is the topic's own.
        let has_limit = topic.spec().shape.iter().any(|member| member.key == "limit");
        let served = served.clone();
        let handler = async move |Path(path): Path<Parameters>,
                                  Query(mut query): Query<Parameters>,
                                  headers: HeaderMap,
                                  extensions: Extensions| {
            let limit = if has_limit { None } else { query.remove("limit") };
            let limit = match Limit::read(kept.kind, limit.as_deref()) {
                Ok(limit) => limit,
                Err(faults) => return unprocessable(&faults),
            };
            let remote = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
            let parameters = query.into_iter().chain(path).collect();
            match state(&served, index, &parameters, remote).await {
                Ok(payload) => json(&headers, limit.shorten(payload)),
                Err(refused) => refused,
            }
        };
        router = router.route(path, get(handler));
    }
    router
}

async fn state(
    served: &Served,
    index: usize,
    parameters: &Parameters,
    remote: Option<SocketAddr>,
) -> Result<String, Response> {
    let resolved = match resolve(served, index, parameters) {
        Ok(resolved) => resolved,
        Err(faults) => return Err(unprocessable(&faults)),
    };
    let caller = Caller::new(0, served.endpoint.spec.address, remote, BTreeMap::new());
    if let Err(refusal) = resolved.clone().authorize(caller.clone()).await {
        return Err(refused(StatusCode::FORBIDDEN, &refusal));
    }
    let own = resolved.clone().snapshot(caller).await;
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

fn refused(status: StatusCode, refusal: &Refusal) -> Response {
    let body = Failure {
        code: refusal.code(),
        message: refusal.message(),
        retry: refusal.retry_class(),
        errors: refusal.errors(),
        details: refusal.details_json(),
    };
    failure(status, &body)
}
