//! Subscribers that hardly read, beside healthy ones: what the healthy ones notice, and what becomes of the slow.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::fan_out::{FanOut, Load};
use crate::process::Server;
use crate::publisher::Publisher;
use crate::swarm::{Event, Swarm};
use crate::updates::Updates;
use crate::watcher::{Until, Watcher};
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
    /// Route of the topic.
    pub route: &'static str,
    /// What the server says of slow readers, where it says anything.
    pub told: Option<Told>,
}

/// What becomes of a slow reader, as both sides see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Where the server tells its counters.
    pub metrics: &'static str,
    /// The one that counts those that it ended.
    pub ended: &'static str,
    /// What it does.
    pub treatment: Treatment,
}

/// What a server does about a slow reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// It is ended, with this close code.
    Ends(u16),
    /// It gets the latest value instead of all that waited; this counter says how many were replaced.
    Conflates(&'static str),
}

/// What all subscribers see.
#[derive(Debug)]
struct Watch {
    updates: Updates,
    /// What the slow ones have received.
    slow: Updates,
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
        let now = self.updates.now();
        match event {
            Event::Text(frame, deflated) if index < self.healthy => {
                self.updates.take(index, frame, *deflated, now);
            }
            Event::Text(frame, deflated) => self.slow.take(index, frame, *deflated, now),
            Event::Close(code) if index < self.healthy => self.broken = Some(*code),
            Event::Gone if index < self.healthy => self.broken = Some(1006),
            Event::Close(code) => *self.closes.entry(*code).or_default() += 1,
            Event::Gone => self.ended += 1,
            Event::Open => {}
        }
    }

    fn p99(&self) -> f64 {
        let mut figures = Figures::new();
        self.updates.percentiles(&mut figures);
        figures["p99_ms"]
    }
}

impl SlowReaders {
    /// Whether slow ones get the latest value instead of all.
    #[must_use]
    pub fn is_conflated(&self) -> bool {
        self.told.as_ref().is_some_and(|told| matches!(told.treatment, Treatment::Conflates(_)))
    }

    pub(crate) fn run(&self, server: &Server) -> Result<Figures> {
        let mut swarm = Swarm::new(false)?;
        swarm.open(server, self.subscribers, |_| Some(frames::subscribe(self.route, 0)))?;
        let (healthy, start) = (self.subscribers - self.slow, Instant::now());
        let mut watch = self.watch(start)?;
        let publisher = Publisher::start(server, self.as_fan_out().orders(), start)?;
        let watcher = Watcher::start(server, self.until(), start);

        let turn = WARM_UP + self.before;
        self.receive(&mut swarm, &mut watch, turn, || false)?;
        let mut figures = Figures::from([("p99_before_ms", watch.p99())]);
        let (memory, slow) = (server.memory()?, (watch.slow.delivered, watch.slow.values));
        watcher.begin(memory);
        (healthy..self.subscribers).for_each(|index| swarm.hold(index));
        watch.updates.count_from(turn);
        server.measuring();
        let end = turn + self.during;
        self.receive(&mut swarm, &mut watch, end, || watcher.reached().is_some())?;
        figures.insert("p99_during_ms", watch.p99());
        self.receive(&mut swarm, &mut watch, end, || false)?;
        let lasted = watcher.reached().map_or(self.during, |at| at.saturating_sub(turn));
        let grown = watcher.stop()?.saturating_sub(memory);
        figures.insert("memory_growth_mib", grown as f64 / 1024.0 / 1024.0);

        let published = publisher.stop()?;
        self.finish(&mut swarm, &mut watch, published)?;
        if self.told.is_some() || watch.ended == 0 {
            figures.insert("slow_lasted_s", lasted.as_secs_f64());
        }
        self.deliveries(&mut figures, &watch, published);
        if self.is_conflated() {
            figures.insert("slow_frames", (watch.slow.delivered - slow.0) as f64);
            figures.insert("slow_values", (watch.slow.values - slow.1) as f64);
        }
        self.ends(&mut figures, &watch, server)?;
        Ok(figures)
    }

    fn watch(&self, start: Instant) -> Result<Watch> {
        let new = if self.is_conflated() { Updates::of_latest } else { Updates::new };
        let (updates, slow) =
            (new(self.subscribers, start, WARM_UP)?, new(self.subscribers, start, WARM_UP)?);
        let healthy = self.subscribers - self.slow;
        Ok(Watch { updates, slow, healthy, broken: None, ended: 0, closes: BTreeMap::new() })
    }

    /// How the server says that all slow ones were ended.
    fn until(&self) -> Option<Until> {
        let told = self.told.as_ref()?;
        Some(Until { path: told.metrics, counter: told.ended, count: self.slow as u64 })
    }

    /// Who must have got every value: the slow ones as well, where they are not ended.
    fn entitled(&self) -> u64 {
        (if self.is_conflated() { self.subscribers } else { self.subscribers - self.slow }) as u64
    }

