//! One symbol: its spot price, and how far its perpetual is above it.

use rand::{Rng, RngExt};

/// Symbols and the prices they start from.
const SYMBOLS: [(&str, f64); 5] = [
    ("BTC/USDT", 45_000.0),
    ("ETH/USDT", 2_500.0),
    ("SOL/USDT", 150.0),
    ("XRP/USDT", 0.6),
    ("ADA/USDT", 0.5),
];
/// Steps from one crisis to the next, and in which of them there is one.
const CYCLE: u64 = 200;
const CRISIS: std::ops::Range<u64> = 100..150;
/// Where the premium tends to, as a part of the spot price.
const USUAL: f64 = 0.001;
const IN_CRISIS: f64 = 0.12;

/// One symbol.
#[derive(Debug, Clone)]
pub(super) struct Market {
    pub(super) symbol: &'static str,
    spot: f64,
    premium: f64,
}

/// Every market there is.
pub(super) fn all() -> Vec<Market> {
    SYMBOLS.iter().map(|(symbol, spot)| Market { symbol, spot: *spot, premium: USUAL }).collect()
}

impl Market {
    /// Moves both prices; the premium by a tenth of its way, and a little at random.
    pub(super) fn step(&mut self, step: u64, random: &mut impl Rng) {
        let tends_to = if CRISIS.contains(&(step % CYCLE)) { IN_CRISIS } else { USUAL };
        self.premium += (tends_to - self.premium) * 0.1 + random.random_range(-0.0004..0.0004);
        self.spot = (self.spot * (1.0 + random.random_range(-0.001..0.001))).max(0.1);
    }

    /// Cents of one unit.
    pub(super) fn spot(&self) -> i64 {
        cents(self.spot)
    }

    /// Cents of one unit of the perpetual.
    pub(super) fn perp(&self) -> i64 {
        cents(self.spot * (1.0 + self.premium))
    }

    /// How far the perpetual is above the spot market, in hundredths of a per cent.
    pub(super) fn spread(&self) -> i64 {
        (self.premium * 10_000.0).round() as i64
    }
}

fn cents(price: f64) -> i64 {
    (price * 100.0).round() as i64
}
