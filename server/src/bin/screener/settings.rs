//! Flags of this program, beside those every server has.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use bellwire::feed::{Feed, Hours, Provider, Recording, Replay, Retry};
use bellwire::seconds;
use clap::Parser;
use jiff::{SignedDuration, Timestamp};

use crate::demo::Demo;
use crate::exchanges::COINBASE_RECORDING;
use crate::ticks;
use crate::token::Token;
use crate::upstream::MakeFeed;

/// Most symbols that are subscribed upstream.
const MOST_SYMBOLS: &str = "5000";
/// Longest pause between two attempts to connect.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Live prices of the symbols that a screen shows, and of no others.
#[derive(Debug, Parser)]
#[command(
    name = "screener",
    version,
    after_help = "Examples:
  screener                                    a made-up market, day and night
  DEV_MODE=false screener                     the same, in market hours only
  screener --feed replay                      recorded BTC-USD and ETH-USD
  screener --feed replay:ticks.jsonl          a recording of your own
  screener --feed wss://ticks.example.org/ws  live, by SCREENER_UPSTREAM_TOKEN
  screener --upstream-token-file token.json   a new token there is taken up
  screener --market-holidays 2026-08-15       shut on that day, too"
)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) server: bellwire::Settings,
    /// Where ticks come from: `demo`, `replay`, `replay:FILE`, or the address of a WebSocket
    #[arg(long, env = "SCREENER_FEED", default_value = "demo", value_parser = source, help_heading = "Upstream")]
    feed: Source,
    /// How many times as fast as recorded a recording is played
    #[arg(long, value_name = "N", default_value = "1", help_heading = "Upstream")]
    speed: f64,
    /// Bearer token for the upstream
    #[arg(
        long,
        env = "SCREENER_UPSTREAM_TOKEN",
        hide_env_values = true,
        default_value = "",
        hide_default_value = true,
        help_heading = "Upstream"
    )]
    upstream_token: String,
    /// The same in a file, as text or as `access_token` in JSON; read before each connection, so that a new token needs no restart
    #[arg(
        long,
        env = "SCREENER_UPSTREAM_TOKEN_FILE",
        value_name = "FILE",
        conflicts_with = "upstream_token",
        help_heading = "Upstream"
    )]
    upstream_token_file: Option<PathBuf>,
    /// Seconds before the first new attempt to connect; doubled up to 60
    #[arg(long, env = "SCREENER_RETRY", value_name = "SECONDS", default_value = "1", value_parser = seconds(0.0..=60.0), help_heading = "Upstream")]
    retry: Duration,
    /// Most symbols subscribed upstream
    #[arg(long, env = "SCREENER_MAX_SYMBOLS", value_name = "N", default_value = MOST_SYMBOLS, value_parser = clap::value_parser!(u16).range(1..=5_000), help_heading = "Upstream")]
    max_symbols: u16,
    /// Connect outside market hours as well [default: with `--feed demo`]
    #[arg(long, env = "DEV_MODE", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", value_parser = truth, help_heading = "Market hours")]
    dev_mode: Option<bool>,
    /// Time zone of the market
    #[arg(long, env = "MARKET_ZONE", default_value = "Asia/Kolkata", help_heading = "Market hours")]
    market_zone: String,
    /// Days it opens
    #[arg(long, env = "MARKET_DAYS", default_value = "Mon-Fri", help_heading = "Market hours")]
    market_days: String,
    /// When it is open
    #[arg(long, env = "MARKET_HOURS", default_value = "09:15-15:30", help_heading = "Market hours")]
    market_hours: String,
    /// Days it stays shut, as 2026-01-26, comma-separated
    #[arg(long, env = "MARKET_HOLIDAYS", value_delimiter = ',', help_heading = "Market hours")]
    market_holidays: Vec<String>,
    /// The time of day at the start, for tests
    #[arg(long, hide = true)]
    now: Option<Timestamp>,
}

/// Where ticks come from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Demo,
    Recorded(Option<PathBuf>),
    Live(String),
}

/// The time of day; it may have been set.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clock {
    set: Option<(Timestamp, Instant)>,
}

impl Clock {
    /// The present.
    pub(crate) fn now(&self) -> Timestamp {
        let Some((time, at)) = self.set else { return Timestamp::now() };
        let passed = SignedDuration::try_from(at.elapsed()).unwrap_or_default();
        time.checked_add(passed).unwrap_or(time)
    }
}

