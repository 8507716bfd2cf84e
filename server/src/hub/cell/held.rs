//! What is held back for one subscriber while its snapshot is made: bounded, and what finds no room goes by the topic's
//! policy. The client is told of it behind what it was sent before, when the rest follows.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::hub::{Outlet, Publication};
use crate::protocol::Overflow;

/// Bytes of updates held back for one subscriber, where more than that may wait for it.
const HELD_LIMIT: usize = 1 << 20;

/// Updates that wait for a snapshot.
#[derive(Default)]
pub(super) struct Held {
    updates: VecDeque<Waiting>,
    bytes: usize,
    /// Where the value of each key waits, counted from the first that ever did: of topics that deliver the latest.
    places: HashMap<Box<str>, u64>,
    /// How many are gone from the front.
    gone: u64,
    /// Values that were given up, all of them older than what is left.
    lost: u64,
    /// Number of the first update that could be among them.
    pub(super) from: u64,
    /// The subscriber had updates before, and must not miss those that its snapshot contains.
    pub(super) again: bool,
}

struct Waiting {
    update: Arc<Publication>,
    /// How many values it stands for.
    values: u64,
}

/// What becomes of an update that is to be held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// It is held back, or given up as its topic declares.
    AsDeclared,
    /// There is no room, and the connection ends for it.
    Overflow,
}

impl Held {
    /// Nothing yet, from this number on.
    pub(super) fn from(from: u64) -> Self {
        Self { from, ..Self::default() }
    }

    /// What a client missed goes first.
    pub(super) fn begin_with(&mut self, missed: Vec<Arc<Publication>>) {
        self.bytes = missed.iter().map(|update| update.cost()).sum();
        self.updates = missed.into_iter().map(|update| Waiting { update, values: 1 }).collect();
    }

    /// Holds an update back, for one for whom so many bytes may wait.
    pub(super) fn take(&mut self, update: &Arc<Publication>, limit: usize) -> Kept {
        if self.is_given_up() {
            self.lost += 1;
            return Kept::AsDeclared;
        }
        while !self.fits(update, limit.min(HELD_LIMIT)) {
            match update.delivery.overflow {
                Overflow::Close => return Kept::Overflow,
                Overflow::DropOldest => self.drop_oldest(),
                Overflow::Resync => {
                    self.give_up();
                    self.lost += 1;
                    return Kept::AsDeclared;
                }
            }
        }
        self.bytes += update.cost();
        if let Some(waiting) = self.replaced(update).and_then(|index| self.updates.get_mut(index)) {
            self.bytes -= waiting.update.cost();
            waiting.update = update.clone();
            waiting.values += 1;
        } else {
            if let Some(key) = &update.conflation_key {
                self.places.insert(key.clone(), self.gone + self.updates.len() as u64);
            }
            self.updates.push_back(Waiting { update: update.clone(), values: 1 });
        }
        Kept::AsDeclared
    }

    /// One of any size does where nothing else waits.
    fn fits(&self, update: &Publication, limit: usize) -> bool {
        let replaced = self.replaced(update).and_then(|index| self.updates.get(index));
        let others = self.bytes - replaced.map_or(0, |waiting| waiting.update.cost());
        others == 0 || others + update.cost() <= limit
    }

    /// Where the value waits that an update replaces.
    fn replaced(&self, update: &Publication) -> Option<usize> {
        let place = self.places.get(update.conflation_key.as_ref()?)?;
        usize::try_from(place - self.gone).ok()
    }

    fn drop_oldest(&mut self) {
        let Some(oldest) = self.updates.pop_front() else { return };
        if let Some(key) = &oldest.update.conflation_key {
            self.places.remove(key);
        }
        self.gone += 1;
        self.bytes -= oldest.update.cost();
        self.lost += oldest.values;
    }

    /// Lets go of everything, and from now on only counts.
    fn give_up(&mut self) {
        let lost = self.lost + self.updates.iter().map(|waiting| waiting.values).sum::<u64>();
        *self = Self { lost, from: self.from, again: self.again, ..Self::default() };
    }

    /// How many values were given up, where the topic has to begin anew for it.
    pub(super) fn given_up(&self) -> Option<u64> {
        self.is_given_up().then_some(self.lost)
    }

    fn is_given_up(&self) -> bool {
        // Who drops the oldest keeps the newest.
        self.lost > 0 && self.updates.is_empty()
    }

    /// Lets go of what a snapshot contains, and goes on from this number.
    pub(super) fn clear(&mut self, from: u64) {
        *self = Self { again: self.again, ..Self::from(from) };
    }

    /// Sends what was held back; the first of it owns up to what was given up.
    pub(super) fn send(&mut self, outlet: &dyn Outlet) {
        let mut lost = std::mem::take(&mut self.lost);
        for Waiting { update, values } in self.updates.drain(..) {
            outlet.offer_held(&update, values, std::mem::take(&mut lost));
        }
        self.clear(self.from);
    }
}
