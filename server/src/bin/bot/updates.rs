//! What a bot calls: any event, from any thread, asynchronous or not, before and after the server has started.
//!
//! Every event gets the time at which it was heard of where it does not say when it happened, also one that comes over
//! `/publish` and passes by here.

use bellwire::Node;
use bellwire::contract::{Broadcast, BroadcastPublisher, Reach};
use jiff::Timestamp as Instant;

use super::generated::types::{
    AccountUpdate, CriticReview, Event, PairNotice, PositionUpdate, ResearchResult, ResearchStart, ScanStart,
    ScanSummary, Timestamp, TradeExecution,
};
use super::generated::{self, BotPublishers};

/// Tells dashboards what the bot does. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Updates {
    publish: BotPublishers,
}

impl Updates {
    /// Updates of this node's dashboards.
    pub(crate) fn new(node: &Node) -> Self {
        stamp::<generated::AccountUpdate>(node);
        stamp::<generated::PositionUpdate>(node);
        stamp::<generated::ScanStart>(node);
        stamp::<generated::ScanSummary>(node);
        stamp::<generated::TradeExecution>(node);
        stamp::<generated::ResearchStart>(node);
        stamp::<generated::ResearchResult>(node);
        stamp::<generated::CriticReview>(node);
        stamp::<generated::StatArbHedge>(node);
        stamp::<generated::StatArbFlatten>(node);
        Self { publish: BotPublishers::new(node) }
    }

    /// Retains an event and tells every dashboard; says how many there are. Never blocks.
    pub(crate) fn push_update(&self, event: Event) -> Reach {
        let publish = &self.publish;
        match event {
            Event::AccountUpdate(event) => publish
                .account_update
                .publish(&AccountUpdate { account: event.account, timestamp: event.timestamp }),
            Event::PositionUpdate(event) => publish
                .position_update
                .publish(&PositionUpdate { positions: event.positions, timestamp: event.timestamp }),
            Event::ScanStart(event) => {
                publish.scan_start.publish(&ScanStart { count: event.count, timestamp: event.timestamp })
            }
            Event::ScanSummary(event) => publish.scan_summary.publish(&ScanSummary {
                symbols: event.symbols,
                count: event.count,
                candidates: event.candidates,
                timestamp: event.timestamp,
            }),
            Event::TradeExecution(event) => publish.trade_execution.publish(&TradeExecution {
                symbol: event.symbol,
                direction: event.direction,
                price: event.price,
                lot: event.lot,
                timestamp: event.timestamp,
            }),
            Event::ResearchStart(event) => publish.research_start.publish(&ResearchStart {
                symbol: event.symbol,
                data: event.data,
                timestamp: event.timestamp,
            }),
            Event::ResearchResult(event) => publish.research_result.publish(&ResearchResult {
                symbol: event.symbol,
                action: event.action,
                confidence: event.confidence,
                reason: event.reason,
                timestamp: event.timestamp,
            }),
            Event::CriticReview(event) => publish.critic_review.publish(&CriticReview {
                symbol: event.symbol,
                score: event.score,
                lesson: event.lesson,
                analysis: event.analysis,
                timestamp: event.timestamp,
            }),
            Event::StatArbHedge(event) => publish.stat_arb_hedge.publish(&PairNotice {
                symbol: event.symbol,
                message: event.message,
                timestamp: event.timestamp,
            }),
            Event::StatArbFlatten(event) => publish.stat_arb_flatten.publish(&PairNotice {
                symbol: event.symbol,
                message: event.message,
                timestamp: event.timestamp,
            }),
        }
    }
}

/// Fills in when a broadcast was heard of.
fn stamp<B: Broadcast<Payload: Stamped>>(node: &Node) {
    BroadcastPublisher::<B>::new(node).prepare(|mut payload| {
        payload.timestamp().get_or_insert_with(|| written(Instant::now()));
        payload
    });
}

/// A time as events carry it: ISO 8601 in UTC, in milliseconds.
pub(crate) fn written(time: Instant) -> Timestamp {
    time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// A payload that says when it happened.
trait Stamped {
    fn timestamp(&mut self) -> &mut Option<Timestamp>;
}

macro_rules! stamped {
    ($($payload:ty),*) => {
        $(impl Stamped for $payload {
            fn timestamp(&mut self) -> &mut Option<Timestamp> {
                &mut self.timestamp
            }
        })*
    };
}

stamped!(
    AccountUpdate,
    PositionUpdate,
    ScanStart,
    ScanSummary,
    TradeExecution,
    ResearchStart,
    ResearchResult,
    CriticReview,
    PairNotice
);
