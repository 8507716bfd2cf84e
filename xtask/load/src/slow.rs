//! Subscribers that hardly read, beside healthy ones: what the healthy ones notice, and what becomes of the slow.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::fan_out::{FanOut, Load};
use crate::process::Server;
use crate::publisher::Publisher;
use crate::swarm::{Event, Swarm};
use crate::updates::Updates;
use crate::{Figures, frames};

const WARM_UP: Duration = Duration::from_millis(500);
/// Between two reads of a slow subscriber.
const NAP: Duration = Duration::from_millis(100);
/// How long the end may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// Healthy and slow subscribers of one topic. The slow ones come last.
#[derive(Debug, Clone, PartialEq)]
pub struct SlowReaders {
    /// Sockets in all.
    pub subscribers: usize,
    /// How many of them read at 1 % of the rate.
    pub slow: usize,
    /// Updates a second.
    pub per_second: f64,
    /// About how large an update is, in bytes.
    pub bytes: usize,
    /// How long all read well.
    pub before: Duration,
    /// How long some do not.
    pub during: Duration,
    /// How the server says that it ends them, where it does.
    pub told: Option<Told>,
}

/// The end of a slow reader, as both sides see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The close code that it gets.
    pub code: u16,
    /// Where the server tells its counters.
    pub metrics: &'static str,
    /// The one that counts such ends.
    pub counter: &'static str,
}

/// What all subscribers see.
#[derive(Debug)]
struct Watch {
    updates: Updates,
    /// Subscribers below this number read well.
    healthy: usize,
    /// A healthy one was closed, with this code.
    broken: Option<u16>,
    /// Slow ones whose connection ended.
    ended: usize,
    /// Close codes that slow ones got.
    closes: BTreeMap<u16, usize>,
}

impl Watch {
    fn take(&mut self, index: usize, event: &Event<'_>) {
        match event {
            Event::Text(frame, deflated) if index < self.healthy => {
                let now = self.updates.now();
                self.updates.take(index, frame, *deflated, now);
            }
            Event::Close(code) if index < self.healthy => self.broken = Some(*code),
            Event::Gone if index < self.healthy => self.broken = Some(1006),
            Event::Close(code) => *self.closes.entry(*code).or_default() += 1,
            Event::Gone => self.ended += 1,
            Event::Text(..) | Event::Open => {}
        }
    }

    fn p99(&self) -> f64 {
        let mut figures = Figures::new();
        self.updates.percentiles(&mut figures);
        figures["p99_ms"]
    }
}

impl SlowReaders {
    pub(crate) fn run(&self, server: &Server) -> Result<Figures> {
        let mut swarm = Swarm::new(false)?;
        swarm.open(server, self.subscribers, |_| Some(frames::subscribe("bars", 0)))?;
        let (healthy, start) = (self.subscribers - self.slow, Instant::now());
        let updates = Updates::new(self.subscribers, start, WARM_UP)?;
        let mut watch = Watch { updates, healthy, broken: None, ended: 0, closes: BTreeMap::new() };
        let publisher = Publisher::start(server, self.as_fan_out().orders(), start)?;

        let turn = WARM_UP + self.before;
        self.receive(&mut swarm, &mut watch, turn)?;
        let mut figures = Figures::from([("p99_before_ms", watch.p99())]);
        let memory = server.memory()?;
        (healthy..self.subscribers).for_each(|index| swarm.hold(index));
        watch.updates.count_from(turn);
        server.measuring();
        self.receive(&mut swarm, &mut watch, turn + self.during)?;
        let grown = server.memory()?.saturating_sub(memory);
        figures.insert("memory_growth_mib", grown as f64 / 1024.0 / 1024.0);
        figures.insert("p99_during_ms", watch.p99());

        let expected = publisher.stop()? * healthy as u64;
        self.finish(&mut swarm, &mut watch, expected)?;
        figures.insert("lost", expected.saturating_sub(watch.updates.delivered) as f64);
        figures.insert("disorder", watch.updates.disorder as f64);
        figures.insert("slow", self.slow as f64);
        figures.insert("slow_ended", watch.ended as f64);
        if let Some(told) = &self.told {
            let with_code = watch.closes.get(&told.code).copied().unwrap_or(0);
            let counted = server.counter(told.metrics, told.counter)?;
            figures.insert("slow_counted", counted as f64);
            // Ended without the client being told, or without the operator.
            let unsaid = self.slow.abs_diff(with_code) as u64 + (with_code as u64).abs_diff(counted);
            figures.insert("slow_unsaid", unsaid as f64);
        }
        if let Some((code, count)) = watch.closes.iter().max_by_key(|(_, count)| **count) {
            figures.insert("close_code", f64::from(*code));
            figures.insert("slow_closed_with_code", *count as f64);
        }
        Ok(figures)
    }

    fn as_fan_out(&self) -> FanOut {
        FanOut {
            subscribers: self.subscribers,
            topics: 1,
            bytes: self.bytes,
            load: Load::Paced(self.per_second * self.subscribers as f64),
            time: self.during,
            deflate: false,
            route: "bars",
        }
    }

    /// Receives until a moment after the start; those that are held sip.
    fn receive(&self, swarm: &mut Swarm, watch: &mut Watch, until: Duration) -> Result<()> {
        let sip = (self.per_second * self.bytes as f64 * NAP.as_secs_f64() / 100.0) as usize;
        let mut sipped = watch.updates.now();
        while watch.updates.now() < until {
            swarm.pump(Duration::from_millis(5), |index, event| watch.take(index, &event))?;
            if watch.updates.now() - sipped >= NAP {
                sipped += NAP;
                for index in watch.healthy..self.subscribers {
                    swarm.sip(index, sip, |index, event| watch.take(index, &event))?;
                }
            }
            if let Some(code) = watch.broken {
                bail!("a healthy subscriber was closed with {code}");
            }
        }
        Ok(())
    }

    /// Lets the last updates arrive, then reads the slow ones empty to see how they ended.
    fn finish(&self, swarm: &mut Swarm, watch: &mut Watch, expected: u64) -> Result<()> {
        let start = Instant::now();
        while watch.updates.delivered < expected && start.elapsed() < PATIENCE {
            swarm.pump(Duration::from_millis(20), |index, event| watch.take(index, &event))?;
        }
        let start = Instant::now();
        while watch.ended < self.slow && start.elapsed() < PATIENCE {
            for index in watch.healthy..self.subscribers {
                swarm.sip(index, usize::MAX, |index, event| watch.take(index, &event))?;
            }
            swarm.pump(Duration::from_millis(20), |index, event| watch.take(index, &event))?;
        }
        Ok(())
    }
}
