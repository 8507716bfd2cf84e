use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::{ENTRY_COST, Flushed, Next, Outbound};
use crate::connection::stream::{Carrier, Stream};
use crate::hub::fixtures::{self, EVERY};
use crate::hub::{Outlet, Publication, PublicationKind, RoutePolicy};
use crate::node::Node;
use crate::protocol::{DeliveryMode, DeliverySpec, Envelope, Overflow, encode};

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
    let dropped = outbound.catch_up(topic);
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
