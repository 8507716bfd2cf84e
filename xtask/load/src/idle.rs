//! Connections that are subscribed and get nothing: what each holds of the server's memory.

use std::time::Duration;

use anyhow::Result;

use crate::process::Server;
use crate::swarm::Swarm;
use crate::{Figures, frames};

/// The server may put away what it needed for the handshakes.
const SETTLE: Duration = Duration::from_millis(1500);

/// Idle, subscribed connections.
#[derive(Debug, Clone, PartialEq)]
pub struct Idle {
    /// How many.
    pub connections: usize,
    /// Topics they are spread over.
    pub topics: usize,
}

impl Idle {
    pub(crate) fn run(&self, server: &Server) -> Result<Figures> {
        let topics = self.topics;
        let subscribe = |index: usize| Some(frames::subscribe("bars", index % topics));
        let mut first = Swarm::new(false)?;
        first.open(server, 1, subscribe)?;
        first.wait(SETTLE)?;
        let before = server.memory()?;
        let mut swarm = Swarm::new(false)?;
        swarm.open(server, self.connections, subscribe)?;
        swarm.wait(SETTLE)?;
        let grown = server.memory()?.saturating_sub(before);
        let each = grown as f64 / 1024.0 / self.connections as f64;
        Ok(Figures::from([("kib_per_connection", each), ("connections", self.connections as f64)]))
    }
}
