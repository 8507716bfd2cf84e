//! Services under way for one connection. A connection without any keeps nothing for them.

use std::fmt;
use std::task::{Context, Poll};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::contract::erased::BoxFuture;

/// Services under way.
pub(super) struct InFlight<T> {
    services: Option<Box<FuturesUnordered<BoxFuture<T>>>>,
    /// One of them has never been polled here: nothing would wake the connection for it.
    is_fresh: bool,
}

impl<T> Default for InFlight<T> {
    fn default() -> Self {
        Self { services: None, is_fresh: false }
    }
}

impl<T> InFlight<T> {
    pub(super) fn len(&self) -> usize {
        self.services.as_ref().map_or(0, |services| services.len())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.services.is_none()
    }

    pub(super) fn is_fresh(&self) -> bool {
        self.is_fresh
    }

    pub(super) fn push(&mut self, service: BoxFuture<T>) {
        self.services.get_or_insert_default().push(service);
        self.is_fresh = true;
    }

    /// The next one that has finished; pending where none has, also where none is under way.
    pub(super) fn poll_finished(&mut self, context: &mut Context<'_>) -> Poll<T> {
        self.is_fresh = false;
        if let Some(services) = &mut self.services {
            match services.poll_next_unpin(context) {
                Poll::Ready(Some(finished)) => {
                    if services.is_empty() {
                        self.services = None;
                    }
                    return Poll::Ready(finished);
                }
                Poll::Ready(None) => self.services = None,
                Poll::Pending => {}
            }
        }
        Poll::Pending
    }
}

impl<T> fmt::Debug for InFlight<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("InFlight").field("len", &self.len()).finish()
    }
}
