//! A histogram of durations without a lock, which takes a whole batch of equal observations at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::{MetricType, TypedMetric};

/// Upper bounds in microseconds: from 100 µs to about 26 s, and beyond.
const BOUNDS: [u64; 11] =
    [100, 400, 1_600, 6_400, 25_600, 102_400, 409_600, 1_638_400, 6_553_600, 26_214_400, u64::MAX];

/// How long something took, many times over. Clones count together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Durations(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    nanoseconds: AtomicU64,
    buckets: [AtomicU64; BOUNDS.len()],
}

impl Durations {
    /// Counts `times` observations that together took `times` as long as this.
    pub(crate) fn observe(&self, each: Duration, times: u64) {
        let micros = u64::try_from(each.as_micros()).unwrap_or(u64::MAX);
        let nanos = u64::try_from(each.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.iter().position(|bound| micros <= *bound).unwrap_or_default();
        self.0.buckets[bucket].fetch_add(times, Ordering::Relaxed);
        self.0.nanoseconds.fetch_add(nanos.saturating_mul(times), Ordering::Relaxed);
    }
}

impl TypedMetric for Durations {
    const TYPE: MetricType = MetricType::Histogram;
}

impl EncodeMetric for Durations {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), std::fmt::Error> {
        let counts = self.0.buckets.each_ref().map(|bucket| bucket.load(Ordering::Relaxed));
        let seconds = |micros: u64| if micros == u64::MAX { f64::MAX } else { micros as f64 / 1e6 };
        let buckets: Vec<(f64, u64)> = BOUNDS.into_iter().map(seconds).zip(counts).collect();
        let sum = self.0.nanoseconds.load(Ordering::Relaxed) as f64 / 1e9;
        encoder.encode_histogram::<NoLabelSet>(sum, counts.iter().sum(), &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}
