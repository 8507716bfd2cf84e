//! The bars of the symbol that is charted, shared between the ingest client and the painter.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::bars::{Bars, Span};
use crate::exchanges::Event;
use crate::generated::types::Timeframe;
use crate::render::Chart;
use crate::zones::zones;

/// Bars on one chart.
const SHOWN: usize = 120;

/// What events have done to the charts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Charts that have got their first bars.
    pub(crate) begun: Vec<Timeframe>,
    /// Charts of which a bar has closed.
    pub(crate) closed: Vec<Timeframe>,
}

/// Bars of one symbol.
#[derive(Debug)]
pub(crate) struct Book {
    symbol: String,
    bars: Mutex<Bars>,
}

impl Book {
    pub(crate) fn new(symbol: String) -> Self {
        Self { symbol, bars: Mutex::default() }
    }

    pub(crate) fn symbol(&self) -> &str {
        &self.symbol
    }

    fn bars(&self) -> MutexGuard<'_, Bars> {
        self.bars.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in events, moved in time by `shift` milliseconds; says what they have done to the charts.
    pub(crate) fn apply<'a>(&self, events: impl Iterator<Item = &'a Event>, shift: i64) -> Changes {
        let mut bars = self.bars();
        let before = Span::ALL.map(|span| bars.newest(span));
        for event in events {
            match event {
                Event::Trade(trade) if trade.symbol == self.symbol => {
                    let time = trade.time.saturating_add(shift);
                    bars.trade(time, trade.price, trade.quantity, trade.live);
                }
                Event::Candle { symbol, candle } if *symbol == self.symbol => bars.candle(*candle),
                Event::Trade(_) | Event::Candle { .. } | Event::Ticker(_) => {}
            }
        }
        let mut changes = Changes::default();
        for (span, before) in Span::ALL.into_iter().zip(before) {
            match (before, bars.newest(span)) {
                (None, Some(_)) => changes.begun.extend(charts_of(span)),
                (Some(before), Some(now)) if now > before => changes.closed.extend(charts_of(span)),
                _ => {}
            }
        }
        changes
    }

    /// What a chart shows now.
    pub(crate) fn chart(&self, timeframe: Timeframe) -> Chart {
        let (span, caption) = match timeframe {
            Timeframe::V2M => (Span::Two, "2 minutes"),
            Timeframe::V5M => (Span::Five, "5 minutes"),
            Timeframe::V15M => (Span::Fifteen, "15 minutes"),
            Timeframe::Zones => (Span::Five, "5 minutes, zones"),
        };
        let bars = self.bars().latest(span, SHOWN);
        let zones = if timeframe == Timeframe::Zones { zones(&bars) } else { Vec::new() };
        Chart { symbol: self.symbol.clone(), caption: caption.to_owned(), bars, zones }
    }
}

fn charts_of(span: Span) -> &'static [Timeframe] {
    match span {
        Span::Two => &[Timeframe::V2M],
        Span::Five => &[Timeframe::V5M, Timeframe::Zones],
        Span::Fifteen => &[Timeframe::V15M],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchanges::Candle;

    fn candle(minute: i64, close: f64) -> Event {
        let (open, high, low, volume) = (1.0, 9.0, 1.0, 1.0);
        let candle = Candle { time: minute * 60_000, open, high, low, close, volume };
        Event::Candle { symbol: "X".to_owned(), candle }
    }

    #[test]
    fn a_candle_that_goes_on_changes_no_other_chart() {
        let book = Book::new("X".to_owned());
        let changes = |begun: &[Timeframe], closed: &[Timeframe]| Changes {
            begun: begun.to_vec(),
            closed: closed.to_vec(),
        };
        let (five, fifteen, zones) = (Timeframe::V5M, Timeframe::V15M, Timeframe::Zones);
        let history = [candle(0, 1.0), candle(5, 2.0)];
        assert_eq!(book.apply(history.iter(), 0), changes(&[five, zones, fifteen], &[]));
        assert_eq!(book.apply([candle(5, 3.0)].iter(), 0), changes(&[], &[]), "the same bar");
        assert_eq!(book.apply([candle(10, 3.0)].iter(), 0), changes(&[], &[five, zones]));
        assert_eq!(book.apply([candle(0, 2.0)].iter(), 0), changes(&[], &[]), "told once more");
        assert_eq!(book.apply([candle(15, 3.0)].iter(), 0), changes(&[], &[five, zones, fifteen]));
    }
}
