//! What clients and operators ask, answered.

use std::sync::Arc;

use bellwire::contract::{Caller, Node, Publisher, Refusal};
use bellwire::feed::Hours;

use crate::desk::{Desk, full};
use crate::generated::types::{
    BarePong, Disconnected, DisconnectedStatus, Health, MarketStatus, Pinned, Status, Subscribed, Symbol,
    Symbols, Tick, Unsubscribed,
};
use crate::generated::{
    BarePingMessage, BarePingReply, DisconnectError, HealthError, MarketStatusError, PinError,
    ScreenerOperations, ScreenerRequests, StatusError, SubscribeMessage, SubscribeReply, Ticks, TicksService,
    UnsubscribeMessage, UnsubscribeReply,
};
use crate::health::{Findings, health, market_state};
use crate::settings::Clock;
use crate::upstream::UpstreamView;

/// Serves the document.
#[derive(Debug, Clone)]
pub(crate) struct ScreenerService {
    desk: Arc<Desk>,
    upstream: UpstreamView,
    hours: Hours,
    clock: Clock,
    has_token_file: bool,
}

impl ScreenerService {
    pub(crate) fn new(desk: Arc<Desk>, upstream: UpstreamView, hours: Hours, clock: Clock) -> Self {
        Self { desk, upstream, hours, clock, has_token_file: false }
    }

    /// Says whether the upstream's token is in a file, which decides how it is renewed.
    pub(crate) fn with_token_file(self, has_token_file: bool) -> Self {
        Self { has_token_file, ..self }
    }

    /// Adds symbols to those of a connection, all or none; says how many it holds then.
    fn add(&self, caller: &Caller, symbols: &[String]) -> Result<usize, Refusal> {
        let symbols = topics_of(symbols);
        let _room = self.desk.claim(symbols.iter().map(|topic| &topic.symbol))?;
        let held = caller.topics::<Ticks>();
        held.join_all(&symbols)?;
        self.desk.wake();
        Ok(held.count())
    }

    fn take_away(&self, caller: &Caller, symbols: &[String]) -> usize {
        let held = caller.topics::<Ticks>();
        for topic in topics_of(symbols) {
            held.leave(&topic);
        }
        held.count()
    }
}

fn topics_of(symbols: &[String]) -> Vec<Symbol> {
    symbols.iter().map(|symbol| Symbol { symbol: full(symbol) }).collect()
}

/// Sends ticks of back ends that leave out the exchange under the symbol's full name.
pub(crate) fn complete_published(node: &Node) {
    Publisher::<Ticks>::new(node).prepare_received(|tick| Tick { symbol: full(&tick.symbol), ..tick });
}

impl TicksService for ScreenerService {
    fn first_subscriber(&self, params: &Symbol) {
        // There is room: whoever joins has claimed it.
        self.desk.interests().add(&params.symbol);
    }

    fn last_subscriber(&self, params: &Symbol) {
        self.desk.interests().remove(&params.symbol);
    }
}

impl ScreenerOperations for ScreenerService {
    async fn subscribe(
        &self,
        caller: &Caller,
        message: SubscribeMessage,
    ) -> Result<Option<SubscribeReply>, Refusal> {
        let SubscribeMessage::Subscribe(message) = message;
        let count = self.add(caller, &message.symbols)?;
        let (type_, action, count) = (Default::default(), Default::default(), narrow(count));
        Ok(Some(SubscribeReply::Subscribed(Subscribed { type_, action, count })))
    }

    async fn unsubscribe(
        &self,
        caller: &Caller,
        message: UnsubscribeMessage,
    ) -> Result<Option<UnsubscribeReply>, Refusal> {
        let UnsubscribeMessage::Unsubscribe(message) = message;
        let count = narrow(self.take_away(caller, &message.symbols));
        let (type_, action) = Default::default();
        Ok(Some(UnsubscribeReply::Unsubscribed(Unsubscribed { type_, action, count })))
    }

    async fn bare_ping(&self, _: &Caller, _: BarePingMessage) -> Result<Option<BarePingReply>, Refusal> {
        Ok(Some(BarePingReply::BarePong(BarePong { type_: Default::default() })))
    }
}

/// The document bounds how many there can be.
fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl ScreenerRequests for ScreenerService {
    async fn status(&self, _: &Caller) -> Result<Status, StatusError> {
        let subscribed_symbols = self.desk.interests().current();
        Ok(Status { connected: self.upstream.is_connected(), subscribed_symbols })
    }

    async fn pin(&self, _: &Caller, payload: Symbols) -> Result<Pinned, PinError> {
        let symbols: Vec<String> = payload.symbols.iter().map(|symbol| full(symbol)).collect();
        self.desk.pin(&symbols)?;
        Ok(Pinned { status: Default::default(), subscribed_symbols: self.desk.interests().current() })
    }

    async fn disconnect(&self, _: &Caller) -> Result<Disconnected, DisconnectError> {
        let status =
            if self.desk.unpin() { DisconnectedStatus::Disconnected } else { DisconnectedStatus::InUse };
        Ok(Disconnected { status, subscribed_symbols: self.desk.interests().current() })
    }

    async fn market_status(&self, _: &Caller) -> Result<MarketStatus, MarketStatusError> {
        Ok(MarketStatus {
            market_status: market_state(self.hours.at(self.clock.now())),
            fyers_connected: self.upstream.is_connected(),
        })
    }

    async fn health(&self, _: &Caller) -> Result<Health, HealthError> {
        Ok(health(&Findings {
            opening: self.hours.at(self.clock.now()),
            feed: self.upstream.status(),
            total_symbols: self.desk.interests().len(),
            frames_skipped: self.upstream.rejects.count(),
            last_update: self.upstream.last_update(),
            has_token_file: self.has_token_file,
        }))
    }
}
