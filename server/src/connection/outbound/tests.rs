use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::{Flushed, Next, Outbound};
use crate::connection::stream::{Carrier, Stream};
use crate::hub::fixtures::{self, EVERY, NoHooks, publish};
use crate::hub::{
    ENTRY_COST, Hub, Lifecycle, Outlet, Publication, PublicationKind, Route, RoutePolicy, Subscription,
};
use crate::node::Node;
use crate::protocol::{DeliveryMode, DeliverySpec, Envelope, Overflow, StateKind, encode};

fn overflow(overflow: Overflow) -> DeliverySpec {
    DeliverySpec { overflow, ..EVERY }
}

fn latest(interval_ms: u64) -> DeliverySpec {
    DeliverySpec { mode: DeliveryMode::Latest { key: &["symbol"], interval_ms }, ..EVERY }
}

fn publication(
    kind: PublicationKind,
    topic: &str,
    payload: &str,
    delivery: DeliverySpec,
) -> Arc<Publication> {
    let route: &'static str = topic.split(':').next().expect("a route").to_owned().leak();
    Arc::new(Publication::of_topic(kind, &Arc::from(topic), (None, None), payload, &policy(route, delivery)))
}

fn policy(route: &'static str, delivery: DeliverySpec) -> RoutePolicy {
    RoutePolicy { delivery, ..fixtures::policy(route) }
}

pub(super) fn update(topic: &str, payload: &str, delivery: DeliverySpec) -> Arc<Publication> {
    publication(PublicationKind::Update, topic, payload, delivery)
}

pub(super) fn keyed(
    topic: &str,
    key: &str,
    payload: &str,
    interval_ms: u64,
    overflow: Overflow,
) -> Arc<Publication> {
    let mut publication = Publication::of_topic(
        PublicationKind::Update,
        &Arc::from(topic),
        (None, None),
        payload,
        &policy("quotes", DeliverySpec { overflow, ..latest(interval_ms) }),
    );
    publication.conflation_key = Some(key.into());
    Arc::new(publication)
}

/// A queue with room for `count` publications like this one.
fn room_for(count: usize, like: &Publication) -> Outbound {
    queue(count * (like.frame.len() + ENTRY_COST))
}

/// A queue before a socket that takes nothing by itself.
pub(super) fn queue(limit: usize) -> Outbound {
    let carrier: Pin<Box<dyn Carrier>> = Box::pin(tokio::io::duplex(1).0);
    Outbound::new(limit, Node::new(), Stream::Other(Mutex::new(carrier)), None)
}

pub(super) fn next(outbound: &Outbound) -> Option<String> {
    let mut lanes = outbound.lock();
    if lanes.overflowed {
        return Some("overflow".to_owned());
    }
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    let (control, count) = lanes.take_control();
    if count > 0 {
        return Some(text(&control[if control[1] < 126 { 2 } else { 4 }..]));
    }
    lanes.next(outbound.limit, Instant::now()).map(|next| match next {
        Next::Marked(frame) => text(&frame),
        Next::Shared(publication) => text(&publication.frame),
        Next::Resync(topic) => format!("resync {topic}"),
    })
}

/// The frames of a golden dialogue.
fn golden(text: &str) -> Vec<String> {
    let dialogue: Value = serde_json::from_str(text).expect("a dialogue");
    dialogue["steps"].as_array().expect("steps").iter().map(|step| step["←"].to_string()).collect()
}

#[test]
fn replies_leave_before_data() {
    let outbound = queue(1 << 20);
    outbound.offer(&update("bars:{}", "1", EVERY));
    outbound.control(b"{\"type\":\"pong\"}");
    assert_eq!(next(&outbound).as_deref(), Some("{\"type\":\"pong\"}"));
    assert_eq!(
        next(&outbound).as_deref(),
        Some("{\"type\":\"bars.update\",\"topic\":\"bars:{}\",\"payload\":1}")
    );
    assert_eq!(next(&outbound), None);
}

#[test]
fn a_queue_that_was_long_once_gives_its_room_back() {
    let outbound = queue(1 << 20);
    let update = update("bars:{}", "1", EVERY);
    (0..1_000).for_each(|_| outbound.offer(&update));
    while next(&outbound).is_some() {}
    assert!(outbound.poll_flush(&mut Context::from_waker(Waker::noop())).is_pending());
    assert!(outbound.lock().data.capacity() < 100, "{}", outbound.lock().data.capacity());
}

#[test]
fn close_overflows_when_full_but_takes_one_frame_of_any_size() {
    let frame = update("bars:{}", "1", EVERY);
    let outbound = room_for(2, &frame);
    outbound.offer(&update("bars:{}", &"1".repeat(1000), EVERY));
    assert!(next(&outbound).is_some());
    for _ in 0..2 {
        outbound.offer(&frame);
    }
    assert!(next(&outbound).is_some());
    outbound.offer(&frame);
    outbound.offer(&frame);
    assert_eq!(next(&outbound).as_deref(), Some("overflow"));
}

