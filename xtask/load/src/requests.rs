//! Requests and their replies: a closed loop in which every connection keeps the same number of requests under way.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::process::Server;
use crate::swarm::{Event, Swarm};
use crate::{Figures, frames};

/// Before this nothing counts.
const WARM_UP: Duration = Duration::from_millis(300);

/// Connections that ask and ask.
#[derive(Debug, Clone, PartialEq)]
pub struct Requests {
    /// How many.
    pub connections: usize,
    /// Requests under way on each of them.
    pub depth: usize,
    /// How long it counts.
    pub time: Duration,
}

impl Requests {
    pub(crate) fn run(&self, server: &Server) -> Result<Figures> {
        let mut swarm = Swarm::new(false)?;
        swarm.open(server, self.connections, |_| None)?;
        let mut asked = 0_u64;
        for index in 0..self.connections {
            swarm.send_all(index, ask(&mut asked, self.depth));
        }
        let mut answered = 0;
        self.turn(server, &mut swarm, &mut asked, &mut answered, WARM_UP)?;
        server.measuring();
        let (before, first, start) = (server.cpu()?, answered, Instant::now());
        self.turn(server, &mut swarm, &mut asked, &mut answered, self.time)?;
        let (took, cpu) = (start.elapsed(), server.cpu()?.saturating_sub(before));
        let count = (answered - first) as f64;
        Ok(Figures::from([
            ("cpu_us", cpu.as_secs_f64() * 1e6 / count),
            ("requests_per_s", count / took.as_secs_f64()),
        ]))
    }

    /// Replies are counted, and as many new requests sent in one write.
    fn turn(
        &self,
        server: &Server,
        swarm: &mut Swarm,
        asked: &mut u64,
        answered: &mut u64,
        time: Duration,
    ) -> Result<()> {
        let mut replies = vec![0_usize; self.connections];
        let (start, mut last) = (Instant::now(), Instant::now());
        while start.elapsed() < time {
            let (mut touched, mut wrong) = (Vec::new(), None);
            swarm.pump(Duration::from_millis(5), |index, event| match event {
                Event::Text(text, _) if text.starts_with(br#"{"type":"echo.response""#) => {
                    if replies[index] == 0 {
                        touched.push(index);
                    }
                    replies[index] += 1;
                }
                Event::Text(text, _) => wrong = Some(String::from_utf8_lossy(text).into_owned()),
                Event::Close(_) | Event::Gone => wrong = Some("the connection ended".to_owned()),
                Event::Open => {}
            })?;
            if let Some(wrong) = wrong {
                bail!("{} answered: {wrong}", server.address);
            }
            if !touched.is_empty() {
                last = Instant::now();
            } else if last.elapsed() > Duration::from_secs(5) {
                bail!("the server stopped answering");
            }
            for index in touched {
                let count = std::mem::take(&mut replies[index]);
                *answered += count as u64;
                swarm.send_all(index, ask(asked, count));
            }
        }
        Ok(())
    }
}

fn ask(asked: &mut u64, count: usize) -> impl Iterator<Item = String> {
    let first = *asked;
    *asked += count as u64;
    (first..*asked).map(frames::echo)
}
