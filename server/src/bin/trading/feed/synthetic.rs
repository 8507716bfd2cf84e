//! Random walks of symbols that no recording tells about, for demos.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};
use tokio::{sync::mpsc, time::MissedTickBehavior};

use super::{MarketEvent, Ticker};
use crate::generated::types::{Trade, TradeSide};

/// Well-known symbols and the prices they start from.
pub(crate) const SYMBOLS: [(&str, f64); 4] =
    [("AAPL", 230.0), ("GOOGL", 180.0), ("MSFT", 420.0), ("TSLA", 250.0)];
/// The price that any other symbol starts from.
const OTHERS_FROM: f64 = 100.0;

/// Distance between two trades of a symbol.
const TRADE_INTERVAL: Duration = Duration::from_millis(250);

/// One symbol's walk.
#[derive(Debug)]
struct Walk {
    symbol: String,
    open: f64,
    price: f64,
    high: f64,
    low: f64,
    volume: f64,
    trades: u64,
}

impl Walk {
    fn new(symbol: String) -> Self {
        let known = SYMBOLS.iter().find(|(known, _)| *known == symbol);
        let price = known.map_or(OTHERS_FROM, |(_, price)| *price);
        Self { symbol, open: price, price, high: price, low: price, volume: 0.0, trades: 0 }
    }

    /// One trade and the ticker after it; a step changes the price by a tenth of a per cent at most.
    fn step(&mut self, random: &mut impl Rng, time: i64) -> [MarketEvent; 2] {
        let step = random.random_range(-0.001..0.001);
        self.price = cents(self.price * (1.0 + step)).max(1.0);
        self.high = self.high.max(self.price);
        self.low = self.low.min(self.price);
        let quantity = f64::from(random.random_range(1_u32..200));
        self.volume += quantity;
        self.trades += 1;
        let trade = Trade {
            trade_id: format!("{}-{}", self.symbol, self.trades),
            symbol: self.symbol.clone(),
            price: self.price,
            quantity,
            side: if step < 0.0 { TradeSide::Sell } else { TradeSide::Buy },
            time,
        };
        [MarketEvent::Trade { trade, live: true }, MarketEvent::Ticker(self.ticker(quantity, time))]
    }

    fn ticker(&self, quantity: f64, time: i64) -> Ticker {
        Ticker {
            symbol: self.symbol.clone(),
            exchange: "SYNTHETIC",
            price: self.price,
            bid: cents(self.price - 0.01),
            bid_quantity: quantity,
            ask: cents(self.price + 0.01),
            ask_quantity: quantity,
            high: self.high,
            low: self.low,
            volume: self.volume,
            change_percent: (self.price / self.open - 1.0) * 100.0,
            time,
        }
    }
}

/// Lets symbols walk until nobody listens any more.
pub(crate) async fn run(symbols: Vec<String>, sender: mpsc::Sender<MarketEvent>) {
    let mut random = StdRng::from_rng(&mut rand::rng());
    let mut walks: Vec<Walk> = symbols.into_iter().map(Walk::new).collect();
    let mut ticks = tokio::time::interval(TRADE_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        for walk in &mut walks {
            for event in walk.step(&mut random, now_ms()) {
                if sender.send(event).await.is_err() {
                    return;
                }
            }
        }
    }
}

fn cents(price: f64) -> f64 {
    (price * 100.0).round() / 100.0
}

fn now_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_stay_consistent() {
        let mut random = StdRng::seed_from_u64(7);
        let mut walk = Walk::new("AAPL".to_owned());
        for time in 0..10_000 {
            let [MarketEvent::Trade { trade, .. }, MarketEvent::Ticker(ticker)] =
                walk.step(&mut random, time)
            else {
                panic!("a step is a trade and a ticker");
            };
            assert_eq!(trade.price, ticker.price);
            assert!(ticker.low <= ticker.price && ticker.price <= ticker.high);
            assert!(ticker.bid < ticker.ask && trade.quantity >= 1.0);
        }
    }
}
