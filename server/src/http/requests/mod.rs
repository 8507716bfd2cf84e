//! Requests over plain HTTP, where the document asks for it: the same services, the same checks as over the socket.
//!
//! They are asked after everything else the server has, in one place: paths are matched here, because a segment may
//! hold more than a parameter (`{timeframe}.png`).

mod answer;
mod path;
mod payload;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Query;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::body::NoBody;
use super::caller::{caller, forbidden, nobody};
use super::{OriginPolicy, below, body, failure, health, rate};
use crate::auth::check_access;
use crate::connection::{Served, guarded};
use crate::contract::erased::{Fetched, RequestService};
use crate::contract::{Caller, Refusal};
use crate::node::Node;
use crate::protocol::encode::Failure;
use crate::protocol::{ErrorCode, HttpMethod, HttpSpec, Retry};
pub(super) use answer::refused;
pub(super) use path::no_text;
use path::{Template, decoded};
use payload::{Carried, NotJson, payload};

/// Every request of a server that is made over HTTP.
pub(super) struct Requests {
    node: Node,
    origins: OriginPolicy,
    /// The closest path first.
    routes: Vec<Route>,
}

/// One request.
struct Route {
    template: Template,
    spec: HttpSpec,
    service: Arc<dyn RequestService>,
    served: Arc<Served>,
    /// It says more about the health of the server.
    is_health: bool,
}

impl Requests {
    pub(super) fn new(node: &Node, endpoints: &[Arc<Served>], origins: OriginPolicy) -> Self {
        let mut routes: Vec<Route> = Vec::new();
        for served in endpoints {
            let health = below(served.endpoint.spec.connection.http_base, "health");
            for service in &served.endpoint.http {
                let Some(spec) = service.spec().http else { continue };
                let is_health =
                    spec.method == HttpMethod::Get && (spec.path == health || spec.path == "/health");
                let template = Template::new(spec.path);
                routes.push(Route {
                    template,
                    spec,
                    service: service.clone(),
                    served: served.clone(),
                    is_health,
                });
            }
        }
        routes.sort_by_key(|route| route.template.openness());
        Self { node: node.clone(), origins, routes }
    }

    /// Paths at which a request says more about the health of the server.
    pub(super) fn health_paths(&self) -> impl Iterator<Item = &'static str> {
        self.routes.iter().filter(|route| route.is_health).map(|route| route.spec.path)
    }

    /// Answers a request that nothing else of the server answers; `missing` is the status where this does not either.
    pub(super) async fn answer(&self, request: Request<Body>, missing: StatusCode) -> Response {
        let (parts, body) = request.into_parts();
        let found: Vec<_> = self
            .routes
            .iter()
            .filter_map(|route| Some((route, route.template.read(parts.uri.path())?)))
            .collect();
        let method = if parts.method == Method::HEAD { "GET" } else { parts.method.as_str() };
        let allowed = found.iter().map(|(route, _)| route.spec.method);
        if found.is_empty() {
            return missing.into_response();
        }
        let allow = allow(allowed);
        match found.into_iter().find(|(route, _)| route.spec.method.as_str() == method) {
            Some((route, path)) => route.answer(self, &parts, path, body).await,
            None if parts.method == Method::OPTIONS => (StatusCode::NO_CONTENT, allow).into_response(),
            None => {
                let message = format!("{method} is not possible here");
                let refused = unlike("method-not-allowed", &message);
                (allow, failure(StatusCode::METHOD_NOT_ALLOWED, &refused)).into_response()
            }
        }
    }
}

/// A failure that has no code among those of the protocol.
fn unlike<'a>(code: &'a str, message: &'a str) -> Failure<'a> {
    Failure { code, message, retry: Retry::Never, errors: &[], details: None }
}

fn allow(methods: impl Iterator<Item = HttpMethod>) -> HeaderMap {
    let mut names: Vec<&str> = Vec::new();
    for method in methods {
        names.push(method.as_str());
        if method == HttpMethod::Get {
            names.push("HEAD");
        }
    }
    names.push("OPTIONS");
    let value = HeaderValue::from_str(&names.join(", ")).ok();
    value.into_iter().map(|value| (header::ALLOW, value)).collect()
}