    /// Whether everything came that was due, and in order.
    fn deliveries(&self, figures: &mut Figures, watch: &Watch, published: u64) {
        let (mut values, mut disorder) = (watch.updates.values, watch.updates.disorder);
        if self.is_conflated() {
            values += watch.slow.values;
            disorder += watch.slow.disorder;
        }
        figures.insert("lost", (published * self.entitled()).saturating_sub(values) as f64);
        figures.insert("disorder", disorder as f64);
    }

    /// What became of the slow ones, and what the server says of it.
    fn ends(&self, figures: &mut Figures, watch: &Watch, server: &Server) -> Result<()> {
        figures.insert("slow", self.slow as f64);
        figures.insert("slow_ended", watch.ended as f64);
        if let Some((code, count)) = watch.closes.iter().max_by_key(|(_, count)| **count) {
            figures.insert("close_code", f64::from(*code));
            figures.insert("slow_closed_with_code", *count as f64);
        }
        let Some(told) = &self.told else { return Ok(()) };
        let counted = server.counter(told.metrics, told.ended)?;
        figures.insert("slow_counted", counted as f64);
        match told.treatment {
            Treatment::Ends(code) => {
                let with_code = watch.closes.get(&code).copied().unwrap_or(0);
                // Ended without the client being told, or without the operator.
                let unsaid = self.slow.abs_diff(with_code) as u64 + (with_code as u64).abs_diff(counted);
                figures.insert("slow_unsaid", unsaid as f64);
            }
            Treatment::Conflates(counter) => {
                let replaced = |updates: &Updates| updates.values - updates.delivered;
                let (healthy, slow) = (replaced(&watch.updates), replaced(&watch.slow));
                let counted = server.counter(told.metrics, counter)?;
                figures.insert("healthy_replaced", healthy as f64);
                figures.insert("replaced_counted", counted as f64);
                figures.insert("replaced_unsaid", counted.abs_diff(healthy + slow) as f64);
            }
        }
        Ok(())
    }

    fn as_fan_out(&self) -> FanOut {
        FanOut {
            subscribers: self.subscribers,
            topics: 1,
            bytes: self.bytes,
            load: Load::Paced(self.per_second * self.subscribers as f64),
            time: self.during,
            deflate: false,
            route: self.route,
        }
    }

    /// Receives until a moment after the start, or until it is enough; those that are held sip.
    fn receive(
        &self,
        swarm: &mut Swarm,
        watch: &mut Watch,
        until: Duration,
        enough: impl Fn() -> bool,
    ) -> Result<()> {
        let sip = (self.per_second * self.bytes as f64 * NAP.as_secs_f64() / 100.0) as usize;
        let mut sipped = watch.updates.now();
        while watch.updates.now() < until && !enough() {
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
    fn finish(&self, swarm: &mut Swarm, watch: &mut Watch, published: u64) -> Result<()> {
        let (start, expected) = (Instant::now(), published * watch.healthy as u64);
        while watch.updates.values < expected && start.elapsed() < PATIENCE {
            swarm.pump(Duration::from_millis(20), |index, event| watch.take(index, &event))?;
        }
        let start = Instant::now();
        let is_served = |slow: &Updates| self.is_conflated() && slow.values >= published * self.slow as u64;
        while watch.ended < self.slow && !is_served(&watch.slow) && start.elapsed() < PATIENCE {
            for index in watch.healthy..self.subscribers {
                swarm.sip(index, usize::MAX, |index, event| watch.take(index, &event))?;
            }
            swarm.pump(Duration::from_millis(20), |index, event| watch.take(index, &event))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readers(treatment: Treatment) -> SlowReaders {
        SlowReaders {
            subscribers: 3,
            slow: 1,
            per_second: 100.0,
            bytes: 500,
            before: Duration::ZERO,
            during: Duration::ZERO,
            route: "quotes",
            told: Some(Told { metrics: "/metrics", ended: "ended_total", treatment }),
        }
    }

    #[test]
    fn slow_ones_are_owed_every_value_only_where_they_are_kept() {
        let frame = |conflated: u64, time: u64| {
            let head = format!(r#"{{"conflated":{conflated},"payload":"#);
            let (time, due) = (frames::FIRST_TIME + time, frames::FIRST_NS);
            format!(r#"{head}{{"time":{time},"ts_ns":{due}}}}}"#).into_bytes()
        };
        // Four values to each of two healthy ones; one frame for three of them to the slow one.
        for (treatment, lost) in [(Treatment::Ends(4413), 0.0), (Treatment::Conflates("replaced_total"), 1.0)]
        {
            let plan = readers(treatment);
            let mut watch = plan.watch(Instant::now()).expect("histograms");
            for (index, time) in (0..2).flat_map(|index| (0..4).map(move |time| (index, time))) {
                watch.take(index, &Event::Text(&frame(1, time), false));
            }
            watch.take(2, &Event::Text(&frame(3, 2), false));
            let mut figures = Figures::new();
            plan.deliveries(&mut figures, &watch, 4);
            assert_eq!((figures["lost"], figures["disorder"]), (lost, 0.0), "{treatment:?}");
        }
    }
}
