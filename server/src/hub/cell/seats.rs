//! A topic's subscribers: how they come, wait for a snapshot or for what they missed, and leave.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Cell, Held, Inner, Seats, Subscriber, Transition};
use crate::hub::history::{Position, Unrecoverable};
use crate::hub::{Lifecycle, Outlet, Publication, PublicationKind, RoutePolicy};

/// Seats that a topic keeps, whoever leaves.
const SEATS_KEPT: usize = 64;

/// How a subscription begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Beginning {
    /// Where the topic stands; `None` where it has no history.
    pub(crate) position: Option<Position>,
    /// Where the client asked for what it missed: whether it is there.
    pub(crate) recovered: Option<Result<(), Unrecoverable>>,
}

impl Cell {
    /// Adds a subscriber whose updates are held back until [`Cell::release`], those first that it missed since a
    /// position, if they are all there; `None` where the cell is dead.
    pub(in crate::hub) fn join(
        &self,
        outlet: Arc<dyn Outlet>,
        lifecycle: &Arc<dyn Lifecycle>,
        policy: &RoutePolicy,
        since: Option<&Position>,
    ) -> Option<(usize, Beginning)> {
        let mut seats = self.seats();
        let mut inner = self.lock();
        if inner.dead {
            return None;
        }
        let mut held = Held::from(inner.next);
        let missed = since.and_then(|since| inner.missed(policy, since, &*outlet));
        let recovered = missed.map(|missed| missed.map(|missed| held.begin_with(missed)));
        let beginning = Beginning { position: inner.position(inner.next), recovered };
        let subscriber = Subscriber { outlet, from: inner.next, held: Some(Box::new(held)) };
        let slot = seats.subscribers.insert(subscriber);
        self.count.store(seats.subscribers.len(), Ordering::SeqCst);
        if seats.subscribers.len() == 1 {
            inner.lifecycle = Some(lifecycle.clone());
            inner.transitions.push_back((Transition::First, lifecycle.clone()));
        }
        Some((slot, beginning))
    }

    /// What its first subscriber brought.
    pub(in crate::hub) fn lifecycle(&self) -> Option<Arc<dyn Lifecycle>> {
        self.lock().lifecycle.clone()
    }

    /// Removes a subscriber. Nothing of the topic is offered to it from now on.
    pub(in crate::hub) fn leave(&self, slot: usize) {
        let mut seats = self.seats();
        seats.subscribers.try_remove(slot);
        seats.shrink();
        self.count.store(seats.subscribers.len(), Ordering::SeqCst);
        if seats.subscribers.is_empty() {
            let mut inner = self.lock();
            inner.touch();
            if let Some(lifecycle) = inner.lifecycle.take() {
                inner.transitions.push_back((Transition::Last, lifecycle));
            }
        }
    }

    /// Holds a subscriber's updates back from now on. One that subscribes `again` gets them in full, beside its
    /// snapshot, unless it waits for one that everything begins with.
    pub(in crate::hub) fn hold(&self, slot: usize, again: bool) -> Option<Position> {
        let mut seats = self.seats();
        let inner = self.lock();
        let reached = seats.reached(&inner, slot);
        let awaits_first = seats.subscribers.get(slot)?.held.as_ref().is_some_and(|held| !held.again);
        seats.held(slot, reached)?.again = again && !awaits_first;
        inner.position(reached)
    }

    /// Holds a subscriber's updates back, unless they are already; says whether they were not.
    pub(in crate::hub) fn hold_back(&self, slot: usize) -> bool {
        let mut seats = self.seats();
        let reached = seats.reached(&self.lock(), slot);
        let was_held = seats.subscribers.get(slot).is_none_or(|subscriber| subscriber.held.is_some());
        seats.held(slot, reached);
        !was_held
    }

