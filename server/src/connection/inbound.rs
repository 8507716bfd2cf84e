//! What arrives: charged, decoded, recognised, handed to its service.

use std::ops::ControlFlow;
use std::sync::Arc;

use serde_json::Value;
use tokio::time::Instant;

use super::credentials::AUTHENTICATE;
use super::replies::{Reply, reason_of};
use super::served::Action;
use super::topics::{Command, Verb};
use super::{Connection, Finished, since};
use crate::auth::check_access;
use crate::contract::Refusal;
use crate::contract::erased::ResolvedTopic;
use crate::contract::matching::{Candidate, find};
use crate::limits::Charge;
use crate::protocol::{
    Activity, Close, CloseCondition, ErrorCode, Faults, Frame, NoFrame, OnInvalid, is_deeper_than,
};

impl Connection {
    /// Serves one text message.
    pub(super) fn on_text(&mut self, text: &str, now: Instant) -> ControlFlow<Close> {
        let frame =
            Frame::decode(text, self.served.options.max_depth, self.served.endpoint.spec.connection.envelope);
        match self.rate.charge(self.served.options.messages_per_second, now) {
            Charge::Accepted => {}
            Charge::Refused => {
                self.refuse_frame(&frame, ErrorCode::RateLimited, "Too many messages");
                return ControlFlow::Continue(());
            }
            Charge::Flood => return ControlFlow::Break(self.served.close(CloseCondition::TooManyMessages)),
        }
        if self.credentials.is_waiting() && self.draining_until.is_none() {
            return self.on_text_of_nobody(&frame, now);
        }
        if self.draining_until.is_some() {
            self.refuse_frame(&frame, ErrorCode::ShuttingDown, "The server is about to stop");
            return ControlFlow::Continue(());
        }
        if let Ok(frame) = &frame
            && let Some(action) = self.served.action(&frame.kind)
        {
            return self.act(action, frame, now);
        }
        if let Ok(frame) = &frame
            && frame.kind == AUTHENTICATE
            && !(self.served.guard.is_off() && self.served.has_operations())
        {
            self.valid_message(now);
            return self.authenticate(frame);
        }
        if !self.served.endpoint.operations.is_empty()
            && !is_deeper_than(text, self.served.options.max_depth)
            && let Some(step) = self.on_operation(text, id_of(&frame), now)
        {
            return step;
        }
        match frame {
            Ok(frame) if frame.kind == "ping" => {
                self.valid_message(now);
                self.outbound.control(&self.served.writer().frame("pong", frame.id, None));
                ControlFlow::Continue(())
            }
            Ok(frame) => self.on_unknown_type(&frame),
            Err(none) => self.on_no_frame(none),
        }
    }

    fn act(&mut self, action: Action, frame: &Frame<'_>, now: Instant) -> ControlFlow<Close> {
        let served = self.served.clone();
        match action {
            Action::Subscribe(index) => {
                let topic = served.endpoint.topics[index].clone();
                let since = since::read(topic.spec(), frame.since);
                let resolved = topic.resolve(&served.endpoint.schemas, frame.payload.as_deref());
                match (resolved, since) {
                    (Ok(resolved), Ok(since)) => self.command(Verb::Subscribe(since), resolved, frame, now),
                    (Err(faults), Ok(_)) | (Ok(_), Err(faults)) => self.on_faults(frame, faults),
                    (Err(payload), Err(since)) => self.on_faults(frame, payload.and(since)),
                }
            }
            Action::Unsubscribe(index) => {
                let topic = served.endpoint.topics[index].clone();
                match topic.resolve(&served.endpoint.schemas, frame.payload.as_deref()) {
                    Ok(resolved) => self.command(Verb::Unsubscribe, resolved, frame, now),
                    Err(faults) => self.on_faults(frame, faults),
                }
            }
            Action::Request(index) => {
                let request = served.endpoint.requests[index].clone();
                let (kind, access) = (request.spec().name, request.spec().access);
                match request.call(&served.endpoint.schemas, frame.payload.as_deref(), self.caller.clone()) {
                    Ok(answer) => {
                        self.valid_message(now);
                        let params = frame.payload.as_deref().unwrap_or_default();
                        if let Err(refusal) = check_access(&self.caller, access, params) {
                            self.refuse(kind, frame.id, &refusal);
                            return ControlFlow::Continue(());
                        }
                        self.answer(kind, frame.id, answer, now);
                        ControlFlow::Continue(())
                    }
                    Err(faults) => self.on_faults(frame, faults),
                }
            }
        }
    }

    fn command(
        &mut self,
        verb: Verb,
        resolved: Arc<dyn ResolvedTopic>,
        frame: &Frame<'_>,
        now: Instant,
    ) -> ControlFlow<Close> {
        self.valid_message(now);
        let id = frame.id.map(str::to_owned);
        self.enqueue(Command { verb, id, resolved, started: now });
        ControlFlow::Continue(())
    }

