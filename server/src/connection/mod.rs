//! One connection: one task, one loop, one owner of everything that belongs to the socket.
//!
//! Each time it is woken, the task looks at finished services, the time (`life`, `pulse`) and the socket (`transport`).
//! What arrives is decoded and dispatched in `inbound`; subscriptions and their order are kept in `topics`; what
//! leaves waits in `outbound`, the only part that other threads touch.

mod admission;
mod allowance;
mod credentials;
mod echo;
mod held;
mod in_flight;
mod inbound;
mod life;
mod membership;
mod outbound;
mod pulse;
mod replies;
mod served;
mod since;
mod stream;
mod topics;
mod transport;

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use tokio::time::{Instant, timeout};

pub(crate) use echo::echo;
pub(crate) use replies::guarded;
pub(crate) use served::{Options, Served};
pub(crate) use stream::{Stream, set_up};

use crate::auth::{Carried, Verified};
use crate::contract::Caller;
use crate::contract::Refusal;
use crate::contract::erased::ResolvedTopic;
use crate::hub::{Position, Seat};
use crate::limits::{ConnectionPermit, RateLimit};
use crate::metrics::Inflight;
use crate::protocol::{Close, CloseCondition};
use crate::websocket::{CloseFrame, Terms};
use credentials::{Credentials, NotTaken};
use in_flight::InFlight;
use membership::Memberships;
use outbound::Outbound;
use pulse::Pulse;
use replies::Reply;
use topics::Topics;
use transport::{Transport, answer_close, last_words, say_close};

/// Requests and subscriptions of one connection that may be under way at once; further messages wait in the socket.
const IN_FLIGHT_LIMIT: usize = 64;
/// How long a client gets to take the close and answer it.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// A service that was asked has finished.
enum Finished {
    /// With an answer.
    Reply(Reply),
    /// Having decided on a subscription.
    Authorized {
        resolved: Arc<dyn ResolvedTopic>,
        since: Option<Position>,
        id: Option<String>,
        started: Instant,
        /// For whom.
        caller: Caller,
        result: Result<(), Refusal>,
    },
    /// Having looked at a token.
    Authenticated { id: Option<String>, result: Result<Verified, NotTaken> },
    /// Having decided whether a subscription may be kept.
    Reconsidered { resolved: Arc<dyn ResolvedTopic>, result: Result<(), Refusal> },
    /// With a snapshot of its own, or without.
    Snapshot { topic: Arc<str>, payload: Option<String> },
}

/// One connection.
struct Connection {
    served: Arc<Served>,
    caller: Caller,
    outbound: Arc<Outbound>,
    /// Wakes the connection's task.
    waker: Waker,
    in_flight: InFlight<Finished>,
    topics: Topics,
    /// Topics that services join, where the endpoint has such.
    memberships: Option<Arc<Memberships>>,
    rate: RateLimit,
    pulse: Pulse,
    credentials: Credentials,
    /// When it asked to be woken.
    alarm: Option<Instant>,
    /// The node is about to stop: until when what is under way may finish.
    draining_until: Option<Instant>,
    /// There were requests then, or answers that the client had not taken: they are waited for.
    owes_answers: bool,
    /// Requests answered since the last read.
    answered: u32,
    seat: Option<Seat>,
    _counted: Inflight,
    _permit: ConnectionPermit,
}

/// A socket fresh from its handshake.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) stream: Stream,
    /// What it has not taken yet of the answer to its handshake.
    pub(crate) unsent: Bytes,
    /// What the client sent right behind its request.
    pub(crate) early: Vec<u8>,
    /// What its request says about the client.
    pub(crate) carried: Carried,
    /// What was agreed about compression, if anything.
    pub(crate) compression: Option<Terms>,
}

/// How a conversation ended.
enum Ended {
    /// The client said goodbye.
    ByClient(Option<CloseFrame>),
    /// The server does.
    ByUs(Close),
}

