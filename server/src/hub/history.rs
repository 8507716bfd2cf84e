//! The recent updates of one topic, for clients that come back: bounded by count, age and bytes.
//!
//! An update's offset is its number in the topic, counted from 1; an epoch names the count, so that an offset of a
//! count that was lost is known as such.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rand::RngExt;
use tokio::time::Instant;

use super::Publication;
use crate::protocol::HistorySpec;

/// Bytes that one topic's history may hold, whatever its size says.
pub(super) const BYTES_LIMIT: usize = 1 << 20;
/// What an update costs beside its frame.
const ENTRY_COST: usize = 128;

/// Where a topic or one of its readers stands: everything up to this offset is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Position {
    /// Which count the offset belongs to.
    pub(crate) epoch: Arc<str>,
    /// Number of the last update.
    pub(crate) offset: u64,
}

/// Why what a client missed cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unrecoverable {
    /// Offsets began anew since.
    NewEpoch,
    /// Some of it is not kept any more.
    TooOld,
    /// The topic has not come that far: the client's position is of another server.
    Ahead,
    /// It is more than may wait for one connection.
    TooMuch,
}

impl Unrecoverable {
    /// As the reply says it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::NewEpoch => "new-epoch",
            Self::TooOld => "too-old",
            Self::Ahead => "ahead",
            Self::TooMuch => "too-much",
        }
    }
}

/// The recent updates of one topic.
pub(super) struct History {
    pub(super) epoch: Arc<str>,
    /// When the last update came or the last subscriber left.
    pub(super) active: Instant,
    entries: VecDeque<Entry>,
    bytes: usize,
    /// Bytes of its topic's name, where they are counted.
    name_bytes: usize,
    /// Bytes of all histories of the route, and of the names of their topics.
    total: Arc<AtomicUsize>,
}

/// An update, and when it was published.
pub(super) struct Entry {
    pub(super) at: Instant,
    pub(super) update: Arc<Publication>,
}

impl History {
    /// An empty one under an epoch of its own, counted in the route's total.
    pub(super) fn new(now: Instant, total: &Arc<AtomicUsize>) -> Self {
        Self::of_epoch(new_epoch(), now, total)
    }

    /// An empty one under a known epoch.
    pub(super) fn of_epoch(epoch: Arc<str>, now: Instant, total: &Arc<AtomicUsize>) -> Self {
        Self { epoch, active: now, entries: VecDeque::new(), bytes: 0, name_bytes: 0, total: total.clone() }
    }

    /// The same, with the name of its topic counted: clients choose it, and it is kept as long as this is.
    pub(super) fn of_topic(mut self, name: &str) -> Self {
        self.name_bytes = name.len();
        self.total.fetch_add(self.name_bytes, Ordering::Relaxed);
        self
    }

    /// Keeps an update; what exceeds a bound goes.
    pub(super) fn push(&mut self, spec: HistorySpec, entry: Entry) {
        let now = entry.at;
        self.active = self.active.max(now);
        self.bytes += cost(&entry.update);
        self.total.fetch_add(cost(&entry.update), Ordering::Relaxed);
        self.entries.push_back(entry);
        self.prune_at(spec, now);
    }

    /// Lets go what is too old by now.
    pub(super) fn prune(&mut self, spec: HistorySpec) {
        self.prune_at(spec, Instant::now());
    }

    fn prune_at(&mut self, spec: HistorySpec, now: Instant) {
        let ttl = Duration::from_millis(spec.ttl_ms);
        while let Some(oldest) = self.entries.front() {
            let is_old = now.saturating_duration_since(oldest.at) > ttl;
            if !is_old && self.entries.len() <= spec.size as usize && self.bytes <= BYTES_LIMIT {
                break;
            }
            let cost = cost(&oldest.update);
            self.bytes -= cost;
            self.total.fetch_sub(cost, Ordering::Relaxed);
            self.entries.pop_front();
        }
        if self.entries.capacity() > 64 && self.entries.len() < self.entries.capacity() / 4 {
            self.entries.shrink_to(self.entries.len() * 2);
        }
    }

    /// What a client that knows everything up to `since` has missed of a topic that has come to `end`, if it is all
    /// there and has at most `room` bytes.
    pub(super) fn missed(
        &self,
        since: &Position,
        end: u64,
        room: usize,
    ) -> Result<Vec<Arc<Publication>>, Unrecoverable> {
        if since.epoch != self.epoch {
            return Err(Unrecoverable::NewEpoch);
        }
        let count = end.checked_sub(since.offset).ok_or(Unrecoverable::Ahead)?;
        let kept = self.entries.len();
        let first = usize::try_from(count).ok().and_then(|count| kept.checked_sub(count));
        let missed = self.entries.range(first.ok_or(Unrecoverable::TooOld)?..);
        let missed: Vec<_> = missed.map(|entry| entry.update.clone()).collect();
        let bytes: usize = missed.iter().map(cost).sum();
        if bytes > room { Err(Unrecoverable::TooMuch) } else { Ok(missed) }
    }

    /// What is kept, the oldest first.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }
}

impl Drop for History {
    fn drop(&mut self) {
        self.total.fetch_sub(self.bytes + self.name_bytes, Ordering::Relaxed);
    }
}

fn cost(update: &Arc<Publication>) -> usize {
    update.frame.len() + ENTRY_COST
}

/// A name that no other count has.
fn new_epoch() -> Arc<str> {
    let mut epoch = String::with_capacity(16);
    // Writing into a string cannot fail.
    let _ = write!(epoch, "{:x}", rand::rng().random::<u64>());
    epoch.into()
}

#[cfg(test)]
mod tests;
