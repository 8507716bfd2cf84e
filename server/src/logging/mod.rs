//! Log lines on standard error, as the settings say, and log events for everyone who listens.

mod broadcast;
mod redact;

use std::io::IsTerminal;

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt, registry};

pub use broadcast::{BroadcastLayer, LogEvent};

use crate::Error;
use crate::config::{LogFormat, Settings};

/// Starts logging to standard error. For binaries; a program that has a subscriber of its own does not call this.
///
/// # Errors
/// Where the settings file or the filter is unusable.
pub fn init_logging(settings: &Settings) -> Result<(), Error> {
    init(settings, None)
}

/// The same, and hands log events to a publisher as well. What standard error shows makes no difference to the layer.
///
/// # Errors
/// As [`init_logging`].
pub fn init_logging_with(settings: &Settings, layer: BroadcastLayer) -> Result<(), Error> {
    init(settings, Some(layer))
}

fn init(settings: &Settings, broadcast: Option<BroadcastLayer>) -> Result<(), Error> {
    let settings = settings.clone().with_file()?;
    let filter = settings.log.as_deref().unwrap_or("info");
    let directives = EnvFilter::try_new(filter)
        .map_err(|error| Error::LogFilter { filter: filter.to_owned(), message: error.to_string() })?;
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    let lines = match settings.log_format.unwrap_or(LogFormat::Text) {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    let broadcast = broadcast.map(|layer| {
        let least = LevelFilter::from_level(layer.least());
        layer.with_filter(least)
    });
    // Fails only where a subscriber is set already, which then is the one that counts.
    let _ = registry().with(lines.with_filter(directives)).with(broadcast).try_init();
    Ok(())
}
