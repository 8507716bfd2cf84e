//! A scout that looks through the markets, a few at a step, and tells how far it has come.

use jiff::Timestamp;

use super::market::Market;
use crate::generated::types::{
    Opportunity, ScoutProgress, ScoutProgressStatus, ScoutProgressStrategyType, ScoutStatus,
};
use crate::values::{decimal, time};

const ID: &str = "scout-1";
/// Spread, in hundredths of a per cent, from which a market is an opportunity.
const WORTHWHILE: i64 = 8;

/// Where the scout stands.
#[derive(Debug, Default)]
pub(super) struct Scout {
    scanned: usize,
    began: Option<Timestamp>,
}

impl Scout {
    /// Looks at one more market; after the last one says what was found and begins again.
    pub(super) fn step(
        &mut self,
        markets: &[Market],
        now: Timestamp,
    ) -> (ScoutProgress, Option<ScoutStatus>) {
        let began = *self.began.get_or_insert(now);
        let current = markets.get(self.scanned).map(|market| market.symbol.to_owned());
        self.scanned += 1;
        let (scanned, total) = (self.scanned.min(markets.len()), markets.len());
        let found: Vec<&Market> =
            markets[..scanned].iter().filter(|market| market.spread() >= WORTHWHILE).collect();
        let completed = scanned == total;
        let progress = ScoutProgress {
            scout_id: ID.to_owned(),
            strategy_type: ScoutProgressStrategyType::CashCarry,
            status: if completed { ScoutProgressStatus::Completed } else { ScoutProgressStatus::Scanning },
            scanned: scanned as u64,
            total: total as u64,
            valid_opportunities: found.len() as u64,
            progress_percent: u32::try_from(scanned * 100 / total.max(1)).unwrap_or(100),
            current_symbol: current,
            completed,
            timestamp: time(now),
        };
        if !completed {
            return (progress, None);
        }
        *self = Self::default();
        let status = ScoutStatus {
            scout_id: ID.to_owned(),
            total_markets: total as u64,
            total_scanned: total as u64,
            valid_opportunities: found.len() as u64,
            scan_duration_seconds: (now.as_millisecond() - began.as_millisecond()).max(0) as f64 / 1000.0,
            last_scan_time: time(now),
            opportunities: found.into_iter().take(10).map(opportunity).collect(),
        };
        (progress, Some(status))
    }
}

fn opportunity(market: &Market) -> Opportunity {
    Opportunity {
        symbol: market.symbol.to_owned(),
        spread_pct: decimal(market.spread(), 4),
        funding_rate: decimal(market.spread() / 8, 4),
    }
}