#[test]
fn a_queue_at_which_fan_out_panicked_ends_its_connection_and_is_counted() {
    let outbound = queue(1 << 20);
    outbound.offer(&update("bars:{}", "1", EVERY));
    outbound.fail();
    let flushed = outbound.poll_flush(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(flushed, Poll::Ready(Flushed::Failed)), "{flushed:?}");
    let metrics = outbound.node.shared().metrics.render();
    assert!(metrics.contains("bellwire_fan_out_panics_total 1\n"), "{metrics}");
}

#[test]
fn drop_oldest_says_so_in_the_next_one() {
    let topic = "trades:{\"symbol\":\"AAPL\"}";
    let frame = update(topic, "{\"price\":151.25,\"qty\":10}", overflow(Overflow::DropOldest));
    let outbound = room_for(1, &frame);
    for _ in 0..4 {
        outbound.offer(&frame);
    }
    let golden = golden(include_str!("../../../../tests/frames/dropped.json"));
    assert_eq!(next(&outbound), Some(golden[0].clone()));
    outbound.offer(&frame);
    assert!(next(&outbound).is_some_and(|text| !text.contains("dropped")));
}

#[test]
fn drop_oldest_spares_other_topics() {
    let delivery = overflow(Overflow::DropOldest);
    let (mine, other) = (update("a:{}", "1", delivery), update("b:{}", "1", delivery));
    let outbound = room_for(2, &mine);
    outbound.offer(&other);
    outbound.offer(&other);
    for _ in 0..3 {
        outbound.offer(&mine);
    }
    for expected in ["b.update", "b.update", "\"dropped\":2,"] {
        assert!(next(&outbound).is_some_and(|text| text.contains(expected)), "{expected}");
    }
    assert_eq!(next(&outbound), None);
}

#[test]
fn resync_waits_for_room_and_counts_what_went() {
    let topic = "depth:{\"symbol\":\"AAPL\"}";
    let delivery = overflow(Overflow::Resync);
    let payload = "{\"bid\":150.5,\"ask\":150.75}";
    let frame = update(topic, payload, delivery);
    let outbound = room_for(4, &frame);
    let other = update("other:{\"symbol\":\"AAPL\"}", payload, EVERY);
    outbound.offer(&other);
    for _ in 0..7 {
        outbound.offer(&frame);
    }
    assert_eq!(next(&outbound), Some(format!("resync {topic}")));
    let golden = golden(include_str!("../../../../tests/frames/resync.json"));
    let dropped = outbound.catch_up(topic).expect("it was announced");
    let notice = encode::resync(&Envelope::STANDARD.now(), "depth", topic, dropped);
    assert_eq!(notice, golden[0]);
    outbound.offer(&publication(PublicationKind::Snapshot, topic, payload, delivery));
    assert!(next(&outbound).is_some_and(|text| text.contains("other.update")));
    assert_eq!(next(&outbound), Some(golden[1].clone()));
    assert_eq!(next(&outbound), None);
}

#[test]
fn conflation_keeps_the_latest_of_each_key_in_its_place() {
    let outbound = queue(1 << 20);
    let topic = "quotes:{\"symbol\":\"AAPL\"}";
    for bid in 1..5 {
        outbound.offer(&keyed(topic, "A", &bid.to_string(), 0, Overflow::Close));
    }
    outbound.offer(&keyed(topic, "B", "7", 0, Overflow::Close));
    outbound.offer(&keyed(topic, "A", "{\"symbol\":\"AAPL\",\"bid\":150.5}", 0, Overflow::Close));
    let golden = golden(include_str!("../../../../tests/frames/conflated.json"));
    assert_eq!(next(&outbound), Some(golden[0].clone()));
    assert!(
        next(&outbound).is_some_and(|text| text.ends_with("\"payload\":7}") && !text.contains("conflated"))
    );
    assert_eq!(next(&outbound), None);
}

#[tokio::test(start_paused = true)]
async fn an_interval_spaces_the_values_of_a_key() {
    let outbound = queue(1 << 20);
    let offer = |payload: &str| outbound.offer(&keyed("quotes:{}", "A", payload, 100, Overflow::Close));
    offer("1");
    assert!(next(&outbound).is_some());
    offer("2");
    offer("3");
    assert_eq!(next(&outbound), None);
    assert!(outbound.next_due().is_some());
    tokio::time::advance(Duration::from_millis(100)).await;
    assert!(next(&outbound).is_some_and(|text| text.contains("\"conflated\":2,\"payload\":3")));
    tokio::time::advance(Duration::from_millis(100)).await;
    assert_eq!(next(&outbound), None);
    assert!(outbound.next_due().is_none(), "a key without news keeps nothing");
    offer("4");
    assert!(next(&outbound).is_some_and(|text| !text.contains("conflated")));
}

