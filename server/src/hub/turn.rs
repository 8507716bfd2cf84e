//! The short way of publications: what is published while a connection's requests are served is written by the thread
//! that read them, once they are served.
//!
//! No task is woken for it, and what one read brought leaves together. A turn writes to so many sockets and no more;
//! the rest takes the long way, as does whatever is published elsewhere: by threads of the application's own, which
//! must not pay for subscribers, and by its tasks.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::cell::Cell;
use super::fan_out::FanOut;

/// Reads of one turn after which it writes although there is more to read.
const READS: u32 = 4;
/// A thread keeps no more room than this for topics.
const TOPICS_KEPT: usize = 4 * 1024;

thread_local! {
    static TURN: RefCell<Collected> = RefCell::default();
    static ID: TurnId = TurnId(NEXT_ID.fetch_add(1, Ordering::Relaxed));
}

static NEXT_ID: AtomicU64 = AtomicU64::new(0);

/// The turns of one thread, one of which is on at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TurnId(u64);

/// What has been published in this thread's turn.
#[derive(Default)]
struct Collected {
    is_on: bool,
    reads: u32,
    /// Whose topics these are.
    fan_out: Option<Arc<FanOut>>,
    /// What this turn is to fan out, unless someone else has meanwhile.
    topics: Vec<Arc<Cell>>,
}

/// A stretch of work on this thread; topics that it publishes to are fanned out when it ends.
pub(crate) struct Turn {
    is_outer: bool,
    /// It ends on the thread where it began.
    thread: PhantomData<*const ()>,
}

impl Turn {
    /// Begins a turn; one within another is part of that.
    pub(crate) fn begin() -> Self {
        let was_on = TURN.with_borrow_mut(|turn| std::mem::replace(&mut turn.is_on, true));
        Self { is_outer: !was_on, thread: PhantomData }
    }

    /// One read is served and another may follow: what has been published waits for that too, unless it has waited for
    /// several.
    pub(crate) fn breathe() {
        let is_long = TURN.with_borrow_mut(|turn| {
            turn.reads += 1;
            turn.reads >= READS
        });
        if is_long {
            carry();
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.is_outer {
            TURN.with_borrow_mut(|turn| turn.is_on = false);
            carry();
        }
    }
}

/// The turn that this thread is in.
pub(super) fn here() -> Option<TurnId> {
    // A thread that is ending is in none.
    let is_on = TURN.try_with(|turn| turn.borrow().is_on).unwrap_or(false);
    if is_on { ID.try_with(|id| *id).ok() } else { None }
}

/// Takes a topic that has something to fan out; `false` where this thread is in no turn.
pub(super) fn collect(fan_out: &Arc<FanOut>, topic: &Arc<Cell>) -> bool {
    let collected = TURN.try_with(|turn| {
        let mut turn = turn.borrow_mut();
        // Another node of the same process has tasks of its own.
        let is_ours = turn.fan_out.as_ref().is_none_or(|known| Arc::ptr_eq(known, fan_out));
        if !turn.is_on || !is_ours {
            return false;
        }
        turn.fan_out.get_or_insert_with(|| fan_out.clone());
        turn.topics.push(topic.clone());
        true
    });
    collected.unwrap_or(false)
}

/// Fans out what has been collected.
fn carry() {
    let collected = TURN.with_borrow_mut(|turn| {
        turn.reads = 0;
        Some((turn.fan_out.take()?, std::mem::take(&mut turn.topics)))
    });
    let Some((fan_out, mut topics)) = collected else { return };
    fan_out.carry(topics.drain(..));
    TURN.with_borrow_mut(|turn| {
        if turn.topics.capacity() == 0 && topics.capacity() <= TOPICS_KEPT {
            turn.topics = topics;
        }
    });
}

#[cfg(test)]
mod tests;
