//! Tokens for tests, signed with the secret that the test servers know.

use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};

pub(crate) const SECRET: &str = "a secret of 32 bytes for testing";

/// A token with these claims; one that says nothing else holds for a minute.
#[expect(clippy::needless_pass_by_value, reason = "tests write the claims where they use them")]
pub(crate) fn token(claims: Value) -> String {
    let mut all = json!({"sub": "user-1", "exp": in_seconds(60.0)});
    let members = claims.as_object().expect("an object").clone();
    all.as_object_mut().expect("an object").extend(members);
    encode(&Header::default(), &all, &EncodingKey::from_secret(SECRET.as_bytes())).expect("a token")
}

/// A moment as tokens write it.
pub(crate) fn in_seconds(seconds: f64) -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64() + seconds
}
