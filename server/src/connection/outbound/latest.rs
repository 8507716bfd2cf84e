//! Topics that deliver the latest value of each key, before a queue with room for a few: random schedules, with what
//! was received held against what was published. Every value is received, stood for or owned up to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use tokio::time::Instant;

use super::Outbound;
use super::model::{chosen, run_all};
use super::tests::{keyed, next, queue};
use crate::hub::fixtures::{EVERY, NoHooks, policy, publish};
use crate::hub::{ENTRY_COST, Hub, Lifecycle, Outlet, RoutePolicy, Subscription};
use crate::protocol::{DeliveryMode, DeliverySpec, Overflow, StateKind};

const SCHEDULES: u64 = 3_000;
const STEPS: usize = 60;
const TOPIC: &str = "quotes:{}";
/// A queue with room for about three values.
const LIMIT: usize = 3 * (ENTRY_COST + 100);

/// What one client was sent, and what it made of it.
struct Watched {
    overflow: Overflow,
    outbound: Arc<Outbound>,
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
        Self {
            overflow,
            outbound: Arc::new(queue(LIMIT)),
            published: 0,
            accounted: 0,
            received,
            sent,
            dropped: false,
        }
    }

    /// The next value of a key.
    fn payload(&mut self, key: &str, pad: usize) -> String {
        self.published += 1;
        self.sent.insert(key.to_owned(), self.published);
        format!("{{\"k\":\"{key}\",\"n\":{},\"pad\":\"{}\"}}", self.published, "x".repeat(pad))
    }

    fn publish(&mut self, key: &str, pad: usize, interval_ms: u64) {
        let payload = self.payload(key, pad);
        let update = keyed(TOPIC, key, &payload, interval_ms, self.overflow);
        self.outbound.offer(&update);
        let waiting = self.outbound.lock().data_bytes;
        assert!(waiting <= LIMIT.max(update.cost()), "{waiting} bytes wait");
    }

    /// Reads a frame; `false` where none waits.
    fn read(&mut self) -> bool {
        let Some(text) = next(&self.outbound) else { return false };
        if text.starts_with("resync") {
            self.dropped = true;
            self.accounted += self.outbound.catch_up(TOPIC).expect("it was announced");
            return true;
        }
        self.take(&text);
        true
    }

    /// Takes an update in; a snapshot says nothing of single values.
    fn take(&mut self, text: &str) {
        let frame: Value = serde_json::from_str(text).expect("a frame");
        if frame["type"] == "quotes.snapshot" {
            return;
        }
        let dropped = frame["dropped"].as_u64().unwrap_or(0);
        self.dropped |= dropped > 0;
        self.accounted += dropped + frame["conflated"].as_u64().unwrap_or(1);
        let (key, number) = (frame["payload"]["k"].as_str(), frame["payload"]["n"].as_u64());
        let (key, number) = (key.expect("a key").to_owned(), number.expect("a number"));
        assert!(self.received.insert(key, number) < Some(number), "values of a key come in order");
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

/// The same through the hub, for one who subscribes again and whose snapshots take their time: what comes meanwhile is
/// held back, of each key the latest.
struct Held {
    watched: Watched,
    subscription: Subscription,
    has_state: bool,
    is_making: bool,
    /// The client gets updates beside the snapshot that is made or put off, not only behind it.
    again: bool,
}

impl Held {
    fn ask(&mut self) {
        self.is_making = self.watched.outbound.make_way_for(self.subscription.topic());
        if !self.is_making {
            self.watched.outbound.postpone(self.subscription.topic());
        }
    }

    fn subscribe_again(&mut self) {
        if !self.is_making {
            let is_put_off = self.watched.outbound.lock().lag(TOPIC).is_some_and(|lag| lag.dropped == 0);
            self.again |= !is_put_off;
            self.subscription.hold(true);
            self.ask();
        }
    }

    fn finish(&mut self, made: Option<&str>) {
        let outbound = &self.watched.outbound;
        if !std::mem::take(&mut self.is_making) {
            return;
        }
        if !outbound.make_way_for_made(TOPIC, made) {
            return outbound.postpone(self.subscription.topic());
        }
        let is_whole = self.subscription.release(made);
        let is_sent = is_whole && outbound.lock().lag(TOPIC).is_none();
        if is_sent && !self.again && made.is_none() && self.has_state {
            // The snapshot behind a notice contains what was held back.
            self.watched.accounted = self.watched.published;
            self.watched.dropped = true;
        }
    }

    /// Reads a frame; `false` where none waits.
    fn read(&mut self) -> bool {
        let Some(text) = next(&self.watched.outbound) else { return false };
        if !text.starts_with("resync") {
            self.watched.take(&text);
            return true;
        }
        self.finish(None);
        let lost = self.watched.outbound.begin_resync(&self.subscription, TOPIC);
        if let Some(lost) = lost {
            self.watched.accounted += lost;
            self.watched.dropped |= lost > 0;
            self.again &= lost == 0;
            self.ask();
        }
        true
    }
}

async fn run_held(seed: u64) {
    let random = &mut StdRng::seed_from_u64(seed);
    let overflow = [Overflow::Close, Overflow::DropOldest, Overflow::Resync][random.random_range(0..3)];
    let mode = DeliveryMode::Latest { key: &["k"], interval_ms: [0, 50][random.random_range(0..2)] };
    let state = random.random::<bool>().then_some(StateKind::Latest);
    let delivery = DeliverySpec { mode, overflow, ..EVERY };
    let route = Hub::default().route("/ws", RoutePolicy { state, delivery, ..policy("quotes") });
    let watched = Watched::new(overflow);
    let (outlet, hooks): (Arc<dyn Outlet>, Arc<dyn Lifecycle>) =
        (watched.outbound.clone(), Arc::new(NoHooks));
    let subscription = route.subscribe(TOPIC, &outlet, &hooks, None).0;
    subscription.release(None);
    let has_state = state.is_some();
    let mut held = Held { watched, subscription, has_state, is_making: false, again: true };
    for _ in 0..STEPS {
        match random.random_range(0..12) {
            0..5 => {
                let key = ["a", "b", "c", "d", "e"][random.random_range(0..5)];
                publish(&route, TOPIC, &held.watched.payload(key, random.random_range(0..120)));
            }
            5..8 => _ = held.watched.has_overflowed() || held.read(),
            8 => held.subscribe_again(),
            9 | 10 => held.finish([None, Some("{}")][random.random_range(0..2)]),
            _ => tokio::time::advance(Duration::from_millis(30)).await,
        }
        if held.watched.has_overflowed() {
            return assert_eq!(overflow, Overflow::Close, "no other policy closes");
        }
    }
    held.finish(None);
    while !held.watched.has_overflowed()
        && (held.read() || held.is_making || held.watched.outbound.next_due().is_some())
    {
        held.finish(None);
        tokio::time::advance(Duration::from_millis(50)).await;
        held.watched.outbound.wake_slots(Instant::now());
    }
    if held.watched.has_overflowed() {
        return assert_eq!(overflow, Overflow::Close, "no other policy closes");
    }
    assert_eq!(held.watched.accounted, held.watched.published, "values that nobody speaks of");
    assert_eq!(held.watched.outbound.lock().data_bytes, 0);
    if !held.watched.dropped {
        assert_eq!(held.watched.received, held.watched.sent, "the latest of each key");
    }
}

#[test]
fn every_value_that_is_held_back_is_received_or_stood_for_or_owned_up_to() {
    match chosen() {
        Some(seed) => run_all([seed], run_held),
        None => run_all(0..SCHEDULES, run_held),
    }
}
