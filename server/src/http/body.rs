//! Bodies of requests: bounded in size, and in the time they may take to arrive.

use std::error::Error as _;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use tokio::time::timeout;

use super::failure;
use crate::protocol::encode::Failure;
use crate::protocol::{ErrorCode, Retry};

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoBody {
    /// It is longer than this.
    TooLong(usize),
    /// It did not arrive in time.
    TooLate,
    /// It is not what its head announced, or its sender has gone.
    Broken,
}

/// Reads a body of at most so many bytes, within this time.
pub(super) async fn read(body: Body, limit: usize, patience: Duration) -> Result<Bytes, NoBody> {
    match timeout(patience, to_bytes(body, limit)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_broken(&error) => Err(NoBody::Broken),
        Ok(Err(_)) => Err(NoBody::TooLong(limit)),
        Err(_) => Err(NoBody::TooLate),
    }
}

/// Whether it was the reading of a body that failed, not its length.
fn is_broken(error: &axum::Error) -> bool {
    let mut causes = std::iter::successors(error.source(), |cause| (**cause).source());
    causes.any(|cause| cause.is::<hyper::Error>())
}

impl NoBody {
    /// The code of the failure.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::TooLong(_) => "message-too-big",
            Self::TooLate => ErrorCode::RequestTimeout.as_str(),
            Self::Broken => ErrorCode::InvalidJson.as_str(),
        }
    }

    /// The answer to the request.
    pub(super) fn answer(self) -> Response {
        match self {
            Self::TooLong(limit) => {
                let message = format!("At most {limit} bytes");
                let (code, retry) = (self.code(), Retry::Never);
                let refused = Failure { code, message: &message, retry, errors: &[], details: None };
                failure(StatusCode::PAYLOAD_TOO_LARGE, &refused)
            }
            Self::Broken => {
                let refused = Failure::framework(ErrorCode::InvalidJson, "The body broke off");
                failure(StatusCode::BAD_REQUEST, &refused)
            }
            Self::TooLate => {
                let refused =
                    Failure::framework(ErrorCode::RequestTimeout, "The body did not arrive in time");
                let mut answer = failure(StatusCode::REQUEST_TIMEOUT, &refused);
                // What still comes of it is no request.
                answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                answer
            }
        }
    }
}
