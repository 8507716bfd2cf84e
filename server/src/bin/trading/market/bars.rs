//! Bars of one symbol at every resolution, built from trades and from the exchange's own candles.
//!
//! One-minute bars come from trades alone. Coarser ones are folded from five-minute candles, which the exchange sends
//! with its own totals; between two of its frames, trades carry the running candle forward.

use std::collections::BTreeMap;

use super::resolution::bar_start;
use crate::generated::types::{Bar, Resolution};

/// Candles and minutes kept per symbol: a day and a half of candles, two hours of minutes.
const CANDLES_KEPT: usize = 432;
const MINUTES_KEPT: usize = 120;

/// Bars of one symbol.
#[derive(Debug, Default)]
pub(crate) struct BarBook {
    minutes: BTreeMap<i64, Bar>,
    candles: BTreeMap<i64, Bar>,
}

impl BarBook {
    /// Takes in a trade; `live` ones also carry the running candle forward, those of a snapshot are in it already.
    pub(crate) fn trade(&mut self, time_ms: i64, price: f64, quantity: f64, live: bool) {
        extend(&mut self.minutes, Resolution::Minute1, time_ms, price, quantity);
        trim(&mut self.minutes, MINUTES_KEPT);
        if live {
            extend(&mut self.candles, Resolution::Minute5, time_ms, price, quantity);
            trim(&mut self.candles, CANDLES_KEPT);
        }
    }

    /// Takes in a five-minute candle, which replaces what trades have made of it.
    pub(crate) fn candle(&mut self, candle: Bar) {
        self.candles.insert(candle.time, candle);
        trim(&mut self.candles, CANDLES_KEPT);
    }

    /// The newest bar at a resolution.
    pub(crate) fn latest(&self, resolution: Resolution) -> Option<Bar> {
        let (&newest, _) = self.source(resolution).last_key_value()?;
        self.at(resolution, bar_start(resolution, newest)?)
    }

    /// Bars at a resolution that start after `after`, oldest first.
    pub(crate) fn since(&self, resolution: Resolution, after: i64) -> Vec<Bar> {
        let mut starts: Vec<i64> = self
            .source(resolution)
            .range(after..)
            .filter_map(|(time, _)| bar_start(resolution, *time))
            .collect();
        starts.dedup();
        starts
            .into_iter()
            .filter(|start| *start > after)
            .filter_map(|start| self.at(resolution, start))
            .collect()
    }

    fn source(&self, resolution: Resolution) -> &BTreeMap<i64, Bar> {
        if resolution == Resolution::Minute1 { &self.minutes } else { &self.candles }
    }

    fn at(&self, resolution: Resolution, start: i64) -> Option<Bar> {
        let parts = self.source(resolution).range(start..);
        parts
            .take_while(|(time, _)| bar_start(resolution, **time) == Some(start))
            .map(|(_, part)| part.clone())
            .reduce(|bar, part| Bar {
                time: start,
                open: bar.open,
                high: bar.high.max(part.high),
                low: bar.low.min(part.low),
                close: part.close,
                volume: bar.volume + part.volume,
            })
            // Sums of binary fractions carry noise that no exchange printed: eight decimals are what it prints.
            .map(|bar| Bar { time: start, volume: (bar.volume * 1e8).round() / 1e8, ..bar })
    }
}

fn extend(bars: &mut BTreeMap<i64, Bar>, resolution: Resolution, time_ms: i64, price: f64, quantity: f64) {
    let Some(start) = bar_start(resolution, time_ms) else { return };
    let bar = bars.entry(start).or_insert(Bar {
        time: start,
        open: price,
        high: price,
        low: price,
        close: price,
        volume: 0.0,
    });
    bar.high = bar.high.max(price);
    bar.low = bar.low.min(price);
    bar.close = price;
    bar.volume += quantity;
}

fn trim(bars: &mut BTreeMap<i64, Bar>, kept: usize) {
    while bars.len() > kept {
        bars.pop_first();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn bar(time: i64, [open, high, low, close, volume]: [f64; 5]) -> Bar {
        Bar { time, open, high, low, close, volume }
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
        book.candle(bar(0, [1.0, 3.0, 1.0, 2.0, 10.0]));
        book.candle(bar(5 * MINUTE, [2.0, 5.0, 2.0, 4.0, 10.0]));
        book.candle(bar(15 * MINUTE, [4.0, 4.0, 0.5, 1.0, 10.0]));
        assert_eq!(book.latest(Resolution::Minute15), Some(bar(15 * MINUTE, [4.0, 4.0, 0.5, 1.0, 10.0])));
        assert_eq!(book.latest(Resolution::Minute30), Some(bar(0, [1.0, 5.0, 0.5, 1.0, 30.0])));
        assert_eq!(book.latest(Resolution::Minute1), None);
    }

    #[test]
    fn the_exchange_corrects_the_running_candle() {
        let mut book = BarBook::default();
        book.candle(bar(0, [1.0, 3.0, 1.0, 2.0, 10.0]));
        book.trade(1_000, 7.0, 1.0, true);
        assert_eq!(book.latest(Resolution::Minute5), Some(bar(0, [1.0, 7.0, 1.0, 7.0, 11.0])));
        book.trade(900, 8.0, 1.0, false);
        assert_eq!(book.latest(Resolution::Minute5), Some(bar(0, [1.0, 7.0, 1.0, 7.0, 11.0])));
        book.candle(bar(0, [1.0, 7.0, 1.0, 6.5, 12.0]));
        assert_eq!(book.latest(Resolution::Minute5), Some(bar(0, [1.0, 7.0, 1.0, 6.5, 12.0])));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut book = BarBook::default();
        for minute in 0..1_000 {
            book.trade(minute * MINUTE, 1.0, 1.0, true);
        }
        assert_eq!((book.minutes.len(), book.candles.len()), (MINUTES_KEPT, 200));
    }
}
