//! A market that moves without an exchange: prices of whatever is subscribed, walking at random.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::time::Duration;

use bellwire::feed::{FeedError, Incoming, Provider, Session};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::json;
use tokio::time::{Instant, sleep_until};

/// Pause between two steps of the market.
const STEP: Duration = Duration::from_millis(250);
/// Largest move of one step, in parts of the price.
const LARGEST_MOVE: f64 = 0.000_6;
/// Prices are multiples of this.
const TICK_SIZE: f64 = 0.05;

/// Closes of a day in 2025, for names that people know; others get one made up.
const CLOSES: [(&str, f64); 12] = [
    ("NSE:RELIANCE-EQ", 1_390.0),
    ("NSE:TCS-EQ", 3_060.0),
    ("NSE:HDFCBANK-EQ", 1_950.0),
    ("NSE:INFY-EQ", 1_480.0),
    ("NSE:SBIN-EQ", 812.0),
    ("NSE:ICICIBANK-EQ", 1_430.0),
    ("NSE:ITC-EQ", 410.0),
    ("NSE:LT-EQ", 3_580.0),
    ("NSE:BHARTIARTL-EQ", 1_890.0),
    ("NSE:TATASTEEL-EQ", 158.0),
    ("NSE:NIFTY50-INDEX", 24_600.0),
    ("BSE:SENSEX-INDEX", 80_600.0),
];

/// The market.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Demo;

impl Provider for Demo {
    fn name(&self) -> &str {
        "demo"
    }

    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Session>, FeedError>> {
        let market = Market { stocks: BTreeMap::new(), due: Instant::now() };
        async move { Ok(Box::new(market) as Box<dyn Session>) }.boxed()
    }
}

struct Market {
    stocks: BTreeMap<String, Stock>,
    due: Instant,
}

/// The day of one symbol.
struct Stock {
    close: f64,
    open: f64,
    high: f64,
    low: f64,
    last: f64,
    volume: u64,
    random: u64,
}

impl Stock {
    fn new(symbol: &str) -> Self {
        let random = BuildHasherDefault::<DefaultHasher>::default().hash_one(symbol);
        let known = CLOSES.iter().find(|(name, _)| *name == symbol).map(|(_, close)| *close);
        let close = known.unwrap_or(50.0 + (random % 4_000) as f64);
        Self { close, open: close, high: close, low: close, last: close, volume: 0, random }
    }

    /// A number from 0 to below 1.
    fn chance(&mut self) -> f64 {
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 40) as f64 / (1_u64 << 24) as f64
    }

    /// One step: most symbols trade, at a price a little off the last.
    fn step(&mut self) -> bool {
        if self.chance() < 0.3 {
            return false;
        }
        let moved = self.last * (1.0 + (self.chance() - 0.5) * 2.0 * LARGEST_MOVE);
        self.last = round(moved.max(TICK_SIZE), TICK_SIZE);
        (self.high, self.low) = (self.high.max(self.last), self.low.min(self.last));
        self.volume += 1 + self.random % 500;
        true
    }

    fn tick(&self, symbol: &str) -> serde_json::Value {
        let change = self.last - self.close;
        json!({
            "symbol": symbol,
            "ltp": self.last,
            "open_price": self.open,
            "high_price": self.high,
            "low_price": self.low,
            "prev_close_price": self.close,
            "vol_traded_today": self.volume,
            "ch": round(change, 0.01),
            "chp": round(100.0 * change / self.close, 0.01),
        })
    }
}

/// To the nearest multiple, without the noise of binary fractions.
fn round(value: f64, step: f64) -> f64 {
    ((value / step).round() * step * 100.0).round() / 100.0
}

impl Session for Market {
    fn next(&mut self) -> BoxFuture<'_, Result<Incoming, FeedError>> {
        async move {
            sleep_until(self.due).await;
            self.due = Instant::now() + STEP;
            let ticks: Vec<_> = self
                .stocks
                .iter_mut()
                .filter_map(|(symbol, stock)| stock.step().then(|| stock.tick(symbol)))
                .collect();
            Ok(Incoming::Frame(json!(ticks).to_string()))
        }
        .boxed()
    }

    fn subscribe<'a>(&'a mut self, keys: &'a [String]) -> BoxFuture<'a, Result<(), FeedError>> {
        for key in keys {
            self.stocks.entry(key.clone()).or_insert_with(|| Stock::new(key));
        }
        std::future::ready(Ok(())).boxed()
    }

    fn unsubscribe<'a>(&'a mut self, keys: &'a [String]) -> BoxFuture<'a, Result<(), FeedError>> {
        for key in keys {
            self.stocks.remove(key);
        }
        std::future::ready(Ok(())).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ticks;

    #[tokio::test(start_paused = true)]
    async fn what_is_subscribed_moves_and_nothing_else() {
        let mut market = Demo.connect().await.unwrap();
        market.subscribe(&["NSE:SBIN-EQ".to_owned()]).await.unwrap();
        let mut prices = std::collections::BTreeSet::new();
        for _ in 0..100 {
            let Incoming::Frame(text) = market.next().await.unwrap() else { panic!("frames alone") };
            for tick in ticks::read("demo", &text).unwrap() {
                assert_eq!(tick.symbol, "NSE:SBIN-EQ");
                assert!((tick.low_price.unwrap()..=tick.high_price.unwrap()).contains(&tick.ltp));
                prices.insert(tick.ltp.to_bits());
            }
        }
        assert!(prices.len() > 3, "{prices:?}");
        market.unsubscribe(&["NSE:SBIN-EQ".to_owned()]).await.unwrap();
        assert_eq!(market.next().await, Ok(Incoming::Frame("[]".to_owned())));
    }
}
