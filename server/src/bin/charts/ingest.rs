//! From an exchange into the book: decodes what the feed brings, counts what does not fit, and tells dashboards and
//! painter when a bar has closed.

use std::sync::Arc;

use bellwire::feed::{Feed, FeedEvent, FeedState, FeedStatus, Recording, Rejects, Replay, RunningFeed};
use tokio::sync::watch;

use crate::book::Book;
use crate::exchanges::{Event, coinbase, kraken, tradier};
use crate::exporter::Exporter;
use crate::generated::types::Timeframe;
use crate::generated::{ChartUpdatesMessage, ChartUpdatesPublisher};
use crate::service::update_of;

/// Where bars come from.
pub(crate) enum Source {
    /// Providers in rotation.
    Live(Feed),
    /// A recording, over and over; every pass goes on in time where the one before ended.
    Recorded { recording: Recording, speed: f64 },
}

/// What the status page shows of the ingest client.
#[derive(Debug, Clone)]
pub(crate) struct IngestStatus {
    pub(crate) feed: watch::Receiver<Option<FeedStatus>>,
    pub(crate) rejects: Arc<Rejects>,
}

/// The ingest client.
pub(crate) struct Ingest {
    book: Arc<Book>,
    updates: ChartUpdatesPublisher,
    exporter: Arc<Exporter<Timeframe>>,
    status: watch::Sender<Option<FeedStatus>>,
    rejects: Arc<Rejects>,
}

impl Ingest {
    pub(crate) fn new(
        book: Arc<Book>,
        updates: ChartUpdatesPublisher,
        exporter: Arc<Exporter<Timeframe>>,
    ) -> Self {
        Self { book, updates, exporter, status: watch::Sender::new(None), rejects: Arc::default() }
    }

    pub(crate) fn status(&self) -> IngestStatus {
        IngestStatus { feed: self.status.subscribe(), rejects: self.rejects.clone() }
    }

    /// Runs until the process ends.
    pub(crate) async fn run(self, source: Source) {
        match source {
            Source::Live(feed) => self.drain(feed.start(), 0).await,
            Source::Recorded { recording, speed } => {
                let length = i64::try_from(recording.length().as_millis()).unwrap_or(i64::MAX);
                for pass in 0..i64::MAX {
                    let replay = Replay::new("recording", recording.clone()).speed(speed);
                    self.drain(Feed::new().provider(replay).start(), length.saturating_mul(pass)).await;
                }
            }
        }
    }

    async fn drain(&self, mut feed: RunningFeed, shift: i64) {
        while let Some(event) = feed.next().await {
            match event {
                FeedEvent::Frame { provider, text } => self.take(&provider, &text, shift),
                // A recording ends and begins again: no news for anyone.
                FeedEvent::Status(status) if shift > 0 && status.state != FeedState::Live => {}
                FeedEvent::Status(status) => {
                    self.status.send_replace(Some(status));
                }
            }
        }
    }

    fn take(&self, provider: &str, text: &str, shift: i64) {
        let decoded = match provider {
            "tradier" => tradier::parse(text),
            "kraken" => kraken::parse(text),
            _ => coinbase::parse(text),
        };
        let events = match decoded {
            Ok(events) => events,
            Err(error) => return self.rejects.reject(provider, text, &error),
        };
        let replayed = shift > 0;
        // Further passes of a recording tell what is live alone: its history and candles belong to the first.
        let tells = |event: &&Event| !replayed || matches!(event, Event::Trade(trade) if trade.live);
        let mut changes = self.book.apply(events.iter().filter(tells), shift);
        changes.closed.sort_unstable();
        for timeframe in &changes.closed {
            self.updates.publish(&ChartUpdatesMessage::ChartUpdate(update_of(*timeframe)));
        }
        self.paint(&changes.begun);
        self.paint(&changes.closed);
    }

    fn paint(&self, timeframes: &[Timeframe]) {
        for timeframe in timeframes {
            self.exporter.request(*timeframe);
        }
    }
}

impl std::fmt::Debug for Ingest {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Ingest").field("symbol", &self.book.symbol()).finish_non_exhaustive()
    }
}