impl Args {
    /// The market's hours.
    pub(crate) fn hours(&self) -> anyhow::Result<Hours> {
        let hours = Hours::parse(&self.market_zone, &self.market_days, &self.market_hours)?;
        let dates = self.market_holidays.iter().filter(|date| !date.trim().is_empty());
        Ok(hours.holidays(dates)?.always(self.dev_mode.unwrap_or(self.feed == Source::Demo)))
    }

    /// The time of day.
    pub(crate) fn clock(&self) -> Clock {
        Clock { set: self.now.map(|now| (now, Instant::now())) }
    }

    /// Most symbols subscribed upstream.
    pub(crate) fn max_symbols(&self) -> usize {
        usize::from(self.max_symbols)
    }

    /// Whether the upstream's token can be renewed without a restart.
    pub(crate) fn has_token_file(&self) -> bool {
        self.upstream_token_file.is_some()
    }

    /// Where ticks come from, for the person who started the server; addresses may carry secrets.
    pub(crate) fn source(&self) -> String {
        match &self.feed {
            Source::Demo => "a made-up market".to_owned(),
            Source::Recorded(None) => "the shipped recording".to_owned(),
            Source::Recorded(Some(path)) => format!("the recording {}", path.display()),
            Source::Live(_) => "a live upstream".to_owned(),
        }
    }

    /// What connects upstream, in these hours.
    pub(crate) fn feed(&self, hours: &Hours, clock: &Clock) -> anyhow::Result<MakeFeed> {
        Ok(match &self.feed {
            Source::Demo => self.made_of(hours, clock, Demo),
            Source::Live(url) => {
                let token = Token::new(&self.upstream_token, self.upstream_token_file.as_deref())?;
                self.made_of(hours, clock, ticks::provider(url, &token))
            }
            Source::Recorded(path) => {
                let text = match path {
                    Some(path) => std::fs::read_to_string(path)
                        .with_context(|| format!("cannot read {}", path.display()))?,
                    None => COINBASE_RECORDING.to_owned(),
                };
                let recording = Recording::parse(&text)?;
                let name = exchange_of(&recording);
                let replay = Replay::new(name, recording).speed(self.speed).repeat(true);
                self.made_of(hours, clock, replay)
            }
        })
    }

    fn made_of(&self, hours: &Hours, clock: &Clock, provider: impl Provider + Clone) -> MakeFeed {
        let (hours, clock, retry) = (hours.clone(), clock.clone(), self.retry);
        Box::new(move |wanted| {
            let clock = clock.clone();
            Feed::new()
                .provider(provider.clone())
                .wanted(wanted)
                .hours(hours.clone())
                .retry(Retry::backoff(retry, LONGEST_PAUSE))
                .clock(move || clock.now())
        })
    }
}

/// Whose frames a recording holds, which decides how they are read.
fn exchange_of(recording: &Recording) -> &'static str {
    let first = recording.frames().first().map(|(_, text)| text.as_str()).unwrap_or_default();
    if first.contains("\"channel\"") {
        ticks::COINBASE
    } else if first.contains("\"event\"") || first.contains("\"trade\"") {
        ticks::KRAKEN
    } else {
        "recording"
    }
}

fn source(text: &str) -> Result<Source, String> {
    match text.split_once(':') {
        None if text == "demo" => Ok(Source::Demo),
        None if text == "replay" => Ok(Source::Recorded(None)),
        Some(("replay", file)) if !file.is_empty() => Ok(Source::Recorded(Some(file.into()))),
        Some(("ws" | "wss", _)) => Ok(Source::Live(text.to_owned())),
        _ => Err("write `demo`, `replay`, `replay:FILE`, or `ws://…`".to_owned()),
    }
}

fn truth(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" | "" => Ok(false),
        _ => Err("write `true` or `false`".to_owned()),
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

    #[test]
    fn sources_are_read() {
        assert_eq!(source("replay:a.jsonl"), Ok(Source::Recorded(Some("a.jsonl".into()))));
        assert_eq!(source("ws://h/p"), Ok(Source::Live("ws://h/p".to_owned())));
        for text in ["", "replay:", "http://h", "live"] {
            assert!(source(text).is_err(), "{text}");
        }
    }
}
