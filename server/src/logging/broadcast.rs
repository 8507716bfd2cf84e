//! Log events for everyone who listens: a `tracing` layer that hands each event to a publisher.
//!
//! It cannot feed on itself: events of this library and events that the publisher causes while it runs are left out.
//! It cannot flood either: beyond a rate, events are dropped and counted, and the next one says how many. What looks
//! like a secret is blotted out.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::redact::{is_secret, redacted};

/// Events per second that pass, where nothing else is said; as many again in a burst.
const RATE: u32 = 50;
/// Longest message and field; what is longer is cut.
const LONGEST: usize = 4_096;

thread_local! {
    /// This thread is inside a publisher.
    static PUBLISHING: Cell<bool> = const { Cell::new(false) };
}

/// A log event.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEvent {
    /// How serious it is.
    pub level: Level,
    /// Where it comes from: the module, usually.
    pub target: String,
    /// The text.
    pub message: String,
    /// The other fields, as text.
    pub fields: BTreeMap<String, String>,
    /// When it happened.
    pub time: Timestamp,
    /// Events that were dropped before it, because there were too many.
    pub dropped: u64,
}

/// Hands log events to a publisher.
///
/// ```no_run
/// # fn publish(_: &str) {}
/// # fn run(settings: &bellwire::Settings) -> Result<(), bellwire::Error> {
/// use bellwire::{BroadcastLayer, init_logging_with};
///
/// let layer = BroadcastLayer::new(tracing::Level::INFO, |event| publish(&event.message));
/// init_logging_with(settings, layer)
/// # }
/// ```
pub struct BroadcastLayer {
    least: Level,
    publish: Box<dyn Fn(LogEvent) + Send + Sync>,
    budget: Mutex<Budget>,
}

impl BroadcastLayer {
    /// Hands events of `least` and above to `publish`, which must not block; 50 a second, twice as many in a burst.
    #[must_use]
    pub fn new(least: Level, publish: impl Fn(LogEvent) + Send + Sync + 'static) -> Self {
        Self { least, publish: Box::new(publish), budget: Mutex::new(Budget::new(RATE, Instant::now())) }
    }

    /// Lets this many events a second pass.
    #[must_use]
    pub fn rate(mut self, per_second: u32) -> Self {
        self.budget = Mutex::new(Budget::new(per_second.max(1), Instant::now()));
        self
    }

    pub(super) fn least(&self) -> Level {
        self.least
    }

    fn is_for_us(&self, event: &Event<'_>) -> bool {
        let target = event.metadata().target();
        let ours = target == "bellwire" || target.starts_with("bellwire::");
        *event.metadata().level() <= self.least && !ours && !PUBLISHING.get()
    }
}

impl<S: Subscriber> Layer<S> for BroadcastLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if !self.is_for_us(event) {
            return;
        }
        let taken = self.budget.lock().unwrap_or_else(PoisonError::into_inner).take(Instant::now());
        let Some(dropped) = taken else { return };
        let mut fields = Fields::default();
        event.record(&mut fields);
        let event = LogEvent {
            level: *event.metadata().level(),
            target: event.metadata().target().to_owned(),
            message: fields.message,
            fields: fields.others,
            time: Timestamp::now(),
            dropped,
        };
        let _inside = Inside::enter();
        (self.publish)(event);
    }
}

impl fmt::Debug for BroadcastLayer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("BroadcastLayer").field("least", &self.least).finish_non_exhaustive()
    }
}

/// Marks this thread as publishing, also where the publisher panics.
struct Inside;

impl Inside {
    fn enter() -> Self {
        PUBLISHING.set(true);
        Self
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        PUBLISHING.set(false);
    }
}

/// How many events may pass.
struct Budget {
    per_second: u32,
    /// Events that may pass now, in billionths.
    left: u128,
    refilled: Instant,
    dropped: u64,
}

const WHOLE: u128 = 1_000_000_000;

impl Budget {
    fn new(per_second: u32, now: Instant) -> Self {
        Self { per_second, left: u128::from(per_second) * 2 * WHOLE, refilled: now, dropped: 0 }
    }

    /// Takes one; says how many were dropped before it, or nothing where it is dropped itself.
    fn take(&mut self, now: Instant) -> Option<u64> {
        let passed: Duration = now.saturating_duration_since(self.refilled);
        self.refilled = now;
        let most = u128::from(self.per_second) * 2 * WHOLE;
        self.left = (self.left + passed.as_nanos() * u128::from(self.per_second)).min(most);
        if self.left < WHOLE {
            self.dropped += 1;
            return None;
        }
        self.left -= WHOLE;
        Some(std::mem::take(&mut self.dropped))
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    others: BTreeMap<String, String>,
}

impl Fields {
    fn put(&mut self, field: &Field, mut text: String) {
        let cut = text.floor_char_boundary(LONGEST);
        if cut < text.len() {
            text.truncate(cut);
            text.push('…');
        }
        let text = if is_secret(field.name()) { "***".to_owned() } else { redacted(&text) };
        if field.name() == "message" {
            self.message = text;
        } else {
            self.others.insert(field.name().to_owned(), text);
        }
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    /// What the layer hands out while `act` runs; the publisher itself logs, too.
    fn check(rate: u32, act: impl FnOnce(), want: &[&str]) {
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let notes = seen.clone();
        let layer = BroadcastLayer::new(Level::INFO, move |event: LogEvent| {
            tracing::warn!(target: "app", "published {}", event.message);
            let fields: Vec<String> =
                event.fields.iter().map(|(name, text)| format!(" {name}={text}")).collect();
            let dropped = if event.dropped > 0 { format!(" +{}", event.dropped) } else { String::new() };
            let line =
                format!("{} {}: {}{}{dropped}", event.level, event.target, event.message, fields.concat());
            notes.lock().unwrap().push(line);
        })
        .rate(rate);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), act);
        assert_eq!(*seen.lock().unwrap(), want);
    }

    #[test]
    fn events_pass_by_level_and_publishing_feeds_nothing_back() {
        let act = || {
            tracing::info!(target: "app", symbol = "BTC", quantity = 2, "filled");
            tracing::debug!(target: "app", "detail");
            tracing::error!(target: "bellwire::connection", "our own");
            tracing::error!(target: "bellwirex", "not ours");
        };
        check(50, act, &["INFO app: filled quantity=2 symbol=BTC", "ERROR bellwirex: not ours"]);
    }

    #[test]
    fn secrets_are_blotted_out() {
        let act = || {
            tracing::info!(target: "app", api_token = "t0ken", "header: Bearer abc.def.ghi, ?token=xyz&a=1");
        };
        check(50, act, &["INFO app: header: Bearer ***, ?token=***&a=1 api_token=***"]);
    }

    #[test]
    fn a_flood_is_cut_and_counted() {
        let mut budget = Budget::new(5, Instant::now());
        let start = Instant::now();
        let passed = (0..100).filter(|_| budget.take(start).is_some()).count();
        assert_eq!(passed, 10);
        assert_eq!(budget.take(start + Duration::from_secs(1)), Some(90));
    }

    #[test]
    fn events_of_other_threads_pass_while_one_publishes() {
        let act = || {
            let dispatch = tracing::dispatcher::get_default(Clone::clone);
            let other = std::thread::spawn(move || {
                tracing::dispatcher::with_default(&dispatch, || tracing::info!(target: "app", "other"));
            });
            other.join().unwrap();
            tracing::info!(target: "app", "this");
        };
        check(50, act, &["INFO app: other", "INFO app: this"]);
    }
}
