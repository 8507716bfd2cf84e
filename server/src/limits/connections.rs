//! How many connections a node has, counted by permits that they hold.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts connections.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConnectionLimit(Arc<AtomicUsize>);

impl ConnectionLimit {
    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// Counts one more, or none where there are `limit` already.
    pub(crate) fn try_acquire(&self, limit: usize) -> Option<ConnectionPermit> {
        let more = |count: usize| (count < limit).then_some(count + 1);
        self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more).ok()?;
        Some(ConnectionPermit(self.0.clone()))
    }
}

/// One counted connection; dropping it makes room.
#[derive(Debug)]
pub(crate) struct ConnectionPermit(Arc<AtomicUsize>);

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::ConnectionLimit;

    #[test]
    fn a_dropped_permit_makes_room() {
        let limit = ConnectionLimit::default();
        let permit = limit.try_acquire(1);
        assert!(permit.is_some() && limit.try_acquire(1).is_none());
        drop(permit);
        assert!(limit.try_acquire(1).is_some());
        assert_eq!(limit.count(), 0);
    }
}
