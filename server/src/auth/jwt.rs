//! JSON Web Tokens, verified against the one key that is configured. Pure: the clock comes in.
//!
//! The key decides the algorithm, not the token: `none`, other algorithms, and a public key used as a shared secret are
//! refused before anything of the token counts. Keys that a token brings along (`jwk`, `jku`, `x5c`) are never looked at.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Map, Value};

use super::{Authenticator, TokenError, Verified, Verifying};
use crate::config::Secret;
use crate::contract::Identity;

/// Clocks that differ by less than this are taken as the same.
const DEFAULT_LEEWAY: Duration = Duration::from_secs(5);
/// No token is taken as good for longer, whatever it says.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);

/// Verifies JSON Web Tokens: HS256 with a shared secret, RS256 or EdDSA with a public key. `exp` is required; `sub` names
/// the identity.
#[derive(Clone)]
pub struct JwtAuthenticator {
    key: DecodingKey,
    validation: Validation,
    leeway: Duration,
}

impl JwtAuthenticator {
    /// Tokens signed with a shared secret (HS256); its length should be 32 bytes or more.
    pub fn from_secret(secret: &[u8]) -> Self {
        Self::new(DecodingKey::from_secret(secret), Algorithm::HS256)
    }

    /// Tokens signed with the private half of a PEM-encoded public key: RSA (RS256) or Ed25519 (EdDSA). `None` where the
    /// text is neither.
    pub fn from_public_key_pem(pem: &[u8]) -> Option<Self> {
        // A private key must not lie about on a server that only verifies.
        if pem.windows(11).any(|window| window == b"PRIVATE KEY") {
            return None;
        }
        let rsa = || Some(Self::new(DecodingKey::from_rsa_pem(pem).ok()?, Algorithm::RS256));
        let ed = || Some(Self::new(DecodingKey::from_ed_pem(pem).ok()?, Algorithm::EdDSA));
        ed().or_else(rsa)
    }

    fn new(key: DecodingKey, algorithm: Algorithm) -> Self {
        let mut validation = Validation::new(algorithm);
        // Times are checked below, against the clock that comes in.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        Self { key, validation, leeway: DEFAULT_LEEWAY }
    }

    /// Accepts only tokens of this issuer (`iss`).
    #[must_use]
    pub fn issuer(mut self, issuer: &str) -> Self {
        self.validation.set_issuer(&[issuer]);
        self.validation.required_spec_claims.insert("iss".to_owned());
        self
    }

    /// Accepts only tokens for this audience (`aud`); without it, the audience is not looked at.
    #[must_use]
    pub fn audience(mut self, audience: &str) -> Self {
        self.validation.set_audience(&[audience]);
        self.validation.validate_aud = true;
        self.validation.required_spec_claims.insert("aud".to_owned());
        self
    }

    /// How far clocks may differ; five seconds by default.
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Who the token's bearer is at this moment.
    ///
    /// # Errors
    /// Where the token is not good; the reason does not quote it.
    pub fn verify(&self, token: &Secret, now: SystemTime) -> Result<Verified, TokenError> {
        let header = decode_header(token.as_bytes()).map_err(|error| reason(error.kind()))?;
        // RFC 7515, 4.1.11: what is critical must be understood, and no extension is.
        if header.crit.is_some() {
            return Err(TokenError::Invalid("a critical header is not understood"));
        }
        let decoded = decode::<Map<String, Value>>(token.as_bytes(), &self.key, &self.validation);
        let claims = decoded.map_err(|error| reason(error.kind()))?.claims;
        let now_seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let time = |name: &'static str| claims.get(name).map(numeric_date).transpose();
        let expires = time("exp")?.ok_or(TokenError::Invalid("`exp` is missing"))?;
        let expires = expires.min(now_seconds + LONGEST) + self.leeway;
        if expires <= now_seconds {
            return Err(TokenError::Invalid("expired"));
        }
        if time("nbf")?.is_some_and(|start| start > now_seconds + self.leeway) {
            return Err(TokenError::Invalid("not valid yet"));
        }
        let subject = match claims.get("sub") {
            Some(Value::String(subject)) => subject.clone(),
            None => String::new(),
            Some(_) => return Err(TokenError::Invalid("`sub` is no string")),
        };
        Ok(Verified { identity: Identity::new(subject, claims), expires_at: UNIX_EPOCH.checked_add(expires) })
    }
}

/// Seconds since the epoch, whole or not (RFC 7519, 2): no text, nothing negative.
fn numeric_date(value: &Value) -> Result<Duration, TokenError> {
    let seconds = value.as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or(TokenError::Invalid("a time is not a number of seconds"))
}

/// The library's reason without what it quotes of the token.
fn reason(kind: &ErrorKind) -> TokenError {
    TokenError::Invalid(match kind {
        ErrorKind::InvalidSignature => "the signature is another's",
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => "another algorithm",
        ErrorKind::InvalidIssuer => "another issuer",
        ErrorKind::InvalidAudience => "another audience",
        ErrorKind::MissingRequiredClaim(_) => "a required claim is missing",
        _ => "not a JSON Web Token",
    })
}

impl Authenticator for JwtAuthenticator {
    fn authenticate<'a>(&'a self, token: &'a Secret) -> Verifying<'a> {
        Box::pin(std::future::ready(self.verify(token, SystemTime::now())))
    }
}

impl fmt::Debug for JwtAuthenticator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let algorithm = self.validation.algorithms.first();
        formatter.debug_struct("JwtAuthenticator").field("algorithm", &algorithm).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
