//! What one endpoint asks of its callers, and what the operator has to say about it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::{HeaderMap, Uri};
use serde_json::Value;

use super::{Authenticator, Carried, JwtAuthenticator, TokenError, Verified};
use crate::Error;
use crate::config::{Secret, Settings};
use crate::contract::Standing;
use crate::contract::schema::Schemas;
use crate::protocol::{AuthMode, AuthSpec};

/// Larger tokens are refused before anything reads them.
const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// HS256 is as strong as its secret (RFC 7518, 3.2).
const STRONG_SECRET_BYTES: usize = 32;
/// How often the log says that clients without a token come.
const WARNING_INTERVAL: Duration = Duration::from_secs(60);

/// Who verifies tokens, and what the operator asks for.
#[derive(Clone, Default)]
pub(crate) struct Keys {
    authenticator: Option<Arc<dyn Authenticator>>,
    mode: Option<AuthMode>,
}

impl Keys {
    /// From the settings; an application's own authenticator wins over configured keys.
    ///
    /// # Errors
    /// Where a key cannot be read, or two are set.
    pub(crate) fn new(settings: &Settings, own: Option<Arc<dyn Authenticator>>) -> Result<Self, Error> {
        let mode = settings.auth_mode;
        if own.is_some() {
            return Ok(Self { authenticator: own, mode });
        }
        let jwt = match (&settings.auth_secret, &settings.auth_public_key) {
            (None, None) => return Ok(Self { authenticator: None, mode }),
            (Some(_), Some(_)) => return Err(fault("both a secret and a public key are set: set one")),
            (Some(secret), None) => from_secret(secret),
            (None, Some(path)) => {
                let shown = path.display();
                let pem = std::fs::read(path).map_err(|error| fault(format!("{shown}: {error}")))?;
                JwtAuthenticator::from_public_key_pem(&pem)
                    .ok_or_else(|| fault(format!("{shown}: not a public key in PEM, RSA or Ed25519")))?
            }
        };
        let jwt = settings.auth_leeway.map_or(jwt.clone(), |leeway| jwt.leeway(leeway.0));
        let jwt = settings.auth_issuer.iter().fold(jwt, |jwt, issuer| jwt.issuer(issuer));
        let jwt = settings.auth_audience.iter().fold(jwt, |jwt, audience| jwt.audience(audience));
        Ok(Self { authenticator: Some(Arc::new(jwt)), mode })
    }
}

fn from_secret(secret: &Secret) -> JwtAuthenticator {
    let bytes = secret.as_bytes();
    if bytes.len() < STRONG_SECRET_BYTES {
        tracing::warn!(
            bytes = bytes.len(),
            "the secret for tokens is short enough to be guessed: use 32 bytes or more"
        );
    }
    JwtAuthenticator::from_secret(bytes)
}

fn fault(message: impl Into<String>) -> Error {
    Error::Auth(message.into())
}

/// What one endpoint asks of its callers.
pub(crate) struct Guard {
    mode: AuthMode,
    spec: AuthSpec,
    authenticator: Option<Arc<dyn Authenticator>>,
    /// When the log last said that clients without a token come, in seconds since the epoch.
    warned_at: AtomicU64,
}

impl Guard {
    /// The operator's mode, else the document's, else `optional` where there is a key to verify tokens with.
    ///
    /// # Errors
    /// Where a token is required and nobody could have a good one.
    pub(crate) fn new(
        keys: &Keys,
        spec: AuthSpec,
        address: &str,
        has_access_rules: bool,
    ) -> Result<Self, Error> {
        let undeclared = if keys.authenticator.is_some() { AuthMode::Optional } else { AuthMode::Off };
        let mode = keys.mode.or(spec.mode).unwrap_or(undeclared);
        match (mode, &keys.authenticator) {
            (AuthMode::Required, None) => {
                return Err(fault(format!(
                    "{address} requires a token, and no key is set: give --auth-secret or --auth-public-key, or --auth-mode off"
                )));
            }
            (AuthMode::Optional, None) => {
                tracing::warn!(
                    endpoint = address,
                    "no key is set (--auth-secret, --auth-public-key): every token will be refused"
                );
            }
            (AuthMode::Off, _) if has_access_rules || spec.mode.is_some() => {
                tracing::warn!(
                    endpoint = address,
                    "authentication is off (--auth-mode): anyone may use everything"
                );
            }
            _ => {}
        }
        Ok(Self { mode, spec, authenticator: keys.authenticator.clone(), warned_at: AtomicU64::new(0) })
    }

    /// Whether tokens are asked for at all.
    pub(crate) fn is_off(&self) -> bool {
        self.mode == AuthMode::Off
    }

    /// What is known of a caller before its token is looked at.
    pub(crate) fn standing(&self) -> Standing {
        if self.is_off() { Standing::Unchecked } else { Standing::Anonymous }
    }

    /// Whether a caller without a token may stay.
    pub(crate) fn admits_anonymous(&self) -> bool {
        self.mode != AuthMode::Required
    }

    /// How long a client without a token may take to send one as its first message; `None` is not at all.
    pub(crate) fn patience(&self) -> Option<Duration> {
        self.spec.timeout_ms.map(Duration::from_millis)
    }

    /// Name of the token in a query.
    pub(crate) fn parameter(&self) -> &'static str {
        self.spec.query
    }

    /// The token of a request; nothing where nobody asks for one.
    pub(crate) fn carried(&self, uri: &Uri, headers: &HeaderMap) -> Carried {
        if self.is_off() { Carried::Nothing } else { Carried::by(self.spec.query, uri, headers) }
    }

    /// Who the token's bearer is.
    pub(crate) async fn verify(&self, schemas: &Schemas, token: &Secret) -> Result<Verified, TokenError> {
        let verified = self.ask(schemas, token).await;
        if let Err(error) = &verified {
            tracing::debug!(%error, "token refused");
        }
        verified
    }

    async fn ask(&self, schemas: &Schemas, token: &Secret) -> Result<Verified, TokenError> {
        if token.as_bytes().len() > MAX_TOKEN_BYTES {
            return Err(TokenError::Invalid("larger than 8 KiB"));
        }
        let authenticator = self.authenticator.as_ref().ok_or(TokenError::Invalid("no key is set"))?;
        let verified = authenticator.authenticate(token).await?;
        let Some(schema) = self.spec.claims else { return Ok(verified) };
        let claims = Value::Object(verified.identity.claims_json().clone());
        match schemas.check(schema, &claims) {
            Ok(()) => Ok(verified),
            Err(_) => Err(TokenError::Invalid("the claims do not fit the document")),
        }
    }

    /// Says once in a while that clients come without a token.
    pub(crate) fn anonymous_came(&self, endpoint: &str) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let is_due = |warned: u64| (now >= warned + WARNING_INTERVAL.as_secs()).then_some(now);
        if self.warned_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, is_due).is_ok() {
            tracing::warn!(endpoint, "a client without a token was accepted (said once a minute at most)");
        }
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Guard").field("mode", &self.mode).finish_non_exhaustive()
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Keys").field("mode", &self.mode).finish_non_exhaustive()
    }
}
