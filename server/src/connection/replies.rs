//! Answers: bounded in time, safe from panics, counted, written as frames.

use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use tokio::time::{Instant, timeout};

use super::{Connection, Served};
use crate::contract::Refusal;
use crate::protocol::{ErrorCode, Fault, encode};

/// The answer to one message.
pub(super) struct Reply {
    /// The message's `type`.
    pub(super) kind: String,
    /// The message's id, as it was written.
    pub(super) id: Option<String>,
    /// The service's answer as JSON text, or why there is none.
    pub(super) result: Result<Option<String>, Refusal>,
    /// When the message came.
    pub(super) started: Instant,
    /// The answer is a whole frame (explicit operations) instead of a result.
    pub(super) is_frame: bool,
}

/// Waits for a service: not for ever, and not beyond its panic.
pub(crate) async fn guarded<T>(served: &Served, service: impl Future<Output = T>) -> Result<T, Refusal> {
    let caught = AssertUnwindSafe(service).catch_unwind();
    match timeout(served.options.request_timeout, caught).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) => {
            tracing::error!("the service panicked");
            Err(Refusal::internal("The service failed"))
        }
        Err(_) => {
            tracing::warn!("the service did not answer in time");
            let message = "The service did not answer in time";
            Err(Refusal::framework(ErrorCode::RequestTimeout, message))
        }
    }
}

impl Connection {
    /// Sends the answer to a request.
    pub(super) fn send_reply(&self, reply: &Reply) {
        let metrics = &self.served.node.shared().metrics;
        let command = if reply.is_frame { "operation" } else { "request" };
        metrics.command(command, reply.started.elapsed().as_secs_f64());
        match &reply.result {
            Ok(Some(frame)) if reply.is_frame => self.outbound.control(frame.clone().into()),
            Ok(None) if reply.is_frame => {}
            Ok(result) => {
                let payload = encode::request_reply(result.as_deref());
                self.respond(&reply.kind, reply.id.as_deref(), &payload);
            }
            Err(refusal) if reply.is_frame => self.send_error(reply.id.as_deref(), refusal),
            Err(refusal) => self.refuse(&reply.kind, reply.id.as_deref(), refusal),
        }
    }

    /// Sends `<kind>.response`.
    pub(super) fn respond(&self, kind: &str, id: Option<&str>, payload: &str) {
        self.outbound.control(encode::frame(&format!("{kind}.response"), id, Some(payload)));
    }

    /// Answers a message of a known type with a failure.
    pub(super) fn refuse(&self, kind: &str, id: Option<&str>, refusal: &Refusal) {
        self.served.node.shared().metrics.reply_error(refusal.code());
        self.respond(kind, id, &failure_of(refusal).reply());
    }

    /// Answers a message that cannot be matched to a type.
    pub(super) fn send_error(&self, id: Option<&str>, refusal: &Refusal) {
        self.served.node.shared().metrics.reply_error(refusal.code());
        self.outbound.control(encode::frame("error", id, Some(&failure_of(refusal).error())));
    }
}

fn failure_of(refusal: &Refusal) -> encode::Failure<'_> {
    encode::Failure {
        code: refusal.code(),
        message: refusal.message(),
        retry: refusal.retry_class(),
        errors: refusal.errors(),
        details: refusal.details_json(),
    }
}

/// A fault as the reason of a close ends: `/symbol is required`.
pub(super) fn reason_of(fault: &Fault) -> String {
    let place = if fault.pointer.is_empty() { "payload" } else { &fault.pointer };
    format!("{place} {}", fault.message)
}
