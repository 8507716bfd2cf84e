//! The WebSocket handshake (RFC 6455, 4.2): what a request has to say, and what it is answered.
//!
//! Values in, values out: who reads the request and who gets the socket is decided in `door` and `upgrade`.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use tungstenite::handshake::derive_accept_key;

use crate::auth::is_bearer_subprotocol;
use crate::websocket::{CompressionPolicy, Terms, accept_extensions};

/// A request that asks for a WebSocket, checked.
#[derive(Debug)]
pub(super) struct Handshake {
    accept: String,
    subprotocols: Vec<String>,
    extensions: String,
}

/// Why a request is no handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoHandshake {
    NotGet,
    NotUpgrade,
    WrongVersion,
    /// The key is missing or malformed.
    NoKey,
    /// The connection cannot be upgraded: HTTP/1.0, or something in between took it.
    NotUpgradable,
}

/// A handshake as it is answered.
#[derive(Debug)]
pub(super) struct Agreed {
    accept: String,
    subprotocol: Option<&'static str>,
    extensions: Option<String>,
    /// What was agreed about compression, if anything.
    pub(super) compression: Option<Terms>,
}

impl Handshake {
    /// Reads a request for HTTP/1.1.
    pub(super) fn read(method: &Method, headers: &HeaderMap) -> Result<Self, NoHandshake> {
        if method != Method::GET {
            return Err(NoHandshake::NotGet);
        }
        if !has_token(headers, &header::CONNECTION, "upgrade")
            || !has_token(headers, &header::UPGRADE, "websocket")
        {
            return Err(NoHandshake::NotUpgrade);
        }
        if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version.as_bytes() != b"13") {
            return Err(NoHandshake::WrongVersion);
        }
        let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|key| is_key(key.as_bytes()));
        let key = key.ok_or(NoHandshake::NoKey)?;
        let accept = derive_accept_key(key.as_bytes());
        let subprotocols =
            tokens(headers, &header::SEC_WEBSOCKET_PROTOCOL).filter(|name| !is_bearer_subprotocol(name));
        let subprotocols = subprotocols.map(str::to_owned).collect();
        let extensions = tokens(headers, &header::SEC_WEBSOCKET_EXTENSIONS).collect::<Vec<_>>().join(", ");
        Ok(Self { accept, subprotocols, extensions })
    }

    /// Subprotocols the client offers, in its order of preference; tokens among them are left out.
    pub(super) fn offered_subprotocols(&self) -> &[String] {
        &self.subprotocols
    }

    /// Takes it, by this subprotocol and with as much compression as both sides know.
    pub(super) fn agree(
        self,
        subprotocol: Option<&'static str>,
        compression: Option<CompressionPolicy>,
    ) -> Agreed {
        let negotiated = compression.and_then(|policy| accept_extensions(&self.extensions, policy));
        let (compression, extensions) = negotiated.map(|agreed| (agreed.terms, agreed.response)).unzip();
        Agreed { accept: self.accept, subprotocol, extensions, compression }
    }
}

impl Agreed {
    /// The headers of the answer.
    fn headers(&self) -> impl Iterator<Item = (HeaderName, &str)> {
        let headers = [
            (header::CONNECTION, Some("Upgrade")),
            (header::UPGRADE, Some("websocket")),
            (header::SEC_WEBSOCKET_ACCEPT, Some(&*self.accept)),
            (header::SEC_WEBSOCKET_PROTOCOL, self.subprotocol),
            (header::SEC_WEBSOCKET_EXTENSIONS, self.extensions.as_deref()),
        ];
        headers.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }

    /// The answer, for an HTTP server to write.
    pub(super) fn response(&self) -> Response {
        let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
        let headers =
            self.headers().filter_map(|(name, value)| Some((name, HeaderValue::from_str(value).ok()?)));
        response.headers_mut().extend(headers);
        response
    }

    /// The answer as it goes over the wire.
    pub(super) fn written(&self) -> Bytes {
        let mut answer = Vec::with_capacity(256);
        answer.extend_from_slice(b"HTTP/1.1 101 Switching Protocols\r\n");
        for (name, value) in self.headers() {
            for part in [name.as_str(), ": ", value, "\r\n"] {
                answer.extend_from_slice(part.as_bytes());
            }
        }
        answer.extend_from_slice(b"\r\n");
        answer.into()
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
            Self::NoKey => {
                (StatusCode::BAD_REQUEST, "Sec-WebSocket-Key is no 16 bytes in base64\n").into_response()
            }
            Self::NotUpgradable => {
                (StatusCode::UPGRADE_REQUIRED, "This connection cannot be upgraded\n").into_response()
            }
        }
    }
}

/// Whether this is what 16 bytes look like in base64.
fn is_key(key: &[u8]) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    key.strip_suffix(b"==").is_some_and(|digits| digits.len() == 22 && digits.iter().all(is_digit))
}

/// Comma-separated tokens of a header that may be repeated.
fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|token| !token.is_empty())
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    tokens(headers, name).any(|known| known.eq_ignore_ascii_case(token))
}
