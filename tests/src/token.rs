//! Tokens of clients, signed with the secret that the tests start their servers with.

use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::Value;

/// What servers are given as `--auth-secret`.
pub const AUTH_SECRET: &str = "known to the servers of the e2e tests";

/// A token with these claims beside `sub` (`user-1`) and `exp` (in ten minutes), which they may replace.
///
/// # Panics
/// When the claims are no object.
#[must_use]
pub fn mint(claims: &Value) -> String {
    let mut all = serde_json::json!({ "sub": "user-1", "exp": in_seconds(600.0) });
    let members = claims.as_object().expect("claims are an object").clone();
    all.as_object_mut().expect("just made").extend(members);
    encode(&Header::default(), &all, &EncodingKey::from_secret(AUTH_SECRET.as_bytes())).expect("a token")
}

/// A moment as tokens write it.
///
/// # Panics
/// Before 1970.
#[must_use]
pub fn in_seconds(seconds: f64) -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64() + seconds
}
