//! Flags of this program, beside those every server has.

use std::time::Duration;

use bellwire::seconds;
use clap::Parser;

/// Shows dashboards what a trading bot is doing.
#[derive(Debug, Parser)]
#[command(
    name = "bot",
    version,
    after_help = "Examples:
  bot                                  only pretends; first free of 8000-8009
  bot --interval 0.2 --seed 7          the same in a hurry, each time alike
  bot --no-demo                        only what is posted to /api/events
  bot --no-demo --publish-token TOKEN  also what is posted to /publish"
)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) server: bellwire::Settings,
    /// Leave the pretending bot out: only what is posted is shown
    #[arg(long, env = "BOT_NO_DEMO", help_heading = "Bot")]
    pub(crate) no_demo: bool,
    /// Seconds from one step of the pretending bot to the next
    #[arg(long, env = "BOT_INTERVAL", value_name = "SECONDS", default_value = "1", value_parser = seconds(0.001..=3_600.0), conflicts_with = "no_demo", help_heading = "Bot")]
    pub(crate) interval: Duration,
    /// Makes it do the same every time
    #[arg(long, env = "BOT_SEED", value_name = "NUMBER", conflicts_with = "no_demo", help_heading = "Bot")]
    pub(crate) seed: Option<u64>,
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
