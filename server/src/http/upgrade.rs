//! A handshake that came through axum, as an extractor that hands out the raw socket.
//!
//! axum's own would wrap the socket in a codec that copies every frame per receiver; the connection layer brings its
//! own.

use axum::extract::FromRequestParts;
use axum::http::Version;
use axum::http::request::Parts;
use axum::response::Response;
use hyper::upgrade::OnUpgrade;

use super::handshake::{Agreed, Handshake, NoHandshake};
use super::replayed;
use crate::connection::Stream;
use crate::contract::erased::BoxFuture;

/// A handshake, and how its socket is had once it is answered.
#[derive(Debug)]
pub(super) struct Upgrade {
    pub(super) handshake: Handshake,
    pub(super) socket: Socket,
}

/// A socket that the HTTP server still has.
#[derive(Debug)]
pub(super) struct Socket(OnUpgrade);

impl Socket {
    /// The answer that switches protocols; afterwards the socket is served in a task of its own, with what came behind
    /// the request.
    pub(super) fn switch(
        self,
        agreed: &Agreed,
        serve: impl FnOnce(Stream, Vec<u8>) -> BoxFuture<()> + Send + 'static,
    ) -> Response {
        tokio::spawn(async move {
            match self.0.await {
                Ok(upgraded) => {
                    let (stream, early) = replayed::stream_of(upgraded);
                    // Not this one: it is as large as what came before the socket.
                    tokio::spawn(serve(stream, early));
                }
                Err(error) => tracing::debug!(%error, "the client left during the handshake"),
            }
        });
        agreed.response()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Upgrade {
    type Rejection = NoHandshake;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, NoHandshake> {
        let handshake = Handshake::read(&parts.method, &parts.headers)?;
        let on_upgrade = match parts.version {
            Version::HTTP_11 => parts.extensions.remove::<OnUpgrade>(),
            _ => None,
        };
        Ok(Self { handshake, socket: Socket(on_upgrade.ok_or(NoHandshake::NotUpgradable)?) })
    }
}