    /// Holds back anew what is held back of a subscriber but was given up; says how many updates that were.
    pub(in crate::hub) fn renew(&self, slot: usize) -> u64 {
        let mut seats = self.seats();
        let reached = seats.reached(&self.lock(), slot);
        let held = seats.subscribers.get_mut(slot).and_then(|subscriber| subscriber.held.as_mut());
        let Some((held, lost)) = held.and_then(|held| held.given_up().map(|lost| (held, lost))) else {
            return 0;
        };
        **held = Held::from(reached);
        lost
    }

    /// Sends a subscriber what it missed and what was held back.
    pub(in crate::hub) fn resume(&self, slot: usize, policy: &RoutePolicy) {
        let mut seats = self.seats();
        let Some(subscriber) = seats.subscribers.get_mut(slot) else { return };
        let mut held = subscriber.held.take().unwrap_or_default();
        self.send_held(subscriber, policy, &mut held);
    }

    /// Sends a subscriber its snapshot and what was held back. Without a snapshot of the service's own it gets the
    /// retained one, which contains all that was held back and all that still waits for fan-out. A snapshot that finds
    /// no room is made once more when there is some; until then updates are held back as before. `false` where updates
    /// were given up meanwhile: the topic begins anew.
    pub(in crate::hub) fn release(
        &self,
        slot: usize,
        policy: &RoutePolicy,
        service_snapshot: Option<&str>,
    ) -> bool {
        let mut seats = self.seats();
        let mut inner = self.lock();
        let waiting = seats.waiting(&inner, slot);
        let Some(subscriber) = seats.subscribers.get_mut(slot) else { return true };
        let mut held = subscriber.held.take().unwrap_or_default();
        if let Some(payload) = service_snapshot {
            // It would lack what was given up.
            if held.given_up().is_some() {
                return self.send_held(subscriber, policy, &mut held);
            }
            let snapshot = self.snapshot_of(policy, inner.position(held.from).as_ref(), payload);
            if !subscriber.outlet.offer_snapshot(&Arc::new(snapshot)) {
                subscriber.held = Some(held);
                return true;
            }
        } else if let Some(snapshot) = self.retained_snapshot(&mut inner, policy) {
            if held.again && !self.send_held(subscriber, policy, &mut held) {
                return false;
            }
            waiting.iter().for_each(|update| subscriber.outlet.offer(update));
            subscriber.from = inner.next;
            held.clear(inner.next);
            if !subscriber.outlet.offer_snapshot(&snapshot) {
                subscriber.held = Some(held);
                return true;
            }
        }
        drop(inner);
        self.send_held(subscriber, policy, &mut held)
    }

    /// Sends what was held back; `false` where it was given up, and the topic begins anew.
    fn send_held(&self, subscriber: &Subscriber, policy: &RoutePolicy, held: &mut Held) -> bool {
        if let Some(lost) = held.given_up() {
            subscriber.outlet.give_up(&self.name, policy.route, lost);
            return false;
        }
        held.send(&*subscriber.outlet);
        true
    }

    fn retained_snapshot(&self, inner: &mut Inner, policy: &RoutePolicy) -> Option<Arc<Publication>> {
        if inner.snapshot.is_none() {
            let payload = inner.retained.as_ref().and_then(|retained| retained.snapshot())?;
            let snapshot = self.snapshot_of(policy, inner.position(inner.next).as_ref(), &payload);
            inner.snapshot = Some(Arc::new(snapshot));
        }
        inner.snapshot.clone()
    }

    fn snapshot_of(&self, policy: &RoutePolicy, position: Option<&Position>, payload: &str) -> Publication {
        let position =
            position.map_or((None, None), |position| (Some(&*position.epoch), Some(position.offset)));
        let snapshot = PublicationKind::Snapshot;
        Publication::of_topic(snapshot, &self.name, position, payload, policy)
    }
}

impl Inner {
    /// Where a reader stands that has everything before this number.
    fn position(&self, next: u64) -> Option<Position> {
        let history = self.history.as_ref()?;
        Some(Position { epoch: history.epoch.clone(), offset: next })
    }

