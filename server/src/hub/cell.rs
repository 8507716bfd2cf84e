//! One topic: its subscribers, its retained state, and the hooks of its first and last subscriber.
//!
//! Two locks. `inner` is short: a publication changes the state, joins those that wait, and takes a number. `seats` is
//! held while a batch goes to subscribers, and whenever one comes, leaves or gets its snapshot; it is always taken
//! first. A subscriber wants publications from a number on, which is what makes "reply, snapshot, then every later
//! update" exact although fan-out comes later than publishing. Hooks are queued under the lock and called outside it,
//! by one thread at a time, so they arrive in order and may publish.
//!
//! Coming, waiting for a snapshot and leaving is in `seats`, what is held back meanwhile in `held`, what outlives the last
//! subscriber in `keeping`, the way of a batch from seat to seat in `batch`.

mod batch;
mod held;
mod keeping;
mod seats;

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use slab::Slab;
use tokio::time::Instant;

use super::history::{Entry, History};
use super::turn::TurnId;
use super::{Lifecycle, Outlet, Publication, PublicationKind, RoutePolicy};
use batch::Batch;
pub(super) use batch::Progress;
use held::Held;
use keeping::Counted;
pub(crate) use keeping::Kept;
pub(super) use keeping::{Fate, Reason};
pub(crate) use seats::Beginning;

/// Publications that may wait for fan-out: a publisher that gets further ahead does the fan-out itself.
const WAITING_LIMIT: usize = 16 * 1024;
/// Bytes of them, likewise.
const WAITING_BYTES: usize = 16 << 20;

/// One topic.
pub(super) struct Cell {
    pub(super) name: Arc<str>,
    inner: Mutex<Inner>,
    seats: Mutex<Seats>,
    /// How many seats are taken, for those who only want to know.
    count: AtomicUsize,
}

/// Who subscribes, and how far the batch that is under way has come. Whoever holds the lock may take it further.
#[derive(Default)]
struct Seats {
    subscribers: Slab<Subscriber>,
    batch: Option<Batch>,
    /// Seat that gets the batch next.
    cursor: usize,
}

struct Inner {
    /// Taken out of the registry: whoever still holds it must look the topic up again.
    dead: bool,
    /// Handed over to another process: nothing is published any more.
    closed: bool,
    /// It stands in the route's list of topics that are kept without subscribers.
    listed: bool,
    /// Number of the next publication, counted from 0: the offset of the one before it.
    next: u64,
    /// Publications that wait for fan-out, the last of them numbered `next - 1`.
    waiting: VecDeque<Arc<Publication>>,
    waiting_bytes: usize,
    carrier: Carrier,
    retained: Option<Counted>,
    history: Option<Box<History>>,
    /// The snapshot's frame, until the state changes.
    snapshot: Option<Arc<Publication>>,
    lifecycle: Option<Arc<dyn Lifecycle>>,
    transitions: VecDeque<(Transition, Arc<dyn Lifecycle>)>,
    /// Some thread is calling hooks; others leave theirs in the queue.
    calling: bool,
}

/// Who is to fan out what waits; at least that one is, where anything does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carrier {
    Nobody,
    /// A turn, which may take as long as a handler does: whoever publishes elsewhere does not wait for it.
    Turn(TurnId),
    /// The topic's task.
    Task,
}

impl Carrier {
    /// Whether a publication made in this turn, or in none, has to be submitted.
    fn falls_to(&mut self, turn: Option<TurnId>) -> bool {
        let falls = match *self {
            Self::Nobody => true,
            Self::Turn(known) => turn != Some(known),
            Self::Task => false,
        };
        if falls {
            *self = turn.map_or(Self::Task, Self::Turn);
        }
        falls
    }
}

struct Subscriber {
    outlet: Arc<dyn Outlet>,
    /// Number of the first publication it wants.
    from: u64,
    /// Boxed: it is gone as soon as the snapshot is made.
    held: Option<Box<Held>>,
}

#[derive(Clone, Copy)]
enum Transition {
    First,
    Last,
}