#[test]
fn nothing_of_a_forgotten_topic_is_left() {
    let outbound = queue(1 << 20);
    outbound.offer(&update("a:{}", "1", EVERY));
    outbound.offer(&keyed("a:{}", "k", "2", 0, Overflow::Close));
    outbound.offer(&update("b:{}", "3", EVERY));
    outbound.forget("a:{}");
    assert!(next(&outbound).is_some_and(|text| text.contains("b.update")));
    assert_eq!(next(&outbound), None);
    assert_eq!(outbound.lock().data_bytes, 0);
}

/// A topic with a state, to subscribe to.
fn route(delivery: DeliverySpec) -> Arc<Route> {
    let policy = RoutePolicy { state: Some(StateKind::Latest), delivery, ..fixtures::policy("t") };
    Hub::default().route("/ws", policy)
}

fn subscribe(route: &Arc<Route>, outbound: &Arc<Outbound>) -> Subscription {
    let (outlet, hooks): (Arc<dyn Outlet>, Arc<dyn Lifecycle>) = (outbound.clone(), Arc::new(NoHooks));
    route.subscribe("t", &outlet, &hooks, None).0
}

fn all(outbound: &Outbound) -> Vec<String> {
    std::iter::from_fn(|| next(outbound)).take(9).collect()
}

#[test]
fn an_old_notice_of_loss_lets_a_topic_that_was_taken_anew_wait_for_its_reply() {
    let (route, outbound) = (route(EVERY), Arc::new(queue(1 << 20)));
    let first = subscribe(&route, &outbound);
    first.release(None);
    // The loop has the notice in hand, and another thread leaves and joins.
    drop(first);
    outbound.forget("t");
    let second = subscribe(&route, &outbound);
    publish(&route, "t", "1");
    assert_eq!(outbound.begin_resync(&second, "t"), None);
    assert_eq!(all(&outbound), [""; 0], "the reply has not left");
    second.resume();
    assert_eq!(all(&outbound).len(), 1);
}

#[test]
fn the_snapshot_behind_a_notice_of_loss_is_the_fresh_one() {
    let (route, outbound) = (route(overflow(Overflow::Resync)), Arc::new(queue(600)));
    publish(&route, "t", "1");
    let held = subscribe(&route, &outbound);
    held.release(None);
    (2..=7).for_each(|number| publish(&route, "t", &number.to_string()));
    assert_eq!(next(&outbound).as_deref(), Some("resync t"));
    assert_eq!(outbound.begin_resync(&held, "t"), Some(6));
    assert_eq!(all(&outbound), [""; 0], "an older one would be taken for it");
    held.release(None);
    assert!(next(&outbound).is_some_and(|text| text.contains("t.snapshot") && text.contains(":7")));
}

#[test]
fn a_snapshot_that_finds_no_room_costs_no_update_that_waits() {
    let (route, outbound) = (route(overflow(Overflow::Resync)), Arc::new(queue(600)));
    let held = subscribe(&route, &outbound);
    held.release(None);
    (1..=5).for_each(|number| publish(&route, "t", &number.to_string()));
    held.hold(true);
    held.release(None);
    publish(&route, "t", "6");
    let mut frames = Vec::new();
    while let Some(text) = next(&outbound) {
        if text == "resync t" {
            assert_eq!(outbound.begin_resync(&held, "t"), Some(0), "nothing is lost");
            held.release(None);
        } else {
            frames.push(text);
        }
    }
    let payloads = frames.iter().filter_map(|text| text.split("\"payload\":").nth(1)?.get(..1));
    assert_eq!(payloads.collect::<String>(), "1234566", "{frames:?}");
}

#[test]
fn a_topic_that_resynchronises_gets_its_snapshot_when_there_is_room() {
    let (route, outbound) = (route(overflow(Overflow::Resync)), Arc::new(queue(600)));
    publish(&route, "t", "1");
    let held = subscribe(&route, &outbound);
    let other = update("other:{}", &"1".repeat(400), EVERY);
    outbound.offer(&other);
    assert!(!outbound.make_way());
    held.release(None);
    publish(&route, "t", "2");
    assert!(next(&outbound).is_some_and(|text| text.contains("other.update")));
    assert_eq!(next(&outbound).as_deref(), Some("resync t"));
    assert_eq!(outbound.begin_resync(&held, "t"), Some(0), "what came meanwhile is in the snapshot");
    held.release(None);
    assert!(next(&outbound).is_some_and(|text| text.contains("t.snapshot") && text.contains(":2")));
}

