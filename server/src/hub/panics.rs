//! Panics where the hub calls out: what they cost whom.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::fixtures::{EVERY, NoHooks, policy};
use super::{Hub, Lifecycle, Outlet, Publication, Route, RoutePolicy, Subscription, Turn, in_order};
use crate::protocol::{DeliveryMode, DeliverySpec};

/// Keeps what it is offered, and panics at one payload.
#[derive(Default)]
struct Fragile {
    received: Mutex<Vec<String>>,
    came: Notify,
    bad: &'static str,
    failures: AtomicUsize,
}

impl Fragile {
    fn received(&self) -> String {
        self.received.lock().expect("no panic").join(" ")
    }

    async fn until(&self, last: &str) {
        while !self.received().ends_with(last) {
            self.came.notified().await;
        }
    }
}

impl Outlet for Fragile {
    fn offer(&self, publication: &Arc<Publication>) {
        let payload = publication.payload().into_owned();
        assert_ne!(payload, self.bad, "wanted");
        self.received.lock().expect("no panic").push(payload);
        self.came.notify_one();
    }

    fn room(&self) -> usize {
        usize::MAX
    }

    fn overflow(&self) {}

    fn fail(&self) {
        self.failures.fetch_add(1, Ordering::SeqCst);
    }
}

fn subscribe(route: &Arc<Route>, topic: &str, bad: &'static str) -> (Arc<Fragile>, Subscription) {
    let fragile = Arc::new(Fragile { bad, ..Fragile::default() });
    let outlet: Arc<dyn Outlet> = fragile.clone();
    let subscription = route.subscribe(topic, &outlet, &(Arc::new(NoHooks) as _), None).0;
    subscription.release(None);
    (fragile, subscription)
}

fn publish(route: &Route, topic: &str, payload: &str) {
    route.publish(|| Ok::<_, ()>(topic.to_owned()), || Ok(payload.to_owned())).expect("nothing fails");
}

fn in_a_turn(publish: &dyn Fn()) {
    let _turn = Turn::begin();
    publish();
}

/// How publications come, and whether the tasks of the hub run.
type Way = (&'static str, bool, fn(&dyn Fn()));

const WAYS: [Way; 4] = [
    ("without tasks", false, |publish| publish()),
    ("by a task", true, |publish| publish()),
    ("in order", true, |publish| in_order(publish)),
    ("in a turn", true, in_a_turn),
];

#[tokio::test]
async fn a_panic_at_one_subscriber_costs_nobody_else_anything() {
    let latest = DeliverySpec { mode: DeliveryMode::Latest { key: &[], interval_ms: 0 }, ..EVERY };
    for ((way, has_tasks, go), delivery) in WAYS.into_iter().flat_map(|way| [(way, EVERY), (way, latest)]) {
        let hub = Hub::default();
        if has_tasks {
            hub.start();
        }
        let route = hub.route("/ws", RoutePolicy { delivery, ..policy("t") });
        // More than are fetched together, and the last of them is bad too.
        let bad = |seat| if [3, 4, 19].contains(&seat) { "2" } else { "" };
        let seats: Vec<_> = (0..20).map(|seat| subscribe(&route, "t", bad(seat))).collect();
        let (other, _held) = subscribe(&route, "other", "");
        for payloads in [["1", "2"], ["3", "4"]] {
            go(&|| {
                for payload in payloads {
                    publish(&route, "t", payload);
                    publish(&route, "other", payload);
                }
            });
            for inbox in seats.iter().map(|(inbox, _)| inbox).chain([&other]) {
                inbox.until(if inbox.bad == payloads[1] { payloads[0] } else { payloads[1] }).await;
            }
        }
        for (inbox, _) in &seats {
            let (all, failures) = if inbox.bad == "2" { ("1 3 4", 1) } else { ("1 2 3 4", 0) };
            assert_eq!(inbox.received(), all, "{way}");
            assert_eq!(inbox.failures.load(Ordering::SeqCst), failures, "{way}");
        }
        assert_eq!(other.received(), "1 2 3 4", "{way}");
    }
}

#[test]
fn a_panic_at_one_connection_keeps_no_broadcast_from_others() {
    let audience = Hub::default().audience("/ws");
    let inboxes: Vec<_> = (0..20)
        .map(|number| Arc::new(Fragile { bad: if number % 9 == 4 { "2" } else { "" }, ..Fragile::default() }))
        .collect();
    let seats: Vec<_> = (0..)
        .zip(&inboxes)
        .map(|(number, inbox)| audience.join(number, inbox.clone(), |_| Vec::new()))
        .collect();
    let message = |payload: &str| {
        let name = Arc::from("t");
        let kind = super::PublicationKind::Update;
        Arc::new(Publication::of_topic(kind, &name, (None, None), payload, &policy("t")))
    };
    for payload in ["1", "2", "3"] {
        assert_eq!(audience.publish(&message(payload)), seats.len());
    }
    assert!(audience.send(4, &message("2")));
    for inbox in &inboxes {
        let (all, is_good) = if inbox.bad == "2" { ("1 3", false) } else { ("1 2 3", true) };
        assert_eq!(inbox.received(), all);
        assert_eq!(inbox.failures.load(Ordering::SeqCst) == 0, is_good);
    }
}

/// Panics when somebody comes, and counts who leaves.
#[derive(Default)]
struct Panics(AtomicUsize);

impl Lifecycle for Panics {
    fn first_subscriber(&self) {
        panic!("wanted");
    }

    fn last_subscriber(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn after_a_hook_that_panics_the_next_ones_are_called() {
    let hub = Hub::default();
    let route = hub.route("/ws", policy("t"));
    let (panics, inbox) = (Arc::new(Panics::default()), Arc::new(Fragile::default()));
    let (hooks, outlet): (Arc<dyn Lifecycle>, Arc<dyn Outlet>) = (panics.clone(), inbox.clone());
    for round in 1..=2 {
        let came = catch_unwind(AssertUnwindSafe(|| route.subscribe("t", &outlet, &hooks, None).0));
        drop(came);
        assert_eq!(panics.0.load(Ordering::SeqCst), round);
        assert_eq!((route.topic_count(), route.subscription_count()), (0, 0), "nothing is left behind");
    }
}
