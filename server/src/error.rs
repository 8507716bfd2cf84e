//! Errors that whoever runs a server can meet.

use std::io;
use std::path::PathBuf;

/// Why a server does not start, or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The settings file is unusable.
    #[error("{}: {message}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// No port of the range could be listened on.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The addresses tried: `127.0.0.1:8000`, or `127.0.0.1:8000-8009`.
        address: String,
        /// What the operating system said of the last.
        source: io::Error,
    },
    /// Two endpoints have the same address.
    #[error("two endpoints have the address {0}")]
    DuplicateEndpoint(&'static str),
    /// The keys for tokens are unusable, or missing where they are needed.
    #[error("authentication: {0}")]
    Auth(String),
    /// The log filter is unusable.
    #[error("log filter `{filter}`: {message}")]
    LogFilter {
        /// As it was set.
        filter: String,
        /// What is wrong with it.
        message: String,
    },
    /// Serving failed.
    #[error("serving failed: {0}")]
    Serve(#[source] io::Error),
}
