//! Bars of one symbol at every resolution, built from trades and from the exchange's own candles.
//!
//! One-minute bars come from trades alone. Coarser ones are folded from five-minute candles, which the exchange sends
//! with its own totals; between two of its frames, trades carry the running candle forward.

use super::resolution::bar_start;
use crate::exchanges::{Candle, series::Series};
use crate::generated::types::{Bar, Resolution};

/// Candles and minutes kept per symbol: a day and a half of candles, two hours of minutes.
const CANDLES_KEPT: usize = 432;
const MINUTES_KEPT: usize = 120;

/// Bars of one symbol.
#[derive(Debug)]
pub(crate) struct BarBook {
    minutes: Series,
    candles: Series,
}

impl Default for BarBook {
    fn default() -> Self {
        Self { minutes: Series::new(MINUTES_KEPT), candles: Series::new(CANDLES_KEPT) }
    }
}

impl BarBook {
    /// Takes in a trade; `live` ones also carry the running candle forward, those of a snapshot are in it already.
    pub(crate) fn trade(&mut self, time_ms: i64, price: f64, quantity: f64, live: bool) {
        if let Some(start) = bar_start(Resolution::Minute1, time_ms) {
            self.minutes.trade(start, price, quantity);
        }
        if let Some(start) = bar_start(Resolution::Minute5, time_ms).filter(|_| live) {
            self.candles.trade(start, price, quantity);
        }
    }

    /// Takes in a five-minute candle, which replaces what trades have made of it.
    pub(crate) fn candle(&mut self, candle: Candle) {
        self.candles.put(candle);
    }

    /// The newest bar at a resolution.
    pub(crate) fn latest(&self, resolution: Resolution) -> Option<Bar> {
        let newest = self.source(resolution).newest()?;
        self.from(resolution, bar_start(resolution, newest)?).next_back()
    }

    /// Bars at a resolution that start after `after`, oldest first.
    pub(crate) fn since(&self, resolution: Resolution, after: i64) -> Vec<Bar> {
        self.from(resolution, after).filter(|bar| bar.time > after).collect()
    }

    fn source(&self, resolution: Resolution) -> &Series {
        if resolution == Resolution::Minute1 { &self.minutes } else { &self.candles }
    }

    fn from(&self, resolution: Resolution, start: i64) -> impl DoubleEndedIterator<Item = Bar> {
        let folded = self.source(resolution).folded(start, |time| bar_start(resolution, time));
        folded.into_iter().map(|Candle { time, open, high, low, close, volume }| {
            // Sums of binary fractions carry noise that no exchange printed: eight decimals are what it prints.
            Bar { time, open, high, low, close, volume: (volume * 1e8).round() / 1e8 }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn bar(time: i64, [open, high, low, close, volume]: [f64; 5]) -> Bar {
        Bar { time, open, high, low, close, volume }
    }

    fn candle(time: i64, [open, high, low, close, volume]: [f64; 5]) -> Candle {
        Candle { time, open, high, low, close, volume }
    }

    #[test]
    fn trades_make_minutes() {
        let mut book = BarBook::default();
        book.trade(1_000, 10.0, 1.0, true);
        book.trade(2_000, 12.0, 2.0, true);
        book.trade(59_999, 11.0, 1.0, true);
        assert_eq!(book.latest(Resolution::Minute1), Some(bar(0, [10.0, 12.0, 10.0, 11.0, 4.0])));
        book.trade(MINUTE, 9.0, 1.0, true);
        assert_eq!(book.latest(Resolution::Minute1), Some(bar(MINUTE, [9.0, 9.0, 9.0, 9.0, 1.0])));
        assert_eq!(book.since(Resolution::Minute1, -1).len(), 2);
        assert_eq!(book.since(Resolution::Minute1, 0), vec![bar(MINUTE, [9.0, 9.0, 9.0, 9.0, 1.0])]);
    }

    #[test]
    fn coarser_bars_fold_candles() {
        let mut book = BarBook::default();
        book.candle(candle(0, [1.0, 3.0, 1.0, 2.0, 10.0]));
        book.candle(candle(5 * MINUTE, [2.0, 5.0, 2.0, 4.0, 10.0]));
        book.candle(candle(15 * MINUTE, [4.0, 4.0, 0.5, 1.0, 10.0]));
        assert_eq!(book.latest(Resolution::Minute15), Some(bar(15 * MINUTE, [4.0, 4.0, 0.5, 1.0, 10.0])));
        assert_eq!(book.latest(Resolution::Minute30), Some(bar(0, [1.0, 5.0, 0.5, 1.0, 30.0])));
        assert_eq!(book.latest(Resolution::Minute1), None);
    }

    #[test]
    fn the_exchange_corrects_the_running_candle() {
        let mut book = BarBook::default();
        book.candle(candle(0, [1.0, 3.0, 1.0, 2.0, 10.0]));
        book.trade(1_000, 7.0, 1.0, true);
        assert_eq!(book.latest(Resolution::Minute5), Some(bar(0, [1.0, 7.0, 1.0, 7.0, 11.0])));
        book.trade(900, 8.0, 1.0, false);
        assert_eq!(book.latest(Resolution::Minute5), Some(bar(0, [1.0, 7.0, 1.0, 7.0, 11.0])));
        book.candle(candle(0, [1.0, 7.0, 1.0, 6.5, 12.0]));
        assert_eq!(book.latest(Resolution::Minute5), Some(bar(0, [1.0, 7.0, 1.0, 6.5, 12.0])));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut book = BarBook::default();
        for minute in 0..1_000 {
            book.trade(minute * MINUTE, 1.0, 1.0, true);
        }
        assert_eq!(book.since(Resolution::Minute1, -1).len(), MINUTES_KEPT);
        assert_eq!(book.since(Resolution::Minute5, -1).len(), 200);
    }
}
