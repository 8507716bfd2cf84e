//! Tokens good and bad, against a clock that stands still.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::JwtAuthenticator;
use crate::TokenError;
use crate::config::Secret;

const SECRET: &[u8] = b"a secret of 32 bytes for testing";
const RSA: &[u8] = include_bytes!("../../../tests/keys/rsa.pem");
const RSA_PUBLIC: &[u8] = include_bytes!("../../../tests/keys/rsa.pub.pem");
const FOREIGN: &[u8] = include_bytes!("../../../tests/keys/foreign.pem");
const ED: &[u8] = include_bytes!("../../../tests/keys/ed25519.pem");
const ED_PUBLIC: &[u8] = include_bytes!("../../../tests/keys/ed25519.pub.pem");

/// The moment at which everything is verified.
const NOW: u64 = 1_700_000_000;

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}

fn hs256() -> JwtAuthenticator {
    JwtAuthenticator::from_secret(SECRET)
}

fn rs256() -> JwtAuthenticator {
    JwtAuthenticator::from_public_key_pem(RSA_PUBLIC).expect("an RSA key")
}

fn eddsa() -> JwtAuthenticator {
    JwtAuthenticator::from_public_key_pem(ED_PUBLIC).expect("an Ed25519 key")
}

fn signed(algorithm: Algorithm, key: &EncodingKey, claims: &Value) -> String {
    encode(&Header::new(algorithm), claims, key).expect("a token")
}

fn shared(claims: &Value) -> String {
    signed(Algorithm::HS256, &EncodingKey::from_secret(SECRET), claims)
}

/// A token with these parts as they are, signed with the shared secret.
fn raw(header: &str, claims: &str) -> String {
    let body = format!("{}.{}", base64(header.as_bytes()), base64(claims.as_bytes()));
    let signature =
        jsonwebtoken::crypto::sign(body.as_bytes(), &EncodingKey::from_secret(SECRET), Algorithm::HS256);
    format!("{body}.{}", signature.expect("a signature"))
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let sextets = bytes.chunks(3).flat_map(|chunk| {
        let bits =
            chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        (0..=chunk.len()).map(move |at| ALPHABET[(bits >> (18 - 6 * at) & 63) as usize] as char)
    });
    sextets.collect()
}

fn refusal(authenticator: &JwtAuthenticator, token: &str) -> Option<TokenError> {
    authenticator.verify(&Secret::from(token), now()).err()
}

fn good() -> Value {
    json!({"sub": "user-1", "exp": NOW + 60, "accounts": ["A"]})
}

#[test]
fn each_key_takes_tokens_of_its_own_algorithm() {
    let rsa = EncodingKey::from_rsa_pem(RSA).expect("a key");
    let ed = EncodingKey::from_ed_pem(ED).expect("a key");
    let cases = [
        (hs256(), shared(&good())),
        (rs256(), signed(Algorithm::RS256, &rsa, &good())),
        (eddsa(), signed(Algorithm::EdDSA, &ed, &good())),
    ];
    for (at, (authenticator, token)) in cases.iter().enumerate() {
        let verified = authenticator.verify(&Secret::from(token.as_str()), now()).expect("a good token");
        assert_eq!(verified.identity.subject(), "user-1");
        assert_eq!(verified.identity.claim("accounts"), Some(&json!(["A"])));
        assert_eq!(verified.expires_at, Some(now() + Duration::from_secs(65)), "with the leeway");
        for (other, (_, token)) in cases.iter().enumerate().filter(|(other, _)| *other != at) {
            assert_eq!(
                refusal(authenticator, token),
                Some(TokenError::Invalid("another algorithm")),
                "{at} {other}"
            );
        }
    }
}

