//! Candles of one span of time, made of trades and of an exchange's own totals, and folded into longer ones. Pure; bounded;
//! knows no clock.

use std::collections::BTreeMap;

use super::Candle;

/// The latest candles of one span of time.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    kept: usize,
    candles: BTreeMap<i64, Candle>,
}

impl Series {
    /// Keeps so many.
    pub(crate) fn new(kept: usize) -> Self {
        Self { kept, candles: BTreeMap::new() }
    }

    /// Takes in a trade of the span that begins at `start`.
    pub(crate) fn trade(&mut self, start: i64, price: f64, quantity: f64) {
        let fresh = Candle { time: start, open: price, high: price, low: price, close: price, volume: 0.0 };
        let candle = self.candles.entry(start).or_insert(fresh);
        candle.join(&Candle { volume: quantity, ..fresh });
        self.trim();
    }

    /// Takes in a candle, which replaces what trades have made of it.
    pub(crate) fn put(&mut self, candle: Candle) {
        self.candles.insert(candle.time, candle);
        self.trim();
    }

    /// When the newest begins.
    pub(crate) fn newest(&self) -> Option<i64> {
        self.candles.last_key_value().map(|(time, _)| *time)
    }

    /// What begins at `from` or later, oldest first, folded into the longer spans whose beginnings `start` tells.
    pub(crate) fn folded(&self, from: i64, start: impl Fn(i64) -> Option<i64>) -> Vec<Candle> {
        let mut folded: Vec<Candle> = Vec::new();
        for (time, part) in self.candles.range(from..) {
            let Some(start) = start(*time) else { continue };
            match folded.last_mut().filter(|candle| candle.time == start) {
                Some(candle) => candle.join(part),
                None => folded.push(Candle { time: start, ..*part }),
            }
        }
        folded
    }

    fn trim(&mut self) {
        while self.candles.len() > self.kept {
            self.candles.pop_first();
        }
    }
}

impl Candle {
    /// Goes on with what came after it.
    fn join(&mut self, later: &Self) {
        self.high = self.high.max(later.high);
        self.low = self.low.min(later.low);
        self.close = later.close;
        self.volume += later.volume;
    }
}
