//! Operations: whether they can be carried out over one socket.

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::rules::operations as rules;
use crate::spec::{Document, Operation};

/// Operations that something is generated from.
fn explicit<'d, 'a>(document: &'d Document<'a>) -> impl Iterator<Item = &'d Operation<'a>> {
    document.operations.iter().filter(|operation| !operation.is_expansion(document))
}

pub(super) fn messages_present(document: &Document<'_>, sink: &mut Diagnostics) {
    for operation in explicit(document) {
        let Some(channel) = operation.channel.map(|at| &document.channels[at]) else { continue };
        if channel.messages.is_empty() && channel.node.get("messages").is_none() {
            let message = format!("the operation `{}` has no message", operation.id);
            sink.push(
                Diagnostic::new(&rules::OPERATION_WITHOUT_MESSAGE, operation.id_span, message)
                    .related(channel.id_span, "its channel has no `messages`"),
            );
        }
    }
}

pub(super) fn replies(document: &Document<'_>, sink: &mut Diagnostics) {
    for operation in explicit(document) {
        let (Some(own), Some(reply)) = (operation.channel, &operation.reply) else { continue };
        let home = |at: usize| document.endpoints.iter().find(|endpoint| endpoint.channels.contains(&at));
        let (Some(asked), Some(answered)) = (home(own), home(reply.channel)) else { continue };
        if asked.address == answered.address {
            continue;
        }
        let message = format!(
            "`{}` is asked over `{}` and answered over `{}`",
            operation.id, asked.address, answered.address
        );
        sink.push(
            Diagnostic::new(&rules::REPLY_ON_OTHER_ADDRESS, operation.id_span, message)
                .related(document.channels[reply.channel].id_span, "the reply's channel"),
        );
    }
}

/// Only what is sent can be sent to new connections.
pub(super) fn greetings(document: &Document<'_>, sink: &mut Diagnostics) {
    for operation in explicit(document) {
        let Some(on) = operation.parts.get("x-on").filter(|on| on.as_str() == Some("connect")) else {
            continue;
        };
        if !operation.sends() {
            let message = format!("`{}` is received, so no connection can be greeted with it", operation.id);
            sink.push(Diagnostic::new(&rules::GREETING_NOT_SENT, on.span, message));
        }
    }
}

pub(super) fn unsupported(document: &Document<'_>, sink: &mut Diagnostics) {
    for operation in explicit(document) {
        if let Some(entry) = operation.parts.node.entry("security") {
            let message = format!("`security` of the operation `{}` has no effect", operation.id);
            sink.push(
                Diagnostic::new(&rules::UNSUPPORTED_FEATURE, entry.key_span, message)
                    .help("a socket is authenticated once, when it opens: move it to the server"),
            );
        }
        let address = operation.parts.get("reply").and_then(|reply| document.follow(reply, sink));
        if let Some(entry) = address.and_then(|reply| reply.entry("address")) {
            let message = format!("the reply address of `{}` has no effect", operation.id);
            sink.push(
                Diagnostic::new(&rules::UNSUPPORTED_FEATURE, entry.key_span, message)
                    .help("a reply goes back over the socket its request came from: remove it"),
            );
        }
    }
}
