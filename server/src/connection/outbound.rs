//! What waits to be written to one socket: control messages and replies ahead of everything, then data, bounded by
//! bytes, with each topic's own policy for when there is no room.
//!
//! Filled from any thread, emptied by the connection's loop alone. It knows no socket either: the loop asks for the
//! next frame when the socket takes one.

mod lanes;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::time::Instant;

use crate::hub::{Outlet, Publication, PublicationKind};
use crate::node::Node;
use crate::protocol::Overflow;
use lanes::{Entry, Lanes, SlotKey};

/// What a queued frame costs beside its bytes.
const ENTRY_COST: usize = 64;

/// What the loop does next.
#[derive(Debug)]
pub(super) enum Outgoing {
    /// Write this frame.
    Frame(Bytes),
    /// This topic lost updates and there is room again: send a fresh snapshot.
    Resync(Arc<str>),
    /// More waits than may: close.
    Overflow,
}

/// The queue of one connection.
pub(super) struct Outbound {
    lanes: Mutex<Lanes>,
    limit: usize,
    node: Node,
}

impl Outbound {
    /// An empty queue of at most `limit` bytes of data.
    pub(super) fn new(limit: usize, node: Node) -> Self {
        Self { lanes: Mutex::default(), limit, node }
    }

    fn lock(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a control message or a reply: ahead of data, never dropped. Their number is bounded by what the loop
    /// reads, see [`Outbound::has_control_room`].
    pub(super) fn control(&self, frame: Bytes) {
        let mut lanes = self.lock();
        lanes.control_bytes += frame.len() + ENTRY_COST;
        lanes.control.push_back(frame);
        lanes.wake();
    }

    /// Whether replies leave fast enough that more requests may be read.
    pub(super) fn has_control_room(&self) -> bool {
        self.lock().control_bytes <= self.limit
    }

    /// The next frame, or something to be done first.
    pub(super) fn poll_next(&self, context: &mut Context<'_>) -> Poll<Outgoing> {
        let mut lanes = self.lock();
        if lanes.overflowed {
            return Poll::Ready(Outgoing::Overflow);
        }
        if let Some(frame) = lanes.control.pop_front() {
            lanes.control_bytes -= frame.len() + ENTRY_COST;
            return Poll::Ready(Outgoing::Frame(frame));
        }
        if lanes.data_bytes <= self.limit / 2
            && let Some((topic, lag)) = lanes.lagging.iter_mut().find(|(_, lag)| !lag.announced)
        {
            lag.announced = true;
            return Poll::Ready(Outgoing::Resync(topic.clone()));
        }
        let now = Instant::now();
        lanes.wake_slots(now);
        if let Some(frame) = lanes.pop_data(now) {
            return Poll::Ready(Outgoing::Frame(frame));
        }
        lanes.remember(context);
        Poll::Pending
    }

    /// Whether the connection has to be closed; asked while the socket takes nothing.
    pub(super) fn poll_overflow(&self, context: &mut Context<'_>) -> bool {
        let mut lanes = self.lock();
        lanes.remember(context);
        lanes.overflowed
    }

    /// Lets slots that rested long enough queue their value.
    pub(super) fn wake_slots(&self, now: Instant) {
        self.lock().wake_slots(now);
    }

    /// When a resting slot may send again.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.lock().resting.keys().next().map(|(due, _)| *due)
    }

    /// Takes out all that waits of a topic that is no longer subscribed to.
    pub(super) fn forget(&self, topic: &str) {
        let mut lanes = self.lock();
        lanes.remove_updates(topic, true);
        lanes.dropped.remove(topic);
        lanes.lagging.remove(topic);
    }

    /// Ends a topic's lag and says how many updates it lost. Called with the topic's updates held back.
    pub(super) fn catch_up(&self, topic: &str) -> u64 {
        self.lock().lagging.remove(topic).map_or(0, |lag| lag.dropped)
    }