impl Route {
    async fn answer(
        &self,
        requests: &Requests,
        parts: &Parts,
        path: Vec<(&'static str, &str)>,
        body: Body,
    ) -> Response {
        let started = Instant::now();
        let shared = requests.node.shared();
        let answer = match self.fetch(requests, parts, path, body).await {
            Ok(fetched) => answer::success(&self.spec, self.completed(requests, fetched), &parts.headers),
            Err(Unanswered::Refused(refusal)) => {
                shared.metrics.reply_error(refusal.code());
                answer::refused(self.spec.statuses, &refusal)
            }
            Err(Unanswered::Unknown(answer)) => *answer,
            Err(Unanswered::NoBody(none)) => {
                shared.metrics.reply_error(none.code());
                none.answer()
            }
            Err(Unanswered::Unlike(status, code, message)) => {
                shared.metrics.reply_error(code);
                failure(status, &unlike(code, &message))
            }
        };
        shared.metrics.http.observe(started.elapsed(), 1);
        answer
    }

    async fn fetch(
        &self,
        requests: &Requests,
        parts: &Parts,
        path: Vec<(&'static str, &str)>,
        body: Body,
    ) -> Result<Fetched, Unanswered> {
        if requests.node.shared().shutdown.has_begun() {
            return Err(Refusal::framework(ErrorCode::ShuttingDown, "The server is about to stop").into());
        }
        // Those who look after the server's health are no clients.
        if !self.is_health {
            rate::admit(&self.served, &parts.extensions)?;
        }
        // A page of another origin may ask a browser for anything, but only reading is harmless.
        if self.spec.method != HttpMethod::Get && !requests.origins.allows(&parts.headers) {
            return Err(Refusal::forbidden("This origin may not do that").into());
        }
        let caller = self.caller(parts).await?;
        let body = self.body(&parts.headers, body).await?;
        let path = decoded(path).map_err(Refusal::from)?;
        let carried = Carried { path, query: self.query(&parts.uri), body: &body };
        let options = &self.served.options;
        let payload = payload(&self.spec, &carried, options.max_depth)
            .map_err(|NotJson(message)| Refusal::framework(ErrorCode::InvalidJson, message))?;
        let schemas = &self.served.endpoint.schemas;
        let answer =
            self.service.clone().fetch(schemas, payload.as_deref(), caller.clone()).map_err(Refusal::from)?;
        check_access(&caller, self.service.spec().access, payload.as_deref().unwrap_or_default())
            .map_err(|refusal| Unanswered::Unknown(Box::new(forbidden(&refusal))))?;
        Ok(guarded(&self.served, answer).await.and_then(|answer| answer)?)
    }

    /// Who asks. Health is nobody's secret.
    async fn caller(&self, parts: &Parts) -> Result<Caller, Unanswered> {
        let Parts { uri, headers, extensions, .. } = parts;
        if self.is_health {
            return Ok(nobody(&self.served, extensions));
        }
        let known = caller(&self.served, uri, headers, extensions).await;
        known.map_err(|answer| Unanswered::Unknown(Box::new(answer)))
    }

    /// Pairs of the query, without the token where one is asked for.
    fn query(&self, uri: &Uri) -> Vec<(String, String)> {
        let guard = &self.served.guard;
        let mut pairs: Vec<(String, String)> =
            Query::try_from_uri(uri).map(|Query(pairs)| pairs).unwrap_or_default();
        pairs.retain(|(name, _)| guard.is_off() || name != guard.parameter());
        pairs
    }

    /// The body, where the request has one.
    async fn body(&self, headers: &HeaderMap, body: Body) -> Result<axum::body::Bytes, Unanswered> {
        if !self.spec.body {
            return Ok(axum::body::Bytes::new());
        }
        let options = &self.served.options;
        let read = body::read(body, options.max_message_bytes, options.message_timeout);
        let bytes = read.await.map_err(Unanswered::NoBody)?;
        // A form of any page may be posted here without the browser asking first, JSON may not.
        if !bytes.is_empty() && !is_json(headers) {
            let message = "The body must be of type application/json".to_owned();
            return Err(Unanswered::Unlike(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media-type",
                message,
            ));
        }
        Ok(bytes)
    }

    /// What a request says at the place of `/health` joins what the server says there.
    fn completed(&self, requests: &Requests, fetched: Fetched) -> Fetched {
        let Fetched::Json(text) = &fetched else { return fetched };
        if !self.is_health {
            return fetched;
        }
        let Ok(own) = serde_json::from_str::<Map<String, Value>>(text) else { return fetched };
        let mut all = health::report(&requests.node);
        all.extend(own);
        Fetched::Json(Value::Object(all).to_string())
    }
}

/// Why a request has no answer of its service's.
enum Unanswered {
    Refused(Refusal),
    /// The caller is unknown, or may not do this.
    Unknown(Box<Response>),
    /// Its body is too long or too late.
    NoBody(NoBody),
    /// For a reason that only HTTP has: status, code, message.
    Unlike(StatusCode, &'static str, String),
}

impl From<Refusal> for Unanswered {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}
