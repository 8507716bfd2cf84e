//! Prices that wander, with a mood that changes from time to time. Pure.

use rand::{Rng, RngExt};

/// Symbols, the prices they start from, and what one unit of price is worth for one lot.
const SYMBOLS: [(&str, f64, f64); 6] = [
    ("EURUSD", 1.0850, 100_000.0),
    ("GBPUSD", 1.2700, 100_000.0),
    ("AUDUSD", 0.6600, 100_000.0),
    ("XAUUSD", 2_350.0, 100.0),
    ("US500", 5_300.0, 10.0),
    ("BTCUSD", 67_000.0, 1.0),
];

/// One symbol.
#[derive(Debug, Clone)]
pub(super) struct Quote {
    pub(super) symbol: &'static str,
    pub(super) price: f64,
    /// What one unit of price is worth for one lot.
    pub(super) worth: f64,
    /// Where it tends to, from -1 to 1.
    pub(super) mood: f64,
    /// Difference between buying and selling, as a part of the price.
    pub(super) spread: f64,
}

/// All symbols at their first prices.
pub(super) fn open() -> Vec<Quote> {
    let quote = |(symbol, price, worth): (&'static str, f64, f64)| Quote {
        symbol,
        price,
        worth,
        mood: 0.0,
        spread: 0.0001,
    };
    SYMBOLS.into_iter().map(quote).collect()
}

impl Quote {
    /// Moves by a quarter of a per mille at most.
    pub(super) fn step(&mut self, random: &mut impl Rng) {
        self.mood = (self.mood * 0.97 + random.random_range(-0.2..0.2)).clamp(-1.0, 1.0);
        let step = self.mood * 0.000_1 + random.random_range(-0.000_15..0.000_15);
        self.price = rounded(self.price * (1.0 + step));
        self.spread = random.random_range(0.000_02..0.000_4);
    }
}

/// A price as the symbol is quoted: five digits where it is small, two where it is not.
pub(super) fn rounded(price: f64) -> f64 {
    let scale = if price < 100.0 { 100_000.0 } else { 100.0 };
    (price * scale).round() / scale
}

/// An amount of money.
pub(super) fn cents(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0
}
