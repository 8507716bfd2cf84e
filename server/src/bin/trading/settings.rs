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
  trading                                       real BTC-USD and ETH-USD data, replayed for ever
  trading --feed synthetic --port 9000          random walks of AAPL, GOOGL, MSFT and TSLA
  trading --feed replay:day.jsonl --speed 10    a recording of your own, ten times as fast
  BAR_BROADCASTER_INTERVAL=0.5 trading          bars twice a second"
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
    /// Symbols to publish, comma-separated [default: those of the feed]
    #[arg(long = "bar-symbols", env = "BAR_BROADCASTER_SYMBOLS", value_name = "LIST", value_delimiter = ',')]
    pub(crate) symbols: Vec<String>,
    /// Resolutions to publish, comma-separated [default: all of 1,5,15,30,60,D,W,M]
    #[arg(long = "bar-resolutions", env = "BAR_BROADCASTER_RESOLUTIONS", value_name = "LIST", value_delimiter = ',',
        value_parser = resolution::parse)]
    pub(crate) resolutions: Vec<Resolution>,
}

impl Args {
    /// The feed to run and how.
    pub(crate) fn feed(&self) -> (&Source, Pace) {
        let repeat = self.repeat || self.feed == Source::Shipped;
        (&self.feed, Pace { speed: self.speed, repeat })
    }
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
