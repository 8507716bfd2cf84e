//! What an operator can set, by flag, environment or file.
//!
//! A flag wins over its environment variable, that over the file, that over the document, that over the default.

mod units;

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use units::{Lifetime, Period, Secret, Size, UnitError, seconds};

use crate::Error;
pub use crate::protocol::AuthMode;

/// What an operator can set. Flatten it into a binary's own arguments:
///
/// ```
/// #[derive(clap::Parser)]
/// struct Arguments {
///     #[command(flatten)]
///     server: bellwire::Settings,
///     /// A flag of the application's own.
///     #[arg(long)]
///     feed: Option<String>,
/// }
/// ```
///
/// A member that is `None` was not set; the text of each says what holds then.
#[derive(Debug, Clone, Default, clap::Args, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[command(next_help_heading = "Server")]
#[non_exhaustive]
pub struct Settings {
    /// TOML file of settings, named like the flags: `max-message = "1MiB"`
    #[arg(long, env = "BELLWIRE_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,

    /// Address to listen on; 0.0.0.0 for every interface [default: 127.0.0.1]
    #[arg(long, env = "BELLWIRE_HOST", value_name = "ADDRESS")]
    pub host: Option<IpAddr>,

    /// Port to listen on; 0 for any free one [default: 8000]
    #[arg(long, env = "BELLWIRE_PORT", value_name = "PORT")]
    pub port: Option<u16>,

    /// How many ports to try, counting up from --port; the first free one is taken [default: the app's, else 1]
    #[arg(long, env = "BELLWIRE_PORT_RANGE", value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..))]
    pub port_range: Option<u16>,

    /// Close clients silent for this long, e.g. 30s, 2m [default: the document's, else 30s]
    #[arg(long, env = "BELLWIRE_HEARTBEAT", value_name = "DURATION")]
    pub heartbeat: Option<Period>,

    /// Close connections of this age, e.g. 1h, 7d, never [default: the document's, else never]
    #[arg(long, env = "BELLWIRE_LIFETIME", value_name = "DURATION")]
    pub lifetime: Option<Lifetime>,

    /// Largest message accepted, e.g. 64KiB, 1MiB [default: the document's, else 1MiB]
    #[arg(long, env = "BELLWIRE_MAX_MESSAGE", value_name = "SIZE")]
    pub max_message: Option<Size>,

    /// How long a message may take to arrive once it has begun, e.g. 30s [default: 30s]
    #[arg(long, env = "BELLWIRE_MESSAGE_TIMEOUT", value_name = "DURATION")]
    pub message_timeout: Option<Period>,

    /// Compress messages for clients that take it (permessage-deflate) [default: on]
    #[arg(long, env = "BELLWIRE_COMPRESSION", value_name = "SWITCH")]
    pub compression: Option<Switch>,

    /// Smallest message that is compressed, e.g. 512B [default: 512B]
    #[arg(long, env = "BELLWIRE_COMPRESSION_THRESHOLD", value_name = "SIZE")]
    pub compression_threshold: Option<Size>,

    /// From 1, the fastest, to 9, the smallest [default: 1]
    #[arg(long, env = "BELLWIRE_COMPRESSION_LEVEL", value_name = "LEVEL", value_parser = clap::value_parser!(u8).range(1..=9))]
    pub compression_level: Option<u8>,

    /// Let clients compress by their earlier messages, for about 40 KiB of memory each [default: off]
    #[arg(long, env = "BELLWIRE_COMPRESSION_CONTEXT", value_name = "SWITCH")]
    pub compression_context: Option<Switch>,

    /// Bytes that may wait for one slow client, e.g. 256KiB [default: the document's, else 1MiB]
    #[arg(long, env = "BELLWIRE_QUEUE", value_name = "SIZE")]
    pub queue: Option<Size>,

    /// How long what is sent while nobody is connected waits for someone, where the document keeps it, e.g. 10m
    /// [default: the document's]
    #[arg(long, env = "BELLWIRE_REPLAY_TTL", value_name = "DURATION")]
    pub replay_ttl: Option<Period>,

    /// Bytes that the kernel buffers for one client that does not read, e.g. 64KiB [default: 128KiB]
    #[arg(long, env = "BELLWIRE_SEND_BUFFER", value_name = "SIZE")]
    pub send_buffer: Option<Size>,

    /// How long the head of a request may take to arrive, handshakes included, e.g. 10s [default: 10s]
    #[arg(long, env = "BELLWIRE_HEAD_TIMEOUT", value_name = "DURATION")]
    pub head_timeout: Option<Period>,

    /// Most connections at once; further ones are closed with 1013 [default: 10000]
    #[arg(long, env = "BELLWIRE_MAX_CONNECTIONS", value_name = "COUNT")]
    pub max_connections: Option<usize>,

    /// How long a service may take to answer one request, e.g. 30s [default: 30s]
    #[arg(long, env = "BELLWIRE_REQUEST_TIMEOUT", value_name = "DURATION")]
    pub request_timeout: Option<Period>,

    /// Requests over plain HTTP, retained state included, of one client address per second, twice as
    /// many at once; 0 for any number, behind a proxy for instance [default: the document's messagesPerSecond]
    #[arg(long, env = "BELLWIRE_HTTP_RATE", value_name = "COUNT")]
    pub http_rate: Option<u32>,

    /// Bearer token for publishing over HTTP; without one there is no such route [default: none]
    #[arg(long, env = "BELLWIRE_PUBLISH_TOKEN", value_name = "TOKEN", hide_env_values = true, value_parser = secret)]
    pub publish_token: Option<Secret>,

