//! The seam between the server and whoever knows what a token means.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::SystemTime;

use crate::config::Secret;
use crate::contract::Identity;

/// Verifies tokens. The server brings [`JwtAuthenticator`](crate::JwtAuthenticator); an application with sessions or
/// tokens of its own brings its own, see [`App::authenticator`](crate::App::authenticator).
pub trait Authenticator: Send + Sync + 'static {
    /// Who the token's bearer is. May wait, within the request timeout. Tokens arrive bounded in size and in printable
    /// ASCII; whatever else they are is the implementation's to check.
    fn authenticate<'a>(&'a self, token: &'a Secret) -> Verifying<'a>;
}

/// The answer of an [`Authenticator`] under way.
pub type Verifying<'a> = Pin<Box<dyn Future<Output = Result<Verified, TokenError>> + Send + 'a>>;

/// Who a token's bearer is, and until when.
#[derive(Debug, Clone)]
pub struct Verified {
    /// Who.
    pub identity: Identity,
    /// Until when; `None` is for as long as the connection lives.
    pub expires_at: Option<SystemTime>,
}

/// Why a token does not say who its bearer is. The reason is for the operator's log: clients are told nothing that
/// would help them to guess, and the reason must not quote the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenError {
    /// The token is no good and never will be.
    Invalid(&'static str),
    /// Nobody can tell now: whom to ask does not answer.
    Unavailable(&'static str),
}

impl fmt::Display for TokenError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(reason) => write!(formatter, "invalid token: {reason}"),
            Self::Unavailable(reason) => write!(formatter, "the token cannot be verified now: {reason}"),
        }
    }
}

impl std::error::Error for TokenError {}
