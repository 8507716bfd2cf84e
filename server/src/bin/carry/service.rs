//! What every new connection is told, and what is answered.

use bellwire::Node;
use bellwire::contract::{Caller, Refusal};
use jiff::Timestamp;

use crate::generated::types::{ConnectionEstablished, Echo, Health, Service};
use crate::generated::{
    CarryConnect, CarryOperations, CarryRequests, ConnectionEstablishedMessage, ENDPOINT, HealthError,
    SayMessage, SayReply, ServiceError,
};
use crate::values::time;

/// Serves the document.
#[derive(Debug, Clone)]
pub(crate) struct CarryService {
    node: Node,
}

impl CarryService {
    pub(crate) fn new(node: &Node) -> Self {
        Self { node: node.clone() }
    }
}

impl CarryConnect for CarryService {
    async fn connection_established(&self, caller: &Caller) -> Vec<ConnectionEstablishedMessage> {
        vec![ConnectionEstablishedMessage::ConnectionEstablished(ConnectionEstablished {
            type_: Default::default(),
            timestamp: time(Timestamp::now()),
            message: "Connected to the cash-and-carry monitor".to_owned(),
            queued_messages: caller.replayed() as u64,
        })]
    }
}

impl CarryOperations for CarryService {
    async fn say(&self, _: &Caller, message: SayMessage) -> Result<Option<SayReply>, Refusal> {
        let SayMessage::Text(text) = message;
        let (timestamp, message) = (time(Timestamp::now()), format!("Received: {text}"));
        Ok(Some(SayReply::Echo(Echo { type_: Default::default(), timestamp, message })))
    }
}

impl CarryRequests for CarryService {
    async fn service(&self, _: &Caller) -> Result<Service, ServiceError> {
        Ok(Service {
            service: ENDPOINT.title.to_owned(),
            version: ENDPOINT.version.to_owned(),
            status: Default::default(),
            websocket: ENDPOINT.address.to_owned(),
            docs: format!("{}/asyncapi", ENDPOINT.address),
        })
    }

    async fn health(&self, _: &Caller) -> Result<Health, HealthError> {
        Ok(Health { queued_messages: self.node.queued_messages() as u64 })
    }
}
