//! Log lines on standard error, as the settings say.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::Error;
use crate::config::{LogFormat, Settings};

/// Starts logging to standard error. For binaries; a program that has a subscriber of its own does not call this.
///
/// # Errors
/// Where the settings file or the filter is unusable.
pub fn init_logging(settings: &Settings) -> Result<(), Error> {
    let settings = settings.clone().with_file()?;
    let filter = settings.log.as_deref().unwrap_or("info");
    let directives = EnvFilter::try_new(filter)
        .map_err(|error| Error::LogFilter { filter: filter.to_owned(), message: error.to_string() })?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(directives)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // Fails only where a subscriber is set already, which then is the one that counts.
    let _ = match settings.log_format.unwrap_or(LogFormat::Text) {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
    Ok(())
}
