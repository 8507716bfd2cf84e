//! Before a connection is served: who the client is, by the token of its handshake or by its first message.
//!
//! A client that nobody knows yet gets nothing but answers to what it says about itself: it is in no audience, holds no
//! topic, and its time is short.

use std::future::poll_fn;
use std::ops::ControlFlow;
use std::task::Poll;

use tokio::time::Instant;

use super::credentials::{AUTHENTICATE, NotTaken, deadline, verify};
use super::replies::unless_stopped;
use super::transport::{Host, Transport};
use super::{Connection, Ended};
use crate::auth::Carried;
use crate::contract::Refusal;
use crate::protocol::{Close, CloseCondition, ErrorCode, Frame, NoFrame};

impl Connection {
    /// Finds out who the client is; how the connection ended where it may not stay.
    pub(super) async fn admit(
        &mut self,
        transport: &mut Transport,
        carried: Carried,
    ) -> Result<(), Option<Ended>> {
        let served = self.served.clone();
        if !matches!(carried, Carried::Nothing) {
            let Some(verified) = unless_stopped(&served, verify(&served, carried)).await else {
                return Err(Some(Ended::ByUs(self.announce_stop())));
            };
            let verified = verified.map_err(|NotTaken(condition)| Some(self.end(condition)))?;
            let now = Instant::now();
            self.know(verified.identity, deadline(verified.expires_at, now), now);
            // Nothing was read meanwhile.
            self.pulse.activity(now);
            return Ok(());
        }
        if served.guard.admits_anonymous() {
            served.guard.anonymous_came(self.caller.endpoint());
            return Ok(());
        }
        let Some(patience) = served.guard.patience() else {
            return Err(Some(self.end(CloseCondition::Unauthenticated)));
        };
        self.credentials.wait_until(Instant::now() + patience);
        poll_fn(|context| match self.poll_ended(transport, context) {
            Poll::Ready(ended) => Poll::Ready(Err(ended)),
            Poll::Pending if self.credentials.is_waiting() => Poll::Pending,
            Poll::Pending => Poll::Ready(Ok(())),
        })
        .await
    }

    /// Serves a message of a client that nobody knows yet.
    pub(super) fn on_text_of_nobody(
        &mut self,
        frame: &Result<Frame<'_>, NoFrame<'_>>,
        now: Instant,
    ) -> ControlFlow<Close> {
        let Ok(frame) = frame else {
            return ControlFlow::Break(self.served.close(CloseCondition::Unauthenticated));
        };
        if frame.kind == AUTHENTICATE {
            self.valid_message(now);
            return self.authenticate(frame);
        }
        if frame.kind == "ping" {
            self.valid_message(now);
            self.outbound.control(&self.served.writer().frame("pong", frame.id, None));
            return ControlFlow::Continue(());
        }
        let refusal = Refusal::framework(ErrorCode::NotAuthenticated, "Authentication required");
        if self.served.action(&frame.kind).is_some() {
            self.refuse(&frame.kind, frame.id, &refusal);
        } else {
            self.send_error(frame.id, &refusal);
        }
        ControlFlow::Continue(())
    }
}
