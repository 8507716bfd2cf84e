//! The requests of the document.

use bellwire::Node;
use bellwire::contract::Caller;

use crate::generated::types::{Event, Pushed, Service};
use crate::generated::{BotRequests, ENDPOINT, PushEventError, ServiceError};
use crate::updates::Updates;

/// Serves the document.
#[derive(Debug, Clone)]
pub(crate) struct BotService {
    node: Node,
    updates: Updates,
}

impl BotService {
    pub(crate) fn new(node: Node, updates: Updates) -> Self {
        Self { node, updates }
    }
}

impl BotRequests for BotService {
    async fn service(&self, _: &Caller) -> Result<Service, ServiceError> {
        Ok(Service {
            service: ENDPOINT.title.to_owned(),
            version: ENDPOINT.version.to_owned(),
            status: Default::default(),
            websocket: ENDPOINT.address.to_owned(),
            clients: self.node.connection_count() as u64,
        })
    }

    async fn push_event(&self, _: &Caller, payload: Event) -> Result<Pushed, PushEventError> {
        let reach = self.updates.push_update(payload);
        Ok(Pushed { status: Default::default(), clients: reach.subscribers as u64 })
    }
}
