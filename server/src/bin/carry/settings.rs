//! Flags of this program, beside those every server has.

use std::time::Duration;

use bellwire::seconds;
use clap::Parser;

/// Tells dashboards how a cash-and-carry strategy is doing.
#[derive(Debug, Parser)]
#[command(
    name = "carry",
    version,
    after_help = "Examples:
  carry                                       a strategy on paper
  carry --interval 0.1 --port 9000            ten times as fast
  carry --demo false --publish-token TOKEN    only what is sent by POST /publish
  AUTH_MODE=required JWT_SECRET=SECRET carry  for those who hold a token
  carry --allow-origin https://app.example    for the pages of one site alone"
)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) server: bellwire::Settings,
    /// Whether the strategy on paper runs
    #[arg(long, env = "CARRY_DEMO", value_name = "BOOL", default_value = "true", help_heading = "Demo",
        action = clap::ArgAction::Set, value_parser = clap::builder::BoolishValueParser::new())]
    pub(crate) demo: bool,
    /// Seconds between two of its steps
    #[arg(long, env = "CARRY_INTERVAL", value_name = "SECONDS", default_value = "1", value_parser = seconds(0.001..=86_400.0), help_heading = "Demo")]
    pub(crate) interval: Duration,
    /// Money it begins with, in whole units
    #[arg(long, env = "CARRY_EQUITY", value_name = "AMOUNT", default_value = "10000",
        value_parser = clap::value_parser!(i64).range(100..=1_000_000_000), help_heading = "Demo")]
    pub(crate) equity: i64,
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
