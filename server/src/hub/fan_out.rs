//! Who carries publications to subscribers: a few tasks that share the topics among them.
//!
//! A publisher hands over a topic, not a message per subscriber, so its cost does not depend on their number. What is
//! published to a topic while its task is busy elsewhere leaves together, in one write per socket: the busier the
//! node, the cheaper a message. Before the tasks run (no connection has come yet) publishers carry their own, and so
//! does whoever publishes in a connection's turn (`turn`), within limits. While something waits at a
//! topic at least one of them is to carry it; that several may is harmless, as a batch and how far it has come
//! belong to the topic, under its lock.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use ahash::RandomState;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::cell::{Cell, Progress};
use super::turn;

/// Sockets written to before other tasks of the thread get their turn.
const WRITES_IN_A_ROW: usize = 256;

thread_local! {
    /// This thread carries what it publishes itself.
    static IN_ORDER: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Whatever this thread publishes meanwhile has been offered to its subscribers when `publish` returns, in that order
/// across topics. Topics that wait for company go on waiting.
pub(crate) fn in_order<T>(publish: impl FnOnce() -> T) -> T {
    /// Puts back what was, even after a panic.
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            IN_ORDER.set(self.0);
        }
    }
    let _before = Before(IN_ORDER.replace(true));
    publish()
}

/// Whether this thread carries what it publishes itself.
pub(super) fn is_in_order() -> bool {
    IN_ORDER.get()
}

/// The tasks of one node.
#[derive(Default)]
pub(crate) struct FanOut {
    workers: OnceLock<Vec<Arc<Worker>>>,
    hasher: RandomState,
}

/// One task and what it has to do.
#[derive(Default)]
struct Worker {
    queue: Mutex<Queue>,
    wake: Notify,
}

/// At most every topic of the node stands in it, and none twice but those that are published both in order and
/// otherwise.
#[derive(Default)]
struct Queue {
    submitted: VecDeque<Submitted>,
    rest: Rest,
}

/// Whether a task has to be told that there is something to do: waking it is what costs a publisher most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Rest {
    /// It looks into its queue before it rests.
    #[default]
    Awake,
    /// It rests until then, or until it is woken.
    Until(Option<Instant>),
}

impl Rest {
    /// Whether it ends for what is due then; at once where that is `None`.
    fn ends_for(self, due: Option<Instant>) -> bool {
        match (self, due) {
            (Self::Awake, _) => false,
            (Self::Until(Some(until)), Some(due)) => due < until,
            (Self::Until(_), _) => true,
        }
    }
}

/// A topic that has something to fan out. What is due first is least, and what does not wait for company is before that.
struct Submitted {
    cell: Arc<Cell>,
    /// Waits this long for company.
    flush: Duration,
    /// When it has waited long enough.
    due: Option<Instant>,
}

impl Submitted {
    fn new(cell: Arc<Cell>, flush: Duration) -> Self {
        let due = (!flush.is_zero()).then(|| Instant::now() + flush);
        Self { cell, flush, due }
    }
}

impl FanOut {
    /// Starts the tasks on the current runtime, unless they run.
    pub(crate) fn start(&self) {
        self.workers.get_or_init(|| {
            let threads = tokio::runtime::Handle::current().metrics().num_workers();
            // One task is the cheapest per message; more help once there are threads to spare.
            let workers: Vec<Arc<Worker>> = (0..(threads / 2).max(1)).map(|_| Arc::default()).collect();
            for worker in &workers {
                tokio::spawn(worker.clone().run());
            }
            workers
        });
    }

    /// Fans out what waits at a topic: at the end of this thread's turn where it is in one, else by the topic's task.
    pub(super) fn submit(self: &Arc<Self>, cell: &Arc<Cell>, flush: Duration) {
        if !flush.is_zero() || !turn::collect(self, cell) {
            self.hand_over(cell, flush);
        }
    }

