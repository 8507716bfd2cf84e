//! Says back what it hears: the connection layer without services, for suites that test a WebSocket server.

use std::future::poll_fn;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::outbound::Outbound;
use super::transport::{Event, Host, Transport, answer_close, last_words, say_close};
use super::{Accepted, CLOSE_TIMEOUT, Ended};
use crate::node::Node;
use crate::protocol::{Close, CloseCondition, ReasonValues};
use crate::websocket::OpCode;

/// How long a message may take: suites trickle on purpose.
const MESSAGE_TIMEOUT: Duration = Duration::from_secs(60);

struct Echo(Arc<Outbound>);

impl Host for Echo {
    fn may_read(&self) -> bool {
        self.0.has_control_room()
    }

    fn on_event(&mut self, event: Event<'_>, _now: Instant) -> ControlFlow<Ended> {
        match event {
            Event::Text(text) => self.0.message(OpCode::Text, text.as_bytes()),
            Event::Binary(bytes) => self.0.message(OpCode::Binary, bytes),
            Event::Control => {}
            Event::Unacceptable(condition) => return ControlFlow::Break(self.end(condition)),
            Event::Closed(close) => return ControlFlow::Break(Ended::ByClient(close)),
        }
        ControlFlow::Continue(())
    }

    fn message_timeout(&self) -> Duration {
        MESSAGE_TIMEOUT
    }

    fn end(&self, condition: CloseCondition) -> Ended {
        Ended::ByUs(Close::new(&[], condition, &ReasonValues { heartbeat_ms: 0, lifetime_ms: None }))
    }

    fn begin_resync(&mut self, _topic: &Arc<str>) {}

    fn received(&self, _messages: u64, _length: u64) {}

    fn settle(&mut self, _now: Instant) {}
}

/// Echoes text as text and binary as binary until the client is done.
pub(crate) async fn echo(socket: Accepted, node: Node, max_message: usize) {
    let Accepted { stream, unsent, early, compression, .. } = socket;
    let outbound = Arc::new(Outbound::new(max_message, node, stream, compression).after(unsent));
    let mut transport = Transport::new(outbound.clone(), max_message, compression, early);
    let mut echo = Echo(outbound.clone());
    let ended = poll_fn(|context| transport.poll(&mut echo, Instant::now(), context)).await;
    match ended {
        Some(Ended::ByUs(close)) => _ = timeout(CLOSE_TIMEOUT, say_close(&outbound, &close)).await,
        Some(Ended::ByClient(close)) if !answer_close(&outbound, close.as_ref()) => {
            _ = timeout(CLOSE_TIMEOUT, last_words(&outbound)).await;
        }
        Some(Ended::ByClient(_)) | None => {}
    }
}
