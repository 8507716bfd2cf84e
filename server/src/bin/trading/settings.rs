//! Flags of this program, beside those every server has.

use std::time::Duration;

use bellwire::seconds;
use clap::Parser;

use crate::{
    feed::{Pace, Source},
    generated::types::Resolution,
    market::resolution,
};

/// Serves market data and a paper-trading account over one WebSocket.
#[derive(Debug, Parser)]
#[command(
    name = "trading",
    version,
    after_help = "Examples:
  trading                                     recorded prices, and random walks
  trading --feed synthetic --port 9000        random walks alone
  trading --feed replay:day.jsonl --speed 10  a recording of yours, faster
  BAR_BROADCASTER_INTERVAL=0.5 trading        bars twice a second
  trading --bar-symbols ''                    only what the feed tells about
  trading --auth-secret SECRET                accounts by the claims of tokens"
)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) server: bellwire::Settings,
    /// Where prices come from: `replay:FILE`, `replay` (the shipped recording) or `synthetic`
    #[arg(long, env = "TRADING_FEED", value_name = "FEED", default_value = "replay", help_heading = "Feed")]
    feed: Source,
    /// How many times as fast as recorded a replay runs
    #[arg(long, value_name = "N", default_value = "1", value_parser = speed, help_heading = "Feed")]
    speed: f64,
    /// Start a replay again at its end; the shipped recording always does
    #[arg(long = "loop", help_heading = "Feed")]
    repeat: bool,
    #[command(flatten)]
    pub(crate) broadcaster: BroadcasterArgs,
}

/// Settings of the bar broadcaster.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Bar broadcaster")]
pub(crate) struct BroadcasterArgs {
    /// Whether bars are published at all
    #[arg(long = "bar-broadcaster", env = "BAR_BROADCASTER_ENABLED", value_name = "BOOL", default_value = "true",
        action = clap::ArgAction::Set, value_parser = clap::builder::BoolishValueParser::new())]
    pub(crate) enabled: bool,
    /// Seconds between two publications
    #[arg(long = "bar-interval", env = "BAR_BROADCASTER_INTERVAL", value_name = "SECONDS", default_value = "2.0", value_parser = seconds(0.01..=86_400.0))]
    pub(crate) interval: Duration,
    /// Symbols to publish, comma-separated; those that the feed does not tell about walk at random.
    /// Empty: those of the feed alone [default: those of the feed, and AAPL,GOOGL,MSFT]
    #[arg(long = "bar-symbols", env = "BAR_BROADCASTER_SYMBOLS", value_name = "LIST", value_delimiter = ',',
        value_parser = symbol)]
    symbols: Option<Vec<String>>,
    /// Resolutions to publish, comma-separated [default: all of 1,5,15,30,60,D,W,M]
    #[arg(long = "bar-resolutions", env = "BAR_BROADCASTER_RESOLUTIONS", value_name = "LIST", value_delimiter = ',',
        value_parser = resolution::parse)]
    pub(crate) resolutions: Vec<Resolution>,
}

/// What is published where nobody says otherwise, beside what the feed tells about.
const USUAL_SYMBOLS: [&str; 3] = ["AAPL", "GOOGL", "MSFT"];

impl BroadcasterArgs {
    /// The symbols that are named, or else the usual ones.
    pub(crate) fn named(&self) -> Vec<String> {
        match &self.symbols {
            Some(symbols) => symbols.iter().filter(|symbol| !symbol.is_empty()).cloned().collect(),
            None => USUAL_SYMBOLS.map(str::to_owned).to_vec(),
        }
    }

    /// The symbols to publish: those that are named, or else all that the feed tells about.
    pub(crate) fn published(&self, feed: &[String]) -> Vec<String> {
        match self.named() {
            named if self.symbols.is_some() && !named.is_empty() => named,
            _ => feed.to_vec(),
        }
    }
}

impl Args {
    /// The feed to run and how.
    pub(crate) fn feed(&self) -> (&Source, Pace) {
        let repeat = self.repeat || self.feed == Source::Shipped;
        (&self.feed, Pace { speed: self.speed, repeat })
    }
}

/// A ticker as the document has it; nothing at all in an empty list.
fn symbol(text: &str) -> Result<String, String> {
    let symbol = text.trim();
    let is_usual = |sign: char| sign.is_ascii_alphanumeric() || ".:/_-".contains(sign);
    if symbol.len() <= 32 && symbol.chars().all(is_usual) {
        return Ok(symbol.to_owned());
    }
    Err(format!("`{symbol}` is no symbol; write up to 32 of A-Z a-z 0-9 . : / _ -"))
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(speed) if (0.01..=10_000.0).contains(&speed) => Ok(speed),
        _ => Err("write a number from 0.01 to 10000".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }
}