    /// The replies and control messages that wait; for the last words before a close.
    pub(super) fn take_control(&self) -> Vec<Bytes> {
        let mut lanes = self.lock();
        lanes.control_bytes = 0;
        lanes.control.drain(..).collect()
    }

    fn offer_latest(&self, lanes: &mut Lanes, publication: &Arc<Publication>, key: &str) {
        let size = publication.frame.len() + ENTRY_COST;
        let slot_key: SlotKey = (publication.topic.clone(), key.into());
        let slot = lanes.slots.entry(slot_key.clone()).or_default();
        if let Some((waiting, count)) = &mut slot.waiting {
            lanes.data_bytes = lanes.data_bytes + size - (waiting.frame.len() + ENTRY_COST);
            *waiting = publication.clone();
            *count += 1;
            self.node.shared().metrics.conflated(publication.route, 1);
            return;
        }
        slot.waiting = Some((publication.clone(), 1));
        lanes.data_bytes += size;
        if !slot.resting {
            lanes.data.push_back(Entry::Slot(slot_key));
            lanes.wake_if_first();
        }
        // A resting slot needs no wake: the loop's timer knows when it may send again.
    }

    /// Makes room by the topic's policy; `false` where the publication is not to be queued.
    fn make_room(&self, lanes: &mut Lanes, publication: &Arc<Publication>) -> bool {
        let size = publication.frame.len() + ENTRY_COST;
        let fits = |lanes: &Lanes| lanes.data_bytes == 0 || lanes.data_bytes + size <= self.limit;
        if fits(lanes) {
            return true;
        }
        let topic = &publication.topic;
        let overflow = match publication.kind {
            PublicationKind::Update => publication.delivery.overflow,
            PublicationKind::Snapshot | PublicationKind::Message => Overflow::Close,
        };
        let lost = match overflow {
            Overflow::Close => {
                lanes.overflowed = true;
                lanes.wake();
                return false;
            }
            Overflow::DropOldest => {
                let mut lost = 0;
                while !fits(lanes) && lanes.drop_oldest(topic) {
                    lost += 1;
                }
                let queued = fits(lanes);
                lost += u64::from(!queued);
                *lanes.dropped.entry(topic.clone()).or_default() += lost;
                self.node.shared().metrics.dropped(publication.route, lost);
                return queued;
            }
            Overflow::Resync => lanes.remove_updates(topic, false) + 1,
        };
        lanes.lagging.entry(topic.clone()).or_default().dropped += lost;
        self.node.shared().metrics.dropped(publication.route, lost);
        lanes.wake();
        false
    }
}

impl Outlet for Outbound {
    fn offer(&self, publication: &Arc<Publication>) {
        let mut lanes = self.lock();
        if lanes.overflowed {
            return;
        }
        if publication.kind == PublicationKind::Update
            && let Some(lag) = lanes.lagging.get_mut(&publication.topic)
        {
            lag.dropped += 1;
            self.node.shared().metrics.dropped(publication.route, 1);
            return;
        }
        if publication.kind == PublicationKind::Snapshot {
            // Values that wait for their interval are older than the snapshot and contained in it.
            lanes.remove_slots(&publication.topic);
        }
        let replaces = publication.conflation_key.as_ref().is_some_and(|key| {
            let slot = lanes.slots.get(&(publication.topic.clone(), key.clone()));
            slot.is_some_and(|slot| slot.waiting.is_some())
        });
        if !replaces && !self.make_room(&mut lanes, publication) {
            return;
        }
        if let Some(key) = &publication.conflation_key {
            self.offer_latest(&mut lanes, publication, key);
            return;
        }
        lanes.data_bytes += publication.frame.len() + ENTRY_COST;
        lanes.data.push_back(Entry::Frame(publication.clone()));
        lanes.wake_if_first();
    }

    fn overflow(&self) {
        let mut lanes = self.lock();
        lanes.overflowed = true;
        lanes.wake();
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Outbound").field("limit", &self.limit).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
