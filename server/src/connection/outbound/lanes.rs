//! The lanes of one connection's queue, and how they are emptied.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::time::Instant;

use crate::connection::Stream;
use crate::hub::{ENTRY_COST, Publication, PublicationKind};
use crate::protocol::DeliveryMode;

/// A queue that is empty keeps room for so many entries: those of a burst would cost each client that was once slow, for as
/// long as it stays.
const ROOM_KEPT: usize = 16;

/// What waits, lane by lane.
#[derive(Default)]
pub(super) struct Lanes {
    /// The rest of what a socket took in part: goes before everything.
    pub(super) partial: Bytes,
    /// Control messages or replies are among that.
    pub(super) partly_said: bool,
    /// Control messages and replies, as they go over the wire.
    pub(super) control: BytesMut,
    pub(super) control_count: u64,
    pub(super) data: VecDeque<Entry>,
    pub(super) data_bytes: usize,
    /// What most connections have nothing of, and do not pay for.
    pub(super) rare: Option<Box<Rare>>,
    /// The client's greetings have left or wait in `control`.
    pub(super) greeted: bool,
    /// Nothing more is taken, and the connection ends.
    pub(super) overflowed: bool,
    /// It ends because of a panic.
    pub(super) failed: bool,
    /// The close frame is among what waits: nothing more is taken.
    pub(super) ended: bool,
    waker: Option<Waker>,
}

/// What few connections need, and few of them for long.
#[derive(Default)]
pub(super) struct Rare {
    /// The answer to the client's latest ping.
    pub(super) pong: Option<Bytes>,
    /// Values of topics that deliver only the latest of each key.
    pub(super) slots: BTreeMap<SlotKey, Slot>,
    /// Slots whose value was sent less than their interval ago, by the time they may send again.
    pub(super) resting: BTreeMap<(Instant, u64), SlotKey>,
    rest_number: u64,
    /// Updates dropped since the last one that said so, of topics that drop the oldest.
    pub(super) dropped: BTreeMap<Arc<str>, u64>,
    /// Updates dropped of topics that wait for their resynchronisation.
    pub(super) lagging: BTreeMap<Arc<str>, Lag>,
}

pub(super) type SlotKey = (Arc<str>, Box<str>);

pub(super) enum Entry {
    Frame(Arc<Publication>),
    /// An update that owns up to so many that were given up between the one before it and this one.
    Behind(u64, Arc<Publication>),
    Slot(SlotKey),
}

/// What is next to be written.
pub(super) enum Next {
    /// A frame that others get too.
    Shared(Arc<Publication>),
    /// The text of one with a member of this client's own: compressing it would cost as much for each client as the
    /// shared one for all.
    Marked(Bytes),
    /// This topic lost updates and there is room again.
    Resync(Arc<str>),
}

#[derive(Default)]
pub(super) struct Slot {
    pub(super) waiting: Option<(Arc<Publication>, u64)>,
    pub(super) resting: bool,
}

/// A topic that lost updates.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Lag {
    pub(super) dropped: u64,
    /// Its snapshot is under way: asked for once.
    pub(super) announced: bool,
}

impl Rare {
    fn is_empty(&self) -> bool {
        let Self { pong, slots, resting, rest_number: _, dropped, lagging } = self;
        pong.is_none() && slots.is_empty() && resting.is_empty() && dropped.is_empty() && lagging.is_empty()
    }

    /// Takes out a topic's value that waits for its interval: the one whose interval ends first. The slot goes on
    /// resting.
    fn take_resting(&mut self, topic: &str) -> Option<(Arc<Publication>, u64)> {
        let Self { slots, resting, .. } = self;
        let mut keys = resting.values().filter(|key| *key.0 == *topic);
        keys.find_map(|key| slots.get_mut(key)?.waiting.take())
    }
}

impl Lanes {
    /// Room for what is rare.
    pub(super) fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// A topic that lost updates.
    pub(super) fn lag(&mut self, topic: &str) -> Option<&mut Lag> {
        self.rare.as_mut()?.lagging.get_mut(topic)
    }

    /// Has the loop begin a topic when there is room, though nothing of it may be lost.
    pub(super) fn put_off(&mut self, topic: &Arc<str>) {
        self.rare().lagging.entry(topic.clone()).or_default();
        self.wake();
    }

    /// Takes a topic out of those that lost updates.
    pub(super) fn end_lag(&mut self, topic: &str) -> Option<Lag> {
        self.rare.as_mut()?.lagging.remove(topic)
    }

    /// Lets go of everything but control messages and replies.
    pub(super) fn clear_data(&mut self) {
        self.data.clear();
        self.data_bytes = 0;
        if let Some(rare) = &mut self.rare {
            **rare = Rare { pong: rare.pong.take(), ..Rare::default() };
        }
    }

