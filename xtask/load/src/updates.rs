//! What subscribers check: that each update is the next of its topic, and how late it is.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use flate2::{Decompress, FlushDecompress};
use hdrhistogram::Histogram;

use crate::Figures;
use crate::frames::{FIRST_NS, FIRST_TIME, TIME, TS, number, stands_for};

/// Of so many deflated frames one is inflated and looked at: the generator would measure itself otherwise.
const INFLATED: usize = 50;
/// Largest update that is inflated.
const LARGEST: usize = 64 * 1024;

/// What all subscribers of a run have received.
#[derive(Debug)]
pub(crate) struct Updates {
    /// Per subscriber, the number that its next update carries, less [`FIRST_TIME`].
    next: Vec<u64>,
    /// Frames may stand for several updates, and say for how many.
    conflated: bool,
    /// Frames received.
    pub(crate) delivered: u64,
    /// Updates that they stand for.
    pub(crate) values: u64,
    /// Updates that were not the next one of their topic.
    pub(crate) disorder: u64,
    /// Updates that came deflated.
    pub(crate) deflated: u64,
    /// Bytes of the updates' frames, without headers.
    pub(crate) bytes: u64,
    /// Microseconds from the moment they were due.
    late: Histogram<u64>,
    /// Latencies count from this moment on.
    counting_from: Duration,
    start: Instant,
    hints: (usize, usize),
    inflate: (Decompress, Vec<u8>),
}

impl Updates {
    /// Nothing received yet; due times count from `start`.
    pub(crate) fn new(subscribers: usize, start: Instant, counting_from: Duration) -> Result<Self> {
        Ok(Self {
            next: vec![0; subscribers],
            conflated: false,
            delivered: 0,
            values: 0,
            disorder: 0,
            deflated: 0,
            bytes: 0,
            late: Histogram::new_with_max(60_000_000, 3).map_err(|error| anyhow!("{error}"))?,
            counting_from,
            start,
            hints: (0, 0),
            inflate: (Decompress::new(false), Vec::with_capacity(LARGEST)),
        })
    }

    /// The same of a topic that delivers the latest value only.
    pub(crate) fn of_latest(subscribers: usize, start: Instant, counting_from: Duration) -> Result<Self> {
        Ok(Self { conflated: true, ..Self::new(subscribers, start, counting_from)? })
    }

    /// Takes in a message for a subscriber, at a moment after the start.
    pub(crate) fn take(&mut self, subscriber: usize, frame: &[u8], deflated: bool, now: Duration) {
        if !deflated {
            return self.check(subscriber, frame, now);
        }
        self.deflated += 1;
        if !subscriber.is_multiple_of(INFLATED) {
            (self.delivered, self.values) = (self.delivered + 1, self.values + 1);
            self.bytes += frame.len() as u64;
            return;
        }
        let (mut inflater, mut plain) =
            std::mem::replace(&mut self.inflate, (Decompress::new(false), Vec::new()));
        inflater.reset(false);
        plain.clear();
        let whole = inflater.decompress_vec(frame, &mut plain, FlushDecompress::Sync).is_ok()
            && inflater.decompress_vec(&[0, 0, 0xff, 0xff], &mut plain, FlushDecompress::Sync).is_ok();
        if whole {
            self.check(subscriber, &plain, now);
            self.bytes = self.bytes + frame.len() as u64 - plain.len() as u64;
        } else {
            self.disorder += 1;
        }
        self.inflate = (inflater, plain);
    }

    fn check(&mut self, subscriber: usize, frame: &[u8], now: Duration) {
        let Some(time) = number(frame, TIME, &mut self.hints.0) else { return };
        let Some(ts) = number(frame, TS, &mut self.hints.1) else { return };
        let values = if self.conflated { stands_for(frame) } else { 1 };
        (self.delivered, self.values) = (self.delivered + 1, self.values + values);
        self.bytes += frame.len() as u64;
        let time = time.saturating_sub(FIRST_TIME);
        let next = &mut self.next[subscriber];
        // The last of those it stands for is the one that it holds.
        if time + 1 != *next + values {
            self.disorder += 1;
        }
        *next = time + 1;
        let due = Duration::from_nanos(ts.saturating_sub(FIRST_NS));
        if due >= self.counting_from {
            let late = now.saturating_sub(due).as_micros();
            self.late.saturating_record(u64::try_from(late).unwrap_or(u64::MAX));
        }
    }

    /// Now, as [`Self::take`] wants it.
    pub(crate) fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// From now on latencies of updates count that are due from this moment.
    pub(crate) fn count_from(&mut self, moment: Duration) {
        self.counting_from = moment;
        self.late.reset();
    }

    /// Latencies in milliseconds.
    pub(crate) fn percentiles(&self, figures: &mut Figures) {
        let at = |share: f64| self.late.value_at_quantile(share) as f64 / 1000.0;
        figures.insert("p50_ms", at(0.5));
        figures.insert("p99_ms", at(0.99));
        figures.insert("p999_ms", at(0.999));
        figures.insert("max_ms", self.late.max() as f64 / 1000.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(time: u64, ts: u64) -> Vec<u8> {
        format!(r#"{{"payload":{{"time":{},"ts_ns":{}}}}}"#, FIRST_TIME + time, FIRST_NS + ts).into_bytes()
    }

    #[test]
    fn a_frame_of_the_latest_value_stands_for_those_it_replaced() {
        let start = Instant::now();
        let mut updates = Updates::of_latest(1, start, Duration::ZERO).expect("a histogram");
        let conflated = |time: u64, values: u64| {
            let plain = String::from_utf8(frame(time, 0)).expect("text");
            plain.replacen('{', &format!(r#"{{"conflated":{values},"#), 1).into_bytes()
        };
        for (frame, disorder) in
            [(frame(0, 0), 0), (conflated(4, 4), 0), (conflated(9, 3), 1), (frame(10, 0), 1)]
        {
            updates.take(0, &frame, false, Duration::ZERO);
            assert_eq!(updates.disorder, disorder);
        }
        assert_eq!((updates.delivered, updates.values), (4, 9));
    }

    #[test]
    fn gaps_and_repeats_are_found_and_latencies_counted() {
        let mut updates = Updates::new(2, Instant::now(), Duration::from_millis(1)).expect("a histogram");
        let ms = Duration::from_millis;
        // Due before the count begins, in order.
        updates.take(0, &frame(0, 0), false, ms(1));
        updates.take(0, &frame(1, 1_000_000), false, ms(3));
        updates.take(0, &frame(3, 2_000_000), false, ms(6));
        updates.take(1, &frame(0, 2_000_000), false, ms(12));
        updates.take(1, &frame(0, 2_000_000), false, ms(12));
        assert_eq!((updates.delivered, updates.disorder), (5, 2));
        let mut figures = Figures::new();
        updates.percentiles(&mut figures);
        let near = |name: &str, expected: f64| (figures[name] - expected).abs() < 0.02;
        assert!(near("p50_ms", 4.0) && near("max_ms", 10.0), "{figures:?}");
    }
}