/// Serves a socket until it ends. What is rare (a welcome, the farewell) is boxed: an idle connection does without.
pub(crate) fn serve(
    socket: Accepted,
    served: Arc<Served>,
    caller: Caller,
    permit: ConnectionPermit,
) -> impl Future<Output = ()> + Send {
    let Accepted { stream, unsent, early, carried, compression } = socket;
    let options = &served.options;
    let outbound = Outbound::new(options.queue_bytes, served.node.clone(), stream, compression);
    let outbound = Arc::new(outbound.after(unsent));
    let mut transport = Transport::new(outbound.clone(), options.max_message_bytes, compression, early);
    let mut connection = Connection::new(served, caller, outbound, permit);
    let mut carried = Some(carried).filter(|_| !connection.served.guard.is_off());
    async move {
        if let Some(carried) = carried.take()
            && let Err(ended) = Box::pin(connection.admit(&mut transport, carried)).await
        {
            return part(&mut connection, ended).await;
        }
        let kept = connection.join();
        if !connection.served.endpoint.welcomes.is_empty() || !kept.is_empty() {
            Box::pin(connection.welcome(kept)).await;
        }
        connection.outbound.greeted();
        let ended = poll_fn(|context| connection.poll_ended(&mut transport, context)).await;
        part(&mut connection, ended).await;
    }
}

/// Takes leave: gone from the hub before the farewell, so that nothing is queued for a socket that closes.
fn part(connection: &mut Connection, ended: Option<Ended>) -> impl Future<Output = ()> + Send + use<> {
    connection.leave();
    let farewell = ended.and_then(|ended| say_farewell(connection, ended));
    async move {
        if let Some(farewell) = farewell {
            farewell.await;
        }
        tracing::debug!("disconnected");
    }
}

/// Ends the socket: with a close, or by answering the client's. What has to be waited for, if anything.
fn say_farewell(connection: &Connection, ended: Ended) -> Option<impl Future<Output = ()> + Send + use<>> {
    let (outbound, id) = (connection.outbound.clone(), connection.caller.id());
    match &ended {
        Ended::ByUs(close) => {
            let metrics = &connection.served.node.shared().metrics;
            metrics.closed(close.condition.as_str());
            if close.condition == CloseCondition::SlowConsumer {
                metrics.slow_disconnects.inc();
            }
            let (condition, reason) = (close.condition, &close.reason);
            tracing::info!(connection = id, %condition, code = close.code, reason, "closing");
        }
        Ended::ByClient(close) => {
            tracing::debug!(code = close.as_ref().map(|close| close.code), "closed by the client");
            if answer_close(&outbound, close.as_ref()) {
                return None;
            }
        }
    }
    let farewell = Box::pin(timeout(CLOSE_TIMEOUT, async move {
        match ended {
            Ended::ByUs(close) => say_close(&outbound, &close).await,
            Ended::ByClient(_) => last_words(&outbound).await,
        }
    }));
    Some(farewell.map(drop))
}

/// Closes a socket that may not be served.
pub(crate) async fn refuse(socket: Accepted, served: &Served, condition: CloseCondition) {
    let outbound = Outbound::new(0, served.node.clone(), socket.stream, None).after(socket.unsent);
    let close = served.close(condition);
    served.node.shared().metrics.closed(close.condition.as_str());
    let _ = timeout(CLOSE_TIMEOUT, say_close(&outbound, &close)).await;
}

#[cfg(test)]
mod tests {
    use std::mem::size_of;

    use super::*;

    /// What an idle connection holds beside what the runtime and the kernel do. Each holds all of it: whatever makes
    /// one of these larger has to be worth ten thousand times as much.
    #[test]
    fn an_idle_connection_is_small() {
        assert!(size_of::<Connection>() <= 288, "{}", size_of::<Connection>());
        assert!(size_of::<Transport>() <= 128, "{}", size_of::<Transport>());
        assert!(size_of::<Outbound>() <= 240, "{}", size_of::<Outbound>());
    }
}
