//! The loop behind a feed: hours, connect, serve, wait, next provider.

use std::collections::BTreeSet;
use std::future::pending;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::retry::Rotation;
use super::subscriptions::{Subscriptions, Tell};
use super::{Clock, FeedError, FeedEvent, FeedState, FeedStatus, Hours, Incoming, Session};

/// Longest sleep between two looks at the hours: clocks are set, machines sleep.
const HOURS_CHECK: Duration = Duration::from_secs(60);

pub(super) struct Supervisor {
    pub(super) rotation: Rotation,
    pub(super) hours: Option<Hours>,
    pub(super) wanted: Option<watch::Receiver<Arc<BTreeSet<String>>>>,
    pub(super) connect_timeout: Duration,
    pub(super) clock: Clock,
    pub(super) events: mpsc::Sender<FeedEvent>,
    pub(super) status: watch::Sender<FeedStatus>,
}

/// Why a session is over.
enum Over {
    /// The app listens no more.
    Deaf,
    /// Its hours are.
    Hours,
    /// The source has ended.
    End,
    Failed(FeedError),
}

impl Supervisor {
    pub(super) async fn run(mut self) {
        loop {
            if !self.is_open() {
                self.say(FeedState::Closed, None, None).await;
                self.opening_time().await;
                continue;
            }
            let Some(provider) = self.rotation.current() else {
                return self.say(FeedState::Ended, None, Some("no provider is enabled".to_owned())).await;
            };
            let name: Arc<str> = provider.name().into();
            self.say(FeedState::Connecting, Some(&name), None).await;
            let over = match timeout(self.connect_timeout, provider.connect()).await {
                Ok(Ok(session)) => self.serve(&name, session).await,
                Ok(Err(error)) => Over::Failed(error),
                Err(_) => Over::Failed(FeedError::Silent(self.connect_timeout)),
            };
            match over {
                Over::Deaf => return,
                Over::Hours => {}
                Over::End => return self.say(FeedState::Ended, Some(&name), None).await,
                Over::Failed(error) => self.back_off(&name, &error).await,
            }
        }
    }

    async fn back_off(&mut self, name: &Arc<str>, error: &FeedError) {
        let delay = self.rotation.failed();
        let state = match error {
            FeedError::TokenExpired => FeedState::TokenExpired,
            _ => FeedState::Degraded,
        };
        tracing::warn!(provider = &**name, %error, ?delay, "upstream session failed");
        self.say(state, Some(name), Some(error.to_string())).await;
        sleep(delay).await;
    }

    fn is_open(&self) -> bool {
        self.hours.as_ref().is_none_or(|hours| hours.at((self.clock)()).is_open())
    }

    /// Serves one session to its end.
    async fn serve(&mut self, name: &Arc<str>, mut session: Box<dyn Session>) -> Over {
        self.say(FeedState::Live, Some(name), None).await;
        let mut subscriptions = Subscriptions::default();
        let mut wanted = self.wanted.clone();
        if let Some(wanted) = &mut wanted {
            subscriptions.want(&wanted.borrow_and_update());
        }
        loop {
            if let ControlFlow::Break(over) = self.tell(&mut *session, &mut subscriptions).await {
                return over;
            }
            let due = subscriptions.next_due();
            tokio::select! {
                () = self.events.closed() => return Over::Deaf,
                () = self.closing_time() => return Over::Hours,
                changed = changed(&mut wanted) => subscriptions.want(&changed),
                () = until(due) => {}
                incoming = session.next() => {
                    if let ControlFlow::Break(over) = self.take(name, incoming, &mut subscriptions).await {
                        return over;
                    }
                }
            }
        }
    }

    /// Tells the upstream what is wanted of it, as far as it lets us.
    async fn tell(
        &mut self,
        session: &mut dyn Session,
        subscriptions: &mut Subscriptions,
    ) -> ControlFlow<Over> {
        while let Some(tell) = subscriptions.next(Instant::now()) {
            let result = match &tell {
                Tell::Subscribe(keys) => session.subscribe(keys).await,
                Tell::Unsubscribe(keys) => session.unsubscribe(keys).await,
            };
            match result {
                Ok(()) => subscriptions.told(tell),
                Err(FeedError::RateLimited { retry_after }) => {
                    subscriptions.refused_until(Instant::now() + retry_after);
                }
                Err(error) => return ControlFlow::Break(Over::Failed(error)),
            }
        }
        self.count(subscriptions);
        ControlFlow::Continue(())
    }

    async fn take(
        &mut self,
        name: &Arc<str>,
        incoming: Result<Incoming, FeedError>,
        subscriptions: &mut Subscriptions,
    ) -> ControlFlow<Over> {
        match incoming {
            Ok(Incoming::Frame(text)) => {
                self.rotation.works();
                let frame = FeedEvent::Frame { provider: name.clone(), text };
                if self.events.send(frame).await.is_err() {
                    return ControlFlow::Break(Over::Deaf);
                }
            }
            Ok(Incoming::Nothing) => {}
            Ok(Incoming::RateLimited { retry_after }) => {
                subscriptions.refused_until(Instant::now() + retry_after);
            }
            Ok(Incoming::End) => return ControlFlow::Break(Over::End),
            Err(error) => return ControlFlow::Break(Over::Failed(error)),
        }
        ControlFlow::Continue(())
    }

    async fn opening_time(&self) {
        while let Some(hours) = self.hours.as_ref().filter(|_| !self.is_open()) {
            sleep(hours.until_change((self.clock)()).min(HOURS_CHECK)).await;
        }
    }

    /// Waits for the end of the hours; for ever, where there are none.
    async fn closing_time(&self) {
        let Some(hours) = &self.hours else { return pending().await };
        while self.is_open() {
            sleep(hours.until_change((self.clock)()).min(HOURS_CHECK)).await;
        }
    }

    fn count(&self, subscriptions: &Subscriptions) {
        let (subscribed, queued) = subscriptions.counts();
        self.status.send_if_modified(|status| {
            let changed = (status.subscribed, status.queued) != (subscribed, queued);
            (status.subscribed, status.queued) = (subscribed, queued);
            changed
        });
    }

    /// Makes a change of state known, once.
    async fn say(&mut self, state: FeedState, provider: Option<&Arc<str>>, error: Option<String>) {
        let status = FeedStatus {
            state,
            since: (self.clock)(),
            provider: provider.map(|name| name.to_string()),
            failures: self.rotation.failures(),
            last_error: error.or_else(|| self.status.borrow().last_error.clone()),
            subscribed: 0,
            queued: 0,
        };
        self.status.send_replace(status.clone());
        // Where nobody listens the loop finds out by itself.
        let _ = self.events.send(FeedEvent::Status(status)).await;
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => pending().await,
    }
}

async fn changed(wanted: &mut Option<watch::Receiver<Arc<BTreeSet<String>>>>) -> Arc<BTreeSet<String>> {
    if let Some(wanted) = wanted
        && wanted.changed().await.is_ok()
    {
        return wanted.borrow_and_update().clone();
    }
    pending().await
}
