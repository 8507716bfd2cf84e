//! Bars of one symbol at the timeframes that charts show, from trades and from the exchange's five-minute candles.
//!
//! Two-minute bars come from trades alone; five and fifteen minutes are folded from candles, which trades carry
//! forward between two of the exchange's frames. Pure; bounded; knows no clock.

use std::collections::BTreeMap;

use crate::exchanges::Candle;

const MINUTE: i64 = 60_000;
/// Bars kept of each kind: a chart shows fewer.
const KEPT: usize = 500;

/// A span of time that one bar covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Span {
    Two,
    Five,
    Fifteen,
}

impl Span {
    /// The shortest first.
    pub(crate) const ALL: [Self; 3] = [Self::Two, Self::Five, Self::Fifteen];

    fn millis(self) -> i64 {
        match self {
            Self::Two => 2 * MINUTE,
            Self::Five => 5 * MINUTE,
            Self::Fifteen => 15 * MINUTE,
        }
    }
}

/// What is known of one symbol.
#[derive(Debug, Default, Clone)]
pub(crate) struct Bars {
    two: BTreeMap<i64, Candle>,
    five: BTreeMap<i64, Candle>,
}

impl Bars {
    /// Takes in a trade; one that is not `live` is in the exchange's candles already.
    pub(crate) fn trade(&mut self, time: i64, price: f64, quantity: f64, live: bool) {
        extend(&mut self.two, Span::Two, time, price, quantity);
        if live {
            extend(&mut self.five, Span::Five, time, price, quantity);
        }
    }

    /// Takes in a five-minute candle, which replaces what trades have made of it.
    pub(crate) fn candle(&mut self, candle: Candle) {
        self.five.insert(candle.time, candle);
        trim(&mut self.five);
    }

    /// The latest `count` bars, oldest first.
    pub(crate) fn latest(&self, span: Span, count: usize) -> Vec<Candle> {
        let source = if span == Span::Two { &self.two } else { &self.five };
        let mut bars: Vec<Candle> = Vec::new();
        for (time, part) in source {
            let start = start(*time, span);
            match bars.last_mut().filter(|bar| bar.time == start) {
                Some(bar) => {
                    bar.high = bar.high.max(part.high);
                    bar.low = bar.low.min(part.low);
                    bar.close = part.close;
                    bar.volume += part.volume;
                }
                None => bars.push(Candle { time: start, ..*part }),
            }
        }
        bars.split_off(bars.len().saturating_sub(count))
    }

    /// When the newest bar begins. A later one than before means that a bar has closed.
    pub(crate) fn newest(&self, span: Span) -> Option<i64> {
        let source = if span == Span::Two { &self.two } else { &self.five };
        source.last_key_value().map(|(time, _)| start(*time, span))
    }
}

fn start(time: i64, span: Span) -> i64 {
    time.div_euclid(span.millis()) * span.millis()
}

fn extend(bars: &mut BTreeMap<i64, Candle>, span: Span, time: i64, price: f64, quantity: f64) {
    let start = start(time, span);
    let fresh = Candle { time: start, open: price, high: price, low: price, close: price, volume: 0.0 };
    let bar = bars.entry(start).or_insert(fresh);
    bar.high = bar.high.max(price);
    bar.low = bar.low.min(price);
    bar.close = price;
    bar.volume += quantity;
    trim(bars);
}

fn trim(bars: &mut BTreeMap<i64, Candle>) {
    while bars.len() > KEPT {
        bars.pop_first();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candle(minute: i64, open: f64, high: f64, low: f64, close: f64) -> Candle {
        Candle { time: minute * MINUTE, open, high, low, close, volume: 1.0 }
    }

    #[test]
    fn fifteen_minutes_are_three_candles() {
        let mut bars = Bars::default();
        for (minute, price) in [(0, 1.0), (5, 4.0), (10, 2.0), (15, 3.0)] {
            bars.candle(candle(minute, price, price + 1.0, price - 1.0, price));
        }
        let fifteen = bars.latest(Span::Fifteen, 10);
        assert_eq!(fifteen[0], Candle { volume: 3.0, ..candle(0, 1.0, 5.0, 0.0, 2.0) });
        assert_eq!(fifteen[1], candle(15, 3.0, 4.0, 2.0, 3.0));
        assert_eq!(bars.latest(Span::Five, 2).len(), 2);
        assert!(bars.latest(Span::Two, 10).is_empty());
    }

    #[test]
    fn trades_and_candles_begin_bars() {
        let mut bars = Bars::default();
        let newest = |bars: &Bars| Span::ALL.map(|span| bars.newest(span).map(|time| time / MINUTE));
        assert_eq!(newest(&bars), [None, None, None]);
        bars.trade(MINUTE, 1.0, 1.0, false);
        assert_eq!(newest(&bars), [Some(0), None, None]);
        bars.trade(3 * MINUTE, 2.0, 1.0, true);
        assert_eq!(newest(&bars), [Some(2), Some(0), Some(0)]);
        bars.candle(candle(5, 3.0, 3.0, 3.0, 3.0));
        assert_eq!(newest(&bars), [Some(2), Some(5), Some(0)]);
        bars.trade(15 * MINUTE, 2.0, 1.0, true);
        assert_eq!(newest(&bars), [Some(14), Some(15), Some(15)]);
        assert_eq!(bars.latest(Span::Two, 9)[1], candle(2, 2.0, 2.0, 2.0, 2.0));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut bars = Bars::default();
        for minute in 0..10_000 {
            bars.trade(minute * MINUTE, 1.0, 1.0, true);
        }
        assert_eq!((bars.two.len(), bars.five.len()), (KEPT, KEPT));
    }
}
