//! What a feed needs of a source: sessions that bring frames and take subscriptions.

use std::time::Duration;

use futures_util::future::BoxFuture;

/// A source of frames.
pub trait Provider: Send + Sync + 'static {
    /// Its name, in logs and status.
    fn name(&self) -> &str;

    /// Whether it takes part. Asked once, when the feed starts.
    fn is_enabled(&self) -> bool {
        true
    }

    /// Opens a session.
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Session>, FeedError>>;
}

/// One connection to a source. Dropping it ends it.
pub trait Session: Send {
    /// Waits for what comes next. The future may be dropped and asked for again without losing a frame.
    fn next(&mut self) -> BoxFuture<'_, Result<Incoming, FeedError>>;

    /// Subscribes to `keys`, on top of what is subscribed.
    fn subscribe<'a>(&'a mut self, keys: &'a [String]) -> BoxFuture<'a, Result<(), FeedError>>;

    /// Ends the subscription of `keys`.
    fn unsubscribe<'a>(&'a mut self, keys: &'a [String]) -> BoxFuture<'a, Result<(), FeedError>>;
}

/// What a session brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A frame for the app.
    Frame(String),
    /// Nothing for the app: an acknowledgement, a heartbeat.
    Nothing,
    /// The source took none of the latest subscriptions, and asks to come back.
    RateLimited {
        /// When to try again.
        retry_after: Duration,
    },
    /// The source is done, without fault: a recording at its end.
    End,
}

/// Why a session could not be opened, or ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    /// It could not be reached, or broke.
    #[error("{0}")]
    Unavailable(String),
    /// It refused us: the operator has to renew a token or a permission.
    #[error("refused: {0}")]
    Refused(String),
    /// A token has expired: the operator has to renew it.
    #[error("the token has expired")]
    TokenExpired,
    /// It did not answer in time.
    #[error("no answer within {0:?}")]
    Silent(Duration),
    /// It wants fewer requests.
    #[error("too many requests; again after {retry_after:?}")]
    RateLimited {
        /// When to try again.
        retry_after: Duration,
    },
}
