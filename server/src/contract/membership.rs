//! Topics that a service joins and leaves for a connection, instead of the client itself.

use std::cell::Cell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Caller, Refusal, Topic};
use crate::protocol::json;

/// Number of the last call, counted over all connections: a call that joins a topic for another connection is not taken
/// for a call of that one.
static CALLS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// The call whose service runs on this thread now; 0 is none.
    static CALL: Cell<u64> = const { Cell::new(0) };
}

/// The topics of one connection, as a service sees them. Parameters are JSON text.
pub(crate) trait Holder: Send + Sync {
    /// Joins; `false` where it is joined already. What is joined during a call sends nothing before its reply.
    fn join(&self, route: &str, params: &str, call: u64) -> Result<bool, Refusal>;
    /// Leaves; `false` where it was not joined.
    fn leave(&self, route: &str, params: &str) -> Result<bool, Refusal>;
    /// The parameters of what is joined, in no order.
    fn list(&self, route: &str) -> Vec<String>;
    /// How many are joined.
    fn count(&self, route: &str) -> usize;
    /// A call begins. Its number is its own in this process, and never 0.
    fn begin(&self, call: u64);
    /// A call has ended: its reply leaves with the next turn of the connection.
    fn end(&self, call: u64);
}

/// The topics of one route that the connection behind a [`Caller`] has joined. They are the connection's: exact,
/// idempotent, and gone with it. Only topics that the document declares with `subscribe: handler` can be joined so.
pub struct Membership<T> {
    holder: Option<Arc<dyn Holder>>,
    topic: PhantomData<fn() -> T>,
}

impl<T: Topic> Membership<T> {
    /// Joins a topic; `false` where the connection has joined it before. The reply to the present call leaves first,
    /// then the retained state where there is some, then updates.
    ///
    /// # Errors
    /// Where the parameters do not fit, a limit is reached, or nobody is connected: a request over plain HTTP.
    pub fn join(&self, params: &T::Params) -> Result<bool, Refusal> {
        let Some(holder) = &self.holder else {
            return Err(Refusal::forbidden("Only a connection can join topics"));
        };
        holder.join(T::SPEC.route, &text::<T>(params)?, CALL.get())
    }

    /// Joins all of these or none; says how many are new.
    ///
    /// # Errors
    /// As [`Membership::join`].
    pub fn join_all<'p>(&self, params: impl IntoIterator<Item = &'p T::Params>) -> Result<usize, Refusal> {
        let mut joined = Vec::new();
        for params in params {
            match self.join(params) {
                Ok(true) => joined.push(params),
                Ok(false) => {}
                Err(refusal) => {
                    for params in joined {
                        self.leave(params);
                    }
                    return Err(refusal);
                }
            }
        }
        Ok(joined.len())
    }

    /// Leaves a topic; `false` where the connection has not joined it. No frame of the topic follows.
    pub fn leave(&self, params: &T::Params) -> bool {
        let (Some(holder), Ok(params)) = (&self.holder, text::<T>(params)) else { return false };
        holder.leave(T::SPEC.route, &params).unwrap_or_default()
    }

    /// What the connection has joined, in no order.
    pub fn list(&self) -> Vec<T::Params> {
        let texts = self.holder.iter().flat_map(|holder| holder.list(T::SPEC.route));
        texts.filter_map(|params| serde_json::from_str(&params).ok()).collect()
    }

    /// How many topics the connection has joined.
    pub fn count(&self) -> usize {
        self.holder.as_ref().map_or(0, |holder| holder.count(T::SPEC.route))
    }
}

impl<T: Topic> fmt::Debug for Membership<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Membership").field("route", &T::SPEC.route).finish_non_exhaustive()
    }
}

fn text<T: Topic>(params: &T::Params) -> Result<String, Refusal> {
    json::to_string(params).map_err(|error| Refusal::internal(format!("Not a parameter: {error}")))
}

impl Caller {
    /// The topics of one route that this connection has joined, to join and leave more.
    pub fn topics<T: Topic>(&self) -> Membership<T> {
        Membership { holder: self.holder().cloned(), topic: PhantomData }
    }
}

/// Runs a call, so that what it joins is known to be its own.
pub(crate) async fn during<F: Future>(holder: Option<Arc<dyn Holder>>, service: F) -> F::Output {
    let Some(holder) = holder else { return service.await };
    let number = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
    holder.begin(number);
    let call = Call { number, holder };
    let mut service = pin!(service);
    poll_fn(|context| {
        let _present = Present(CALL.replace(call.number));
        service.as_mut().poll(context)
    })
    .await
}

/// A call under way; its end is told, however it ends.
struct Call {
    number: u64,
    holder: Arc<dyn Holder>,
}

impl Drop for Call {
    fn drop(&mut self) {
        self.holder.end(self.number);
    }
}

/// Puts back the call that ran before.
struct Present(u64);

impl Drop for Present {
    fn drop(&mut self) {
        CALL.set(self.0);
    }
}
