//! Retained state over plain HTTP, where the document asks for it: `GET <state.http>` with the parameters in the path
//! or the query.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Path, Query};
use axum::http::{Extensions, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Map, Value};

use super::failure;
use crate::connection::Served;
use crate::contract::erased::ResolvedTopic;
use crate::contract::{Caller, Refusal};
use crate::protocol::encode::Failure;
use crate::protocol::{ErrorCode, Faults};

type Parameters = BTreeMap<String, String>;

pub(super) fn routes(served: &Arc<Served>) -> Router {
    let mut router = Router::new();
    for (index, topic) in served.endpoint.topics.iter().enumerate() {
        let Some(path) = topic.spec().state.and_then(|state| state.http) else { continue };
        let served = served.clone();
        let handler = async move |Path(path): Path<Parameters>,
                                  Query(query): Query<Parameters>,
                                  extensions: Extensions| {
            let remote = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
            let parameters = query.into_iter().chain(path).collect();
            state(&served, index, &parameters, remote).await
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
) -> Response {
    let resolved = match resolve(served, index, parameters) {
        Ok(resolved) => resolved,
        Err(faults) => return refused(StatusCode::UNPROCESSABLE_ENTITY, &Refusal::from(faults)),
    };
    let caller = Caller::new(0, served.endpoint.spec.address, remote, BTreeMap::new());
    if let Err(refusal) = resolved.clone().authorize(caller.clone()).await {
        return refused(StatusCode::FORBIDDEN, &refusal);
    }
    let own = resolved.clone().snapshot(caller).await;
    let retained =
        || served.route(resolved.spec().route).and_then(|(_, route)| route.retained(resolved.topic()));
    match own.or_else(retained) {
        Some(payload) => ([(header::CONTENT_TYPE, "application/json")], payload).into_response(),
        None => {
            let message = format!("Nothing is retained of {}", resolved.label());
            failure(StatusCode::NOT_FOUND, &Failure::framework(ErrorCode::UnknownType, &message))
        }
    }
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
