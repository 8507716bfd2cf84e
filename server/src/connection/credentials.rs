//! The client's token while it is connected: how long it holds, and how another one takes its place.
//!
//! The clocks are pure; what they bring about is done by the connection. While a token is looked at nothing further is
//! read, so that what a client sends behind its token is served under it.

use std::ops::ControlFlow;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};
use tokio::time::Instant;

use super::replies::guarded;
use super::topics::{Command, Verb};
use super::{Connection, Finished, Served};
use crate::auth::{Carried, TokenError, Verified, check_access};
use crate::contract::{Identity, Refusal};
use crate::protocol::{Close, CloseCondition, Fault, Faults, Frame, encode};

/// Type of the message that brings a token.
pub(super) const AUTHENTICATE: &str = "authenticate";
/// How long before its token expires a client is told, at most.
const NOTICE: Duration = Duration::from_secs(15);

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing yet.
    Nothing,
    /// The client should be told that its token is about to expire.
    Notice,
    /// The connection ends: the token has expired, was refused, or never came.
    End(CloseCondition),
}

/// The clocks of a token, where anybody asks for one.
#[derive(Debug, Default)]
pub(super) struct Credentials(Option<Box<Clocks>>);

#[derive(Debug, Default)]
struct Clocks {
    expires: Option<Instant>,
    notice: Option<Instant>,
    /// A token is being looked at.
    is_checking: bool,
    /// Nobody knows the client yet: until when it may say who it is.
    waiting: Option<Instant>,
    /// Its token was not taken.
    refused: Option<(Instant, CloseCondition)>,
}

impl Clocks {
    /// When a client that nobody knows has to have said who it is. One that has is waited for no longer: how long its token
    /// is looked at is not up to it.
    fn patience_ends(&self) -> Option<Instant> {
        self.waiting.filter(|_| !self.is_checking)
    }
}

impl Credentials {
    /// Of a token that expires then; told of it at four fifths of its time, or shortly before where that is later.
    pub(super) fn new(expires: Option<Instant>, now: Instant) -> Self {
        let lead = |expires: Instant| NOTICE.min(expires.saturating_duration_since(now) / 5);
        let notice = expires.map(|expires| expires - lead(expires));
        Self(expires.is_some().then(|| Box::new(Clocks { expires, notice, ..Clocks::default() })))
    }

    fn clocks(&mut self) -> &mut Clocks {
        self.0.get_or_insert_default()
    }

    /// Gives a client that nobody knows yet this long to say who it is.
    pub(super) fn wait_until(&mut self, end: Instant) {
        self.clocks().waiting = Some(end);
    }

    /// Whether nobody knows the client yet.
    pub(super) fn is_waiting(&self) -> bool {
        self.0.as_ref().is_some_and(|clocks| clocks.waiting.is_some())
    }

    /// Whether a token is being looked at.
    pub(super) fn is_checking(&self) -> bool {
        self.0.as_ref().is_some_and(|clocks| clocks.is_checking)
    }

    /// When to ask [`Credentials::due`] again.
    pub(super) fn next(&self) -> Option<Instant> {
        let clocks = self.0.as_deref()?;
        let refused = clocks.refused.map(|(at, _)| at);
        [clocks.patience_ends(), clocks.expires, clocks.notice, refused].into_iter().flatten().min()
    }

    /// What is due now.
    pub(super) fn due(&mut self, now: Instant) -> Due {
        let Some(clocks) = self.0.as_deref_mut() else { return Due::Nothing };
        if let Some((_, condition)) = clocks.refused {
            return Due::End(condition);
        }
        if clocks.patience_ends().is_some_and(|end| now >= end) {
            return Due::End(CloseCondition::Unauthenticated);
        }
        if clocks.expires.is_some_and(|expires| now >= expires) {
            return Due::End(CloseCondition::TokenExpired);
        }
        if clocks.notice.is_some_and(|notice| now >= notice) {
            clocks.notice = None;
            return Due::Notice;
        }
        Due::Nothing
    }
}

