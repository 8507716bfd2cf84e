//! Blocking SDKs behind a feed: their calls run on a thread of their own, never on the runtime's.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use super::{FeedError, Incoming, Provider, Session};

/// Frames that wait for the feed before the SDK's threads wait with them.
const FRAMES_QUEUED: usize = 4_096;

/// A client of an SDK whose calls block. One is made for each session and used from one thread.
pub trait BlockingClient: Send + 'static {
    /// Connects, and arranges for frames to go to `sink`, from whichever thread the SDK calls back on.
    ///
    /// # Errors
    /// Where the SDK cannot connect.
    fn connect(&mut self, sink: FrameSink) -> Result<(), FeedError>;

    /// Subscribes to `keys`.
    ///
    /// # Errors
    /// Where the SDK refuses; [`FeedError::RateLimited`] queues the keys.
    fn subscribe(&mut self, keys: &[String]) -> Result<(), FeedError>;

    /// Ends the subscription of `keys`.
    ///
    /// # Errors
    /// Where the SDK fails.
    fn unsubscribe(&mut self, keys: &[String]) -> Result<(), FeedError>;

    /// Disconnects; called once, at the end of the session.
    fn close(&mut self) {}
}

/// Where an SDK's callbacks put frames. Cloned freely; usable from any thread.
#[derive(Debug, Clone)]
pub struct FrameSink {
    frames: mpsc::Sender<Result<Incoming, FeedError>>,
    dropped: Arc<AtomicU64>,
}

impl FrameSink {
    /// Hands a frame over. Waits while 4 096 wait already; on a thread of the async runtime, where waiting is not
    /// allowed, the frame is dropped and counted instead. Says whether the session still runs.
    pub fn frame(&self, text: impl Into<String>) -> bool {
        self.put(Ok(Incoming::Frame(text.into())))
    }

    /// Ends the session with an error, for the feed to start another.
    pub fn fail(&self, error: FeedError) {
        self.put(Err(error));
    }

    /// How many frames were dropped.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    fn put(&self, incoming: Result<Incoming, FeedError>) -> bool {
        if tokio::runtime::Handle::try_current().is_err() {
            return self.frames.blocking_send(incoming).is_ok();
        }
        match self.frames.try_send(incoming) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Closed(_)) => false,
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.dropped.fetch_add(1, Ordering::Relaxed);
                true
            }
        }
    }
}

/// A provider made of blocking clients.
pub struct Blocking<F> {
    name: String,
    make: F,
}

impl<C: BlockingClient, F: Fn() -> C + Send + Sync + 'static> Blocking<F> {
    /// A provider whose sessions are clients that `make` makes.
    pub fn new(name: impl Into<String>, make: F) -> Self {
        Self { name: name.into(), make }
    }
}

impl<F> std::fmt::Debug for Blocking<F> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Blocking").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<C: BlockingClient, F: Fn() -> C + Send + Sync + 'static> Provider for Blocking<F> {
    fn name(&self) -> &str {
        &self.name
    }

    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Session>, FeedError>> {
        let client = (self.make)();
        let name = format!("feed {}", self.name);
        async move {
            let (sender, frames) = mpsc::channel(FRAMES_QUEUED);
            let sink = FrameSink { frames: sender, dropped: Arc::default() };
            let (calls, orders) = mpsc::channel(1);
            thread::Builder::new()
                .name(name)
                .spawn(move || serve(client, orders))
                .map_err(|error| FeedError::Unavailable(format!("no thread: {error}")))?;
            let mut session = Remote { frames, calls };
            session.call(|answer| Call::Connect(sink, answer)).await?;
            Ok(Box::new(session) as Box<dyn Session>)
        }
        .boxed()
    }
}

type Answer = oneshot::Sender<Result<(), FeedError>>;

enum Call {
    Connect(FrameSink, Answer),
    Subscribe(Vec<String>, Answer),
    Unsubscribe(Vec<String>, Answer),
}

/// The thread of one session: one call after the other, until the session is dropped.
fn serve(mut client: impl BlockingClient, mut calls: mpsc::Receiver<Call>) {
    while let Some(call) = calls.blocking_recv() {
        let (result, answer) = match call {
            Call::Connect(sink, answer) => (client.connect(sink), answer),
            Call::Subscribe(keys, answer) => (client.subscribe(&keys), answer),
            Call::Unsubscribe(keys, answer) => (client.unsubscribe(&keys), answer),
        };
        // Nobody waits any more: the session has been dropped, which the next turn notices.
        let _ = answer.send(result);
    }
    client.close();
}

/// The session's end on the runtime.
struct Remote {
    frames: mpsc::Receiver<Result<Incoming, FeedError>>,
    calls: mpsc::Sender<Call>,
}

impl Remote {
    async fn call(&mut self, call: impl FnOnce(Answer) -> Call) -> Result<(), FeedError> {
        let gone = || FeedError::Unavailable("the SDK's thread has ended".to_owned());
        let (answer, result) = oneshot::channel();
        self.calls.send(call(answer)).await.map_err(|_| gone())?;
        result.await.map_err(|_| gone())?
    }
}

impl Session for Remote {
    fn next(&mut self) -> BoxFuture<'_, Result<Incoming, FeedError>> {
        async move {
            let gone = FeedError::Unavailable("the SDK let go of its callbacks".to_owned());
            self.frames.recv().await.unwrap_or(Err(gone))
        }
        .boxed()
    }

    fn subscribe<'a>(&'a mut self, keys: &'a [String]) -> BoxFuture<'a, Result<(), FeedError>> {
        self.call(|answer| Call::Subscribe(keys.to_vec(), answer)).boxed()
    }

    fn unsubscribe<'a>(&'a mut self, keys: &'a [String]) -> BoxFuture<'a, Result<(), FeedError>> {
        self.call(|answer| Call::Unsubscribe(keys.to_vec(), answer)).boxed()
    }
}
