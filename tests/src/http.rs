//! Plain HTTP requests, blocking, any status an answer.

use std::time::Duration;

use serde_json::Value;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `content-type`, or nothing.
    pub content_type: String,
    /// `access-control-allow-origin`: whose pages may read this.
    pub allowed_origin: Option<String>,
    /// The body.
    pub bytes: Vec<u8>,
    /// The body as text, with replacement characters where it is none.
    pub body: String,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(20)))
        .build();
    ureq::Agent::new_with_config(config)
}

/// `GET`.
///
/// # Panics
/// When nobody answers.
#[must_use]
pub fn get(url: &str) -> Answer {
    let response = agent().get(url).call().unwrap_or_else(|error| panic!("GET {url}: {error}"));
    answer(response)
}

/// `GET` by a page of this origin.
///
/// # Panics
/// When nobody answers.
#[must_use]
pub fn get_from(url: &str, origin: &str) -> Answer {
    let response = agent().get(url).header("origin", origin).call();
    answer(response.unwrap_or_else(|error| panic!("GET {url}: {error}")))
}

/// `GET` with a bearer token.
///
/// # Panics
/// When nobody answers.
#[must_use]
pub fn get_as(url: &str, token: &str) -> Answer {
    let response = agent().get(url).header("authorization", format!("Bearer {token}")).call();
    answer(response.unwrap_or_else(|error| panic!("GET {url}: {error}")))
}

/// `POST` of JSON text, with a bearer token where one is given.
///
/// # Panics
/// When nobody answers.
#[must_use]
pub fn post(url: &str, token: Option<&str>, body: &str) -> Answer {
    let mut request = agent().post(url).header("content-type", "application/json");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    answer(request.send(body).unwrap_or_else(|error| panic!("POST {url}: {error}")))
}

fn answer(mut response: ureq::http::Response<ureq::Body>) -> Answer {
    let header = |name: &str| {
        let value = response.headers().get(name).and_then(|value| value.to_str().ok());
        value.map(str::to_owned)
    };
    let content_type = header("content-type").unwrap_or_default();
    let allowed_origin = header("access-control-allow-origin");
    let status = response.status().as_u16();
    let bytes = response.body_mut().read_to_vec().expect("a readable body");
    let body = String::from_utf8_lossy(&bytes).into_owned();
    Answer { status, content_type, allowed_origin, bytes, body }
}
