//! One clock for all connections: each has at most one alarm set, one task waits for the earliest of them.
//!
//! A connection is quiet for many seconds at a time; a timer of its own would be a good part of what it costs.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// When an alarm rings, and whose it is.
pub(crate) type Alarm = (Instant, u64);

/// The alarms of one node: at most one for each connection.
#[derive(Default)]
pub(crate) struct Alarms {
    set: Mutex<BTreeMap<Alarm, Waker>>,
    /// The earliest alarm is earlier than the task knows.
    sooner: Notify,
    started: OnceLock<()>,
}

impl Alarms {
    /// Starts the task on the current runtime, unless it runs.
    pub(crate) fn start(self: &Arc<Self>) {
        self.started.get_or_init(|| {
            let alarms = self.clone();
            tokio::spawn(async move { alarms.run().await });
        });
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Alarm, Waker>> {
        self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes a connection at a time, instead of at the time it set before.
    pub(crate) fn set(&self, alarm: Alarm, instead_of: Option<Alarm>, waker: &Waker) {
        let mut set = self.lock();
        if let Some(before) = instead_of {
            set.remove(&before);
        }
        let is_first = set.first_key_value().is_none_or(|(first, _)| alarm < *first);
        set.insert(alarm, waker.clone());
        drop(set);
        if is_first {
            self.sooner.notify_one();
        }
    }

    /// Forgets an alarm.
    pub(crate) fn clear(&self, alarm: Alarm) {
        self.lock().remove(&alarm);
    }

    /// Wakes everyone now.
    pub(crate) fn ring_all(&self) {
        let all = std::mem::take(&mut *self.lock());
        all.into_values().for_each(Waker::wake);
    }

    async fn run(&self) {
        loop {
            let first = self.lock().first_key_value().map(|((at, _), _)| *at);
            let Some(at) = first else {
                self.sooner.notified().await;
                continue;
            };
            tokio::select! {
                () = sleep_until(at) => self.ring(Instant::now()),
                () = self.sooner.notified() => {}
            }
        }
    }

    fn ring(&self, now: Instant) {
        let mut due = Vec::new();
        let mut set = self.lock();
        while let Some(first) = set.first_entry()
            && first.key().0 <= now
        {
            due.push(first.remove());
        }
        drop(set);
        due.into_iter().for_each(Waker::wake);
    }
}

impl fmt::Debug for Alarms {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Alarms").field("set", &self.lock().len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;
    use std::time::Duration;

    use super::*;

    #[derive(Default)]
    struct Bell(AtomicUsize);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_rings_in_its_time_and_once() {
        let alarms = Arc::<Alarms>::default();
        alarms.start();
        let bells: Vec<Arc<Bell>> = (0..4).map(|_| Arc::default()).collect();
        let start = Instant::now();
        let at = |index: u64, seconds| (start + Duration::from_secs(seconds), index);
        let wakers: Vec<Waker> = bells.iter().map(|bell| Waker::from(bell.clone())).collect();
        alarms.set(at(0, 3), None, &wakers[0]);
        alarms.set(at(1, 1), None, &wakers[1]);
        alarms.set(at(2, 1), None, &wakers[2]);
        alarms.set(at(2, 4), Some(at(2, 1)), &wakers[2]);
        alarms.set(at(3, 1), None, &wakers[3]);
        alarms.clear(at(3, 1));
        let rung = || bells.iter().map(|bell| bell.0.load(Ordering::SeqCst)).collect::<Vec<_>>();
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        assert_eq!(rung(), [0, 1, 0, 0]);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(rung(), [1, 1, 0, 0]);
        alarms.ring_all();
        assert_eq!(rung(), [1, 1, 1, 0]);
    }
}
