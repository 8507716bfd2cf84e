//! From the feed to those who hold a symbol: follows what is wanted, decodes, counts what does not fit, publishes.

use std::collections::BTreeSet;
use std::sync::Arc;

use bellwire::feed::{Feed, FeedEvent, FeedStatus, Rejects, RunningFeed};
use jiff::Timestamp;
use tokio::sync::watch;

use crate::desk::Desk;
use crate::generated::TicksPublisher;
use crate::generated::types::Symbol;
use crate::settings::Clock;
use crate::ticks;

/// Makes the feed of one upstream connection, which follows the wanted symbols.
pub(crate) type MakeFeed = Box<dyn Fn(watch::Receiver<Arc<BTreeSet<String>>>) -> Feed + Send + Sync>;

type Status = watch::Receiver<FeedStatus>;

/// What health and status pages see of the upstream.
#[derive(Debug, Clone)]
pub(crate) struct UpstreamView {
    feed: watch::Receiver<Option<Status>>,
    last_update: watch::Receiver<Option<Timestamp>>,
    /// Frames that did not fit.
    pub(crate) rejects: Arc<Rejects>,
}

impl UpstreamView {
    /// How the feed is doing; `None` while it is disconnected on request.
    pub(crate) fn status(&self) -> Option<FeedStatus> {
        self.feed.borrow().as_ref().map(|status| status.borrow().clone())
    }

    /// Whether the upstream is connected.
    pub(crate) fn is_connected(&self) -> bool {
        self.status().is_some_and(|status| status.is_live())
    }

    /// When the last tick came.
    pub(crate) fn last_update(&self) -> Option<Timestamp> {
        *self.last_update.borrow()
    }
}

/// The upstream client.
#[derive(Debug)]
pub(crate) struct Upstream {
    desk: Arc<Desk>,
    publisher: TicksPublisher,
    clock: Clock,
    feed: watch::Sender<Option<Status>>,
    last_update: watch::Sender<Option<Timestamp>>,
    rejects: Arc<Rejects>,
}

impl Upstream {
    pub(crate) fn new(desk: Arc<Desk>, publisher: TicksPublisher, clock: Clock) -> Self {
        Self {
            desk,
            publisher,
            clock,
            feed: watch::Sender::new(None),
            last_update: watch::Sender::new(None),
            rejects: Arc::default(),
        }
    }

    pub(crate) fn view(&self) -> UpstreamView {
        UpstreamView {
            feed: self.feed.subscribe(),
            last_update: self.last_update.subscribe(),
            rejects: self.rejects.clone(),
        }
    }

    /// Runs until the process ends: connected, unless operators want it otherwise.
    pub(crate) async fn run(self, make: MakeFeed) {
        let (mut parked, wanted) = (self.desk.parked(), self.desk.follow());
        while parked.wait_for(|parked| !parked).await.is_ok() {
            let mut feed = make(wanted.clone()).start();
            self.feed.send_replace(Some(feed.status()));
            tokio::select! {
                _ = parked.wait_for(|parked| *parked) => {}
                () = self.drain(&mut feed) => {}
            }
            self.feed.send_replace(None);
        }
    }

    async fn drain(&self, feed: &mut RunningFeed) {
        while let Some(event) = feed.next().await {
            if let FeedEvent::Frame { provider, text } = event {
                self.take(&provider, &text);
            }
        }
        // A feed that has ended for good stays so, for all to see.
        std::future::pending::<()>().await;
    }

    fn take(&self, provider: &str, text: &str) {
        let ticks = match ticks::read(provider, text) {
            Ok(ticks) => ticks,
            Err(error) => return self.rejects.reject(provider, text, &error),
        };
        if !ticks.is_empty() {
            self.last_update.send_replace(Some(self.clock.now()));
        }
        // What nobody wants any more may still be under way.
        for tick in ticks.iter().filter(|tick| self.desk.interests().contains(&tick.symbol)) {
            self.publisher.publish(&Symbol { symbol: tick.symbol.clone() }, tick);
        }
    }
}

#[cfg(test)]
mod tests;
