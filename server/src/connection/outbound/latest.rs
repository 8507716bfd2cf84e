//! Topics that deliver the latest value of each key, before a queue with room for a few: random schedules, with what
//! was received held against what was published. Every value is received, stood for or owned up to.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use tokio::time::Instant;

use super::lanes::cost;
use super::model::{chosen, run_all};
use super::tests::{keyed, next, queue};
use super::{ENTRY_COST, Outbound};
use crate::hub::Outlet;
use crate::protocol::Overflow;

const SCHEDULES: u64 = 3_000;
const STEPS: usize = 60;
const TOPIC: &str = "quotes:{}";
/// A queue with room for about three values.
const LIMIT: usize = 3 * (ENTRY_COST + 100);

/// What one client was sent, and what it made of it.
struct Watched {
    overflow: Overflow,
    outbound: Outbound,
    published: u64,
    /// Values received, stood for or dropped with a word.
    accounted: u64,
    /// The last number that was received, or published, of each key.
    received: BTreeMap<String, u64>,
    sent: BTreeMap<String, u64>,
    dropped: bool,
}

impl Watched {
    fn new(overflow: Overflow) -> Self {
        let (received, sent) = (BTreeMap::new(), BTreeMap::new());
        Self { overflow, outbound: queue(LIMIT), published: 0, accounted: 0, received, sent, dropped: false }
    }

    fn publish(&mut self, key: &str, pad: usize, interval_ms: u64) {
        self.published += 1;
        let payload = format!("{{\"k\":\"{key}\",\"n\":{},\"pad\":\"{}\"}}", self.published, "x".repeat(pad));
        let update = keyed(TOPIC, key, &payload, interval_ms, self.overflow);
        self.outbound.offer(&update);
        self.sent.insert(key.to_owned(), self.published);
        let waiting = self.outbound.lock().data_bytes;
        assert!(waiting <= LIMIT.max(cost(&update)), "{waiting} bytes wait");
    }

    /// Reads a frame; `false` where none waits.
    fn read(&mut self) -> bool {
        let Some(text) = next(&self.outbound) else { return false };
        if text.starts_with("resync") {
            self.dropped = true;
            self.accounted += self.outbound.catch_up(TOPIC).expect("it was announced");
            return true;
        }
        let frame: Value = serde_json::from_str(&text).expect("a frame");
        let dropped = frame["dropped"].as_u64().unwrap_or(0);
        self.dropped |= dropped > 0;
        self.accounted += dropped + frame["conflated"].as_u64().unwrap_or(1);
        let (key, number) = (frame["payload"]["k"].as_str(), frame["payload"]["n"].as_u64());
        let (key, number) = (key.expect("a key").to_owned(), number.expect("a number"));
        assert!(self.received.insert(key, number) < Some(number), "values of a key come in order");
        true
    }

    fn has_overflowed(&self) -> bool {
        self.outbound.lock().overflowed
    }
}

async fn run(seed: u64) {
    let random = &mut StdRng::seed_from_u64(seed);
    let overflow = [Overflow::Close, Overflow::DropOldest, Overflow::Resync][random.random_range(0..3)];
    let interval_ms = [0, 50][random.random_range(0..2)];
    let mut watched = Watched::new(overflow);
    for _ in 0..STEPS {
        match random.random_range(0..10) {
            0..6 => {
                let key = ["a", "b", "c", "d", "e"][random.random_range(0..5)];
                watched.publish(key, random.random_range(0..120), interval_ms);
            }
            6..9 => _ = watched.read(),
            _ => tokio::time::advance(Duration::from_millis(30)).await,
        }
        if watched.has_overflowed() {
            assert_eq!(overflow, Overflow::Close, "no other policy closes");
            return;
        }
    }
    while watched.read() || watched.outbound.next_due().is_some() {
        tokio::time::advance(Duration::from_millis(50)).await;
        watched.outbound.wake_slots(Instant::now());
    }
    assert_eq!(watched.accounted, watched.published, "values that nobody speaks of");
    assert_eq!(watched.outbound.lock().data_bytes, 0);
    if !watched.dropped {
        assert_eq!(watched.received, watched.sent, "the latest of each key");
    }
    let last = watched.sent.values().max();
    if overflow == Overflow::DropOldest {
        assert_eq!(watched.received.values().max(), last, "the newest of all is never dropped");
    }
}

#[test]
fn every_value_is_received_or_stood_for_or_owned_up_to() {
    match chosen() {
        Some(seed) => run_all([seed], run),
        None => run_all(0..SCHEDULES, run),
    }
}
