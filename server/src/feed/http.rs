//! A request over HTTP before the socket: providers that hand out sessions that way.

use std::time::Duration;

use super::FeedError;

/// Most bytes of an answer.
const ANSWER_LIMIT: u64 = 64 * 1024;

/// Asks for a session over HTTP and takes a member of the JSON answer.
#[derive(Clone)]
pub struct HttpStep {
    url: String,
    headers: Vec<(String, String)>,
    body: String,
    pointer: String,
    tries: u32,
    pause: Duration,
    timeout: Duration,
}

impl HttpStep {
    /// `POST url`; the session is the string at `pointer` (`/stream/sessionid`) of the answer. 3 tries, 1 s apart, 5 s each.
    #[must_use]
    pub fn post(url: impl Into<String>, pointer: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            headers: Vec::new(),
            body: String::new(),
            pointer: pointer.into(),
            tries: 3,
            pause: Duration::from_secs(1),
            timeout: Duration::from_secs(5),
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The body to send; empty where none is given.
    #[must_use]
    pub fn body(mut self, body: impl Into<String>) -> Self {
        self.body = body.into();
        self
    }

    /// How often to try, and how long to wait between.
    #[must_use]
    pub fn tries(mut self, tries: u32, pause: Duration) -> Self {
        (self.tries, self.pause) = (tries.max(1), pause);
        self
    }

    /// Asks until there is a session or the tries are over. A refusal (401, 403) is final at once.
    pub(super) async fn session(&self) -> Result<String, FeedError> {
        let mut tried = 0;
        loop {
            tried += 1;
            let step = self.clone();
            let result = tokio::task::spawn_blocking(move || step.ask())
                .await
                .unwrap_or_else(|error| Err(FeedError::Unavailable(error.to_string())));
            match result {
                Ok(session) => return Ok(session),
                Err(error @ (FeedError::Refused(_) | FeedError::TokenExpired)) => return Err(error),
                Err(error) if tried >= self.tries => return Err(error),
                Err(_) => tokio::time::sleep(self.pause).await,
            }
        }
    }

    fn ask(&self) -> Result<String, FeedError> {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .timeout_global(Some(self.timeout))
            .http_status_as_error(false)
            .build()
            .into();
        let mut request = agent.post(&self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let mut response = request.send(self.body.as_str()).map_err(unavailable)?;
        let status = response.status().as_u16();
        match status {
            200..=299 => {}
            401 => return Err(FeedError::TokenExpired),
            403 => return Err(FeedError::Refused(format!("the session request got HTTP {status}"))),
            _ => return Err(FeedError::Unavailable(format!("the session request got HTTP {status}"))),
        }
        let text =
            response.body_mut().with_config().limit(ANSWER_LIMIT).read_to_string().map_err(unavailable)?;
        let answer: serde_json::Value = serde_json::from_str(&text)
            .map_err(|error| FeedError::Unavailable(format!("the session answer is no JSON: {error}")))?;
        let session = answer.pointer(&self.pointer).and_then(|member| member.as_str());
        session.map(str::to_owned).ok_or_else(|| {
            FeedError::Unavailable(format!("the session answer has no string at `{}`", self.pointer))
        })
    }
}

/// The causes ureq names hold no header, and its URLs are the operator's own; queries are left out all the same.
#[expect(clippy::needless_pass_by_value, reason = "used with map_err")]
fn unavailable(error: ureq::Error) -> FeedError {
    let text = error.to_string();
    FeedError::Unavailable(text.split('?').next().unwrap_or_default().to_owned())
}

impl std::fmt::Debug for HttpStep {
    /// Headers and body carry tokens.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("HttpStep").field("url", &self.url).finish_non_exhaustive()
    }
}
