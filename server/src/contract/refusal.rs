//! Why a service says no.

use std::fmt;

use serde::Serialize;

use crate::protocol::encode::Failure;
use crate::protocol::{ErrorCode, Fault, Faults, Retry, json};

/// Why a service says no: what the reply to one request carries.
///
/// ```
/// use bellwire::contract::{Refusal, Retry};
///
/// let refusal = Refusal::new("market-closed", "The market opens at 09:30").retry(Retry::Later);
/// assert_eq!(refusal.code(), "market-closed");
/// ```
#[derive(Debug, Clone)]
pub struct Refusal {
    code: String,
    message: String,
    retry: Retry,
    errors: Vec<Fault>,
    details: Option<String>,
}

impl Refusal {
    /// A refusal with a code of the document's (or the framework's) and a message for a person. It is not to be
    /// tried again unless [`Refusal::retry`] says otherwise.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        let (code, message) = (code.into(), message.into());
        Self { code, message, retry: Retry::Never, errors: Vec::new(), details: None }
    }

    /// The caller may not do this.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::framework(ErrorCode::Forbidden, message)
    }

    /// The operation needs an identity.
    pub fn not_authenticated(message: impl Into<String>) -> Self {
        Self::framework(ErrorCode::NotAuthenticated, message)
    }

    /// The service failed through no fault of the caller's.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::framework(ErrorCode::Internal, message)
    }

    /// What the client should do next; never by default.
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Adds the declared details. Details that cannot be written as JSON are left out.
    #[must_use]
    pub fn details<T: Serialize + ?Sized>(mut self, details: &T) -> Self {
        self.details = json::to_string(details).ok();
        self
    }

    /// Names a member of the payload and what is wrong with it.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        self.errors.push(Fault::new(pointer, "refused", message));
        self
    }

    /// The code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The message.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What the client should do next.
    pub fn retry_class(&self) -> Retry {
        self.retry
    }

    /// The members named with [`Refusal::at`].
    pub fn errors(&self) -> &[Fault] {
        &self.errors
    }

    /// The refusal as it is written.
    pub(crate) fn failure(&self) -> Failure<'_> {
        Failure {
            code: &self.code,
            message: &self.message,
            retry: self.retry,
            errors: &self.errors,
            details: self.details.as_deref(),
        }
    }

    pub(crate) fn framework(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::new(code.as_str(), message).retry(code.retry())
    }
}

impl From<Faults> for Refusal {
    fn from(faults: Faults) -> Self {
        let mut refusal = Self::framework(ErrorCode::InvalidPayload, faults.summary());
        refusal.errors = faults.as_slice().to_vec();
        refusal
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Refusal {}
