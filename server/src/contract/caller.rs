//! Who is at the other end of a connection.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Map, Value};

/// The client behind one connection; cheap to clone.
#[derive(Debug, Clone)]
pub struct Caller(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: u64,
    endpoint: &'static str,
    remote_addr: Option<SocketAddr>,
    parameters: BTreeMap<String, String>,
    /// Boxed: most connections have none, and each pays for the room.
    identity: Option<Box<Identity>>,
}

impl Caller {
    pub(crate) fn new(
        id: u64,
        endpoint: &'static str,
        remote_addr: Option<SocketAddr>,
        parameters: BTreeMap<String, String>,
    ) -> Self {
        Self(Arc::new(Inner { id, endpoint, remote_addr, parameters, identity: None }))
    }

    /// Number of the connection, unique in this process.
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// Who the client proved to be, if it did.
    pub fn identity(&self) -> Option<&Identity> {
        self.0.identity.as_deref()
    }

    /// A parameter of the socket's address.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.0.parameters.get(name).map(String::as_str)
    }

    /// Address of the socket's other end; a proxy's where there is one.
    pub fn remote_addr(&self) -> Option<SocketAddr> {
        self.0.remote_addr
    }

    /// Address of the endpoint as the document writes it.
    pub fn endpoint(&self) -> &'static str {
        self.0.endpoint
    }
}

/// Who a client proved to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Identity {
    subject: String,
    claims: Map<String, Value>,
}

impl Identity {
    /// An identity and what is claimed of it.
    pub fn new(subject: impl Into<String>, claims: Map<String, Value>) -> Self {
        Self { subject: subject.into(), claims }
    }

    /// The subject's name.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// A claim by its name.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.get(name)
    }
}
