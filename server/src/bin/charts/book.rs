//! The bars of the symbol that is charted, shared between the ingest client and the painter.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::bars::{Bars, Span};
use crate::exchanges::Event;
use crate::generated::types::Timeframe;
use crate::render::Chart;
use crate::zones::zones;

/// Bars on one chart.
const SHOWN: usize = 120;

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

    /// Takes in an event, moved in time by `shift` milliseconds; says which charts have got a new bar by it.
    pub(crate) fn apply(&self, event: &Event, shift: i64) -> Vec<Timeframe> {
        match event {
            Event::Trade(trade) if trade.symbol == self.symbol => {
                let time = trade.time.saturating_add(shift);
                let closed = self.bars().trade(time, trade.price, trade.quantity, trade.live);
                closed.into_iter().flat_map(charts_of).copied().collect()
            }
            Event::Candle { symbol, candle } if *symbol == self.symbol => {
                self.bars().candle(*candle);
                Vec::new()
            }
            Event::Trade(_) | Event::Candle { .. } | Event::Ticker(_) => Vec::new(),
        }
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