/// When a token that was verified now expires, on the connection's clock.
pub(super) fn deadline(expires_at: Option<SystemTime>, now: Instant) -> Option<Instant> {
    let remaining = expires_at?.duration_since(SystemTime::now()).unwrap_or_default();
    now.checked_add(remaining)
}

/// Why a token was not taken.
#[derive(Debug)]
pub(super) struct NotTaken(pub(super) CloseCondition);

/// Looks at what a client brought, bounded in time and safe from panics.
pub(super) async fn verify(served: &Served, carried: Carried) -> Result<Verified, NotTaken> {
    let token = match carried {
        Carried::Token(token) => token,
        Carried::Nothing => return Err(NotTaken(CloseCondition::Unauthenticated)),
        Carried::Unusable(reason) => {
            tracing::debug!(reason, "token refused");
            return Err(NotTaken(CloseCondition::InvalidToken));
        }
    };
    match guarded(served, served.guard.verify(&served.endpoint.schemas, &token)).await {
        Ok(Ok(verified)) => Ok(verified),
        Ok(Err(TokenError::Invalid(_))) => Err(NotTaken(CloseCondition::InvalidToken)),
        // Whoever knows is out of reach: the client did nothing wrong.
        Ok(Err(TokenError::Unavailable(_))) | Err(_) => Err(NotTaken(CloseCondition::InternalError)),
    }
}

/// The token in an `authenticate` message.
pub(super) fn token_of(frame: &Frame<'_>) -> Result<Carried, Faults> {
    // A map, because a repeated member counts by its last value. What serde would say could quote the token.
    let payload = frame.payload.as_deref().unwrap_or_default();
    let members = serde_json::from_str::<Map<String, Value>>(payload).unwrap_or_default();
    match members.get("token") {
        Some(Value::String(token)) => Ok(Carried::of(Some(token))),
        _ => Err(Faults::new(vec![Fault::new("/token", "type", "must be a string")])),
    }
}

/// Result of the reply to `authenticate`.
pub(super) fn accepted(subject: Option<&str>, expires: Option<Instant>, now: Instant) -> String {
    let mut result = Map::new();
    if let Some(subject) = subject.filter(|subject| !subject.is_empty()) {
        result.insert("subject".to_owned(), subject.into());
    }
    if let Some(expires) = expires {
        let left = expires.saturating_duration_since(now).as_millis();
        result.insert("expires_in_ms".to_owned(), u64::try_from(left).unwrap_or(u64::MAX).into());
    }
    let mut reply = String::new();
    encode::request_reply(&mut reply, Some(&Value::Object(result).to_string()));
    reply
}

impl Connection {
    /// A client brings a token while it is connected.
    pub(super) fn authenticate(&mut self, frame: &Frame<'_>) -> ControlFlow<Close> {
        let id = frame.id.map(str::to_owned);
        if self.served.guard.is_off() {
            // Nobody asks: a client that brings its token all the same is as welcome as any.
            self.respond(AUTHENTICATE, id.as_deref(), &accepted(None, None, Instant::now()));
            return ControlFlow::Continue(());
        }
        let carried = match token_of(frame) {
            Ok(carried) => carried,
            Err(faults) => return self.on_faults(frame, faults),
        };
        self.credentials.clocks().is_checking = true;
        let served = self.served.clone();
        self.in_flight.push(Box::pin(async move {
            let result = verify(&served, carried).await;
            Finished::Authenticated { id, result }
        }));
        ControlFlow::Continue(())
    }