    /// Whether clients must bring a token [default: the document's, else optional with a key, off without]
    #[arg(long, env = "AUTH_MODE", value_name = "MODE")]
    pub auth_mode: Option<AuthMode>,

    /// Shared secret that tokens are signed with (HS256), 32 bytes or more [default: none]
    #[arg(long, env = "JWT_SECRET", value_name = "SECRET", hide_env_values = true, value_parser = secret)]
    pub auth_secret: Option<Secret>,

    /// PEM file of the public key for tokens: RSA (RS256) or Ed25519 (EdDSA) [default: none]
    #[arg(long, env = "JWT_PUBLIC_KEY", value_name = "FILE")]
    pub auth_public_key: Option<PathBuf>,

    /// Issuer that tokens must be from [default: any]
    #[arg(long, env = "JWT_ISSUER", value_name = "ISSUER")]
    pub auth_issuer: Option<String>,

    /// Audience that tokens must be for [default: any]
    #[arg(long, env = "JWT_AUDIENCE", value_name = "AUDIENCE")]
    pub auth_audience: Option<String>,

    /// How far the clocks of whoever signs tokens and this one may differ, e.g. 5s [default: 5s]
    #[arg(long, env = "JWT_LEEWAY", value_name = "DURATION")]
    pub auth_leeway: Option<Period>,

    /// Origin of a web page that may connect and read, e.g. `https://app.example`, or * for all; repeat
    /// or separate with commas [default: the server's own, and loopback pages to a loopback server]
    #[arg(long, env = "BELLWIRE_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    pub allow_origin: Vec<String>,

    /// What to log, e.g. warn, or info,bellwire=debug [default: info]
    #[arg(long, env = "BELLWIRE_LOG", value_name = "FILTER")]
    pub log: Option<String>,

    /// How to log [default: text]
    #[arg(long, env = "BELLWIRE_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,

    /// How long a stop may take before it is forced, e.g. 10s [default: 10s]
    #[arg(long, env = "BELLWIRE_SHUTDOWN_TIMEOUT", value_name = "DURATION")]
    pub shutdown_timeout: Option<Period>,

    /// Where a stopping server leaves the history of its topics, and the next one finds it, so that
    /// clients miss nothing in between [default: none, histories end with the server]
    #[arg(long, env = "BELLWIRE_HISTORY_FILE", value_name = "FILE")]
    pub history_file: Option<PathBuf>,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Switch {
    /// On.
    On,
    /// Off.
    Off,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

fn secret(text: &str) -> Result<Secret, String> {
    if text.is_empty() { Err("an empty token protects nothing".to_owned()) } else { Ok(text.into()) }
}

impl Settings {
    /// Fills what is not set from the file named by `config`, if one is. Tables in the file are the application's.
    ///
    /// # Errors
    /// Where the file cannot be read, is no TOML, or sets something unknown or unusable.
    pub fn with_file(self) -> Result<Self, Error> {
        let Some(path) = self.config.clone() else { return Ok(self) };
        let fault = |message: String| Error::Config { path: path.clone(), message };
        let text = std::fs::read_to_string(&path).map_err(|error| fault(error.to_string()))?;
        Ok(self.over(Self::from_toml(&text, &path)?))
    }

    fn from_toml(text: &str, path: &Path) -> Result<Self, Error> {
        let fault = |message: String| Error::Config { path: path.to_owned(), message };
        let mut table: toml::Table =
            text.parse().map_err(|error: toml::de::Error| fault(error.to_string()))?;
        table.retain(|_, value| !value.is_table());
        table.try_into().map_err(|error: toml::de::Error| fault(error.to_string()))
    }

    /// What is set here, and the rest from `file`.
    fn over(self, file: Self) -> Self {
        Self {
            config: self.config,
            host: self.host.or(file.host),
            port: self.port.or(file.port),
            port_range: self.port_range.or(file.port_range),
            heartbeat: self.heartbeat.or(file.heartbeat),
            lifetime: self.lifetime.or(file.lifetime),
            max_message: self.max_message.or(file.max_message),
            message_timeout: self.message_timeout.or(file.message_timeout),
            compression: self.compression.or(file.compression),
            compression_threshold: self.compression_threshold.or(file.compression_threshold),
            compression_level: self.compression_level.or(file.compression_level),
            compression_context: self.compression_context.or(file.compression_context),
            queue: self.queue.or(file.queue),
            replay_ttl: self.replay_ttl.or(file.replay_ttl),
            send_buffer: self.send_buffer.or(file.send_buffer),
            head_timeout: self.head_timeout.or(file.head_timeout),
            max_connections: self.max_connections.or(file.max_connections),
            request_timeout: self.request_timeout.or(file.request_timeout),
            http_rate: self.http_rate.or(file.http_rate),
            publish_token: self.publish_token.or(file.publish_token),
            auth_mode: self.auth_mode.or(file.auth_mode),
            auth_secret: self.auth_secret.or(file.auth_secret),
            auth_public_key: self.auth_public_key.or(file.auth_public_key),
            auth_issuer: self.auth_issuer.or(file.auth_issuer),
            auth_audience: self.auth_audience.or(file.auth_audience),
            auth_leeway: self.auth_leeway.or(file.auth_leeway),
            allow_origin: if self.allow_origin.is_empty() { file.allow_origin } else { self.allow_origin },
            log: self.log.or(file.log),
            log_format: self.log_format.or(file.log_format),
            shutdown_timeout: self.shutdown_timeout.or(file.shutdown_timeout),
            history_file: self.history_file.or(file.history_file),
        }
    }
}

#[cfg(test)]
mod tests;
