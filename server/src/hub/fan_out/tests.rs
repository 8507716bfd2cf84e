use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Rest;
use crate::hub::fixtures::{EVERY, policy, publish, subscribe};
use crate::hub::{Hub, Route, RoutePolicy};
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
