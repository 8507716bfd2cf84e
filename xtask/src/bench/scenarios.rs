//! What is measured. A new scenario is a row here.

use std::time::Duration;

use anyhow::{Result, bail};
use bellwire_load::{FanOut, Idle, Load, Plan, Requests, SlowReaders, Storm, Told, Treatment};

use super::peers::{OURS, Peer};

/// Deliveries a second where they are paced.
const PACE: f64 = 30_000.0;
/// The same over a thousand topics.
const TOPICS_PACE: f64 = 5_000.0;
/// The route whose updates are joined for a millisecond; peers have no such thing.
const JOINED: &str = "joined";

/// The route that gives slow readers the latest value only; peers have no such thing either.
const LATEST: &str = "quotes";

/// How our server ends a slow reader.
const ENDED: Told =
    Told { metrics: "/metrics", ended: "bellwire_slow_disconnects_total", treatment: Treatment::Ends(4413) };
/// How it keeps one of a topic that delivers the latest value only.
const KEPT: Told =
    Told { treatment: Treatment::Conflates("bellwire_conflated_total{route=\"quotes\"}"), ..ENDED };

/// One thing that is measured.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scenario {
    /// Its name for `--only`.
    pub(super) name: &'static str,
    /// What it is, for readers.
    pub(super) title: &'static str,
    pub(super) plan: Plan,
}

impl Scenario {
    /// The plan for a server: only ours has more than one route, and says how it ends slow readers; those that no target
    /// names are measured for less long, so that everybody is measured within half an hour.
    pub(super) fn plan_for(&self, peer: &Peer) -> Plan {
        let mut plan = self.plan.clone();
        if !peer.is_in_a_target() {
            shorten(&mut plan);
        }
        if peer.name != OURS {
            match &mut plan {
                Plan::FanOut(fan_out) => fan_out.route = "bars",
                Plan::SlowReaders(slow) => slow.told = None,
                _ => {}
            }
        }
        plan
    }

    /// Publications to one topic as fast as they are delivered: where joining shows.
    pub(super) fn is_saturated(&self) -> bool {
        matches!(&self.plan, Plan::FanOut(plan) if plan.load == Load::Saturated && plan.topics == 1)
    }

    /// Slow readers get the latest value instead of all.
    pub(super) fn is_conflated(&self) -> bool {
        matches!(&self.plan, Plan::SlowReaders(plan) if plan.is_conflated())
    }

    /// Asks for compression.
    pub(super) fn is_deflated(&self) -> bool {
        matches!(&self.plan, Plan::FanOut(plan) if plan.deflate)
    }
}

/// Scenarios whose names begin with one of these; all, where none is given.
pub(super) fn chosen(only: &[String], quick: bool) -> Result<Vec<Scenario>> {
    let all = all(quick);
    for beginning in only {
        if !all.iter().any(|scenario| scenario.name.starts_with(beginning.as_str())) {
            let names: Vec<&str> = all.iter().map(|scenario| scenario.name).collect();
            bail!("no scenario begins with `{beginning}`; there are {}", names.join(", "));
        }
    }
    let wanted = |name: &str| only.is_empty() || only.iter().any(|one| name.starts_with(one.as_str()));
    Ok(all.into_iter().filter(|scenario| wanted(scenario.name)).collect())
}

fn all(quick: bool) -> Vec<Scenario> {
    let mut scenarios = fan_outs();
    scenarios.extend(others());
    if quick {
        scenarios.iter_mut().for_each(|scenario| shrink(&mut scenario.plan));
    }
    scenarios
}

fn fan_out(subscribers: usize, topics: usize, bytes: usize, load: Load) -> FanOut {
    let time = Duration::from_secs(2);
    FanOut { subscribers, topics, bytes, load, time, deflate: false, route: "bars" }
}

