use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{Instant, advance};

use super::{BYTES_LIMIT, ENTRY_COST, Entry, History, Position, Unrecoverable, cost};
use crate::hub::fixtures::{policy, subscribe};
use crate::hub::{Hub, Publication, PublicationKind, RoutePolicy};
use crate::protocol::HistorySpec;

const MANY: HistorySpec = HistorySpec { size: 100_000, ttl_ms: 60_000 };

fn update(bytes: usize) -> Arc<Publication> {
    let payload = format!("\"{}\"", "x".repeat(bytes));
    let update = PublicationKind::Update;
    Arc::new(Publication::of_topic(update, &Arc::from("t"), (None, None), &payload, &policy("t")))
}

/// What a client that knows everything up to an offset gets: how many updates, or why none.
fn missed(history: &History, end: u64, since: u64, room: usize) -> Result<usize, Unrecoverable> {
    let since = Position { epoch: history.epoch.clone(), offset: since };
    history.missed(&since, end, room).map(|missed| missed.len())
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_is_bounded_by_count_age_and_bytes() {
    let bytes = 50_000;
    let fit = (BYTES_LIMIT / cost(&update(bytes))) as u64;
    for (spec, published, kept) in [
        (HistorySpec { size: 3, ..MANY }, 10, 3),
        // One a second.
        (HistorySpec { ttl_ms: 4_000, ..MANY }, 10, 5),
        (MANY, fit, fit),
        (MANY, fit + 1, fit),
        (MANY, 3 * fit, fit),
    ] {
        let total = Arc::new(AtomicUsize::new(0));
        let mut history = History::new(Instant::now(), &total);
        for number in 0..published {
            advance(Duration::from_secs(u64::from(number > 0))).await;
            history.push(spec, Entry { at: Instant::now(), update: update(bytes) });
            assert!(total.load(Ordering::Relaxed) <= BYTES_LIMIT);
        }
        let known = published - kept;
        assert_eq!(missed(&history, published, known, usize::MAX), Ok(kept as usize), "{spec:?}");
        assert_eq!(missed(&history, published, published, 0), Ok(0), "{spec:?}");
        if known > 0 {
            let older = missed(&history, published, known - 1, usize::MAX);
            assert_eq!(older, Err(Unrecoverable::TooOld), "{spec:?}");
        }
        drop(history);
        assert_eq!(total.load(Ordering::Relaxed), 0, "what is let go is not counted");
    }
}

#[tokio::test(start_paused = true)]
async fn names_that_clients_choose_count_as_what_is_kept() {
    let route = Hub::default().route("/ws", RoutePolicy { history: Some(MANY), ..policy("t") });
    let names = ["x".repeat(50_000), "y".repeat(50_000)];
    // Each is kept for its time though nothing was ever published to it.
    names.iter().for_each(|name| drop(subscribe(&route, name)));
    assert!(route.kept_bytes() >= 100_000, "{}", route.kept_bytes());
    advance(2 * Duration::from_millis(MANY.ttl_ms)).await;
    route.sweep();
    assert_eq!((route.topic_count(), route.kept_bytes()), (0, 0), "what is let go is not counted");
}

#[tokio::test(start_paused = true)]
async fn more_than_may_wait_is_not_recovered() {
    let mut history = History::new(Instant::now(), &Arc::default());
    let update = update(1_000);
    for _ in 0..4 {
        history.push(MANY, Entry { at: Instant::now(), update: update.clone() });
    }
    let one = update.frame.len() + ENTRY_COST;
    for (room, since, expected) in [
        (3 * one, 1, Ok(3)),
        (3 * one - 1, 1, Err(Unrecoverable::TooMuch)),
        (3 * one - 1, 2, Ok(2)),
        (0, 4, Ok(0)),
        (usize::MAX, 5, Err(Unrecoverable::Ahead)),
    ] {
        assert_eq!(missed(&history, 4, since, room), expected, "{room} {since}");
    }
}