    /// Fans out what a turn has collected, as far as one turn goes; the topics' tasks do the rest.
    pub(super) fn carry(&self, topics: impl Iterator<Item = Arc<Cell>>) {
        let mut room = WRITES_IN_A_ROW;
        for cell in topics {
            if !cell.carry(&mut room) {
                self.hand_over(&cell, Duration::ZERO);
            }
        }
    }

    /// Leaves a topic to its task if there is one, or else fans it out at once.
    fn hand_over(&self, cell: &Arc<Cell>, flush: Duration) {
        let Some(workers) = self.workers.get() else { return cell.fan_out() };
        let index = self.hasher.hash_one(&*cell.name) as usize % workers.len();
        workers[index].submit(Submitted::new(cell.clone(), flush));
    }
}

impl Worker {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves a topic to the task, and wakes it unless it will look in time.
    fn submit(&self, submitted: Submitted) {
        let mut queue = self.queue();
        // Only the task itself says that it is awake: whoever meant to wake it may be held up before that.
        let wakes = queue.rest.ends_for(submitted.due);
        queue.submitted.push_back(submitted);
        drop(queue);
        if wakes {
            self.wake.notify_one();
        }
    }

    /// What was submitted first. Where nothing was, the task rests until something is due: from now on it is woken.
    fn next(&self, due: Option<Instant>) -> Option<Submitted> {
        let mut queue = self.queue();
        let next = queue.submitted.pop_front();
        queue.rest = if next.is_some() { Rest::Awake } else { Rest::Until(due) };
        next
    }

    async fn run(self: Arc<Self>) {
        let mut delayed: BinaryHeap<Reverse<Submitted>> = BinaryHeap::new();
        let mut room = WRITES_IN_A_ROW;
        loop {
            if let Some(submitted) = take_due(&mut delayed) {
                self.fan_out(submitted, &mut room).await;
                continue;
            }
            let first_due = delayed.peek().and_then(|Reverse(first)| first.due);
            match self.next(first_due) {
                Some(submitted) if submitted.due.is_none() => self.fan_out(submitted, &mut room).await,
                Some(submitted) => delayed.push(Reverse(submitted)),
                None => self.rest(first_due).await,
            }
        }
    }

    /// Waits for something to do, or until then.
    async fn rest(&self, until: Option<Instant>) {
        match until {
            None => self.wake.notified().await,
            Some(until) => tokio::select! {
                () = self.wake.notified() => {}
                () = sleep_until(until) => {}
            },
        }
        self.queue().rest = Rest::Awake;
    }

    /// One batch of a topic; what has come meanwhile takes its place at the end of the queue. Others get their turn
    /// after so many writes, to however many topics.
    async fn fan_out(&self, submitted: Submitted, room: &mut usize) {
        let Submitted { cell, flush, .. } = submitted;
        loop {
            match cell.advance(room) {
                Progress::Idle => break,
                Progress::Complete => break self.submit(Submitted::new(cell, flush)),
                Progress::Underway => {}
            }
            if *room == 0 {
                tokio::task::yield_now().await;
                *room = WRITES_IN_A_ROW;
            }
        }
    }
}

/// The topic that has waited long enough, if one has.
fn take_due(delayed: &mut BinaryHeap<Reverse<Submitted>>) -> Option<Submitted> {
    let Reverse(first) = delayed.peek()?;
    if first.due > Some(Instant::now()) {
        return None;
    }
    delayed.pop().map(|Reverse(first)| first)
}

impl PartialEq for Submitted {
    fn eq(&self, other: &Self) -> bool {
        self.due == other.due
    }
}

impl Eq for Submitted {}

impl PartialOrd for Submitted {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Submitted {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.due.cmp(&other.due)
    }
}

impl fmt::Debug for FanOut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.workers.get().map_or(0, Vec::len);
        formatter.debug_struct("FanOut").field("workers", &count).finish()
    }
}

#[cfg(test)]
mod tests;
