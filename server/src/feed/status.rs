//! How a feed is doing.

use jiff::Timestamp;

/// What a feed is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedState {
    /// Outside its hours: not connected, on purpose.
    Closed,
    /// Opening a session.
    Connecting,
    /// A session is open.
    Live,
    /// The last session failed; the next one follows.
    Degraded,
    /// The provider wants a new token from the operator; tries go on.
    TokenExpired,
    /// Nothing more will come: no provider is enabled, or the source has ended.
    Ended,
}

/// How a feed is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedStatus {
    /// What it is at.
    pub state: FeedState,
    /// Since when.
    pub since: Timestamp,
    /// The provider concerned.
    pub provider: Option<String>,
    /// Failures in a row.
    pub failures: u32,
    /// Why the last session ended.
    pub last_error: Option<String>,
    /// Keys that are subscribed upstream.
    pub subscribed: usize,
    /// Keys that wait to be subscribed: the provider asked for fewer requests.
    pub queued: usize,
}

impl FeedStatus {
    pub(super) fn starting(now: Timestamp) -> Self {
        Self {
            state: FeedState::Connecting,
            since: now,
            provider: None,
            failures: 0,
            last_error: None,
            subscribed: 0,
            queued: 0,
        }
    }

    /// Whether a session is open.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.state == FeedState::Live
    }
}
