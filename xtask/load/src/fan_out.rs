//! Publications to subscribers: what one delivered frame costs the server, and how late it is.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::process::{Server, cpu_of};
use crate::publisher::{Orders, Pace, Publisher};
use crate::swarm::{Event, Swarm};
use crate::updates::Updates;
use crate::{Figures, frames};

/// Before this nothing counts.
const WARM_UP: Duration = Duration::from_millis(500);
/// How long the last updates may take to arrive before they are given up.
const PATIENCE: Duration = Duration::from_secs(3);
/// Most publications under way when the server is driven as fast as it can.
const WINDOW: u64 = 256;
/// Most bytes under way then: more would measure the kernel's memory.
const WINDOW_BYTES: usize = 96 * 1024 * 1024;

/// Subscribers of one or many topics, and updates to them.
#[derive(Debug, Clone, PartialEq)]
pub struct FanOut {
    /// Sockets, spread evenly over the topics.
    pub subscribers: usize,
    /// Topics, published to in turn.
    pub topics: usize,
    /// About how large an update is, in bytes.
    pub bytes: usize,
    /// How fast.
    pub load: Load,
    /// How long it counts.
    pub time: Duration,
    /// Asks for compression.
    pub deflate: bool,
    /// Route of the topics.
    pub route: &'static str,
}

/// How fast updates are published.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Load {
    /// So many deliveries a second, on a fixed schedule.
    Paced(f64),
    /// As fast as they are delivered.
    Saturated,
}

/// Bytes of an update without levels.
const BARE_UPDATE: usize = 190;

impl FanOut {
    /// How many sockets get each publication.
    fn audience(&self) -> usize {
        (self.subscribers / self.topics).max(1)
    }

    fn pace(&self) -> Pace {
        let audience = self.audience();
        match self.load {
            Load::Paced(rate) => Pace::PerSecond(rate / audience as f64),
            Load::Saturated => {
                let bytes = WINDOW_BYTES / (audience * self.bytes.max(BARE_UPDATE));
                let window = (bytes as u64).clamp(16, WINDOW) * if self.topics > 1 { 8 } else { 1 };
                Pace::Window { window, subscribers: audience as u64 }
            }
        }
    }

    pub(crate) fn orders(&self) -> Orders {
        Orders {
            route: self.route,
            topics: self.topics,
            levels: frames::levels(self.bytes.saturating_sub(BARE_UPDATE)),
            pace: self.pace(),
        }
    }

    pub(crate) fn run(&self, server: &Server) -> Result<Figures> {
        let mut swarm = Swarm::new(self.deflate)?;
        let (topics, route) = (self.topics, self.route);
        swarm.open(server, self.subscribers, |index| Some(frames::subscribe(route, index % topics)))?;
        let start = Instant::now();
        let mut updates = Updates::new(self.subscribers, start, WARM_UP)?;
        let publisher = Publisher::start(server, self.orders(), start)?;
        receive(&mut swarm, &mut updates, &publisher, WARM_UP)?;
        server.measuring();
        let (mut before, began) = (Marks::take(server, &updates)?, Instant::now());
        receive(&mut swarm, &mut updates, &publisher, WARM_UP + self.time)?;
        let took = began.elapsed();
        let timely = updates.delivered - before.delivered;
        let published = publisher.stop()?;
        let expected = published * self.audience() as u64;
        drain(&mut swarm, &mut updates, expected)?;
        before.until(&Marks::take(server, &updates)?);
        if before.delivered == 0 {
            bail!("nothing was delivered");
        }
        if self.deflate && updates.deflated == 0 {
            bail!("the server does not compress");
        }
        let mut figures = before.figures(took);
        figures.insert("deliveries_per_s", timely as f64 / took.as_secs_f64());
        figures.insert("frame_bytes", updates.bytes as f64 / updates.delivered as f64);
        figures.insert("lost", expected.saturating_sub(updates.delivered) as f64);
        figures.insert("disorder", updates.disorder as f64);
        if matches!(self.load, Load::Paced(_)) {
            updates.percentiles(&mut figures);
        }
        Ok(figures)
    }
}

/// CPU times and deliveries at one moment; then between two.
struct Marks {
    server: Duration,
    own: Duration,
    delivered: u64,
}

impl Marks {
    fn take(server: &Server, updates: &Updates) -> Result<Self> {
        Ok(Self { server: server.cpu()?, own: cpu_of("self")?, delivered: updates.delivered })
    }

    fn until(&mut self, end: &Self) {
        self.server = end.server.saturating_sub(self.server);
        self.own = end.own.saturating_sub(self.own);
        self.delivered = end.delivered - self.delivered;
    }

    fn figures(&self, took: Duration) -> Figures {
        Figures::from([
            ("cpu_us", self.server.as_secs_f64() * 1e6 / self.delivered as f64),
            ("delivered", self.delivered as f64),
            ("generator_busy", self.own.as_secs_f64() / took.as_secs_f64()),
        ])
    }
}

/// Receives until a moment after the start.
pub(crate) fn receive(
    swarm: &mut Swarm,
    updates: &mut Updates,
    publisher: &Publisher,
    until: Duration,
) -> Result<()> {
    // Where latencies do not count, asking the clock for every frame would only make the generator slower.
    let timeless = !publisher.is_paced();
    let mut now = updates.now();
    while now < until {
        let most = (until - now).min(Duration::from_millis(5));
        let mut gone = 0;
        swarm.pump(most, |index, event| take(updates, &mut gone, index, &event, timeless.then_some(now)))?;
        if gone > 0 {
            bail!("{gone} subscribers were closed or lost");
        }
        publisher.delivered(updates.delivered);
        now = updates.now();
    }
    Ok(())
}

/// Receives what is still on its way, until all of it has come or nothing more does.
pub(crate) fn drain(swarm: &mut Swarm, updates: &mut Updates, expected: u64) -> Result<()> {
    let mut last = Instant::now();
    while updates.delivered < expected && last.elapsed() < PATIENCE {
        let before = updates.delivered;
        swarm.pump(Duration::from_millis(20), |index, event| take(updates, &mut 0, index, &event, None))?;
        if updates.delivered > before {
            last = Instant::now();
        }
    }
    Ok(())
}

fn take(updates: &mut Updates, gone: &mut usize, index: usize, event: &Event<'_>, now: Option<Duration>) {
    match event {
        Event::Text(frame, deflated) => {
            let now = now.unwrap_or_else(|| updates.now());
            updates.take(index, frame, *deflated, now);
        }
        Event::Close(_) | Event::Gone => *gone += 1,
        Event::Open => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_follows_from_the_audience() {
        let plan = |subscribers, topics, bytes, load| FanOut {
            subscribers,
            topics,
            bytes,
            load,
            time: Duration::from_secs(1),
            deflate: false,
            route: "bars",
        };
        let window = |window, subscribers| Pace::Window { window, subscribers };
        let cases = [
            (plan(1000, 1, 150, Load::Paced(30_000.0)), Pace::PerSecond(30.0)),
            (plan(5000, 1000, 150, Load::Paced(5000.0)), Pace::PerSecond(1000.0)),
            (plan(100, 1, 150, Load::Saturated), window(256, 100)),
            (plan(1000, 1, 2048, Load::Saturated), window(49, 1000)),
            (plan(5000, 1, 150, Load::Saturated), window(105, 5000)),
            (plan(5000, 1000, 150, Load::Saturated), window(2048, 5)),
        ];
        for (plan, expected) in cases {
            assert_eq!(plan.pace(), expected);
        }
    }
}
