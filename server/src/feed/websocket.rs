//! Providers that speak JSON, or any text, over a WebSocket.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use super::{FeedError, HttpStep, Incoming, Provider, Session};

/// Largest frame taken from upstream; snapshots of whole markets are megabytes.
const FRAME_LIMIT: usize = 16 << 20;

/// A change of what is subscribed.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// The keys it is about.
    pub keys: &'a [String],
    /// All keys subscribed after it, for providers that take whole lists.
    pub all: &'a [String],
    /// What the session step answered; empty without one.
    pub session: &'a str,
}

type HeaderValueSource = Arc<dyn Fn() -> BoxFuture<'static, Result<String, FeedError>> + Send + Sync>;
type Messages = Arc<dyn Fn(Change<'_>) -> Vec<String> + Send + Sync>;
type Classify = Arc<dyn Fn(String) -> Result<Incoming, FeedError> + Send + Sync>;

/// A provider behind a WebSocket: where it is and what to say to it.
#[derive(Clone)]
pub struct WebSocketProvider {
    name: String,
    url: String,
    enabled: bool,
    headers: Vec<(String, HeaderValueSource)>,
    step: Option<HttpStep>,
    hello: Messages,
    subscribe: Messages,
    unsubscribe: Messages,
    classify: Classify,
    ping: Duration,
    pong: Duration,
    silence: Option<Duration>,
}

impl WebSocketProvider {
    /// A provider at `url` (`ws://` or `wss://`) that is told nothing, whose every text is a frame, and which is pinged
    /// every 20 s and has 30 s to answer.
    #[must_use]
    pub fn new(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            url: url.into(),
            enabled: true,
            headers: Vec::new(),
            step: None,
            hello: Arc::new(|_| Vec::new()),
            subscribe: Arc::new(|_| Vec::new()),
            unsubscribe: Arc::new(|_| Vec::new()),
            classify: Arc::new(|text| Ok(Incoming::Frame(text))),
            ping: Duration::from_secs(20),
            pong: Duration::from_secs(30),
            silence: None,
        }
    }

    /// Whether it takes part.
    #[must_use]
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// Adds a header to the handshake.
    #[must_use]
    pub fn header(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let value = value.into();
        self.header_from(name, move || ready(Ok(value.clone())))
    }

    /// Adds a header whose value is asked for before each connection, for tokens that are renewed while the program runs.
    #[must_use]
    pub fn header_from<F>(
        mut self,
        name: impl Into<String>,
        value: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<String, FeedError>> + Send + 'static,
    {
        self.headers.push((name.into(), Arc::new(move || value().boxed())));
        self
    }

    /// Fetches a session over HTTP before each connection.
    #[must_use]
    pub fn session(mut self, step: HttpStep) -> Self {
        self.step = Some(step);
        self
    }

    /// Messages to send first: authentication, fixed subscriptions.
    #[must_use]
    pub fn hello(mut self, messages: impl Fn(Change<'_>) -> Vec<String> + Send + Sync + 'static) -> Self {
        self.hello = Arc::new(messages);
        self
    }

    /// Messages that subscribe.
    #[must_use]
    pub fn subscribe(mut self, messages: impl Fn(Change<'_>) -> Vec<String> + Send + Sync + 'static) -> Self {
        self.subscribe = Arc::new(messages);
        self
    }

    /// Messages that end subscriptions.
    #[must_use]
    pub fn unsubscribe(
        mut self,
        messages: impl Fn(Change<'_>) -> Vec<String> + Send + Sync + 'static,
    ) -> Self {
        self.unsubscribe = Arc::new(messages);
        self
    }

    /// Says what a text is: a frame for the app, an acknowledgement, a refusal.
    #[must_use]
    pub fn classify(
        mut self,
        classify: impl Fn(String) -> Result<Incoming, FeedError> + Send + Sync + 'static,
    ) -> Self {
        self.classify = Arc::new(classify);
        self
    }

    /// Pings after `every`, and gives up when nothing at all arrives for `within` after a ping.
    #[must_use]
    pub fn ping(mut self, every: Duration, within: Duration) -> Self {
        (self.ping, self.pong) = (every, within);
        self
    }

    /// Gives up when no text arrives for this long, although pings are answered.
    #[must_use]
    pub fn silence(mut self, limit: Duration) -> Self {
        self.silence = Some(limit);
        self
    }

    async fn open(&self) -> Result<Box<dyn Session>, FeedError> {
        let session = match &self.step {
            Some(step) => step.session().await?,
            None => String::new(),
        };
        let mut request = self.url.as_str().into_client_request().map_err(|error| failure(&error))?;
        for (name, value) in &self.headers {
            let value = value().await?;
            let invalid = |_| FeedError::Refused(format!("header `{name}` cannot be sent"));
            let name = HeaderName::try_from(name).map_err(|_| invalid(()))?;
            let mut value = HeaderValue::try_from(value).map_err(|_| invalid(()))?;
            value.set_sensitive(true);
            request.headers_mut().insert(name, value);
        }
        let config =
            WebSocketConfig::default().max_message_size(Some(FRAME_LIMIT)).max_frame_size(Some(FRAME_LIMIT));
        let (socket, _) =
            connect_async_with_config(request, Some(config), true).await.map_err(|error| failure(&error))?;
        let now = Instant::now();
        let mut open = Open {
            socket,
            provider: self.clone(),
            session,
            held: Vec::new(),
            ping_due: now + self.ping,
            pong_due: None,
            text_due: self.silence.map(|limit| now + limit),
        };
        let hello = (self.hello)(Change { keys: &[], all: &[], session: &open.session });
        open.send(hello).await?;
        Ok(Box::new(open))
    }
}

impl Provider for WebSocketProvider {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_enabled(&self) -> bool {
        self.enabled
    }

    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Session>, FeedError>> {
        self.open().boxed()
    }
}

impl std::fmt::Debug for WebSocketProvider {
    /// URL and headers may carry tokens.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("WebSocketProvider").field("name", &self.name).finish_non_exhaustive()
    }
}

/// An open socket.
struct Open {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    provider: WebSocketProvider,
    session: String,
    held: Vec<String>,
    ping_due: Instant,
    /// By when something must have arrived, where a ping is out.
    pong_due: Option<Instant>,
    text_due: Option<Instant>,
}

impl Open {
    async fn send(&mut self, messages: Vec<String>) -> Result<(), FeedError> {
        for message in messages {
            self.socket.feed(Message::text(message)).await.map_err(|error| failure(&error))?;
        }
        self.socket.flush().await.map_err(|error| failure(&error))
    }

    async fn incoming(&mut self) -> Result<Incoming, FeedError> {
        loop {
            let due = [self.pong_due, self.text_due].into_iter().flatten().fold(self.ping_due, Instant::min);
            tokio::select! {
                message = self.socket.next() => {
                    if let Some(incoming) = self.on_message(message)? {
                        return Ok(incoming);
                    }
                }
                () = sleep_until(due) => self.on_time().await?,
            }
        }
    }

    fn on_message(&mut self, message: Option<Result<Message, Error>>) -> Result<Option<Incoming>, FeedError> {
        let message = match message {
            Some(Ok(message)) => message,
            Some(Err(error)) => return Err(failure(&error)),
            None => return Err(FeedError::Unavailable("the connection ended".to_owned())),
        };
        // Whatever arrives is a sign of life.
        self.pong_due = None;
        match message {
            Message::Text(text) => {
                self.text_due = self.provider.silence.map(|limit| Instant::now() + limit);
                (self.provider.classify)(text.to_string()).map(Some)
            }
            Message::Binary(bytes) => {
                self.text_due = self.provider.silence.map(|limit| Instant::now() + limit);
                let text = String::from_utf8(bytes.to_vec())
                    .map_err(|_| FeedError::Unavailable("a binary frame is no text".to_owned()))?;
                (self.provider.classify)(text).map(Some)
            }
            Message::Close(close) => {
                let reason = close.map(|close| format!("{} {}", close.code, close.reason));
                let reason = reason.unwrap_or_else(|| "without a reason".to_owned());
                Err(FeedError::Unavailable(format!("closed: {reason}")))
            }
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => Ok(None),
        }
    }

    async fn on_time(&mut self) -> Result<(), FeedError> {
        let now = Instant::now();
        if self.pong_due.is_some_and(|due| now >= due) {
            return Err(FeedError::Silent(self.provider.pong));
        }
        if self.text_due.is_some_and(|due| now >= due) {
            return Err(FeedError::Silent(self.provider.silence.unwrap_or_default()));
        }
        if now >= self.ping_due {
            self.ping_due = now + self.provider.ping;
            self.pong_due.get_or_insert(now + self.provider.pong);
            self.socket.send(Message::Ping(Default::default())).await.map_err(|error| failure(&error))?;
        }
        Ok(())
    }
}

impl Session for Open {
    fn next(&mut self) -> BoxFuture<'_, Result<Incoming, FeedError>> {
        self.incoming().boxed()
    }

    fn subscribe<'a>(&'a mut self, keys: &'a [String]) -> BoxFuture<'a, Result<(), FeedError>> {
        self.held.extend_from_slice(keys);
        let change = Change { keys, all: &self.held, session: &self.session };
        let messages = (self.provider.subscribe)(change);
        self.send(messages).boxed()
    }

    fn unsubscribe<'a>(&'a mut self, keys: &'a [String]) -> BoxFuture<'a, Result<(), FeedError>> {
        self.held.retain(|key| !keys.contains(key));
        let change = Change { keys, all: &self.held, session: &self.session };
        let messages = (self.provider.unsubscribe)(change);
        self.send(messages).boxed()
    }
}

/// What a socket's failure means for the feed. URLs are not repeated: they may carry tokens.
fn failure(error: &Error) -> FeedError {
    match error {
        Error::Http(response) => match response.status().as_u16() {
            401 => FeedError::TokenExpired,
            status @ 403 => FeedError::Refused(format!("the handshake got HTTP {status}")),
            status => FeedError::Unavailable(format!("the handshake got HTTP {status}")),
        },
        Error::Url(_) => FeedError::Refused("its URL cannot be used".to_owned()),
        error => FeedError::Unavailable(error.to_string()),
    }
}
