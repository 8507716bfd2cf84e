//! Flags of this program, beside those every server has.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use bellwire::feed::{Feed, Hours, Recording, Retry};
use bellwire::seconds;
use clap::{Parser, ValueEnum};
use tokio::sync::watch;

use crate::exchanges::{COINBASE_RECORDING, coinbase, kraken, tradier};
use crate::ingest::Source;

/// Wait before the next provider is tried.
const RETRY: Duration = Duration::from_secs(1);
const DEFAULT_SPEED: &str = "20";

/// Tells dashboards which chart to draw again, and keeps a picture of each.
#[derive(Debug, Parser)]
#[command(
    name = "charts",
    version,
    after_help = "Examples:
  charts                                   recorded BTC-USD, 20 times as fast
  charts --providers coinbase,kraken       live, two exchanges in rotation
  charts --providers tradier --symbol SPY  live, with TRADIER_TOKEN set
  charts --folder /srv/charts --port 9000  pictures where others find them"
)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) server: bellwire::Settings,
    /// What is charted
    #[arg(long, env = "CHARTS_SYMBOL", default_value = "BTC-USD", help_heading = "Charts")]
    pub(crate) symbol: String,
    /// Where pictures are written [default: a folder of its own among the temporary files]
    #[arg(long, env = "CHARTS_FOLDER", help_heading = "Charts")]
    folder: Option<PathBuf>,
    /// How long no export is tried after one has failed
    #[arg(long, env = "CHARTS_COOL_DOWN", value_name = "SECONDS", default_value = "600", value_parser = seconds(0.0..=86_400.0), help_heading = "Charts")]
    pub(crate) cool_down: Duration,
    /// Providers to connect to, in rotation; without any, the shipped recording is played
    #[arg(long, env = "CHARTS_PROVIDERS", value_delimiter = ',', help_heading = "Ingest")]
    providers: Vec<ProviderName>,
    /// A recording to play instead of the shipped one
    #[arg(long, value_name = "FILE", conflicts_with = "providers", help_heading = "Ingest")]
    recording: Option<PathBuf>,
    /// How many times as fast as recorded a recording is played
    #[arg(long, value_name = "N", default_value = DEFAULT_SPEED, help_heading = "Ingest")]
    speed: f64,
    /// Token of the broker's API
    #[arg(
        long,
        env = "TRADIER_TOKEN",
        hide_env_values = true,
        default_value = "",
        hide_default_value = true,
        help_heading = "Ingest"
    )]
    tradier_token: String,
    /// Where the broker's sessions come from
    #[arg(long, env = "TRADIER_SESSION_URL", default_value = tradier::SESSION_URL, help_heading = "Ingest")]
    tradier_session_url: String,
    /// The broker's streaming socket
    #[arg(long, env = "TRADIER_URL", default_value = tradier::URL, help_heading = "Ingest")]
    tradier_url: String,
    /// Coinbase's socket
    #[arg(long, env = "COINBASE_URL", default_value = coinbase::URL, help_heading = "Ingest")]
    coinbase_url: String,
    /// Kraken's socket
    #[arg(long, env = "KRAKEN_URL", default_value = kraken::URL, help_heading = "Ingest")]
    kraken_url: String,
    /// Seconds between two pings to a provider
    #[arg(long, env = "CHARTS_PING_INTERVAL", value_name = "SECONDS", default_value = "20", value_parser = seconds(0.0..=86_400.0), help_heading = "Ingest")]
    ping_interval: Duration,
    /// Seconds it has to answer
    #[arg(long, env = "CHARTS_PING_TIMEOUT", value_name = "SECONDS", default_value = "30", value_parser = seconds(0.0..=86_400.0), help_heading = "Ingest")]
    ping_timeout: Duration,
    /// Time zone of the market, for `/status`
    #[arg(long, env = "MARKET_ZONE", default_value = "America/New_York", help_heading = "Market hours")]
    market_zone: String,
    /// Days it opens
    #[arg(long, env = "MARKET_DAYS", default_value = "Mon-Fri", help_heading = "Market hours")]
    market_days: String,
    /// When it is open
    #[arg(long, env = "MARKET_HOURS", default_value = "09:30-16:00", help_heading = "Market hours")]
    market_hours: String,
    /// Days it stays shut, as 2026-12-25, comma-separated
    #[arg(long, env = "MARKET_HOLIDAYS", value_delimiter = ',', help_heading = "Market hours")]
    market_holidays: Vec<String>,
}

/// A row of the provider table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ProviderName {
    Tradier,
    Coinbase,
    Kraken,
}

impl Args {
    /// Where pictures go.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.clone().unwrap_or_else(|| std::env::temp_dir().join("bellwire-charts"))
    }

    /// The market's hours.
    pub(crate) fn hours(&self) -> anyhow::Result<Hours> {
        Ok(Hours::parse(&self.market_zone, &self.market_days, &self.market_hours)?
            .holidays(&self.market_holidays)?)
    }

    /// Where bars come from.
    pub(crate) fn source(&self) -> anyhow::Result<Source> {
        if self.providers.is_empty() {
            let text = match &self.recording {
                Some(path) => std::fs::read_to_string(path)
                    .with_context(|| format!("cannot read {}", path.display()))?,
                None => COINBASE_RECORDING.to_owned(),
            };
            return Ok(Source::Recorded { recording: Recording::parse(&text)?, speed: self.speed });
        }
        let wanted = watch::Sender::new(Arc::new(BTreeSet::from([self.symbol.clone()])));
        let mut feed = Feed::new().wanted(wanted.subscribe()).retry(Retry::fixed(RETRY));
        for provider in &self.providers {
            let provider = match provider {
                ProviderName::Coinbase => coinbase::provider(&self.coinbase_url),
                ProviderName::Kraken => kraken::provider(&self.kraken_url),
                ProviderName::Tradier => {
                    tradier::provider(&self.tradier_session_url, &self.tradier_url, &self.tradier_token)
                        .enabled(!self.tradier_token.is_empty())
                }
            };
            feed = feed.provider(provider.ping(self.ping_interval, self.ping_timeout));
        }
        Ok(Source::Live(feed))
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