    /// The token has been looked at. A bad one ends the connection; another client's leaves everything as it was.
    pub(super) fn on_authenticated(&mut self, id: Option<&str>, result: Result<Verified, NotTaken>) {
        self.credentials.clocks().is_checking = false;
        let now = Instant::now();
        let verified = match result {
            Ok(verified) => verified,
            Err(NotTaken(condition)) => {
                self.credentials.clocks().refused = Some((now, condition));
                return;
            }
        };
        let known = self.caller.identity();
        if known.is_some_and(|known| known.subject() != verified.identity.subject()) {
            let refusal =
                Refusal::forbidden("The token is another's: connect anew").at("/token", "is another's");
            return self.refuse(AUTHENTICATE, id, &refusal);
        }
        let expires = deadline(verified.expires_at, now);
        let subject = verified.identity.subject().to_owned();
        self.know(verified.identity, expires, now);
        self.respond(AUTHENTICATE, id, &accepted(Some(&subject), expires, now));
        self.reconsider_topics();
    }

    /// From now on the client is known as someone.
    pub(super) fn know(&mut self, identity: Identity, expires: Option<Instant>, now: Instant) {
        self.credentials = Credentials::new(expires, now);
        self.caller = self.caller.known_as(identity);
    }

    /// What the clocks of the token bring about.
    pub(super) fn on_credentials_due(&mut self, now: Instant) -> ControlFlow<Close> {
        match self.credentials.due(now) {
            Due::Nothing => {}
            Due::Notice => {
                self.outbound.control(&encode::closing(
                    &self.served.writer(),
                    &self.served.close(CloseCondition::TokenExpired),
                    0,
                ));
            }
            Due::End(condition) => return ControlFlow::Break(self.served.close(condition)),
        }
        ControlFlow::Continue(())
    }

    /// The caller's claims have changed: whether it may keep what it holds is asked again, topic by topic.
    fn reconsider_topics(&mut self) {
        for resolved in self.topics.all() {
            self.enqueue(Command { verb: Verb::Reconsider, id: None, resolved, started: Instant::now() });
        }
    }

    /// Asks the access rule and the service whether the caller may keep a topic.
    pub(super) fn begin_reconsider(&mut self, command: Command) {
        let resolved = command.resolved;
        if !self.topics.holds(resolved.topic()) {
            return self.next_command(resolved.topic());
        }
        if let Err(refusal) = check_access(&self.caller, resolved.spec().access, resolved.params_json()) {
            return self.on_reconsidered(resolved.as_ref(), Err(refusal));
        }
        let (served, caller) = (self.served.clone(), self.caller.clone());
        self.in_flight.push(Box::pin(async move {
            let result = guarded(&served, resolved.clone().authorize(caller)).await.and_then(|result| result);
            Finished::Reconsidered { resolved, result }
        }));
    }

    /// The caller may keep a topic, or loses it and is told why.
    pub(super) fn on_reconsidered(
        &mut self,
        resolved: &dyn crate::contract::erased::ResolvedTopic,
        result: Result<(), Refusal>,
    ) {
        if let Err(refusal) = result {
            self.end_topic(resolved, &refusal);
        }
        self.next_command(resolved.topic());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_client_is_told_before_its_token_expires() {
        let start = Instant::now();
        let mut credentials = Credentials::new(Some(start + 300 * SECOND), start);
        assert_eq!(credentials.next(), Some(start + 285 * SECOND));
        assert_eq!(credentials.due(start + 284 * SECOND), Due::Nothing);
        assert_eq!(credentials.due(start + 285 * SECOND), Due::Notice);
        assert_eq!(credentials.due(start + 286 * SECOND), Due::Nothing, "once");
        assert_eq!(credentials.next(), Some(start + 300 * SECOND));
        assert_eq!(credentials.due(start + 300 * SECOND), Due::End(CloseCondition::TokenExpired));
    }

    #[test]
    fn short_tokens_are_told_of_in_proportion_and_endless_ones_never() {
        let start = Instant::now();
        assert_eq!(Credentials::new(Some(start + 5 * SECOND), start).next(), Some(start + 4 * SECOND));
        let mut spent = Credentials::new(Some(start), start);
        assert_eq!(spent.due(start), Due::End(CloseCondition::TokenExpired));
        let mut endless = Credentials::new(None, start);
        assert_eq!((endless.next(), endless.due(start + 1000 * SECOND)), (None, Due::Nothing));
    }
}
