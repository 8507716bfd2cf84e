use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{Rest, in_order};
use crate::hub::fixtures::{EVERY, NoHooks, policy, publish, subscribe};
use crate::hub::{Hub, Lifecycle, Outlet, Publication, Route, RoutePolicy};
use crate::protocol::DeliverySpec;

const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[test]
fn a_task_is_woken_only_for_what_it_would_see_too_late() {
    let now = Instant::now();
    let at = |count| Some(now + ms(count));
    let cases = [
        (Rest::Awake, None, false),
        (Rest::Awake, at(5), false),
        (Rest::Until(None), None, true),
        (Rest::Until(None), at(5), true),
        (Rest::Until(at(5)), None, true),
        (Rest::Until(at(5)), at(4), true),
        (Rest::Until(at(5)), at(5), false),
        (Rest::Until(at(5)), at(6), false),
    ];
    for (rest, due, wakes) in cases {
        assert_eq!(rest.ends_for(due), wakes, "{rest:?} {due:?}");
    }
}

fn route(hub: &Hub, name: &'static str, flush_ms: u64) -> Arc<Route> {
    hub.route("/ws", RoutePolicy { delivery: DeliverySpec { flush_ms, ..EVERY }, ..policy(name) })
}

#[tokio::test(start_paused = true)]
async fn each_topic_waits_for_company_as_long_as_its_own_interval() {
    let hub = Hub::default();
    hub.start();
    let start = Instant::now();
    let inboxes = [("slow", 20), ("quick", 5), ("late", 20), ("at once", 0)].map(|(name, flush_ms)| {
        let route = route(&hub, name, flush_ms);
        let (inbox, subscription) = subscribe(&route, "t");
        subscription.release(None);
        let (route, told) = (route.clone(), inbox.clone());
        let came = tokio::spawn(async move {
            told.came.notified().await;
            (start.elapsed(), told.take())
        });
        (route, subscription, came)
    });
    let [(slow, ..), (quick, ..), (late, ..), (at_once, ..)] = &inboxes;

    publish(slow, "t", "1");
    sleep(ms(2)).await;
    // The task rests until 20 and has to be woken for this, but not for what follows.
    publish(quick, "t", "1");
    sleep(ms(2)).await;
    publish(late, "t", "1");
    publish(slow, "t", "2");
    publish(quick, "t", "2");
    sleep(ms(5)).await;
    publish(at_once, "t", "1");

    let mut found = Vec::new();
    for (_, _subscription, came) in inboxes {
        found.push(came.await.expect("no panic"));
    }
    let expected = [(20, vec!["1", "2"]), (7, vec!["1", "2"]), (24, vec!["1"]), (9, vec!["1"])];
    for ((at, runs), (expected_at, expected)) in found.iter().zip(expected) {
        assert_eq!(
            (at.as_millis(), runs),
            (expected_at, &vec![expected.into_iter().map(str::to_owned).collect()])
        );
    }
}

/// Someone for whom another thread publishes once more whenever something comes, which has returned before this goes on.
struct Insatiable {
    received: Mutex<Vec<String>>,
    more: mpsc::SyncSender<mpsc::SyncSender<()>>,
}

impl Outlet for Insatiable {
    fn offer(&self, publication: &Arc<Publication>) {
        self.received.lock().expect("no panic").push(publication.payload().into_owned());
        let (done, returned) = mpsc::sync_channel(1);
        self.more.send(done).expect("the thread is there");
        returned.recv().expect("the thread is there");
    }

    fn room(&self) -> usize {
        usize::MAX
    }

    fn overflow(&self) {}

    fn fail(&self) {}
}

#[tokio::test]
async fn who_publishes_in_order_does_not_carry_what_others_go_on_publishing() {
    let hub = Hub::default();
    hub.start();
    let route = route(&hub, "t", 0);
    let (more, asked) = mpsc::sync_channel::<mpsc::SyncSender<()>>(0);
    let other = route.clone();
    std::thread::spawn(move || {
        for done in asked {
            publish(&other, "t", "more");
            done.send(()).expect("it is waited for");
        }
    });
    let received = Arc::new(Insatiable { received: Mutex::default(), more });
    let (outlet, hooks): (Arc<dyn Outlet>, Arc<dyn Lifecycle>) = (received.clone(), Arc::new(NoHooks));
    let (subscription, _) = route.subscribe("t", &outlet, &hooks, None);
    subscription.release(None);
    in_order(|| publish(&route, "t", "mine"));
    let count = || received.received.lock().expect("no panic").len();
    assert_eq!(count(), 1, "its own alone");
    tokio::task::yield_now().await;
    assert!(count() > 1, "the topic's task goes on");
}
