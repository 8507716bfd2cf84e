//! Upstream clients: frames from elsewhere, kept coming.
//!
//! A [`Feed`] supervises a table of [`Provider`]s. It connects to the first that is enabled, subscribes to what is
//! wanted, hands frames on in order, and when a session fails waits and takes the next one. Between sessions it obeys
//! [`Hours`], where it has any. What a frame means is the app's business: the feed knows text.
//!
//! ```no_run
//! # async fn run() -> Result<(), bellwire::feed::FeedError> {
//! use std::time::Duration;
//! use bellwire::feed::{Feed, FeedEvent, Retry, WebSocketProvider};
//!
//! let exchange = WebSocketProvider::new("exchange", "wss://stream.example.org")
//!     .subscribe(|change| vec![format!(r#"{{"op":"subscribe","keys":{:?}}}"#, change.keys)])
//!     .ping(Duration::from_secs(20), Duration::from_secs(30));
//! let mut feed = Feed::new().provider(exchange).retry(Retry::fixed(Duration::from_secs(1))).start();
//! while let Some(event) = feed.next().await {
//!     match event {
//!         FeedEvent::Frame { text, .. } => println!("{text}"),
//!         FeedEvent::Status(status) => println!("now {:?}", status.state),
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Where there is no socket, a recording ([`Replay`]) or a blocking SDK ([`Blocking`]) stands behind the same trait.

mod blocking;
mod hours;
mod http;
mod provider;
mod rejects;
mod replay;
mod retry;
mod status;
mod subscriptions;
mod supervisor;
mod websocket;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

pub use blocking::{Blocking, BlockingClient, FrameSink};
pub use hours::{Hours, HoursError, Opening};
pub use http::HttpStep;
pub use provider::{FeedError, Incoming, Provider, Session};
pub use rejects::Rejects;
pub use replay::{Recording, RecordingError, Replay};
pub use retry::Retry;
pub use status::{FeedState, FeedStatus};
pub use websocket::{Change, WebSocketProvider};

use retry::Rotation;
use supervisor::Supervisor;

/// Events that wait for the app before the feed waits with them.
const EVENTS_QUEUED: usize = 1_024;
/// Time to connect, session step included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// Where the feed reads the time of day; tests bring their own.
type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What a feed tells.
#[derive(Debug, Clone, PartialEq)]
pub enum FeedEvent {
    /// A frame, as the provider sent it.
    Frame {
        /// Name of the provider.
        provider: Arc<str>,
        /// The text.
        text: String,
    },
    /// The feed's state has changed.
    Status(FeedStatus),
}

/// A feed that has not started: its providers and rules.
pub struct Feed {
    providers: Vec<Arc<dyn Provider>>,
    hours: Option<Hours>,
    retry: Retry,
    wanted: Option<watch::Receiver<Arc<BTreeSet<String>>>>,
    connect_timeout: Duration,
    clock: Clock,
}

impl Default for Feed {
    fn default() -> Self {
        Self {
            providers: Vec::new(),
            hours: None,
            retry: Retry::default(),
            wanted: None,
            connect_timeout: CONNECT_TIMEOUT,
            clock: Arc::new(Timestamp::now),
        }
    }
}

impl Feed {
    /// A feed without providers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a provider to the table; those that are not enabled are passed over.
    #[must_use]
    pub fn provider(mut self, provider: impl Provider) -> Self {
        self.providers.push(Arc::new(provider));
        self
    }

    /// Connects only while these hours are open. Always, where there are none.
    #[must_use]
    pub fn hours(mut self, hours: Hours) -> Self {
        self.hours = Some(hours);
        self
    }

    /// How long to wait after a failure; [`Retry::default`] is 1 s, doubled up to 60 s.
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Subscribes to these keys, and follows them as they change.
    #[must_use]
    pub fn wanted(mut self, wanted: watch::Receiver<Arc<BTreeSet<String>>>) -> Self {
        self.wanted = Some(wanted);
        self
    }

    /// Time to connect, session step included; 15 s.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Reads the time of day from `clock`, for tests.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Starts it on the current runtime. It ends when the [`RunningFeed`] is dropped.
    #[must_use]
    pub fn start(self) -> RunningFeed {
        let (events, receiver) = mpsc::channel(EVENTS_QUEUED);
        let status = watch::Sender::new(FeedStatus::starting((self.clock)()));
        let status_receiver = status.subscribe();
        let providers = self.providers.into_iter().filter(|provider| provider.is_enabled()).collect();
        let supervisor = Supervisor {
            rotation: Rotation::new(providers, self.retry),
            hours: self.hours,
            wanted: self.wanted,
            connect_timeout: self.connect_timeout,
            clock: self.clock,
            events,
            status,
        };
        let task = tokio::spawn(supervisor.run());
        RunningFeed { events: receiver, status: status_receiver, task }
    }
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.providers.iter().map(|provider| provider.name()).collect();
        formatter.debug_struct("Feed").field("providers", &names).finish_non_exhaustive()
    }
}

/// A feed at work. Dropping it ends its session and its task.
#[derive(Debug)]
pub struct RunningFeed {
    events: mpsc::Receiver<FeedEvent>,
    status: watch::Receiver<FeedStatus>,
    task: JoinHandle<()>,
}

impl RunningFeed {
    /// The next event; `None` once the feed has stopped for good. While nobody takes events, 1 024 wait; then the
    /// feed stops reading, so that a slow app slows its upstream down and loses nothing here.
    pub async fn next(&mut self) -> Option<FeedEvent> {
        self.events.recv().await
    }

    /// The state, now and as it changes; for health pages.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<FeedStatus> {
        self.status.clone()
    }
}

impl Drop for RunningFeed {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests;
