//! The short way to a socket: where the first request of a TCP connection is a handshake that succeeds, it is read and
//! answered here, and the HTTP server never hears of it.
//!
//! Everything else (pages, handshakes to be refused, whatever does not come in one piece) is for the HTTP server, as if
//! nothing had been read. So there is one place that refuses, and what is here needs no buffer, no task, and no clock of
//! its own beyond the first bytes.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use bytes::Bytes;
use httparse::{EMPTY_HEADER, Request, Status};

use super::handshake::Handshake;
use super::websocket::{Admitted, Asked, Gate, admit};
use crate::connection::Served;

/// Header lines of a handshake. A client with more of them is served by the HTTP server.
const HEADER_LINES: usize = 48;
/// Headers that say that more than a head comes.
const BODY: [HeaderName; 3] = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::EXPECT];

/// The endpoints whose sockets can be had at the door.
#[derive(Debug)]
pub(crate) struct Door {
    endpoints: Vec<Arc<Served>>,
    gate: Arc<Gate>,
}

/// The head of a request that could be a handshake.
struct Head {
    uri: Uri,
    headers: HeaderMap,
    /// How many bytes it has.
    length: usize,
}

impl Door {
    /// A door to these endpoints. Those whose address has parameters are left to the router, which knows what else
    /// could be meant by a path.
    pub(super) fn new(endpoints: &[Arc<Served>], gate: Arc<Gate>) -> Self {
        let is_plain = |served: &&Arc<Served>| !served.endpoint.spec.address.contains('{');
        Self { endpoints: endpoints.iter().filter(is_plain).cloned().collect(), gate }
    }

    /// Lets a client in by the first bytes it sent, and says how many of them are its request; `None` where they are for
    /// the HTTP server.
    pub(super) fn admit(&self, bytes: &Bytes, remote: SocketAddr) -> Option<(Admitted, usize)> {
        let (served, head) = self.find(bytes)?;
        let Head { uri, headers, length } = &head;
        let handshake = Handshake::read(&Method::GET, headers).ok()?;
        let (remote, parameters) = (Some(remote), BTreeMap::new());
        let asked = Asked { handshake, uri, headers, remote, parameters };
        Some((admit(served, &self.gate, asked).ok()?, *length))
    }

    fn find(&self, bytes: &Bytes) -> Option<(&Arc<Served>, Head)> {
        let mut lines = [EMPTY_HEADER; HEADER_LINES];
        let mut request = Request::new(&mut lines);
        let Ok(Status::Complete(length)) = request.parse(bytes) else { return None };
        let (Some("GET"), Some(1), Some(target)) = (request.method, request.version, request.path) else {
            return None;
        };
        let path = target.split_once('?').map_or(target, |(path, _)| path);
        let served = self.endpoints.iter().find(|served| served.endpoint.spec.address == path)?;
        let mut headers = HeaderMap::with_capacity(request.headers.len());
        for line in request.headers.iter() {
            let name = HeaderName::from_bytes(line.name.as_bytes()).ok()?;
            if BODY.contains(&name) {
                return None;
            }
            // Shares the bytes of the head.
            headers.append(name, HeaderValue::from_maybe_shared(bytes.slice_ref(line.value)).ok()?);
        }
        let uri = Uri::from_maybe_shared(bytes.slice_ref(target.as_bytes())).ok()?;
        Some((served, Head { uri, headers, length }))
    }
}