/// What a publication asks of its publisher.
pub(super) struct Accepted {
    /// How many subscribe.
    pub(super) subscribers: usize,
    /// Number of the publication, where it waits.
    pub(super) offset: u64,
    /// The topic has to be handed to whoever fans out.
    pub(super) submit: bool,
    /// Too much waits: the publisher helps.
    pub(super) help: bool,
    /// Nobody subscribes, but the topic is kept: until this time, if by its history alone.
    pub(super) kept: Option<Instant>,
}

/// A hook is being called; the next may be after it, also where it panicked.
struct Calling<'a>(&'a Cell);

impl Drop for Calling<'_> {
    fn drop(&mut self) {
        self.0.lock().calling = false;
    }
}

impl Cell {
    /// A topic of a route; `closed` where the route is handed over already.
    pub(super) fn new(name: Arc<str>, history: Option<History>, closed: bool) -> Self {
        let inner = Inner {
            dead: false,
            closed,
            listed: false,
            next: 0,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            carrier: Carrier::Nobody,
            retained: None,
            history: history.map(|history| Box::new(history.of_topic(&name))),
            snapshot: None,
            lifecycle: None,
            transitions: VecDeque::new(),
            calling: false,
        };
        Self { name, inner: Mutex::new(inner), seats: Mutex::default(), count: AtomicUsize::new(0) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls the hooks that wait, unless another thread is at it: that one then calls these too.
    pub(super) fn call_hooks(&self) {
        loop {
            let mut inner = self.lock();
            if inner.calling {
                return;
            }
            let Some((transition, lifecycle)) = inner.transitions.pop_front() else { return };
            inner.calling = true;
            drop(inner);
            let _calling = Calling(self);
            match transition {
                Transition::First => lifecycle.first_subscriber(),
                Transition::Last => lifecycle.last_subscriber(),
            }
        }
    }

    /// Applies an update to the state, keeps it where it may be asked for, and lets it wait for fan-out; `None` where
    /// the cell is dead. What it retains is counted in its route's total.
    pub(super) fn publish(
        &self,
        policy: &RoutePolicy,
        payload: &str,
        turn: Option<TurnId>,
        total: &Arc<AtomicUsize>,
    ) -> Option<Accepted> {
        let mut inner = self.lock();
        if inner.dead {
            return None;
        }
        let subscribers = self.count.load(Ordering::SeqCst);
        let mut accepted = Accepted { subscribers, offset: 0, submit: false, help: false, kept: None };
        if inner.closed {
            accepted.subscribers = 0;
            return Some(accepted);
        }
        if let Some(kind) = policy.state {
            inner.snapshot = None;
            inner.retained.get_or_insert_with(|| Counted::new(kind, total)).apply(payload);
        }
        if subscribers == 0 && inner.history.is_none() {
            accepted.kept = inner.list(policy);
            return Some(accepted);
        }
        let offset = inner.next + 1;
        let publication =
            Arc::new(self.update_of(policy, inner.history.is_some().then_some(offset), payload));
        inner.next = offset;
        if let (Some(history), Some(spec)) = (&mut inner.history, policy.history) {
            let entry = Entry { at: Instant::now(), update: publication.clone() };
            history.push(spec, entry);
        }
        if subscribers == 0 {
            // Whom these waited for has left.
            inner.waiting.clear();
            inner.waiting_bytes = 0;
            accepted.kept = inner.list(policy);
            return Some(accepted);
        }
        inner.waiting_bytes += publication.wire.len();
        inner.waiting.push_back(publication);
        accepted.offset = offset;
        accepted.submit = inner.carrier.falls_to(turn);
        accepted.help = inner.waiting.len() > WAITING_LIMIT || inner.waiting_bytes > WAITING_BYTES;
        Some(accepted)
    }

    fn update_of(&self, policy: &RoutePolicy, offset: Option<u64>, payload: &str) -> Publication {
        let (update, name) = (PublicationKind::Update, &self.name);
        let mut publication = Publication::of_topic(update, name, (None, offset), payload, policy);
        publication.conflation_key = policy.conflation_key(payload);
        publication
    }

    /// The retained state's payload, if there is any.
    pub(super) fn retained(&self) -> Option<String> {
        self.lock().retained.as_ref().and_then(|retained| retained.snapshot())
    }

    pub(super) fn subscriber_count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

impl fmt::Debug for Cell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Cell").field("name", &self.name).finish_non_exhaustive()
    }
}
