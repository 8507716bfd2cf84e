//! Where a request carries its token: the query, a bearer header, or a subprotocol beside the real one.

use axum::extract::Query;
use axum::http::{HeaderMap, HeaderValue, Uri, header};

use crate::config::Secret;

/// A subprotocol that begins so is a token, not a protocol: browsers can set no other header on a handshake.
const SUBPROTOCOL_PREFIX: &str = "bellwire.bearer.";

/// What a request says about its sender.
#[derive(Debug)]
pub(crate) enum Carried {
    /// Nothing.
    Nothing,
    /// A token.
    Token(Secret),
    /// Something that cannot be a token.
    Unusable(&'static str),
}

/// Whether an offered subprotocol is a token in disguise.
pub(crate) fn is_bearer_subprotocol(name: &str) -> bool {
    name.starts_with(SUBPROTOCOL_PREFIX)
}

impl Carried {
    /// The token of a request; `parameter` is its name in the query. More than one is none: a request that names two
    /// callers could be read differently by whoever stands in between.
    pub(crate) fn by(parameter: &str, uri: &Uri, headers: &HeaderMap) -> Self {
        let mut found = in_query(parameter, uri);
        found.extend(in_headers(headers));
        found.extend(in_subprotocols(headers));
        match (found.pop(), found.is_empty()) {
            (None, _) => Self::Nothing,
            (Some(token), true) => Self::of(token.as_deref()),
            (Some(_), false) => Self::Unusable("more than one token"),
        }
    }

    /// A token as it was written; `None` is one that is no text.
    pub(crate) fn of(token: Option<&str>) -> Self {
        match token {
            Some("") => Self::Unusable("an empty token"),
            Some(token) if token.bytes().all(|byte| byte.is_ascii_graphic()) => Self::Token(token.into()),
            _ => Self::Unusable("not printable ASCII"),
        }
    }
}

fn in_query(parameter: &str, uri: &Uri) -> Vec<Option<String>> {
    // Bytes that are no UTF-8 become replacement characters, which are no ASCII.
    let Ok(Query(pairs)) = Query::<Vec<(String, String)>>::try_from_uri(uri) else { return vec![None] };
    pairs.into_iter().filter(|(name, _)| name == parameter).map(|(_, value)| Some(value)).collect()
}

fn in_headers(headers: &HeaderMap) -> impl Iterator<Item = Option<String>> {
    bearer_tokens(headers).map(|token| text(token.trim_ascii()))
}

/// What stands behind `Bearer` in the headers of a request, as it was written.
pub(crate) fn bearer_tokens(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    headers.get_all(header::AUTHORIZATION).iter().filter_map(|value| {
        let (scheme, token) = value.as_bytes().split_at_checked(7)?;
        scheme.eq_ignore_ascii_case(b"bearer ").then_some(token)
    })
}

fn in_subprotocols(headers: &HeaderMap) -> impl Iterator<Item = Option<String>> {
    let values = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().map(HeaderValue::as_bytes);
    values
        .flat_map(|value| value.split(|byte| *byte == b','))
        .filter_map(|name| name.trim_ascii().strip_prefix(SUBPROTOCOL_PREFIX.as_bytes()).map(text))
}

fn text(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn carried(uri: &str, headers: &[(HeaderName, &[u8])]) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, HeaderValue::from_bytes(value).expect("a header value"));
        }
        match Carried::by("token", &uri.parse().expect("an address"), &map) {
            Carried::Nothing => "nothing".to_owned(),
            Carried::Token(token) => token.expose().to_owned(),
            Carried::Unusable(reason) => format!("unusable: {reason}"),
        }
    }

    #[test]
    fn finds_the_token_in_each_place() {
        let (bearer, protocol) = (header::AUTHORIZATION, header::SEC_WEBSOCKET_PROTOCOL);
        assert_eq!(carried("/ws", &[]), "nothing");
        assert_eq!(carried("/ws?other=1", &[]), "nothing");
        assert_eq!(carried("/ws?token=a.b.c&other=1", &[]), "a.b.c");
        assert_eq!(carried("/ws?to%6ben=a%2Eb", &[]), "a.b");
        assert_eq!(carried("/ws", &[(bearer.clone(), b"Bearer a.b.c")]), "a.b.c");
        assert_eq!(carried("/ws", &[(bearer.clone(), b"bEARER  a.b.c ")]), "a.b.c");
        assert_eq!(carried("/ws", &[(bearer, b"Basic dXNlcjpwYXNz")]), "nothing", "a proxy's, not ours");
        let offered: &[u8] = b"bellwire.json.v1, bellwire.bearer.a.b.c";
        assert_eq!(carried("/ws", &[(protocol, offered)]), "a.b.c");
    }

    #[test]
    fn what_is_no_single_token_is_unusable() {
        let (bearer, protocol) = (header::AUTHORIZATION, header::SEC_WEBSOCKET_PROTOCOL);
        let twice = "unusable: more than one token";
        assert_eq!(carried("/ws?token=a&token=a", &[]), twice);
        assert_eq!(carried("/ws?token=a", &[(bearer.clone(), b"Bearer a")]), twice);
        assert_eq!(carried("/ws?token=a", &[(protocol.clone(), b"bellwire.bearer.a")]), twice);
        assert_eq!(carried("/ws", &[(bearer.clone(), b"Bearer a"), (bearer.clone(), b"Bearer b")]), twice);
        let ascii = "unusable: not printable ASCII";
        assert_eq!(carried("/ws?token=%ff", &[]), ascii);
        assert_eq!(carried("/ws?token=a%00b", &[]), ascii);
        assert_eq!(carried("/ws?token=%F0%9F%94%91", &[]), ascii);
        assert_eq!(carried("/ws", &[(bearer.clone(), b"Bearer \xff\xfe")]), ascii);
        assert_eq!(carried("/ws", &[(bearer.clone(), b"Bearer a b")]), ascii);
        let empty = "unusable: an empty token";
        assert_eq!(carried("/ws?token=", &[]), empty);
        assert_eq!(carried("/ws", &[(bearer, b"Bearer  ")]), empty);
        assert_eq!(carried("/ws", &[(protocol, b"bellwire.bearer.")]), empty);
    }
}
