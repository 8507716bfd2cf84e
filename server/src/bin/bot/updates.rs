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

/// Each event as the broadcast it becomes, whose type says already what the event's tag does.
macro_rules! tell {
    ($publish:expr, $event:expr, {
        $($variant:ident => $publisher:ident: $payload:ident { $($member:ident),* },)*
    }) => {
        match $event {
            $(Event::$variant(event) => {
                $publish.$publisher.publish(&$payload { $($member: event.$member),* })
            })*
        }
    };
}

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
        tell!(self.publish, event, {
            AccountUpdate => account_update: AccountUpdate { account, timestamp },
            PositionUpdate => position_update: PositionUpdate { positions, timestamp },
            ScanStart => scan_start: ScanStart { count, timestamp },
            ScanSummary => scan_summary: ScanSummary { symbols, count, candidates, timestamp },
            TradeExecution => trade_execution: TradeExecution { symbol, direction, price, lot, timestamp },
            ResearchStart => research_start: ResearchStart { symbol, data, timestamp },
            ResearchResult => research_result: ResearchResult { symbol, action, confidence, reason, timestamp },
            CriticReview => critic_review: CriticReview { symbol, score, lesson, analysis, timestamp },
            StatArbHedge => stat_arb_hedge: PairNotice { symbol, message, timestamp },
            StatArbFlatten => stat_arb_flatten: PairNotice { symbol, message, timestamp },
        })
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
    format!("{time:.3}")
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
