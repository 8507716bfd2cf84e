//! Connect, subscribe, close, and again: what one coming and going costs the server.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::process::Server;
use crate::swarm::{Event, Swarm};
use crate::{Figures, frames, wire};

/// How long nothing may happen.
const STALLED: Duration = Duration::from_secs(10);

/// Connections that come and go.
#[derive(Debug, Clone, PartialEq)]
pub struct Storm {
    /// How many in all.
    pub connections: usize,
    /// How many at any time.
    pub at_once: usize,
    /// Topics they subscribe to, in turn.
    pub topics: usize,
}

/// What is to be done next about a socket.
enum Step {
    Subscribe(usize),
    Close(usize),
    Forget(usize),
}

impl Storm {
    pub(crate) fn run(&self, server: &Server) -> Result<Figures> {
        // What a server does once, for its first connections, is not part of the storm.
        self.blow(server, self.at_once)?;
        server.measuring();
        let (before, start) = (server.cpu()?, Instant::now());
        self.blow(server, self.connections)?;
        let took = start.elapsed();
        let cpu = server.cpu()?.saturating_sub(before);
        Ok(Figures::from([
            ("cpu_us", cpu.as_secs_f64() * 1e6 / self.connections as f64),
            ("connections_per_s", self.connections as f64 / took.as_secs_f64()),
        ]))
    }

    fn blow(&self, server: &Server, connections: usize) -> Result<()> {
        let mut swarm = Swarm::new(false)?;
        let (mut started, mut ended, mut gone) = (0, 0, vec![false; connections]);
        let mut last = Instant::now();
        while ended < connections {
            while started < connections && started - ended < self.at_once {
                swarm.connect(server)?;
                started += 1;
            }
            let mut steps = Vec::new();
            swarm.pump(Duration::from_millis(100), |index, event| match event {
                Event::Open => steps.push(Step::Subscribe(index)),
                Event::Text(text, _) if frames::is_subscribed(text) => steps.push(Step::Close(index)),
                Event::Text(..) => {}
                Event::Close(_) | Event::Gone => steps.push(Step::Forget(index)),
            })?;
            if steps.is_empty() && last.elapsed() > STALLED {
                bail!("{ended} of {connections} connections had ended when the server stopped answering");
            }
            if !steps.is_empty() {
                last = Instant::now();
            }
            for step in steps {
                match step {
                    Step::Subscribe(index) => {
                        let frame = frames::subscribe("bars", index % self.topics);
                        swarm.send(index, wire::TEXT, frame.as_bytes());
                    }
                    Step::Close(index) => swarm.send(index, wire::CLOSE, &1000_u16.to_be_bytes()),
                    Step::Forget(index) => {
                        swarm.forget(index);
                        // A close and the end of the socket may come together.
                        ended += usize::from(!std::mem::replace(&mut gone[index], true));
                    }
                }
            }
        }
        Ok(())
    }
}
