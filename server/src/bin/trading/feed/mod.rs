//! Where prices come from: a recording, random walks, or both, as one stream of events.
//!
//! A feed is a task that sends events into a bounded channel and waits when it is full. What an event means is the
//! market's business.

mod replay;
mod synthetic;

use std::{path::PathBuf, str::FromStr};

use anyhow::Context;
use tokio::sync::mpsc;

pub(crate) use replay::Pace;

pub(crate) use crate::exchanges::Ticker;
use crate::exchanges::{self, Candle, Event};
use crate::generated::types::{Trade, TradeSide};

/// Events that wait for the market before a feed has to.
const EVENTS_QUEUED: usize = 1_024;

/// One thing that happened on an exchange.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum MarketEvent {
    /// A trade; one that is not `live` is history, told once at the start.
    Trade { trade: Trade, live: bool },
    /// The exchange's own five-minute candle so far.
    Candle { symbol: String, candle: Candle },
    /// Best prices and day figures.
    Ticker(Ticker),
}

impl From<Event> for MarketEvent {
    fn from(event: Event) -> Self {
        match event {
            Event::Trade(trade) => {
                let side = if trade.sold { TradeSide::Sell } else { TradeSide::Buy };
                let exchanges::Trade { id, symbol, price, quantity, time, live, .. } = trade;
                Self::Trade { trade: Trade { trade_id: id, symbol, price, quantity, side, time }, live }
            }
            Event::Candle { symbol, candle } => Self::Candle { symbol, candle },
            Event::Ticker(ticker) => Self::Ticker(ticker),
        }
    }
}

impl MarketEvent {
    /// The symbol it concerns.
    pub(crate) fn symbol(&self) -> &str {
        match self {
            Self::Trade { trade, .. } => &trade.symbol,
            Self::Candle { symbol, .. } => symbol,
            Self::Ticker(ticker) => &ticker.symbol,
        }
    }
}

/// Which feed to run: `replay:FILE` or `synthetic`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A recording on disk.
    Replay(PathBuf),
    /// The recording this program carries.
    Shipped,
    /// Random walks.
    Synthetic,
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "synthetic" => Ok(Self::Synthetic),
            None if text == "replay" => Ok(Self::Shipped),
            Some(("replay", path)) if !path.is_empty() => Ok(Self::Replay(path.into())),
            _ => Err(format!(
                "`{text}` is no feed; write `replay:FILE`, `replay` for the shipped recording, or `synthetic`"
            )),
        }
    }
}

/// A running feed.
#[derive(Debug)]
pub(crate) struct Feed {
    /// What happens on the exchange, in order; closed when the feed has ended.
    pub(crate) events: mpsc::Receiver<MarketEvent>,
    /// Lines of a recording that could not be read.
    pub(crate) unreadable: u64,
    /// Symbols it tells about, in order.
    pub(crate) symbols: Vec<String>,
    /// Those of them that walk at random, as no recording tells about them.
    pub(crate) walking: Vec<String>,
}

impl Feed {
    /// Starts a feed on the current runtime. What it does not tell about of the `wanted` symbols walks at random.
    pub(crate) fn start(source: &Source, pace: Pace, wanted: &[String]) -> anyhow::Result<Self> {
        let (sender, events) = mpsc::channel(EVENTS_QUEUED);
        let mut feed = Self { events, unreadable: 0, symbols: Vec::new(), walking: Vec::new() };
        match source {
            Source::Synthetic => {
                feed.walking.extend(synthetic::SYMBOLS.map(|(symbol, _)| symbol.to_owned()));
            }
            Source::Replay(path) => {
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                feed.replay(&text, pace, sender.clone())
                    .with_context(|| format!("cannot replay {}", path.display()))?;
            }
            Source::Shipped => feed.replay(replay::SHIPPED, pace, sender.clone())?,
        }
        for symbol in wanted {
            if !feed.symbols.contains(symbol) && !feed.walking.contains(symbol) {
                feed.walking.push(symbol.clone());
            }
        }
        feed.symbols.extend_from_slice(&feed.walking);
        if !feed.walking.is_empty() {
            tokio::spawn(synthetic::run(feed.walking.clone(), sender));
        }
        Ok(feed)
    }

    fn replay(&mut self, text: &str, pace: Pace, sender: mpsc::Sender<MarketEvent>) -> anyhow::Result<()> {
        let recording = replay::Recording::parse(text)?;
        self.symbols = recording.symbols.clone();
        self.unreadable = recording.unreadable;
        tokio::spawn(replay::run(recording, pace, sender));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feeds_are_named_on_the_command_line() {
        assert_eq!("synthetic".parse(), Ok(Source::Synthetic));
        assert_eq!("replay".parse(), Ok(Source::Shipped));
        assert_eq!("replay:a/b.jsonl".parse(), Ok(Source::Replay("a/b.jsonl".into())));
        for text in ["", "replay:", "kraken", "synthetic:x"] {
            assert!(text.parse::<Source>().unwrap_err().contains("is no feed"), "{text}");
        }
    }
}
