//! The WebSocket handshake (RFC 6455, 4.2) as an axum extractor that hands out the raw socket.
//!
//! axum's own would wrap the socket in a codec that copies every frame per receiver; the connection layer brings its
//! own, so only the handshake is done here.

use std::future::Future;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use hyper::upgrade::OnUpgrade;
use tungstenite::handshake::derive_accept_key;

use crate::auth::{Carried, is_bearer_subprotocol};
use crate::connection::{Accepted, Stream};
use crate::websocket::{CompressionPolicy, accept_extensions};

/// A request that asks for a WebSocket, checked.
#[derive(Debug)]
pub(super) struct Upgrade {
    on_upgrade: OnUpgrade,
    accept: HeaderValue,
    subprotocols: Vec<String>,
    extensions: String,
}

/// Why a request is no handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoHandshake {
    NotGet,
    NotUpgrade,
    WrongVersion,
    NoKey,
    /// The connection cannot be upgraded: HTTP/1.0, or something in between took it.
    NotUpgradable,
}

impl Upgrade {
    /// Subprotocols the client offers, in its order of preference; tokens among them are left out.
    pub(super) fn offered_subprotocols(&self) -> &[String] {
        &self.subprotocols
    }

    /// Switches protocols and serves the socket in a task of its own.
    pub(super) fn accept<F>(
        self,
        subprotocol: Option<&'static str>,
        carried: Carried,
        compression: Option<CompressionPolicy>,
        serve: impl FnOnce(Accepted) -> F + Send + 'static,
    ) -> Response
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let on_upgrade = self.on_upgrade;
        let negotiated = compression.and_then(|policy| accept_extensions(&self.extensions, policy));
        let (compression, extensions) = negotiated.map(|agreed| (agreed.terms, agreed.response)).unzip();
        tokio::spawn(async move {
            match on_upgrade.await {
                Ok(upgraded) => {
                    let (stream, early) = Stream::of_upgrade(upgraded);
                    // A fresh task: this one is as large as what came before the socket.
                    tokio::spawn(serve(Accepted { stream, early, carried, compression }));
                }
                Err(error) => tracing::debug!(%error, "the client left during the handshake"),
            }
        });
        let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, self.accept);
        if let Some(subprotocol) = subprotocol {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(subprotocol));
        }
        if let Some(extensions) = extensions.and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(header::SEC_WEBSOCKET_EXTENSIONS, extensions);
        }
        response
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Upgrade {
    type Rejection = NoHandshake;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, NoHandshake> {
        if parts.method != Method::GET {
            return Err(NoHandshake::NotGet);
        }
        let headers = &parts.headers;
        if !has_token(headers, &header::CONNECTION, "upgrade")
            || !has_token(headers, &header::UPGRADE, "websocket")
        {
            return Err(NoHandshake::NotUpgrade);
        }
        if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version.as_bytes() != b"13") {
            return Err(NoHandshake::WrongVersion);
        }
        let key = headers.get(header::SEC_WEBSOCKET_KEY).ok_or(NoHandshake::NoKey)?;
        let accept =
            HeaderValue::try_from(derive_accept_key(key.as_bytes())).map_err(|_| NoHandshake::NoKey)?;
        let subprotocols =
            tokens(headers, &header::SEC_WEBSOCKET_PROTOCOL).filter(|name| !is_bearer_subprotocol(name));
        let subprotocols = subprotocols.map(str::to_owned).collect();
        let extensions = tokens(headers, &header::SEC_WEBSOCKET_EXTENSIONS).collect::<Vec<_>>().join(", ");
        let on_upgrade = match parts.version {
            Version::HTTP_11 => parts.extensions.remove::<OnUpgrade>(),
            _ => None,
        };
        Ok(Self {
            on_upgrade: on_upgrade.ok_or(NoHandshake::NotUpgradable)?,
            accept,
            subprotocols,
            extensions,
        })
    }
}

impl IntoResponse for NoHandshake {
    fn into_response(self) -> Response {
        let version = [(header::SEC_WEBSOCKET_VERSION, "13")];
        match self {
            Self::NotGet => {
                (StatusCode::METHOD_NOT_ALLOWED, "A WebSocket is opened by GET\n").into_response()
            }
            Self::NotUpgrade => {
                let upgrade = [(header::UPGRADE, "websocket")];
                (StatusCode::UPGRADE_REQUIRED, upgrade, "This is a WebSocket endpoint\n").into_response()
            }
            Self::WrongVersion => {
                (StatusCode::UPGRADE_REQUIRED, version, "WebSocket version 13 is spoken here\n")
                    .into_response()
            }
            Self::NoKey => (StatusCode::BAD_REQUEST, "Sec-WebSocket-Key is missing\n").into_response(),
            Self::NotUpgradable => {
                (StatusCode::UPGRADE_REQUIRED, "This connection cannot be upgraded\n").into_response()
            }
        }
    }
}

/// Comma-separated tokens of a header that may be repeated.
fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|token| !token.is_empty())
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    tokens(headers, name).any(|known| known.eq_ignore_ascii_case(token))
}
