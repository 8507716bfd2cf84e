//! Writing payloads of the framework's own: replies, failures, control messages.

use bytes::Bytes;

use super::envelope::{Writer, members_of};

use super::topic_name::{write_escaped, write_string};
use super::{Close, ErrorCode, Fault, Retry};

/// Epoch and offset, where there are any.
pub(crate) type Position<'a> = (Option<&'a str>, Option<u64>);

/// Appends epoch and offset, each after a comma.
pub(super) fn write_position(out: &mut String, (epoch, offset): Position<'_>) {
    if let Some(epoch) = epoch {
        out.push_str(",\"epoch\":");
        write_string(out, epoch);
    }
    if let Some(offset) = offset {
        out.push_str(",\"offset\":");
        out.push_str(&offset.to_string());
    }
}

/// How a subscription begins, on topics with history.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beginning<'a> {
    /// Which count the offset belongs to.
    pub(crate) epoch: &'a str,
    /// Where the topic stands.
    pub(crate) offset: u64,
    /// Where the client asked for what it missed: whether it gets it, or why it does not.
    pub(crate) recovered: Option<Result<(), &'static str>>,
}

/// The members of the reply to a subscribe that stand beside its payload, each after a comma.
pub(super) fn write_beginning(out: &mut String, beginning: Beginning<'_>) {
    let Beginning { epoch, offset, recovered } = beginning;
    write_position(out, (Some(epoch), Some(offset)));
    match recovered {
        None => {}
        Some(Ok(())) => out.push_str(",\"recovered\":true"),
        Some(Err(reason)) => {
            out.push_str(",\"recovered\":false,\"reason\":\"");
            out.push_str(reason);
            out.push('"');
        }
    }
}

/// Appends the payload of a reply to a subscribe or an unsubscribe; `params` is a JSON object whose members are echoed,
/// the message is what was `done` to `label`.
pub(crate) fn subscription_reply(out: &mut String, params: &str, done: &str, label: &str, topic: &str) {
    out.push_str("{\"status\":\"ok\",");
    let members = members_of(params);
    if !members.is_empty() {
        out.push_str(members);
        out.push(',');
    }
    out.push_str("\"message\":\"");
    out.push_str(done);
    write_escaped(out, label);
    out.push_str("\",\"topic\":");
    write_string(out, topic);
    out.push('}');
}

/// Appends the payload of a reply to a request; `result` is JSON text.
pub(crate) fn request_reply(out: &mut String, result: Option<&str>) {
    out.push_str("{\"status\":\"ok\"");
    if let Some(result) = result {
        out.push_str(",\"result\":");
        out.push_str(result);
    }
    out.push('}');
}

/// What a failure says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Failure<'a> {
    /// The code.
    pub(crate) code: &'a str,
    /// For a person.
    pub(crate) message: &'a str,
    /// What the client does next.
    pub(crate) retry: Retry,
    /// Offending members.
    pub(crate) errors: &'a [Fault],
    /// Declared details as JSON text.
    pub(crate) details: Option<&'a str>,
}

impl<'a> Failure<'a> {
    /// A failure of the framework's own.
    pub(crate) fn framework(code: ErrorCode, message: &'a str) -> Self {
        Self { code: code.as_str(), message, retry: code.retry(), errors: &[], details: None }
    }

    /// Payload of a reply to one request.
    pub(crate) fn reply(&self) -> String {
        self.write("\"status\":\"error\",")
    }

    /// Payload of an `error` frame.
    pub(crate) fn error(&self) -> String {
        self.write("")
    }

    fn write(&self, lead: &str) -> String {
        let mut out = format!("{{{lead}\"code\":");
        write_string(&mut out, self.code);
        out.push_str(",\"message\":");
        write_string(&mut out, self.message);
        out.push_str(",\"retry\":\"");
        out.push_str(self.retry.as_str());
        out.push('"');
        if !self.errors.is_empty() {
            out.push_str(",\"errors\":[");
            for (index, fault) in self.errors.iter().enumerate() {
                out.push_str(if index > 0 { ",{\"pointer\":" } else { "{\"pointer\":" });
                write_string(&mut out, &fault.pointer);
                out.push_str(",\"rule\":");
                write_string(&mut out, &fault.rule);
                out.push_str(",\"message\":");
                write_string(&mut out, &fault.message);
                out.push('}');
            }
            out.push(']');
        }
        if let Some(details) = self.details {
            out.push_str(",\"details\":");
            out.push_str(details);
        }
        out.push('}');
        out
    }
}

/// The notice before a planned close.
pub(crate) fn closing(writer: &Writer, close: &Close, retry_after_ms: u64) -> Bytes {
    let mut payload = format!("{{\"condition\":\"{}\",\"code\":{},\"reason\":", close.condition, close.code);
    write_string(&mut payload, &close.reason);
    payload
        .push_str(&format!(",\"retry\":\"{}\",\"retry_after_ms\":{retry_after_ms}}}", close.retry.as_str()));
    writer.message("closing", Some(&payload))
}

/// The notice that updates were dropped and a snapshot follows.
pub(crate) fn resync(writer: &Writer, route: &str, topic: &str, dropped: u64) -> Bytes {
    writer.topic_frame(route, "resync", topic, (None, None), &format!("{{\"dropped\":{dropped}}}"))
}
