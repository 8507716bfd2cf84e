//! A topic's batch on its way from seat to seat: what waits, joined, for as many seats at a time as there is room for.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{PoisonError, TryLockError};

use slab::Slab;

use super::held::Kept;
use super::{Carrier, Cell, Inner, Seats, Subscriber};
use crate::hub::Run;

/// Bytes that one batch joins; what waits beyond goes with the next.
const BATCH_LIMIT: usize = 256 * 1024;
/// Subscribers that are fetched together. Between two updates all of them have left the processor's caches, and eight
/// come back in the time of one.
const FETCHED: usize = 8;

/// Publications that leave together.
pub(super) struct Batch {
    /// Number of the first.
    pub(super) first: u64,
    pub(super) run: Run,
}

/// How far a turn of fan-out came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::hub) enum Progress {
    /// Nothing waits: the topic has to be submitted again.
    Idle,
    /// A batch has reached everyone; another waits.
    Complete,
    /// A batch is under way.
    Underway,
}

impl Cell {
    /// Fans out all that waits, without a pause.
    pub(in crate::hub) fn fan_out(&self) {
        self.fan_out_through(u64::MAX);
    }

    /// Fans out what waits by now.
    pub(in crate::hub) fn fan_out_waiting(&self) {
        let through = self.lock().next;
        self.fan_out_through(through);
    }

    /// Fans out what waits up to a publication, not what others go on publishing; `false` where something is left.
    pub(in crate::hub) fn fan_out_through(&self, offset: u64) -> bool {
        let mut seats = self.seats();
        while self.advance_seats(&mut seats, &mut { usize::MAX }) != Progress::Idle {
            if seats.batch.is_none() && self.lock().carried() >= offset {
                return false;
            }
        }
        true
    }

    /// Offers what is under way, or else what waits, to as many more seats as there is room for.
    pub(in crate::hub) fn advance(&self, room: &mut usize) -> Progress {
        self.advance_seats(&mut self.seats(), room)
    }

    /// Fans out what waits as far as there is room, unless another thread is at the seats; `false` where something
    /// may be left.
    pub(in crate::hub) fn carry(&self, room: &mut usize) -> bool {
        let mut seats = match self.seats.try_lock() {
            Ok(seats) => seats,
            Err(TryLockError::Poisoned(poisoned)) => PoisonError::into_inner(poisoned),
            Err(TryLockError::WouldBlock) => return false,
        };
        while *room > 0 {
            if self.advance_seats(&mut seats, room) == Progress::Idle {
                return true;
            }
        }
        false
    }

    /// A panic at a seat ends its connection; all others get the batch, and the topic goes on.
    fn advance_seats(&self, seats: &mut Seats, room: &mut usize) -> Progress {
        let advanced = catch_unwind(AssertUnwindSafe(|| self.offer_seats(seats, room)));
        advanced.unwrap_or_else(|_| self.pass_over(seats))
    }

    fn offer_seats(&self, seats: &mut Seats, room: &mut usize) -> Progress {
        if seats.batch.is_none() {
            seats.batch = self.take_batch();
            seats.cursor = 0;
            fetch(&seats.subscribers, 0);
        }
        // It stays where it is, and with it how far it has come, whatever happens on the way.
        let Seats { subscribers, batch: Some(batch), cursor } = seats else { return Progress::Idle };
        while *cursor < subscribers.capacity() {
            if *room == 0 {
                return Progress::Underway;
            }
            if cursor.is_multiple_of(FETCHED) {
                fetch(subscribers, *cursor + FETCHED);
            }
            if let Some(subscriber) = subscribers.get_mut(*cursor) {
                subscriber.take(batch);
                *room -= 1;
            }
            *cursor += 1;
        }
        seats.batch = None;
        if self.is_done() { Progress::Idle } else { Progress::Complete }
    }

    /// Leaves the seat behind at which a batch could not go on.
    fn pass_over(&self, seats: &mut Seats) -> Progress {
        if seats.batch.is_none() {
            // It was at no seat: the next publication tries again.
            self.lock().carrier = Carrier::Nobody;
            return Progress::Idle;
        }
        let seat = seats.cursor;
        seats.cursor += 1;
        if let Some(subscriber) = seats.subscribers.get(seat) {
            subscriber.outlet.fail();
        }
        Progress::Underway
    }

    /// Whether nothing waits; the topic then has to be submitted again.
    fn is_done(&self) -> bool {
        let mut inner = self.lock();
        if inner.waiting.is_empty() {
            inner.carrier = Carrier::Nobody;
        }
        inner.waiting.is_empty()
    }

    /// What waits, up to a size. `None` where nothing does; the topic then has to be submitted again.
    fn take_batch(&self) -> Option<Batch> {
        let mut inner = self.lock();
        let first = inner.carried();
        let (mut publications, mut bytes) = (Vec::with_capacity(inner.waiting.len().min(64)), 0);
        while let Some(publication) = inner.waiting.pop_front() {
            bytes += publication.wire.len();
            publications.push(publication);
            if bytes >= BATCH_LIMIT {
                break;
            }
        }
        inner.waiting_bytes -= bytes;
        if inner.waiting.is_empty() && inner.waiting.capacity() > 64 {
            inner.waiting.shrink_to(64);
        }
        if publications.is_empty() {
            inner.carrier = Carrier::Nobody;
            return None;
        }
        drop(inner);
        Some(Batch { first, run: Run::new(publications) })
    }
}

impl Inner {
    /// Number of the last publication that does not wait for fan-out.
    pub(super) fn carried(&self) -> u64 {
        self.next - self.waiting.len() as u64
    }
}

/// Fetches the outlets of a few seats.
fn fetch(subscribers: &Slab<Subscriber>, from: usize) {
    for index in from..from + FETCHED {
        if let Some(subscriber) = subscribers.get(index) {
            subscriber.outlet.fetch();
        }
    }
}

impl Subscriber {
    fn take(&mut self, batch: &Batch) {
        let unwanted = usize::try_from(self.from.saturating_sub(batch.first)).unwrap_or(usize::MAX);
        let publications = batch.run.publications();
        let Some(wanted) = publications.get(unwanted..).filter(|wanted| !wanted.is_empty()) else {
            return;
        };
        if let Some(held) = &mut self.held {
            let limit = self.outlet.limit();
            if wanted.iter().any(|publication| held.take(publication, limit) == Kept::Overflow) {
                self.outlet.overflow();
            }
        } else if unwanted == 0 && publications[0].conflation_key.is_none() {
            self.outlet.offer_all(&batch.run);
        } else {
            wanted.iter().for_each(|publication| self.outlet.offer(publication));
        }
    }
}