#[test]
fn a_topic_whose_snapshot_is_postponed_is_asked_for_again_and_lost_nothing() {
    let (route, outbound) = (route(EVERY), Arc::new(queue(600)));
    publish(&route, "t", "1");
    let held = subscribe(&route, &outbound);
    outbound.postpone(held.topic());
    publish(&route, "t", "2");
    assert_eq!(next(&outbound).as_deref(), Some("resync t"));
    assert_eq!(outbound.begin_resync(&held, "t"), Some(0));
    held.release(Some("9"));
    let frames = all(&outbound);
    assert!(frames.len() == 2 && frames[0].contains(":9") && frames[1].contains(":2"), "{frames:?}");
}

#[test]
fn who_subscribes_again_misses_nothing_while_the_snapshot_finds_no_room() {
    for made in [None, Some("9")] {
        let (route, outbound) = (route(overflow(Overflow::Resync)), Arc::new(queue(600)));
        let held = subscribe(&route, &outbound);
        held.release(None);
        publish(&route, "t", "1");
        assert!(next(&outbound).is_some_and(|text| text.contains("t.update")));
        held.hold(true);
        assert!(outbound.make_way_for(held.topic()) && outbound.make_way_for_made("t", made));
        // Another thread is faster.
        outbound.offer(&update("other:{}", &"1".repeat(520), EVERY));
        assert!(held.release(made));
        publish(&route, "t", "2");
        assert!(next(&outbound).is_some_and(|text| text.contains("other.update")));
        assert_eq!(next(&outbound).as_deref(), Some("resync t"));
        assert_eq!(outbound.begin_resync(&held, "t"), Some(0), "nothing is lost");
        publish(&route, "t", "3");
        held.release(None);
        let frames = all(&outbound);
        let payloads: Vec<&str> =
            frames.iter().filter_map(|text| text.split("\"payload\":").nth(1)).collect();
        assert_eq!(payloads, ["2}", "3}", "3}"], "{frames:?}");
        assert!(frames[2].contains("t.snapshot"), "readers of old ignore it");
    }
}

#[test]
fn a_topic_that_gives_updates_up_before_there_is_room_tells_of_them_ahead_of_its_one_snapshot() {
    let (route, outbound) = (route(overflow(Overflow::Resync)), Arc::new(queue(600)));
    let held = subscribe(&route, &outbound);
    outbound.offer(&update("other:{}", &"1".repeat(400), EVERY));
    outbound.postpone(held.topic());
    (1..=20).for_each(|number| publish(&route, "t", &number.to_string()));
    assert!(next(&outbound).is_some_and(|text| text.contains("other.update")));
    assert_eq!(next(&outbound).as_deref(), Some("resync t"));
    assert_eq!(outbound.begin_resync(&held, "t"), Some(20));
    assert!(held.release(Some("9")), "what is made after the notice lacks nothing");
    let frames = all(&outbound);
    assert!(frames.len() == 1 && frames[0].contains(":9"), "{frames:?}");
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_takes_no_value_away_that_waits_for_its_interval() {
    let mode = DeliveryMode::Latest { key: &["k"], interval_ms: 50 };
    let (route, outbound) = (route(DeliverySpec { mode, ..EVERY }), Arc::new(queue(1 << 20)));
    let held = subscribe(&route, &outbound);
    held.release(None);
    let mut seen = Vec::new();
    for payload in [r#"{"k":"a","n":1}"#, r#"{"k":"a","n":2}"#, r#"{"k":"b","n":3}"#] {
        publish(&route, "t", payload);
        seen.extend(all(&outbound));
    }
    held.hold(true);
    held.release(None);
    seen.extend(all(&outbound));
    let numbers: Vec<&str> = seen.iter().filter_map(|text| text.split("\"n\":").nth(1)?.get(..1)).collect();
    // The state holds the latest alone, whatever its key.
    assert_eq!(numbers, ["1", "3", "2", "3"]);
    tokio::time::advance(Duration::from_millis(200)).await;
    assert_eq!(all(&outbound), [""; 0], "no value comes twice");
    assert!(
        outbound.lock().rare.as_ref().is_none_or(|rare| rare.slots.is_empty() && rare.resting.is_empty())
    );
}

#[tokio::test(start_paused = true)]
async fn intervals_are_kept_for_as_many_keys_as_the_queue_is_large() {
    let outbound = queue(1 << 10);
    for number in 0..1_000 {
        outbound.offer(&keyed("quotes:{}", &number.to_string(), "{}", 60_000, Overflow::DropOldest));
        assert!(next(&outbound).is_some());
    }
    let lanes = outbound.lock();
    let kept = lanes.rare.as_ref().map_or(0, |rare| rare.slots.len().max(rare.resting.len()));
    assert_eq!(kept * ENTRY_COST, 1 << 10);
}
