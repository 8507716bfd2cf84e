//! The control connection: a thread that sends `publish` requests when they are due, or as fast as they are delivered.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};

use crate::process::Server;
use crate::{frames, wire};

/// Most publications in one write.
const TOGETHER: u64 = 64;
/// How long the publisher waits for the receivers before it looks again.
const NAP: Duration = Duration::from_millis(2);

/// What to publish, and how fast.
#[derive(Debug, Clone)]
pub(crate) struct Orders {
    pub(crate) route: &'static str,
    pub(crate) topics: usize,
    pub(crate) levels: String,
    pub(crate) pace: Pace,
}

/// How fast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Pace {
    /// So many publications a second, each at its time, whatever happened to those before.
    PerSecond(f64),
    /// As fast as they are delivered: at most `window` publications are under way, each to `subscribers` sockets.
    Window { window: u64, subscribers: u64 },
}

/// What the two threads tell each other.
#[derive(Debug, Default)]
struct Shared {
    published: AtomicU64,
    delivered: AtomicU64,
    stop: AtomicBool,
}

/// A running publisher.
#[derive(Debug)]
pub(crate) struct Publisher {
    pace: Pace,
    shared: Arc<Shared>,
    thread: JoinHandle<Result<()>>,
}

impl Publisher {
    /// Opens the control connection and starts to publish; due times count from `start`.
    pub(crate) fn start(server: &Server, orders: Orders, start: Instant) -> Result<Self> {
        let stream = control(server)?;
        let (pace, shared) = (orders.pace, Arc::new(Shared::default()));
        let thread = {
            let shared = shared.clone();
            thread::spawn(move || publish(stream, &orders, start, &shared))
        };
        Ok(Self { pace, shared, thread })
    }

    /// Whether it keeps to a schedule.
    pub(crate) fn is_paced(&self) -> bool {
        matches!(self.pace, Pace::PerSecond(_))
    }

    /// Tells how many frames have been delivered by now.
    pub(crate) fn delivered(&self, frames: u64) {
        self.shared.delivered.store(frames, Ordering::Release);
        if !self.is_paced() {
            self.thread.thread().unpark();
        }
    }

    /// Stops publishing, and says how many publications there were.
    pub(crate) fn stop(self) -> Result<u64> {
        self.shared.stop.store(true, Ordering::Release);
        self.thread.thread().unpark();
        self.thread.join().map_err(|_| anyhow!("the publisher died"))??;
        Ok(self.shared.published.load(Ordering::Acquire))
    }
}

/// A blocking socket whose answers a thread of their own throws away.
fn control(server: &Server) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(server.address).context("cannot open the control connection")?;
    stream.set_nodelay(true)?;
    stream.write_all(wire::handshake(&server.address.to_string(), server.path, false).as_bytes())?;
    let (mut answer, mut scratch) = (Vec::new(), [0; 4096]);
    while wire::opened(&answer)?.is_none() {
        match stream.read(&mut scratch)? {
            0 => return Err(anyhow!("the server refused the control connection")),
            got => answer.extend_from_slice(&scratch[..got]),
        }
    }
    let mut reader = stream.try_clone()?;
    thread::spawn(move || while reader.read(&mut scratch).is_ok_and(|got| got > 0) {});
    Ok(stream)
}

fn publish(mut stream: TcpStream, orders: &Orders, start: Instant, shared: &Shared) -> Result<()> {
    let (mut text, mut bytes, mut count) = (String::new(), Vec::new(), 0_u64);
    let topics = orders.topics as u64;
    while !shared.stop.load(Ordering::Acquire) {
        let now = start.elapsed();
        let together = match orders.pace {
            Pace::PerSecond(rate) => due(rate, count, now),
            Pace::Window { window, subscribers } => {
                room(window, count, shared.delivered.load(Ordering::Acquire) / subscribers)
            }
        };
        if together == 0 {
            wait(orders.pace, count, now);
            continue;
        }
        bytes.clear();
        for _ in 0..together {
            let due = match orders.pace {
                Pace::PerSecond(rate) => time_of(rate, count),
                Pace::Window { .. } => now,
            };
            let topic = usize::try_from(count % topics)?;
            let due = u64::try_from(due.as_nanos())?;
            frames::publish(&mut text, orders.route, topic, count / topics, due, &orders.levels);
            wire::frame(&mut bytes, wire::TEXT, text.as_bytes());
            count += 1;
        }
        stream.write_all(&bytes).context("the control connection is lost")?;
        shared.published.store(count, Ordering::Release);
    }
    Ok(())
}

fn wait(pace: Pace, count: u64, now: Duration) {
    match pace {
        Pace::PerSecond(rate) => thread::park_timeout(time_of(rate, count).saturating_sub(now).min(NAP * 20)),
        Pace::Window { .. } => thread::park_timeout(NAP),
    }
}

/// When the publication is due that follows `count` others.
fn time_of(rate: f64, count: u64) -> Duration {
    Duration::from_secs_f64(count as f64 / rate)
}

/// How many publications are due and not sent.
fn due(rate: f64, count: u64, now: Duration) -> u64 {
    let due = (now.as_secs_f64() * rate) as u64 + 1;
    due.saturating_sub(count).min(TOGETHER)
}

/// How many publications the window has room for. It is filled when half of it has been delivered, so that they come
/// in batches of the same kind whatever the server's pace.
fn room(window: u64, published: u64, delivered: u64) -> u64 {
    let under_way = published.saturating_sub(delivered);
    if under_way > window / 2 { 0 } else { window - under_way }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_does_not_wait_for_anybody() {
        let at = Duration::from_millis;
        let cases = [(0, at(0), 1), (1, at(0), 0), (1, at(10), 1), (1, at(50), 5), (6, at(50), 0)];
        for (sent, now, expected) in cases {
            assert_eq!(due(100.0, sent, now), expected, "{sent} sent at {now:?}");
        }
        assert_eq!(due(1e6, 0, at(1000)), TOGETHER);
        assert_eq!(time_of(100.0, 5), at(50));
    }

    #[test]
    fn the_window_is_filled_by_halves() {
        for (published, delivered, expected) in [(0, 0, 100), (100, 0, 0), (100, 49, 0), (100, 50, 50)] {
            assert_eq!(room(100, published, delivered), expected);
        }
    }
}
