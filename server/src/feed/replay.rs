//! Recordings: frames of another day, at their own pace or faster.
//!
//! A recording is JSON lines: `t` (`recv` for a frame; other kinds are passed over), `ts` (seconds since the epoch)
//! and `data` (the frame's text).

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use tokio::time::{Instant, sleep_until};

use super::{FeedError, Incoming, Provider, Session};

/// Pause between two passes.
const SEAM: Duration = Duration::from_secs(1);

/// A recording in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    frames: Vec<(Duration, String)>,
}

/// Text that is no recording.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordingError {
    /// A line that cannot be read.
    #[error("line {line} is not a line of a recording: {cause}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        cause: String,
    },
    /// No frames at all.
    #[error("it holds no frames")]
    Empty,
}

#[derive(Deserialize)]
struct Line {
    t: String,
    #[serde(default)]
    ts: f64,
    #[serde(default)]
    data: String,
}

impl Recording {
    /// Reads JSON lines.
    ///
    /// # Errors
    /// Names the first line that does not fit.
    pub fn parse(text: &str) -> Result<Self, RecordingError> {
        let mut received: Vec<(f64, String)> = Vec::new();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let unreadable = |cause: String| RecordingError::Line { line: index + 1, cause };
            let line: Line = serde_json::from_str(line).map_err(|error| unreadable(error.to_string()))?;
            if line.t == "recv" {
                if !(0.0..1e11).contains(&line.ts) {
                    return Err(unreadable(format!("`ts` is {}, no seconds since the epoch", line.ts)));
                }
                received.push((line.ts, line.data));
            }
        }
        // Recordings of several connections hold one after the other.
        received.sort_by(|left, right| left.0.total_cmp(&right.0));
        let Some(&(start, _)) = received.first() else { return Err(RecordingError::Empty) };
        let offset = |ts: f64| Duration::try_from_secs_f64(ts - start).unwrap_or_default();
        Ok(Self { frames: received.into_iter().map(|(ts, data)| (offset(ts), data)).collect() })
    }

    /// The frames, each with its distance from the first.
    #[must_use]
    pub fn frames(&self) -> &[(Duration, String)] {
        &self.frames
    }

    /// From the first frame to the beginning of the next pass.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.frames.last().map(|(offset, _)| *offset).unwrap_or_default() + SEAM
    }
}

/// Plays a recording; what is subscribed makes no difference to it.
#[derive(Debug, Clone)]
pub struct Replay {
    name: String,
    recording: Arc<Recording>,
    speed: f64,
    repeat: bool,
}

impl Replay {
    /// Plays it once, as recorded.
    #[must_use]
    pub fn new(name: impl Into<String>, recording: Recording) -> Self {
        Self { name: name.into(), recording: Arc::new(recording), speed: 1.0, repeat: false }
    }

    /// Plays it this many times as fast; from 0.01 to 10 000.
    #[must_use]
    pub fn speed(mut self, speed: f64) -> Self {
        self.speed = speed.clamp(0.01, 10_000.0);
        self
    }

    /// Begins again at the end.
    #[must_use]
    pub fn repeat(mut self, repeat: bool) -> Self {
        self.repeat = repeat;
        self
    }
}

impl Provider for Replay {
    fn name(&self) -> &str {
        &self.name
    }

    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Session>, FeedError>> {
        let playing = Playing { replay: self.clone(), start: Instant::now(), position: 0 };
        async move { Ok(Box::new(playing) as Box<dyn Session>) }.boxed()
    }
}

struct Playing {
    replay: Replay,
    /// When this pass began.
    start: Instant,
    position: usize,
}

impl Playing {
    async fn step(&mut self) -> Incoming {
        let frames = &self.replay.recording.frames;
        let Some((offset, text)) = frames.get(self.position) else {
            if !self.replay.repeat {
                return Incoming::End;
            }
            let end = self.start + self.replay.recording.length().div_f64(self.replay.speed);
            sleep_until(end).await;
            (self.start, self.position) = (end, 0);
            return Incoming::Nothing;
        };
        sleep_until(self.start + offset.div_f64(self.replay.speed)).await;
        self.position += 1;
        Incoming::Frame(text.clone())
    }
}

impl Session for Playing {
    fn next(&mut self) -> BoxFuture<'_, Result<Incoming, FeedError>> {
        async move { Ok(self.step().await) }.boxed()
    }

    fn subscribe<'a>(&'a mut self, _: &'a [String]) -> BoxFuture<'a, Result<(), FeedError>> {
        async { Ok(()) }.boxed()
    }

    fn unsubscribe<'a>(&'a mut self, _: &'a [String]) -> BoxFuture<'a, Result<(), FeedError>> {
        async { Ok(()) }.boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "{\"t\":\"header\"}\n{\"t\":\"recv\",\"ts\":5.0,\"data\":\"a\"}\n\n{\"t\":\"recv\",\"ts\":7.0,\"data\":\"b\"}\n";

    #[test]
    fn what_is_no_recording_is_refused() {
        let error = |text| Recording::parse(text).unwrap_err().to_string();
        assert_eq!(error(""), "it holds no frames");
        let odd = "{\"t\":\"recv\",\"ts\":-1.0}";
        assert_eq!(error(odd), "line 1 is not a line of a recording: `ts` is -1, no seconds since the epoch");
        assert!(error("hello").starts_with("line 1 is not a line of a recording: expected value"));
    }

    #[test]
    fn connections_recorded_one_after_the_other_interleave() {
        let line = |ts: f64, data: &str| format!("{{\"t\":\"recv\",\"ts\":{ts},\"data\":\"{data}\"}}\n");
        let text = [line(5.0, "a"), line(7.0, "c"), line(4.0, "x"), line(6.0, "b")].concat();
        let recording = Recording::parse(&text).unwrap();
        let order: Vec<&str> = recording.frames().iter().map(|(_, data)| data.as_str()).collect();
        assert_eq!((order, recording.length().as_secs()), (vec!["x", "a", "b", "c"], 4));
    }

    #[tokio::test(start_paused = true)]
    async fn plays_at_its_pace_and_again() {
        let replay = Replay::new("day", Recording::parse(TWO).unwrap()).speed(2.0).repeat(true);
        let mut session = replay.connect().await.unwrap();
        let start = Instant::now();
        let mut seen = Vec::new();
        while seen.len() < 4 {
            if let Incoming::Frame(text) = session.next().await.unwrap() {
                seen.push((text, start.elapsed().as_millis()));
            }
        }
        let want = [("a", 0), ("b", 1_000), ("a", 1_500), ("b", 2_500)];
        assert_eq!(seen, want.map(|(text, time)| (text.to_owned(), time)));
    }

    #[tokio::test(start_paused = true)]
    async fn ends_where_it_is_not_repeated() {
        let replay = Replay::new("day", Recording::parse(TWO).unwrap());
        let mut session = replay.connect().await.unwrap();
        let mut last = Incoming::Nothing;
        for _ in 0..3 {
            last = session.next().await.unwrap();
        }
        assert_eq!(last, Incoming::End);
    }
}
