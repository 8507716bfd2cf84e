//! Publishing for back ends in other languages: `POST <base>/publish`.
//!
//! The route exists only where a token is set. Everything is read against the document before it reaches the hub.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::Value;
use serde_json::value::RawValue;
use subtle::ConstantTimeEq;

use super::retained::unprocessable;
use super::{below, body, failure};
use crate::auth::bearer_tokens;
use crate::config::Secret;
use crate::connection::Served;
use crate::contract::erased::{ResolvedTopic, Written};
use crate::contract::matching::{Candidate, find};
use crate::node::publish_written;
use crate::protocol::encode::Failure;
use crate::protocol::{ErrorCode, Fault, Faults, Frame, FrameError, NoFrame};

/// What stands beside an update: the parameters of its topic. A repeated member counts by its last value.
fn params_of(text: &str) -> Option<&str> {
    let mut members: HashMap<String, &RawValue> = serde_json::from_str(text).ok()?;
    members.remove("params").map(RawValue::get).filter(|params| *params != "null")
}

/// Whom it reached.
#[derive(serde::Serialize)]
struct Published {
    subscribers: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<String>,
}

pub(super) fn routes(base: &str, endpoints: Vec<Arc<Served>>, token: Secret) -> Router {
    let endpoints: Arc<[Arc<Served>]> = endpoints.into();
    let token = Arc::new(token);
    let handler = async move |request: Request<Body>| {
        if !is_authorized(request.headers(), &token) {
            let refused = Failure::framework(ErrorCode::NotAuthenticated, "A valid bearer token is needed");
            let mut response = failure(StatusCode::UNAUTHORIZED, &refused);
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
            return response;
        }
        let options = || endpoints.iter().map(|served| &served.options);
        let limit = options().map(|options| options.max_message_bytes).max().unwrap_or_default();
        let patience = options().map(|options| options.message_timeout).max().unwrap_or_default();
        match body::read(request.into_body(), limit, patience).await {
            Ok(body) => guarded(|| publish(&endpoints, &body)),
            Err(none) => none.answer(),
        }
    };
    Router::new().route(&below(base, "publish"), post(handler))
}

fn is_authorized(headers: &HeaderMap, token: &Secret) -> bool {
    bearer_tokens(headers).next().is_some_and(|given| bool::from(given.ct_eq(token.as_bytes())))
}

/// What an application does to all that is published may panic: whoever publishes is told.
fn guarded(publish: impl FnOnce() -> Response) -> Response {
    catch_unwind(AssertUnwindSafe(publish)).unwrap_or_else(|_| {
        tracing::error!("publishing panicked");
        let failed = Failure::framework(ErrorCode::Internal, "The service failed");
        failure(StatusCode::INTERNAL_SERVER_ERROR, &failed)
    })
}

/// The first endpoint that knows the message sends it: as a frame of its envelope, else as a message of one of its
/// explicit operations.
fn publish(endpoints: &[Arc<Served>], body: &[u8]) -> Response {
    let Ok(text) = std::str::from_utf8(body) else { return bad_json("The body is not UTF-8") };
    let mut unknown = None;
    for served in endpoints {
        // The parameters of a topic are one level more than the frame has.
        let depth = served.options.max_depth.saturating_add(1);
        let published = match Frame::decode_published(text, depth, served.endpoint.spec.connection.envelope) {
            Err(NoFrame { error: FrameError::TooDeep, .. }) => {
                return bad_json("The body is nested too deeply");
            }
            Ok(frame) => {
                let published = publish_frame_of(served, &frame, text);
                unknown.get_or_insert_with(|| format!("No matching type: {}", frame.kind));
                published
            }
            Err(_) => None,
        };
        let published = published.or_else(|| publish_whole(served, text));
        match published.or_else(|| publish_bare(served, text)) {
            Some(Ok(published)) => return axum::Json(published).into_response(),
            Some(Err(faults)) => return unprocessable(&faults),
            None => {}
        }
    }
    match unknown {
        Some(message) => {
            failure(StatusCode::NOT_FOUND, &Failure::framework(ErrorCode::UnknownType, &message))
        }
        None if text.trim_start().starts_with(['{', '[']) => {
            bad_json("The body is no message that is declared here")
        }
        None => unprocessable(&Faults::new(vec![Fault::new("", "message", "is no message declared here")])),
    }
}

fn publish_frame_of(served: &Served, frame: &Frame<'_>, text: &str) -> Option<Result<Published, Faults>> {
    let mut topics = served.endpoint.topics.iter();
    if let Some(index) = topics.position(|topic| topic.spec().message == Some(&*frame.kind)) {
        return Some(match params_of(text) {
            Some(_) => publish_update(served, index, frame, text),
            None => publish_payload(served, index, frame.payload.as_deref(), &body_of(served)),
        });
    }
    match frame.kind.strip_suffix(".update").and_then(|route| served.route(route)) {
        Some((index, _)) => Some(publish_update(served, index, frame, text)),
        None => publish_message(served, frame),
    }
}

