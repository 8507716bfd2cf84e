//! The load generator behind `cargo xtask bench`: one process, many sockets, and figures that were checked.
//!
//! It knows the small protocol of `asyncapi/bench.yaml` and no framework. It is a package of its own so that it can
//! be compiled with optimisation in a development build: a slow generator measures itself.
//!
//! What is counted: frames delivered to subscribers, each checked to be the next of its topic; CPU of the server as
//! the operating system counts it; latency from the moment a publication was due, not from when it was sent.

mod fan_out;
mod frames;
mod idle;
mod limits;
mod process;
mod publisher;
mod requests;
mod slow;
mod storm;
mod swarm;
mod updates;
mod watcher;
mod wire;

use std::collections::BTreeMap;

pub use fan_out::{FanOut, Load};
pub use idle::Idle;
pub use limits::allow_files;
pub use process::{Server, cpu_of, memory_of};
pub use requests::Requests;
pub use slow::{SlowReaders, Told, Treatment};
pub use storm::Storm;

/// What a run found: name of the figure, value. Names end in their unit.
pub type Figures = BTreeMap<&'static str, f64>;

/// One thing to do to a server.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    /// Publish to subscribers.
    FanOut(FanOut),
    /// Open connections and let them be.
    Idle(Idle),
    /// Connect, subscribe and close, over and over.
    Storm(Storm),
    /// Publish while some subscribers hardly read.
    SlowReaders(SlowReaders),
    /// Ask and wait for answers.
    Requests(Requests),
}

impl Plan {
    /// Does it, and says what was found.
    ///
    /// # Errors
    /// Where the server does not play along, or the machine does not let us.
    pub fn run(&self, server: &Server) -> anyhow::Result<Figures> {
        match self {
            Self::FanOut(plan) => plan.run(server),
            Self::Idle(plan) => plan.run(server),
            Self::Storm(plan) => plan.run(server),
            Self::SlowReaders(plan) => plan.run(server),
            Self::Requests(plan) => plan.run(server),
        }
    }

    /// How many sockets it opens.
    #[must_use]
    pub fn sockets(&self) -> usize {
        match self {
            Self::FanOut(plan) => plan.subscribers,
            Self::Idle(plan) => plan.connections,
            Self::Storm(plan) => plan.at_once,
            Self::SlowReaders(plan) => plan.subscribers,
            Self::Requests(plan) => plan.connections,
        }
    }
}
