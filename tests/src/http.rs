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
    /// The body as text.
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
    let header = response.headers().get("content-type").and_then(|value| value.to_str().ok());
    let content_type = header.unwrap_or_default().to_owned();
    let status = response.status().as_u16();
    Answer { status, content_type, body: response.body_mut().read_to_string().expect("a readable body") }
}