/// An object without a tag: an update of the one topic whose frames hold the payload alone.
fn publish_bare(served: &Served, text: &str) -> Option<Result<Published, Faults>> {
    let tag = served.endpoint.spec.connection.envelope.tag;
    let object: serde_json::Map<String, Value> = serde_json::from_str(text).ok()?;
    let mut topics = served.endpoint.topics.iter().enumerate();
    let (index, _) = topics.find(|(_, topic)| topic.spec().message.is_some())?;
    let other = topics.any(|(_, topic)| topic.spec().message.is_some());
    (!other && !object.contains_key(tag)).then(|| publish_payload(served, index, Some(text), ""))
}

/// An update whose parameters are members of its payload.
fn publish_payload(
    served: &Served,
    index: usize,
    payload: Option<&str>,
    pointer: &str,
) -> Result<Published, Faults> {
    let service = served.endpoint.topics[index].clone();
    let schemas = &served.endpoint.schemas;
    let update = read_update(served, index, payload).map_err(|faults| faults.below(pointer))?;
    let mut params: serde_json::Map<String, Value> = serde_json::from_str(&update).unwrap_or_default();
    params.retain(|key, _| service.spec().shape.iter().any(|member| member.key == key));
    let params = Value::Object(params).to_string();
    let resolved = service.resolve(schemas, Some(&params)).map_err(|faults| faults.below(pointer))?;
    Ok(publish_to(served, &*resolved, update))
}

fn publish_update(served: &Served, index: usize, frame: &Frame<'_>, text: &str) -> Result<Published, Faults> {
    let service = served.endpoint.topics[index].clone();
    let schemas = &served.endpoint.schemas;
    // Both parts are read before either is judged, so that one answer names the faults of both.
    let payload = read_update(served, index, frame.payload.as_deref());
    let resolved = service.resolve(schemas, params_of(text));
    let (resolved, payload) = match (resolved, payload) {
        (Ok(resolved), Ok(payload)) => (resolved, payload),
        (resolved, payload) => {
            let params = resolved.err().map(|faults| faults.below("/params"));
            let payload = payload.err().map(|faults| faults.below(&body_of(served)));
            let all = [params, payload].into_iter().flatten();
            return Err(Faults::new(all.flat_map(|faults| faults.as_slice().to_vec()).collect()));
        }
    };
    Ok(publish_to(served, &*resolved, payload))
}

/// An update as it is to be sent: fitting, then prepared.
fn read_update(served: &Served, index: usize, payload: Option<&str>) -> Result<String, Faults> {
    let service = &served.endpoint.topics[index];
    let Some(payload) = payload else {
        return Err(Faults::new(vec![Fault::new("", "required", "is required")]));
    };
    let update = service.read_update(&served.endpoint.schemas, payload)?;
    let route = served.route(service.spec().route);
    Ok(route.and_then(|(_, hub_route)| hub_route.received(&update)).unwrap_or(update))
}

fn publish_to(served: &Served, resolved: &dyn ResolvedTopic, payload: String) -> Published {
    let route = resolved.spec().route;
    let topic = resolved.topic().to_string();
    let Some((_, hub_route)) = served.route(route) else {
        return Published { subscribers: 0, topic: Some(topic) };
    };
    let reached = hub_route.publish(|| Ok::<_, std::convert::Infallible>(topic.clone()), || Ok(payload));
    let subscribers = reached.unwrap_or_default();
    served.node.shared().metrics.publications(route).count(subscribers);
    Published { subscribers, topic: Some(topic) }
}

fn publish_message(served: &Served, frame: &Frame<'_>) -> Option<Result<Published, Faults>> {
    let publishable = served.endpoint.publishables.iter().find(|known| known.name() == frame.kind)?;
    let written = publishable.read(&served.endpoint.schemas, frame.payload.as_deref());
    Some(written.map_err(|faults| faults.below(&body_of(served))).map(|written| broadcast(served, written)))
}

/// A whole frame of an explicit operation, bare text included.
fn publish_whole(served: &Served, text: &str) -> Option<Result<Published, Faults>> {
    let publishables = &served.endpoint.publishables;
    let messages = publishables.iter().enumerate().flat_map(|(at, publishable)| {
        let messages = publishable.messages().iter().enumerate();
        messages.map(move |(index, message)| ((at, index), message))
    });
    let (at, index) = find(&Candidate::new(text), messages, &served.endpoint.schemas)?;
    let written = publishables[at].whole(&served.endpoint.schemas, index, text);
    Some(written.map(|written| broadcast(served, written)))
}

fn broadcast(served: &Served, written: Written) -> Published {
    let reach = publish_written(&served.audience, written);
    Published { subscribers: reach.subscribers, topic: None }
}

fn body_of(served: &Served) -> String {
    served.endpoint.spec.connection.envelope.body_pointer()
}

fn bad_json(message: &str) -> Response {
    failure(StatusCode::BAD_REQUEST, &Failure::framework(ErrorCode::InvalidJson, message))
}