    /// What a client missed; `None` where nothing is kept of the topic on principle.
    fn missed(
        &mut self,
        policy: &RoutePolicy,
        since: &Position,
        outlet: &dyn Outlet,
    ) -> Option<Result<Vec<Arc<Publication>>, Unrecoverable>> {
        let history = self.history.as_mut()?;
        history.prune(policy.history?);
        Some(history.missed(since, self.next, outlet.room()))
    }
}

impl Seats {
    /// Lets go of the seats behind the last one that is taken, as a publication looks at all there are. None that is taken
    /// moves. Only where three in four go, so that who comes and goes at the brink does not pay for it each time.
    fn shrink(&mut self) {
        let room = self.subscribers.capacity();
        if room <= SEATS_KEPT || self.subscribers.len() > room / 4 {
            return;
        }
        let used = self.subscribers.iter().next_back().map_or(0, |(slot, _)| slot + 1);
        if used <= room / 4 {
            self.subscribers.shrink_to_fit();
        }
    }

    /// What is held back for a seat that has been offered everything before this number.
    fn held(&mut self, slot: usize, reached: u64) -> Option<&mut Held> {
        let held = &mut self.subscribers.get_mut(slot)?.held;
        Some(held.get_or_insert_with(|| Box::new(Held::from(reached))))
    }

    /// Number of the first publication that a seat has not been offered.
    fn reached(&self, inner: &Inner, slot: usize) -> u64 {
        let reached = match &self.batch {
            Some(batch) if slot < self.cursor => batch.first + batch.run.publications().len() as u64,
            Some(batch) => batch.first,
            None => inner.carried(),
        };
        self.subscribers.get(slot).map_or(reached, |subscriber| reached.max(subscriber.from))
    }

    /// What a seat that subscribes again has still to be offered.
    fn waiting(&self, inner: &Inner, slot: usize) -> Vec<Arc<Publication>> {
        let Some(subscriber) = self.subscribers.get(slot) else { return Vec::new() };
        if !subscriber.held.as_ref().is_some_and(|held| held.again) {
            return Vec::new();
        }
        let first = inner.carried();
        let batch = self.batch.iter().filter(|_| slot >= self.cursor);
        let batch = batch.flat_map(|batch| (batch.first..).zip(batch.run.publications()));
        let all = batch.chain((first..).zip(&inner.waiting));
        all.filter(|(number, _)| *number >= subscriber.from).map(|(_, update)| update.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::fixtures::{Inbox, NoHooks, policy};

    const MANY: usize = 5_000;

    fn join(cell: &Cell) -> (usize, Arc<Inbox>) {
        let (inbox, hooks): (_, Arc<dyn Lifecycle>) = (Arc::new(Inbox::default()), Arc::new(NoHooks));
        let (slot, _) = cell.join(inbox.clone(), &hooks, &policy("t"), None).expect("it is alive");
        cell.resume(slot, &policy("t"));
        (slot, inbox)
    }

    fn publish(cell: &Cell, payload: &str) {
        cell.publish(&policy("t"), payload, None, &Arc::default()).expect("it is alive");
    }

    #[test]
    fn a_topic_that_had_many_subscribers_costs_no_more_than_those_it_has() {
        let cell = Cell::new("t".into(), None, false);
        let (_, first) = join(&cell);
        let others: Vec<usize> = (1..MANY).map(|_| join(&cell).0).collect();
        publish(&cell, "1");
        // A batch is under way, and has come further than there will be seats.
        cell.advance(&mut { MANY / 2 });
        others.into_iter().for_each(|slot| cell.leave(slot));
        let capacity = cell.seats().subscribers.capacity();
        assert!(capacity <= 64, "a publication looks at {capacity} seats for one subscriber");
        let (_, late) = join(&cell);
        cell.fan_out();
        publish(&cell, "2");
        cell.fan_out();
        assert_eq!(
            (first.take().concat(), late.take().concat()),
            (vec!["1".into(), "2".into()], vec!["2".into()])
        );
    }
}