#[test]
fn other_algorithms_and_keys_are_refused() {
    let foreign = EncodingKey::from_rsa_pem(FOREIGN).expect("a key");
    let rsa = EncodingKey::from_rsa_pem(RSA).expect("a key");
    let claims = good().to_string();
    let none = format!("{}.{}.", base64(br#"{"alg":"none","typ":"JWT"}"#), base64(claims.as_bytes()));
    for token in [none.clone(), none.replace("none", "None"), format!("{none}e30")] {
        assert!(refusal(&hs256(), &token).is_some() && refusal(&rs256(), &token).is_some());
    }
    // The public key, which everyone has, as the shared secret of a token that says HS256.
    for secret in [RSA_PUBLIC, RSA_PUBLIC.trim_ascii()] {
        let token = signed(Algorithm::HS256, &EncodingKey::from_secret(secret), &good());
        assert_eq!(refusal(&rs256(), &token), Some(TokenError::Invalid("another algorithm")));
    }
    let foreign = signed(Algorithm::RS256, &foreign, &good());
    assert_eq!(refusal(&rs256(), &foreign), Some(TokenError::Invalid("the signature is another's")));
    for algorithm in [Algorithm::RS384, Algorithm::RS512, Algorithm::PS256] {
        let token = signed(algorithm, &rsa, &good());
        assert_eq!(
            refusal(&rs256(), &token),
            Some(TokenError::Invalid("another algorithm")),
            "{algorithm:?}"
        );
    }
    for algorithm in [Algorithm::HS384, Algorithm::HS512] {
        let token = signed(algorithm, &EncodingKey::from_secret(SECRET), &good());
        assert_eq!(
            refusal(&hs256(), &token),
            Some(TokenError::Invalid("another algorithm")),
            "{algorithm:?}"
        );
    }
    let other =
        signed(Algorithm::HS256, &EncodingKey::from_secret(b"another secret of thirty-two byte"), &good());
    assert_eq!(refusal(&hs256(), &other), Some(TokenError::Invalid("the signature is another's")));
}

#[test]
fn times_are_numbers_and_must_hold() {
    let cases = [
        (json!({"exp": NOW + 60}), None),
        (json!({"exp": NOW as f64 + 0.5}), None),
        (json!({"exp": NOW - 4}), None),
        (json!({"exp": 1e18}), None),
        (json!({"exp": NOW + 60, "nbf": NOW + 5}), None),
        (json!({"exp": NOW - 5}), Some("expired")),
        (json!({"exp": NOW - 3600}), Some("expired")),
        (json!({"exp": 0}), Some("expired")),
        (json!({"exp": NOW + 60, "nbf": NOW + 6}), Some("not valid yet")),
        (json!({}), Some("`exp` is missing")),
        (json!({"exp": -1}), Some("a time is not a number of seconds")),
        (json!({"exp": -1e300}), Some("a time is not a number of seconds")),
        (json!({"exp": u64::MAX}), Some("a time is not a number of seconds")),
        (json!({"exp": 1e300}), Some("a time is not a number of seconds")),
        (json!({"exp": (NOW + 60).to_string()}), Some("a time is not a number of seconds")),
        (json!({"exp": null}), Some("a time is not a number of seconds")),
        (json!({"exp": [NOW + 60]}), Some("not a JSON Web Token")),
        (json!({"exp": NOW + 60, "nbf": "now"}), Some("a time is not a number of seconds")),
        (json!({"exp": NOW + 60, "sub": 7}), Some("`sub` is no string")),
    ];
    for (claims, reason) in cases {
        let refused = refusal(&hs256(), &shared(&claims));
        assert_eq!(refused, reason.map(TokenError::Invalid), "{claims}");
    }
    let strict = hs256().leeway(Duration::ZERO);
    assert_eq!(refusal(&strict, &shared(&json!({"exp": NOW}))), Some(TokenError::Invalid("expired")));
    assert_eq!(refusal(&strict, &shared(&json!({"exp": NOW + 1}))), None);
}

#[test]
fn issuer_and_audience_count_where_they_are_set() {
    let strict = || hs256().issuer("https://id.example").audience("trading");
    let claims = |issuer: Value, audience: Value| json!({"exp": NOW + 60, "iss": issuer, "aud": audience});
    let cases = [
        (claims(json!("https://id.example"), json!("trading")), None),
        (claims(json!("https://id.example"), json!(["chat", "trading"])), None),
        (claims(json!("https://evil.example"), json!("trading")), Some("another issuer")),
        (claims(json!("https://id.example"), json!("chat")), Some("another audience")),
        (claims(json!("https://id.example"), json!([])), Some("another audience")),
        (claims(json!("https://id.example"), json!(7)), Some("a required claim is missing")),
        (claims(json!(7), json!("trading")), Some("a required claim is missing")),
        (json!({"exp": NOW + 60}), Some("a required claim is missing")),
    ];
    for (claims, reason) in cases {
        assert_eq!(refusal(&strict(), &shared(&claims)), reason.map(TokenError::Invalid), "{claims}");
    }
    assert_eq!(refusal(&hs256(), &shared(&claims(json!("anyone"), json!("anything")))), None);
}

#[test]
fn what_is_no_token_is_refused_without_a_panic() {
    let token = shared(&good());
    for end in 0..token.len() {
        assert!(refusal(&hs256(), &token[..end]).is_some(), "truncated at {end}");
    }
    let claims = good().to_string();
    let parts: Vec<&str> = token.split('.').collect();
    let malformed = [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        "a.b.c".to_owned(),
        format!("{token}."),
        format!("{token}.{}", parts[2]),
        format!("{}=.{}.{}", parts[0], parts[1], parts[2]),
        format!("{}.{}.{}", parts[0], base64(br#"{"exp":9999999999}"#), parts[2]),
        raw(r#"{"alg":"HS256","crit":["exp"]}"#, &claims),
        raw(r#"{"alg":"HS256","crit":[]}"#, &claims),
        raw(r#"{"alg":"HS256","crit":["b64"],"b64":false}"#, &claims),
        raw(r#"{"alg":["HS256"]}"#, &claims),
        raw(r#"{"alg":"hs256"}"#, &claims),
        raw(r#"{}"#, &claims),
        raw(r#"[]"#, &claims),
        raw(r#"{"alg":"HS256"}"#, "[]"),
        raw(r#"{"alg":"HS256"}"#, "\"text\""),
        raw(r#"{"alg":"HS256"}"#, r#"{"exp":9999999999,"exp":1}"#),
        raw(r#"{"alg":"HS256"}"#, "{\"exp\":9999999999"),
        raw(r#"{"alg":"HS256"}"#, &"[".repeat(5000)),
    ];
    for token in malformed {
        assert!(refusal(&hs256(), &token).is_some(), "{token}");
    }
    assert_eq!(
        refusal(&hs256(), &raw(r#"{"alg":"HS256"}"#, &claims)),
        None,
        "the helper makes good ones, too"
    );
}

#[test]
fn a_key_that_a_token_brings_is_not_looked_at() {
    let key = json!({"kty": "oct", "k": base64(b"my own secret")});
    let header =
        json!({"alg": "HS256", "jwk": key, "jku": "https://evil.example/keys", "kid": "../../dev/null"});
    let body = format!("{}.{}", base64(header.to_string().as_bytes()), base64(good().to_string().as_bytes()));
    let own = EncodingKey::from_secret(b"my own secret");
    let signature = jsonwebtoken::crypto::sign(body.as_bytes(), &own, Algorithm::HS256).expect("a signature");
    assert!(refusal(&hs256(), &format!("{body}.{signature}")).is_some());
}

#[test]
fn private_keys_and_other_files_are_no_public_keys() {
    for pem in
        [RSA, ED, b"".as_slice(), b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", SECRET]
    {
        assert!(JwtAuthenticator::from_public_key_pem(pem).is_none());
    }
}

#[test]
fn neither_keys_nor_claims_show_themselves() {
    let verified = hs256().verify(&Secret::from(shared(&good()).as_str()), now()).expect("a good token");
    let shown = format!("{:?} {verified:?}", hs256());
    assert!(
        !shown.contains("secret of") && !shown.contains("accounts") && shown.contains("user-1"),
        "{shown}"
    );
}
