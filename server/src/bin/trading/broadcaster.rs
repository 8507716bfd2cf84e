//! Publishes bars at an interval, and only where someone listens.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU64},
    time::Duration,
};

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge, info::Info},
    registry::{Registry, Unit},
};
use tokio::time::MissedTickBehavior;

use crate::{
    feed::Feed,
    generated::{
        BarsPublisher,
        types::{BarsParams, BroadcasterStatus, Resolution},
    },
    market::{Market, resolution},
    settings::BroadcasterArgs,
};

/// What a broadcaster counts.
#[derive(Debug, Default)]
struct Counters {
    /// 1 while it publishes.
    running: Gauge,
    /// Bars published.
    sent: Counter,
    /// Topics passed over because nobody listened.
    skipped: Counter,
    /// Frames of the feed that could not be read.
    errors: Counter,
}

/// Publishes the bars of some symbols at some resolutions.
#[derive(Debug)]
pub(crate) struct Broadcaster {
    interval: Duration,
    symbols: Vec<String>,
    resolutions: Vec<Resolution>,
    counters: Counters,
}

impl Broadcaster {
    /// A broadcaster of the given settings; what they leave open follows the feed.
    pub(crate) fn new(args: &BroadcasterArgs, feed: &Feed) -> Self {
        let resolutions = if args.resolutions.is_empty() { &resolution::ALL[..] } else { &args.resolutions };
        let counters = Counters::default();
        counters.errors.inc_by(feed.unreadable);
        Self {
            interval: args.interval,
            symbols: args.published(&feed.symbols),
            resolutions: resolutions.to_vec(),
            counters,
        }
    }

    /// Makes its counters part of `/metrics`.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("bar_broadcaster");
        let Counters { running, sent, skipped, errors } = &self.counters;
        let interval = Gauge::<f64, AtomicU64>::default();
        interval.set(self.interval.as_secs_f64());
        let resolutions: Vec<_> = self.resolutions.iter().copied().map(resolution::wire_name).collect();
        let topics = Info::new([("symbols", self.symbols.join(",")), ("resolutions", resolutions.join(","))]);
        registry.register("is_running", "Whether bars are published", running.clone());
        let help = "Time between two publications";
        registry.register_with_unit("interval", help, Unit::Seconds, interval);
        registry.register("topics", "What is published", topics);
        registry.register("broadcasts_sent", "Bars published", sent.clone());
        registry.register("broadcasts_skipped", "Topics passed over as nobody listened", skipped.clone());
        registry.register("errors", "Frames of the feed that could not be read", errors.clone());
    }

    /// What it says about itself.
    pub(crate) fn status(&self) -> BroadcasterStatus {
        BroadcasterStatus {
            is_running: self.counters.running.get() != 0,
            interval: self.interval.as_secs_f64(),
            symbols: self.symbols.clone(),
            resolutions: self.resolutions.clone(),
            broadcasts_sent: self.counters.sent.get(),
            broadcasts_skipped: self.counters.skipped.get(),
            errors: self.counters.errors.get(),
        }
    }

    /// Publishes at every interval, for ever.
    pub(crate) async fn run(self: Arc<Self>, market: Arc<Mutex<Market>>, publisher: BarsPublisher) {
        self.counters.running.set(1);
        let mut ticks = tokio::time::interval(self.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut published = HashMap::new();
        loop {
            ticks.tick().await;
            self.round(&market, &publisher, &mut published);
        }
    }

    /// One round over all topics. `published` remembers the start of the bar each topic got last, so that a bar that
    /// has been completed since is sent once more before the next one.
    fn round(
        &self,
        market: &Mutex<Market>,
        publisher: &BarsPublisher,
        published: &mut HashMap<BarsParams, i64>,
    ) {
        for symbol in &self.symbols {
            for resolution in self.resolutions.iter().copied() {
                let params = BarsParams { symbol: symbol.clone(), resolution };
                if !publisher.has_subscribers(&params) {
                    published.remove(&params);
                    self.counters.skipped.inc();
                    continue;
                }
                let bars = {
                    let market = market.lock().unwrap_or_else(PoisonError::into_inner);
                    match published.get(&params) {
                        Some(last) => market.bars_since(symbol, resolution, last - 1),
                        None => market.latest_bar(symbol, resolution).into_iter().collect(),
                    }
                };
                for bar in bars {
                    publisher.publish(&params, &bar);
                    published.insert(params.clone(), bar.time);
                    self.counters.sent.inc();
                }
            }
        }
    }
}
