//! Who asks over plain HTTP, by the token of the request.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::Response;

use super::failure;
use crate::auth::{Carried, TokenError};
use crate::connection::{Served, guarded};
use crate::contract::{Caller, Refusal};
use crate::protocol::ErrorCode;

/// The caller of a request to an endpoint's HTTP side, or the answer to one who may not call. Connection 0 is none.
pub(super) async fn caller(
    served: &Served,
    uri: &Uri,
    headers: &HeaderMap,
    extensions: &Extensions,
) -> Result<Caller, Response> {
    let guard = &served.guard;
    let caller = nobody(served, extensions);
    let verified = match guard.carried(uri, headers) {
        Carried::Nothing if guard.admits_anonymous() => return Ok(caller),
        Carried::Nothing => return Err(forbidden(&Refusal::not_authenticated("Authentication required"))),
        Carried::Unusable(_) => Err(TokenError::Invalid("unusable")),
        Carried::Token(token) => {
            let verified = guarded(served, guard.verify(&served.endpoint.schemas, &token)).await;
            verified.unwrap_or(Err(TokenError::Unavailable("whoever verifies it failed")))
        }
    };
    match verified {
        Ok(verified) => Ok(caller.known_as(verified.identity)),
        Err(TokenError::Invalid(_)) => {
            Err(challenged(&Refusal::not_authenticated("Invalid token"), "Bearer error=\"invalid_token\""))
        }
        Err(TokenError::Unavailable(_)) => Err(refused(
            StatusCode::SERVICE_UNAVAILABLE,
            &Refusal::internal("The token cannot be verified now"),
        )),
    }
}

/// Lets only those through who may call at all.
pub(super) async fn only_known(State(served): State<Arc<Served>>, request: Request, next: Next) -> Response {
    match caller(&served, request.uri(), request.headers(), request.extensions()).await {
        Ok(_) => next.run(request).await,
        Err(refused) => refused,
    }
}

/// A caller whose token is not looked at.
pub(super) fn nobody(served: &Served, extensions: &Extensions) -> Caller {
    let remote = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
    Caller::new(0, served.endpoint.spec.address, remote, BTreeMap::new(), served.guard.standing())
}

/// The answer to a caller who may not do this: 401 where a token could help, else 403.
pub(super) fn forbidden(refusal: &Refusal) -> Response {
    if refusal.code() == ErrorCode::NotAuthenticated.as_str() {
        return challenged(refusal, "Bearer");
    }
    refused(StatusCode::FORBIDDEN, refusal)
}

fn challenged(refusal: &Refusal, challenge: &'static str) -> Response {
    let mut response = refused(StatusCode::UNAUTHORIZED, refusal);
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    response
}

/// A refusal as the body of an HTTP answer.
pub(super) fn refused(status: StatusCode, refusal: &Refusal) -> Response {
    failure(status, &refusal.failure())
}
