//! Which web pages may connect.
//!
//! A browser sends a user's cookies with every socket any page opens, so a server must not answer them all. What has
//! no `Origin` is no browser and passes.

use axum::http::{HeaderMap, Uri, header};

/// Which web pages may connect.
#[derive(Debug, Clone)]
pub(crate) struct OriginPolicy {
    allowed: Vec<String>,
}

impl OriginPolicy {
    /// The listed origins, `*` for all. An empty list allows the server's own origin, and pages on loopback to a
    /// server on loopback, whatever their ports: a development server and the API it talks to.
    pub(crate) fn new(allowed: Vec<String>) -> Self {
        let clean = |origin: String| origin.trim().trim_end_matches('/').to_ascii_lowercase();
        Self { allowed: allowed.into_iter().map(clean).collect() }
    }

    /// Whether every origin was allowed by name of `*`.
    pub(crate) fn allows_all(&self) -> bool {
        self.allowed.iter().any(|allowed| allowed == "*")
    }

    pub(crate) fn allows(&self, headers: &HeaderMap) -> bool {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        if !headers.contains_key(header::ORIGIN) {
            return true;
        }
        let Some(origin) = text(header::ORIGIN).map(str::to_ascii_lowercase) else { return false };
        if !self.allowed.is_empty() {
            return self.allows_all() || self.allowed.contains(&origin);
        }
        let Some(host) = text(header::HOST).map(str::to_ascii_lowercase) else { return false };
        let Some(authority) = origin.split_once("://").map(|(_, authority)| authority) else { return false };
        authority == host || (is_loopback(authority) && is_loopback(&host))
    }
}

fn is_loopback(authority: &str) -> bool {
    let Ok(uri) = authority.parse::<Uri>() else { return false };
    uri.host().is_some_and(|host| {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(allowed: &[&str], origin: Option<&str>, host: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().expect("a header"));
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().expect("a header"));
        }
        OriginPolicy::new(allowed.iter().map(ToString::to_string).collect()).allows(&headers)
    }

    #[test]
    fn by_default_the_own_origin_and_loopback_to_loopback() {
        assert!(allows(&[], None, "api.example"));
        assert!(allows(&[], Some("https://api.example"), "api.example"));
        assert!(allows(&[], Some("http://localhost:5173"), "127.0.0.1:8000"));
        assert!(allows(&[], Some("http://[::1]:5173"), "localhost:8000"));
        assert!(!allows(&[], Some("http://localhost:5173"), "api.example"));
        assert!(!allows(&[], Some("https://evil.example"), "localhost:8000"));
        assert!(!allows(&[], Some("https://localhost.evil.example"), "localhost:8000"));
        assert!(!allows(&[], Some("https://localhost@evil.example"), "localhost:8000"));
        assert!(!allows(&[], Some("null"), "localhost:8000"));
    }

    #[test]
    fn a_list_is_the_whole_list() {
        let list = ["https://app.example/", "null"];
        assert!(allows(&list, Some("https://APP.example"), "api.example"));
        assert!(allows(&list, Some("null"), "api.example"));
        assert!(!allows(&list, Some("https://api.example"), "api.example"));
        assert!(allows(&["*"], Some("https://evil.example"), "api.example"));
    }
}
