//! Who is at the other end of a connection.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::membership::Holder;

/// The client behind one connection; cheap to clone.
#[derive(Debug, Clone)]
pub struct Caller(Arc<Inner>);

struct Inner {
    id: u64,
    endpoint: &'static str,
    remote_addr: Option<SocketAddr>,
    parameters: BTreeMap<String, String>,
    standing: Standing,
    replayed: AtomicUsize,
    holder: OnceLock<Arc<dyn Holder>>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, endpoint, remote_addr, .. } = self;
        let mut debug = formatter.debug_struct("Caller");
        debug.field("id", id).field("endpoint", endpoint).field("remote_addr", remote_addr);
        debug.finish_non_exhaustive()
    }
}

/// What is known of a caller.
#[derive(Debug, Clone)]
pub(crate) enum Standing {
    /// Nobody asks: authentication is off.
    Unchecked,
    /// Nobody in particular.
    Anonymous,
    /// Someone. Boxed: most connections have none, and each pays for the room.
    Known(Box<Identity>),
}

impl Caller {
    pub(crate) fn new(
        id: u64,
        endpoint: &'static str,
        remote_addr: Option<SocketAddr>,
        parameters: BTreeMap<String, String>,
        standing: Standing,
    ) -> Self {
        let (replayed, holder) = (AtomicUsize::new(0), OnceLock::new());
        Self(Arc::new(Inner { id, endpoint, remote_addr, parameters, standing, replayed, holder }))
    }

    /// The same client, now known as someone.
    pub(crate) fn known_as(&self, identity: Identity) -> Self {
        let Inner { id, endpoint, remote_addr, ref parameters, .. } = *self.0;
        let standing = Standing::Known(Box::new(identity));
        let known = Self::new(id, endpoint, remote_addr, parameters.clone(), standing);
        known.set_replayed(self.replayed());
        if let Some(holder) = self.holder() {
            known.hold_topics(holder.clone());
        }
        known
    }

    /// Whether it is this caller, with the identity that it has now.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether access rules count for it.
    pub(crate) fn is_checked(&self) -> bool {
        !matches!(self.0.standing, Standing::Unchecked)
    }

    /// Gives services the topics of the connection.
    pub(crate) fn hold_topics(&self, holder: Arc<dyn Holder>) {
        // A connection does so once.
        let _ = self.0.holder.set(holder);
    }

    pub(crate) fn holder(&self) -> Option<&Arc<dyn Holder>> {
        self.0.holder.get()
    }

    /// Number of the connection, unique in this process.
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// Who the client proved to be, if it did.
    pub fn identity(&self) -> Option<&Identity> {
        match &self.0.standing {
            Standing::Known(identity) => Some(identity),
            Standing::Unchecked | Standing::Anonymous => None,
        }
    }

    /// A parameter of the socket's address.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.0.parameters.get(name).map(String::as_str)
    }

    /// Address of the socket's other end; a proxy's where there is one.
    pub fn remote_addr(&self) -> Option<SocketAddr> {
        self.0.remote_addr
    }

    /// How many messages, sent while nobody was connected, follow the messages that greet it (`x-connection.replay`).
    pub fn replayed(&self) -> usize {
        self.0.replayed.load(Ordering::Relaxed)
    }

    pub(crate) fn set_replayed(&self, count: usize) {
        self.0.replayed.store(count, Ordering::Relaxed);
    }

    /// Address of the endpoint as the document writes it.
    pub fn endpoint(&self) -> &'static str {
        self.0.endpoint
    }
}

/// Who a client proved to be.
#[derive(Clone, PartialEq)]
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

    /// All claims, read as a type of the service's own.
    ///
    /// # Errors
    /// Where they do not fit it.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(&Value::Object(self.claims.clone()))
    }

    /// All claims as they came.
    pub(crate) fn claims_json(&self) -> &Map<String, Value> {
        &self.claims
    }
}

impl fmt::Debug for Identity {
    /// Claims are the caller's own affair and stay out of logs.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Identity").field("subject", &self.subject).finish_non_exhaustive()
    }
}
