//! Bars of one symbol at the timeframes that charts show, from trades and from the exchange's five-minute candles.
//!
//! Two-minute bars come from trades alone; five and fifteen minutes are folded from candles, which trades carry
//! forward between two of the exchange's frames. Pure; bounded; knows no clock.

use crate::exchanges::{Candle, series::Series};

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
#[derive(Debug, Clone)]
pub(crate) struct Bars {
    two: Series,
    five: Series,
}

impl Default for Bars {
    fn default() -> Self {
        Self { two: Series::new(KEPT), five: Series::new(KEPT) }
    }
}

impl Bars {
    /// Takes in a trade; one that is not `live` is in the exchange's candles already.
    pub(crate) fn trade(&mut self, time: i64, price: f64, quantity: f64, live: bool) {
        self.two.trade(start(time, Span::Two), price, quantity);
        if live {
            self.five.trade(start(time, Span::Five), price, quantity);
        }
    }

    /// Takes in a five-minute candle, which replaces what trades have made of it.
    pub(crate) fn candle(&mut self, candle: Candle) {
        self.five.put(candle);
    }

    /// The latest `count` bars, oldest first.
    pub(crate) fn latest(&self, span: Span, count: usize) -> Vec<Candle> {
        let mut bars = self.source(span).folded(i64::MIN, |time| Some(start(time, span)));
        bars.split_off(bars.len().saturating_sub(count))
    }

    /// When the newest bar begins. A later one than before means that a bar has closed.
    pub(crate) fn newest(&self, span: Span) -> Option<i64> {
        self.source(span).newest().map(|time| start(time, span))
    }

    fn source(&self, span: Span) -> &Series {
        if span == Span::Two { &self.two } else { &self.five }
    }
}

fn start(time: i64, span: Span) -> i64 {
    time.div_euclid(span.millis()) * span.millis()
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
        for span in [Span::Two, Span::Five] {
            assert_eq!(bars.latest(span, usize::MAX).len(), KEPT);
        }
    }
}
