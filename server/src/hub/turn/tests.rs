use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use super::{READS, Turn};
use crate::hub::fixtures::{policy, publish, subscribe, subscribe_with};
use crate::hub::{Hub, Lifecycle, Route, RoutePolicy};
use crate::protocol::HistorySpec;

/// Publishes to the topic that somebody subscribes to.
struct Greets(Arc<Route>);

impl Lifecycle for Greets {
    fn first_subscriber(&self) {
        publish(&self.0, "t", "hello");
    }

    fn last_subscriber(&self) {
        publish(&self.0, "t", "nobody hears this");
    }
}

fn route(hub: &Hub, history: Option<HistorySpec>) -> Arc<Route> {
    hub.route("/ws", RoutePolicy { history, ..policy("t") })
}

#[test]
fn what_is_published_in_a_turn_leaves_together_when_it_ends() {
    let hub = Hub::default();
    let route = route(&hub, None);
    let ((one, one_held), (other, other_held)) = (subscribe(&route, "one"), subscribe(&route, "other"));
    one_held.release(None);
    other_held.release(None);
    let turn = Turn::begin();
    for payload in ["1", "2"] {
        publish(&route, "one", payload);
        publish(&route, "other", payload);
    }
    drop(Turn::begin());
    assert_eq!((one.take().len(), other.take().len()), (0, 0), "a turn within a turn is part of it");
    publish(&route, "one", "3");
    drop(turn);
    assert_eq!(one.take(), [["1", "2", "3"]]);
    assert_eq!(other.take(), [["1", "2"]]);
    publish(&route, "one", "4");
    assert_eq!(one.take(), [["4"]], "outside of turns nothing is collected");
}

#[test]
fn a_turn_that_takes_long_keeps_nothing_back_that_others_publish() {
    let hub = Hub::default();
    let route = route(&hub, None);
    let (inbox, held) = subscribe(&route, "t");
    held.release(None);
    let turn = Turn::begin();
    publish(&route, "t", "1");
    std::thread::scope(|threads| _ = threads.spawn(|| publish(&route, "t", "2")));
    assert_eq!(inbox.take(), [["1", "2"]]);
    publish(&route, "t", "3");
    assert_eq!(inbox.take().len(), 0);
    drop(turn);
    assert_eq!(inbox.take(), [["3"]]);
}

#[test]
fn a_turn_of_many_reads_writes_between_them() {
    let hub = Hub::default();
    let route = route(&hub, None);
    let (inbox, subscription) = subscribe(&route, "t");
    subscription.release(None);
    let _turn = Turn::begin();
    for read in 1..=READS {
        assert!(inbox.take().is_empty());
        publish(&route, "t", &read.to_string());
        Turn::breathe();
    }
    assert_eq!(inbox.take().concat().len(), READS as usize);
}

#[test]
fn more_subscribers_than_a_turn_writes_to_all_get_it() {
    let hub = Hub::default();
    let route = route(&hub, None);
    let seats: Vec<_> = (0..700).map(|_| subscribe(&route, "t")).collect();
    seats.iter().for_each(|(_, subscription)| _ = subscription.release(None));
    let turn = Turn::begin();
    publish(&route, "t", "1");
    publish(&route, "t", "2");
    drop(turn);
    assert!(seats.iter().all(|(inbox, _)| inbox.take() == [["1", "2"]]));
}

#[test]
fn a_hook_may_publish_to_its_topic_in_a_turn() {
    let hub = Hub::default();
    let route = route(&hub, None);
    let turn = Turn::begin();
    let (inbox, subscription) = subscribe_with(&route, "t", &(Arc::new(Greets(route.clone())) as _));
    publish(&route, "t", "1");
    subscription.release(None);
    publish(&route, "t", "2");
    assert!(inbox.take().is_empty());
    drop(turn);
    assert_eq!(inbox.take().concat(), ["hello", "1", "2"]);
    let turn = Turn::begin();
    publish(&route, "t", "3");
    drop(subscription);
    drop(turn);
    assert!(inbox.take().is_empty(), "who has left gets nothing");
    assert_eq!(route.topic_count(), 0);
}

/// Threads of the application's own, tasks, and turns publish to one topic; each subscriber gets every number once, in
/// order, however many ways the topic went.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn publishers_in_and_out_of_turns_keep_one_order() {
    const EACH: usize = 3_000;
    let hub = Hub::default();
    hub.start();
    let route = route(&hub, None);
    let seats: Vec<_> = (0..300).map(|_| subscribe(&route, "t")).collect();
    seats.iter().for_each(|(_, subscription)| _ = subscription.release(None));
    // Numbered and published in one step, so that the order is known.
    let next = Arc::new(Mutex::new(0_usize));
    let numbered = move |route: &Route| {
        let mut next = next.lock().expect("no panic");
        publish(route, "t", &next.to_string());
        *next += 1;
    };
    let stopped = Arc::new(AtomicBool::new(false));
    let foreign = std::thread::spawn({
        let (route, numbered) = (route.clone(), numbered.clone());
        move || (0..EACH).for_each(|_| numbered(&route))
    });
    let turns = (0..2).map(|_| {
        let (route, numbered) = (route.clone(), numbered.clone());
        tokio::spawn(async move {
            for _ in 0..EACH / 10 {
                let turn = Turn::begin();
                (0..10).for_each(|_| numbered(&route));
                drop(turn);
                tokio::task::yield_now().await;
            }
        })
    });
    // Somebody comes and goes meanwhile.
    let restless = std::thread::spawn({
        let (route, stopped) = (route.clone(), stopped.clone());
        move || {
            while !stopped.load(Ordering::SeqCst) {
                let (inbox, subscription) = subscribe(&route, "t");
                subscription.release(None);
                std::thread::yield_now();
                drop(subscription);
                let numbers: Vec<usize> = numbers(&inbox.take());
                assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{numbers:?}");
            }
        }
    });
    for turn in turns {
        turn.await.expect("no panic");
    }
    tokio::task::spawn_blocking(|| foreign.join().expect("no panic")).await.expect("no panic");
    for (inbox, _) in &seats {
        let mut received = Vec::new();
        while received.len() < 3 * EACH {
            received.extend(numbers(&inbox.take()));
            if received.len() < 3 * EACH {
                inbox.came.notified().await;
            }
        }
        assert!(received.into_iter().eq(0..3 * EACH));
    }
    stopped.store(true, Ordering::SeqCst);
    tokio::task::spawn_blocking(|| restless.join().expect("no panic")).await.expect("no panic");
}

fn numbers(runs: &[Vec<String>]) -> Vec<usize> {
    runs.iter().flatten().map(|payload| payload.parse().expect("a number")).collect()
}

#[test]
fn who_publishes_much_in_one_turn_carries_some_of_it_before_the_turn_ends() {
    let hub = Hub::default();
    let route = hub.route("/ws", policy("t"));
    let (inbox, subscription) = subscribe(&route, "t");
    subscription.release(None);
    let large = format!("\"{}\"", "x".repeat(1 << 20));
    let turn = Turn::begin();
    let runs = |count: usize| {
        (0..count).for_each(|_| publish(&route, "t", &large));
        inbox.take().iter().flatten().count()
    };
    assert_eq!(runs(15), 0, "they wait for company");
    assert_eq!(runs(2), 16, "no more than that");
    drop(turn);
    assert_eq!(inbox.take().len(), 1);
}