    /// Serves a frame of an explicit operation; `None` where it is none.
    fn on_operation(&mut self, text: &str, id: Option<&str>, now: Instant) -> Option<ControlFlow<Close>> {
        let served = self.served.clone();
        let candidate = Candidate::new(text);
        let operations = served.endpoint.operations.iter().enumerate();
        let messages = operations.flat_map(|(operation, service)| {
            service
                .spec()
                .messages
                .iter()
                .enumerate()
                .map(move |(index, message)| ((operation, index), message))
        });
        let (operation, index) = find(&candidate, messages, &served.endpoint.schemas)?;
        let service = served.endpoint.operations[operation].clone();
        let spec = service.spec();
        let value = candidate.as_message(&spec.messages[index]);
        let schema = spec.messages[index].schema;
        let checked = schema.map_or(Ok(()), |schema| served.endpoint.schemas.check(schema, &value));
        let called = checked.and_then(|()| service.call(index, text, self.caller.clone()));
        let answer = match called {
            Ok(answer) => answer,
            Err(faults) => return Some(self.on_operation_faults(id, faults)),
        };
        self.valid_message(now);
        let mark = spec.correlation.and_then(|pointer| Some((pointer, value.pointer(pointer)?.clone())));
        let (kind, id) = (spec.name, id.map(str::to_owned));
        self.ask(answer, move |answered| {
            let result = answered.and_then(|result| result);
            let result = result.map(|frame| frame.map(|frame| correlated(frame, mark.as_ref())));
            Finished::Reply(Reply { kind, id, result, started: now, is_frame: true })
        });
        Some(ControlFlow::Continue(()))
    }

    pub(super) fn valid_message(&mut self, now: Instant) {
        if self.served.options.activity == Activity::Message {
            self.pulse.activity(now);
        }
    }

    pub(super) fn on_faults(&mut self, frame: &Frame<'_>, faults: Faults) -> ControlFlow<Close> {
        tracing::debug!(kind = %frame.kind, faults = faults.summary(), "invalid payload");
        if self.served.options.on_invalid == OnInvalid::Close {
            return ControlFlow::Break(self.invalid_payload(&faults));
        }
        self.refuse(&frame.kind, frame.id, &Refusal::from(faults));
        ControlFlow::Continue(())
    }

    fn on_operation_faults(&mut self, id: Option<&str>, faults: Faults) -> ControlFlow<Close> {
        if self.served.options.on_invalid == OnInvalid::Close {
            return ControlFlow::Break(self.invalid_payload(&faults));
        }
        self.send_error(id, &Refusal::from(faults));
        ControlFlow::Continue(())
    }

    fn invalid_payload(&self, faults: &Faults) -> Close {
        self.served.close(CloseCondition::InvalidPayload).with_detail(&reason_of(faults.first()))
    }

    fn on_unknown_type(&mut self, frame: &Frame<'_>) -> ControlFlow<Close> {
        tracing::debug!(kind = %frame.kind, "unknown type");
        if self.served.options.on_invalid == OnInvalid::Close {
            return ControlFlow::Break(self.served.close(CloseCondition::UnknownType));
        }
        let message = format!("No matching type: {}", frame.kind);
        self.send_error(frame.id, &Refusal::framework(ErrorCode::UnknownType, message));
        ControlFlow::Continue(())
    }

    fn on_no_frame(&mut self, NoFrame { error, id }: NoFrame<'_>) -> ControlFlow<Close> {
        tracing::debug!(%error, "not a frame");
        if self.served.options.on_invalid == OnInvalid::Close {
            return ControlFlow::Break(self.served.close(CloseCondition::NotJson));
        }
        self.send_error(id, &Refusal::framework(ErrorCode::InvalidJson, error.to_string()));
        ControlFlow::Continue(())
    }

    /// Answers a message that is not served now, as a reply where its type is known.
    fn refuse_frame(&self, frame: &Result<Frame<'_>, NoFrame<'_>>, code: ErrorCode, message: &str) {
        let refusal = Refusal::framework(code, message);
        match frame {
            Ok(frame) if self.served.action(&frame.kind).is_some() => {
                self.refuse(&frame.kind, frame.id, &refusal);
            }
            frame => self.send_error(id_of(frame), &refusal),
        }
    }
}

/// The client's own mark of a message, whether or not that is a frame.
fn id_of<'a>(frame: &Result<Frame<'a>, NoFrame<'a>>) -> Option<&'a str> {
    match frame {
        Ok(frame) => frame.id,
        Err(none) => none.id,
    }
}

/// Puts the request's correlation id into its reply.
fn correlated(frame: String, mark: Option<&(&'static str, Value)>) -> String {
    let Some((pointer, id)) = mark else { return frame };
    let Ok(mut reply) = serde_json::from_str::<Value>(&frame) else { return frame };
    let Some((parent, member)) = pointer.rsplit_once('/') else { return frame };
    let Some(Value::Object(object)) = reply.pointer_mut(parent) else { return frame };
    object.insert(member.replace("~1", "/").replace("~0", "~"), id.clone());
    reply.to_string()
}