    pub(super) fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// A loop whose queue is not empty is busy writing, or waits for the socket: it needs no wake.
    pub(super) fn wake_if_first(&mut self) {
        if self.data.len() == 1 {
            self.wake();
        }
    }

    /// Nothing more can be done now: lets go of room that is not needed, and has the loop woken when it is.
    pub(super) fn remember(&mut self, context: &Context<'_>) {
        self.rare.take_if(|rare| rare.is_empty());
        if self.data.is_empty() && self.data.capacity() > ROOM_KEPT {
            self.data = VecDeque::new();
        }
        if !self.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            self.waker = Some(context.waker().clone());
        }
    }

    /// Nothing waits: who fans out may write.
    pub(super) fn is_idle(&self) -> bool {
        self.partial.is_empty()
            && self.control.is_empty()
            && self.data.is_empty()
            && self
                .rare
                .as_ref()
                .is_none_or(|rare| rare.pong.is_none() && rare.lagging.is_empty() && rare.dropped.is_empty())
            && !self.overflowed
            && !self.ended
    }

    /// Writes what the socket takes at once; the rest goes before everything.
    pub(super) fn write(&mut self, stream: &Stream, joined: BytesMut) {
        // Whatever keeps the socket from taking it, the next attempt will meet too.
        let count = stream.try_write(&joined).unwrap_or(0);
        if count < joined.len() {
            self.partial = joined.freeze().slice(count..);
        }
    }

    pub(super) fn poll_partial(
        &mut self,
        stream: &Stream,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.partial.is_empty() {
            match ready!(stream.poll_write(context, &self.partial))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => self.partial.advance(count),
            }
            if self.partial.is_empty() {
                // What has left is let go: an empty end still holds all of it.
                self.partial = Bytes::new();
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Takes out what goes ahead of data, and says how many frames that are.
    pub(super) fn take_control(&mut self) -> (BytesMut, u64) {
        let count = std::mem::take(&mut self.control_count);
        let control = std::mem::take(&mut self.control);
        let pong = self.rare.as_mut().and_then(|rare| rare.pong.take());
        let Some(pong) = pong else { return (control, count) };
        let mut joined = BytesMut::from(&pong[..]);
        joined.unsplit(control);
        (joined, count + 1)
    }

    /// Whether anything may be there behind control messages and replies.
    pub(super) fn has_data(&self) -> bool {
        let is_awaited = |rare: &Rare| !rare.resting.is_empty() || !rare.lagging.is_empty();
        !self.data.is_empty() || self.rare.as_deref().is_some_and(is_awaited)
    }

    /// What is next to be written behind control messages and replies.
    pub(super) fn next(&mut self, limit: usize, now: Instant) -> Option<Next> {
        if self.data_bytes <= limit / 2
            && let Some(rare) = &mut self.rare
            && let Some((topic, lag)) = rare.lagging.iter_mut().find(|(_, lag)| !lag.announced)
        {
            lag.announced = true;
            return Some(Next::Resync(topic.clone()));
        }
        self.wake_slots(now);
        self.pop_data(limit, now)
    }

    fn pop_data(&mut self, limit: usize, now: Instant) -> Option<Next> {
        while let Some(entry) = self.data.pop_front() {
            let (publication, count, lost) = match entry {
                Entry::Frame(publication) => (publication, 1, 0),
                Entry::Behind(lost, publication) => (publication, 1, lost),
                Entry::Slot(key) => match self.take_slot(key, limit, now) {
                    Some((publication, count)) => (publication, count, 0),
                    None => continue,
                },
            };
            self.data_bytes -= publication.cost();
            let conflated = (count > 1).then_some(("conflated", count));
            let dropped = lost + self.take_dropped(&publication);
            let dropped = (dropped > 0).then_some(("dropped", dropped));
            let marks: Vec<(&str, u64)> = conflated.into_iter().chain(dropped).collect();
            return Some(match marks.is_empty() {
                true => Next::Shared(publication),
                false => Next::Marked(publication.frame_with(&marks)),
            });
        }
        None
    }

    /// How many updates an update has to own up to.
    fn take_dropped(&mut self, publication: &Publication) -> u64 {
        let rare = self.rare.as_mut().filter(|_| publication.kind == PublicationKind::Update);
        rare.and_then(|rare| rare.dropped.remove(&publication.topic)).unwrap_or(0)
    }

    /// What the value costs that waits in the slot of this one.
    pub(super) fn cost_of_replaced(&self, publication: &Publication) -> usize {
        let (Some(rare), Some(key)) = (&self.rare, &publication.conflation_key) else { return 0 };
        let slot = rare.slots.get(&(publication.topic.clone(), key.clone()));
        slot.and_then(|slot| slot.waiting.as_ref()).map_or(0, |(waiting, _)| waiting.cost())
    }

    fn take_slot(&mut self, key: SlotKey, limit: usize, now: Instant) -> Option<(Arc<Publication>, u64)> {
        let rare = self.rare.as_mut()?;
        let slot = rare.slots.get_mut(&key)?;
        let taken = slot.waiting.take()?;
        // Keys come from whoever publishes: intervals are kept for as many as the queue is large.
        let has_room = rare.resting.len() * ENTRY_COST < limit;
        match taken.0.delivery.mode {
            DeliveryMode::Latest { interval_ms, .. } if interval_ms > 0 && has_room => {
                slot.resting = true;
                rare.rest_number += 1;
                let due = now + Duration::from_millis(interval_ms);
                rare.resting.insert((due, rare.rest_number), key);
            }
            _ => {
                rare.slots.remove(&key);
            }
        }
        Some(taken)
    }

    /// Lets slots that rested long enough send again; those without a new value go.
    pub(super) fn wake_slots(&mut self, now: Instant) {
        let Some(rare) = &mut self.rare else { return };
        while let Some(first) = rare.resting.first_entry() {
            if first.key().0 > now {
                return;
            }
            let key = first.remove();
            match rare.slots.get_mut(&key) {
                Some(slot) if slot.waiting.is_some() => {
                    slot.resting = false;
                    self.data.push_back(Entry::Slot(key));
                }
                _ => {
                    rare.slots.remove(&key);
                }
            }
        }
    }

    /// Lets a topic's waiting values go ahead of their interval.
    pub(super) fn end_rest(&mut self, topic: &str) {
        let Some(rare) = &mut self.rare else { return };
        let Rare { slots, resting, .. } = &mut **rare;
        let queued = &mut self.data;
        resting.retain(|_, key| {
            let Some(slot) = slots.get_mut(key).filter(|slot| *key.0 == *topic && slot.waiting.is_some())
            else {
                return true;
            };
            slot.resting = false;
            queued.push_back(Entry::Slot(key.clone()));
            false
        });
    }

    /// Drops what has waited longest of a topic's updates; says how many values it stood for, 0 where nothing waits.
    pub(super) fn drop_oldest(&mut self, topic: &str) -> u64 {
        let oldest = self.data.iter().position(|entry| match entry {
            Entry::Frame(publication) => {
                publication.kind == PublicationKind::Update && *publication.topic == *topic
            }
            Entry::Behind(_, publication) => *publication.topic == *topic,
            Entry::Slot((of, _)) => **of == *topic,
        });
        let taken = match oldest.and_then(|index| self.data.remove(index)) {
            Some(Entry::Frame(publication)) => Some((publication, 1)),
            // Those ahead of it were counted before, but nobody has told of them.
            Some(Entry::Behind(lost, publication)) => {
                *self.rare().dropped.entry(publication.topic.clone()).or_default() += lost;
                Some((publication, 1))
            }
            Some(Entry::Slot(key)) => {
                self.rare.as_mut().and_then(|rare| rare.slots.remove(&key)).and_then(|slot| slot.waiting)
            }
            None => self.rare.as_mut().and_then(|rare| rare.take_resting(topic)),
        };
        let Some((publication, count)) = taken else { return 0 };
        self.data_bytes -= publication.cost();
        count
    }

    /// Takes out the queued updates of a topic, and its snapshots where asked; says how many updates.
    pub(super) fn remove_updates(&mut self, topic: &str, snapshots_too: bool) -> u64 {
        let mut removed = 0;
        let mut bytes = 0;
        self.data.retain(|entry| match entry {
            Entry::Frame(publication) | Entry::Behind(_, publication) if *publication.topic == *topic => {
                let goes = snapshots_too || publication.kind == PublicationKind::Update;
                removed += u64::from(goes && publication.kind == PublicationKind::Update);
                bytes += if goes { publication.cost() } else { 0 };
                !goes
            }
            _ => true,
        });
        self.data_bytes -= bytes;
        removed + self.remove_slots(topic)
    }

    /// Takes out the waiting values of a topic that delivers the latest; says how many values they stood for.
    pub(super) fn remove_slots(&mut self, topic: &str) -> u64 {
        let Some(rare) = &mut self.rare else { return 0 };
        let mut removed = 0;
        let mut bytes = 0;
        rare.slots.retain(|key, slot| {
            if *key.0 != *topic {
                return true;
            }
            if let Some((waiting, count)) = slot.waiting.take() {
                removed += count;
                bytes += waiting.cost();
            }
            // A resting slot stays: its interval holds for the next value too.
            slot.resting
        });
        self.data.retain(|entry| !matches!(entry, Entry::Slot(key) if *key.0 == *topic));
        self.data_bytes -= bytes;
        removed
    }
}
