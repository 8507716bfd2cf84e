//! The token that the upstream wants: a fixed one, or one in a file that is read before each connection, so that a new
//! one needs no restart.

use std::path::{Path, PathBuf};

use anyhow::Context;
use bellwire::feed::{FeedError, WebSocketProvider};
use serde_json::Value;

/// Where the token is from.
#[derive(Clone)]
pub(crate) enum Token {
    /// There is none.
    None,
    Fixed(String),
    File(PathBuf),
}

impl Token {
    /// From what the operator set; a file that cannot be read is told at once.
    pub(crate) fn new(fixed: &str, file: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = file else {
            return Ok(if fixed.is_empty() { Self::None } else { Self::Fixed(fixed.to_owned()) });
        };
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        token_of(&text).with_context(|| format!("{} holds no readable token", path.display()))?;
        Ok(Self::File(path.to_owned()))
    }

    /// The provider, with the token among its headers.
    pub(crate) fn authorize(&self, provider: WebSocketProvider) -> WebSocketProvider {
        match self {
            Self::None => provider,
            Self::Fixed(token) => provider.header("authorization", bearer(token)),
            Self::File(path) => {
                let path = path.clone();
                provider.header_from("authorization", move || read(path.clone()))
            }
        }
    }
}

async fn read(path: PathBuf) -> Result<String, FeedError> {
    let text = tokio::fs::read_to_string(path).await;
    let text = text.map_err(|error| FeedError::Refused(format!("cannot read the token file: {error}")))?;
    token_of(&text)
        .map(|token| bearer(&token))
        .ok_or_else(|| FeedError::Refused("the token file holds no readable token".to_owned()))
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// The member `access_token`, as brokers' tools write it, or a string where the text is JSON; else the text without
/// what surrounds it. Half-written JSON is no token, nor is anything of several words or lines.
fn token_of(text: &str) -> Option<String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim();
    let token = if text.starts_with(['{', '"']) {
        match serde_json::from_str(text).ok()? {
            Value::String(token) => token,
            Value::Object(members) => members.get("access_token")?.as_str()?.to_owned(),
            _ => return None,
        }
    } else {
        text.to_owned()
    };
    let usable = |part: char| !part.is_whitespace() && !part.is_control();
    Some(token).filter(|token| !token.is_empty() && token.chars().all(usable))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_text_or_a_member_of_json() {
        for (text, want) in [
            ("abc\n", Some("abc")),
            ("123", Some("123")),
            (r#"{"access_token":"abc","expires":1}"#, Some("abc")),
            (r#"{"token":"abc"}"#, None),
            (r#"{"access_token":7}"#, None),
            (" \n", None),
            ("\u{feff}abc\r\n", Some("abc")),
            ("\u{feff}{\"access_token\":\"abc\"}", Some("abc")),
            ("\"abc\"\n", Some("abc")),
            // Neither half a document nor what no header may carry is sent.
            (r#"{"access_token":"abc""#, None),
            (r#""abc"#, None),
            (r#"{"access_token":"a bc"}"#, None),
            (r#"{"access_token":"abc\n"}"#, None),
            ("abc\ndef", None),
            ("a\u{0}bc", None),
        ] {
            assert_eq!(token_of(text).as_deref(), want, "{text:?}");
        }
    }
}