fn fan_outs() -> Vec<Scenario> {
    let (paced, saturated) = (Load::Paced(PACE), Load::Saturated);
    // Targets of a few per cent need more than two seconds of it.
    let long = |subscribers| FanOut { time: Duration::from_secs(5), ..fan_out(subscribers, 1, 0, paced) };
    let rows = [
        ("topic-100-paced", "1 topic × 100, paced", long(100)),
        ("topic-1000-paced", "1 topic × 1 000, paced", long(1000)),
        ("topic-5000-paced", "1 topic × 5 000, paced", long(5000)),
        ("topic-100-saturated", "1 topic × 100, saturated", fan_out(100, 1, 0, saturated)),
        ("topic-1000-saturated", "1 topic × 1 000, saturated", fan_out(1000, 1, 0, saturated)),
        ("topic-5000-saturated", "1 topic × 5 000, saturated", fan_out(5000, 1, 0, saturated)),
        ("large-paced", "2 KB, 1 topic × 1 000, paced", fan_out(1000, 1, 2048, paced)),
        ("large-saturated", "2 KB, 1 topic × 1 000, saturated", fan_out(1000, 1, 2048, saturated)),
        (
            "topics-1000-paced",
            "1 000 topics × 1 000, paced",
            fan_out(1000, 1000, 0, Load::Paced(TOPICS_PACE)),
        ),
        (
            "topics-5000-paced",
            "1 000 topics × 5 000, paced",
            fan_out(5000, 1000, 0, Load::Paced(TOPICS_PACE)),
        ),
        ("topics-1000-saturated", "1 000 topics × 1 000, saturated", fan_out(1000, 1000, 0, saturated)),
        ("topics-5000-saturated", "1 000 topics × 5 000, saturated", fan_out(5000, 1000, 0, saturated)),
        (
            "flush",
            "1 topic × 200, 1 000 updates/s, flush 1 ms",
            FanOut { route: JOINED, ..fan_out(200, 1, 0, Load::Paced(200_000.0)) },
        ),
        ("plain-1k", "1 KB, 1 topic × 1 000, paced, plain", fan_out(1000, 1, 1024, paced)),
        (
            "deflate-1k",
            "1 KB, 1 topic × 1 000, paced, deflated",
            FanOut { deflate: true, ..fan_out(1000, 1, 1024, paced) },
        ),
    ];
    rows.map(|(name, title, plan)| Scenario { name, title, plan: Plan::FanOut(plan) }).into()
}

fn others() -> Vec<Scenario> {
    let seconds = Duration::from_secs;
    let slow = SlowReaders {
        subscribers: 60,
        slow: 10,
        per_second: 500.0,
        bytes: 2200,
        before: seconds(2),
        during: seconds(6),
        route: "bars",
        told: Some(ENDED),
    };
    let conflated = SlowReaders { route: LATEST, told: Some(KEPT), ..slow.clone() };
    let rows = [
        (
            "idle",
            "10 000 idle, subscribed connections",
            Plan::Idle(Idle { connections: 10_000, topics: 100 }),
        ),
        (
            "storm",
            "connect, subscribe, close",
            Plan::Storm(Storm { connections: 4000, at_once: 50, topics: 100 }),
        ),
        (
            "requests",
            "request/reply, 100 connections, 16 under way on each",
            Plan::Requests(Requests { connections: 100, depth: 16, time: seconds(2) }),
        ),
        ("slow", "10 of 60 read at 1 % of the rate", Plan::SlowReaders(slow)),
        (
            "slow-conflated",
            "10 of 60 read at 1 % of the rate, the latest value only",
            Plan::SlowReaders(conflated),
        ),
    ];
    rows.map(|(name, title, plan)| Scenario { name, title, plan }).into()
}

/// The same for a second, slow readers for half as long, or with fewer connections; a quick plan is short already.
fn shorten(plan: &mut Plan) {
    match plan {
        Plan::FanOut(plan) => plan.time = plan.time.min(Duration::from_secs(1)),
        Plan::Idle(plan) => plan.connections = plan.connections.min(2000),
        Plan::Storm(plan) => plan.connections = plan.connections.min(1000),
        Plan::SlowReaders(plan) => {
            plan.before = plan.before.min(Duration::from_secs(1));
            plan.during = plan.during.min(Duration::from_secs(3));
        }
        Plan::Requests(plan) => plan.time = plan.time.min(Duration::from_secs(1)),
    }
}

/// The same in small, for a look at whether it works.
fn shrink(plan: &mut Plan) {
    let short = Duration::from_millis(200);
    match plan {
        Plan::FanOut(plan) => {
            plan.subscribers = (plan.subscribers / 50).max(4);
            plan.topics = (plan.topics / 50).max(1);
            plan.time = short;
            if let Load::Paced(rate) = &mut plan.load {
                *rate /= 50.0;
            }
        }
        Plan::Idle(plan) => plan.connections = 50,
        Plan::Storm(plan) => (plan.connections, plan.at_once) = (50, 10),
        Plan::SlowReaders(plan) => {
            (plan.subscribers, plan.slow, plan.per_second) = (6, 1, 50.0);
            (plan.before, plan.during) = (short, short);
        }
        Plan::Requests(plan) => (plan.connections, plan.time) = (5, short),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenarios_are_chosen_by_the_beginning_of_their_names() {
        let names = |only: &[&str]| -> Vec<&str> {
            let only: Vec<String> = only.iter().map(|one| (*one).to_owned()).collect();
            chosen(&only, false).expect("known names").iter().map(|scenario| scenario.name).collect()
        };
        assert_eq!(names(&["large", "idle"]), ["large-paced", "large-saturated", "idle"]);
        assert_eq!(names(&[]).len(), all(false).len());
        let error = chosen(&["lagre".to_owned()], false).expect_err("there is none");
        assert!(error.to_string().starts_with("no scenario begins with `lagre`; there are topic-100-paced"));
    }
}
