//! Answers: bounded in time, safe from panics, counted, written as frames.

use std::cell::Cell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll};

use futures_util::FutureExt;
use tokio::time::{Instant, timeout};

use super::{Connection, Finished, Served};
use crate::contract::Refusal;
use crate::contract::erased::{Answer, BoxFuture};
use crate::protocol::{ErrorCode, Fault, encode};

/// A thread keeps no more room than this for writing replies.
const TEXT_LIMIT: usize = 64 * 1024;

thread_local! {
    static TEXT: Cell<String> = const { Cell::new(String::new()) };
}

/// The answer to one message.
pub(super) struct Reply {
    /// The message's `type`.
    pub(super) kind: &'static str,
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
        Ok(Err(_)) => Err(panicked()),
        Err(_) => {
            tracing::warn!("the service did not answer in time");
            let message = "The service did not answer in time";
            Err(Refusal::framework(ErrorCode::RequestTimeout, message))
        }
    }
}

/// Waits for a service, but not once the server is about to stop.
pub(super) async fn unless_stopped<T>(served: &Served, service: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        answer = service => Some(answer),
        () = served.node.shared().shutdown.begun() => None,
    }
}

fn panicked() -> Refusal {
    tracing::error!("the service panicked");
    Refusal::internal("The service failed")
}

/// Asks a service once, without waiting; `None` where it needs time.
fn ask_once<T>(service: &mut BoxFuture<T>, context: &mut Context<'_>) -> Option<Result<T, Refusal>> {
    match catch_unwind(AssertUnwindSafe(|| service.as_mut().poll(context))) {
        Ok(Poll::Ready(answer)) => Some(Ok(answer)),
        Ok(Poll::Pending) => None,
        Err(_) => Some(Err(panicked())),
    }
}

impl Connection {
    /// Asks a service: goes on at once where it answers at once, else when it has.
    pub(super) fn ask<T: 'static>(
        &mut self,
        mut service: BoxFuture<T>,
        then: impl FnOnce(Result<T, Refusal>) -> Finished + Send + 'static,
    ) {
        if let Some(answer) = ask_once(&mut service, &mut Context::from_waker(&self.waker)) {
            return self.on_finished(then(answer));
        }
        let served = self.served.clone();
        self.in_flight.push(Box::pin(async move { then(guarded(&served, service).await) }));
    }

    /// Answers a request: [`Connection::ask`] without a copy of the id where the service answers at once.
    pub(super) fn answer(&mut self, kind: &'static str, id: Option<&str>, mut answer: Answer, now: Instant) {
        if let Some(result) = ask_once(&mut answer, &mut Context::from_waker(&self.waker)) {
            self.answered += 1;
            return self.send_result(kind, id, &result.and_then(|result| result));
        }
        let (served, id) = (self.served.clone(), id.map(str::to_owned));
        self.in_flight.push(Box::pin(async move {
            let result = guarded(&served, answer).await.and_then(|result| result);
            Finished::Reply(Reply { kind, id, result, started: now, is_frame: false })
        }));
    }

    /// Sends the answer to a request or an explicit operation that took its time.
    pub(super) fn send_reply(&self, reply: &Reply) {
        let metrics = &self.served.node.shared().metrics;
        let durations = if reply.is_frame { &metrics.operations } else { &metrics.requests };
        durations.observe(reply.started.elapsed(), 1);
        match &reply.result {
            result if !reply.is_frame => self.send_result(reply.kind, reply.id.as_deref(), result),
            Ok(Some(frame)) => self.outbound.control(frame.as_bytes()),
            Ok(None) => {}
            Err(refusal) => self.send_error(reply.id.as_deref(), refusal),
        }
    }

    fn send_result(&self, kind: &str, id: Option<&str>, result: &Result<Option<String>, Refusal>) {
        match result {
            Ok(result) => {
                self.respond_with(kind, id, |out| encode::request_reply(out, result.as_deref()));
            }
            Err(refusal) => self.refuse(kind, id, refusal),
        }
    }

    /// Sends `<kind>.response`.
    pub(super) fn respond(&self, kind: &str, id: Option<&str>, payload: &str) {
        self.respond_with(kind, id, |out| out.push_str(payload));
    }

    /// The same; nothing at all, where nobody wants to know.
    pub(super) fn respond_with(&self, kind: &str, id: Option<&str>, payload: impl FnOnce(&mut String)) {
        if id.is_none() && self.served.is_notification(kind) {
            return;
        }
        self.send_written(|text| self.served.writer().response(text, kind, id, payload));
    }

    /// Sends what is written into the thread's room for it.
    pub(super) fn send_written(&self, write: impl FnOnce(&mut String)) {
        let mut text = TEXT.take();
        write(&mut text);
        self.outbound.control(text.as_bytes());
        if text.capacity() <= TEXT_LIMIT {
            text.clear();
            TEXT.set(text);
        }
    }

    /// Answers a message of a known type with a failure.
    pub(super) fn refuse(&self, kind: &str, id: Option<&str>, refusal: &Refusal) {
        self.served.node.shared().metrics.reply_error(refusal.code());
        self.respond(kind, id, &refusal.failure().reply());
    }

    /// Answers a message that cannot be matched to a type.
    pub(super) fn send_error(&self, id: Option<&str>, refusal: &Refusal) {
        self.served.node.shared().metrics.reply_error(refusal.code());
        self.outbound.control(&self.served.writer().frame("error", id, Some(&refusal.failure().error())));
    }
}

/// A fault as the reason of a close ends: `/symbol is required`.
pub(super) fn reason_of(fault: &Fault) -> String {
    let place = if fault.pointer.is_empty() { "payload" } else { &fault.pointer };
    format!("{place} {}", fault.message)
}
