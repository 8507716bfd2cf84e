//! One position: so much of a symbol bought, and as much of its perpetual sold.

use jiff::Timestamp;

use super::market::Market;
use crate::generated::types::{Position, PositionStatus, PositionStrategyType};
use crate::values::{decimal, money, time};

/// Digits after the point of a quantity.
pub(super) const QUANTITY_PLACES: usize = 4;
const QUANTITY_UNIT: i64 = 10_000;
/// What both legs cost when they are opened, as a part of the stake.
const FEE_PARTS: i64 = 2_000;
/// Funding of one step, as a part of the stake.
const FUNDING_PARTS: i64 = 20_000;

/// One position, in cents.
#[derive(Debug, Clone)]
pub(super) struct Holding {
    pub(super) id: String,
    /// Which of the markets.
    pub(super) market: usize,
    /// The step at which it was opened.
    pub(super) since: u64,
    /// In ten-thousandths.
    pub(super) quantity: i64,
    spot_entry: i64,
    perp_entry: i64,
    stake: i64,
    funding: i64,
    fees: i64,
    opened: Timestamp,
}

impl Holding {
    /// Opens both legs at the market's prices.
    pub(super) fn open(
        id: String,
        at: usize,
        market: &Market,
        stake: i64,
        since: u64,
        opened: Timestamp,
    ) -> Self {
        let (spot_entry, perp_entry) = (market.spot(), market.perp());
        let quantity = times(stake, QUANTITY_UNIT) / spot_entry.max(1);
        let fees = stake / FEE_PARTS;
        Self { id, market: at, since, quantity, spot_entry, perp_entry, stake, funding: 0, fees, opened }
    }

    /// What opening it took.
    pub(super) fn cost(&self) -> i64 {
        self.stake + self.fees
    }

    /// Whoever is short is paid while the perpetual stands above the spot market.
    pub(super) fn collect_funding(&mut self, market: &Market) {
        if market.spread() > 0 {
            self.funding += self.stake / FUNDING_PARTS;
        }
    }

    /// What it would bring now.
    pub(super) fn value(&self, market: &Market) -> i64 {
        self.stake + self.unrealized(market) + self.funding
    }

    /// What closing it now would have gained.
    pub(super) fn gain(&self, market: &Market) -> i64 {
        self.unrealized(market) + self.funding - self.fees
    }

    fn unrealized(&self, market: &Market) -> i64 {
        let difference = (market.spot() - self.spot_entry) - (market.perp() - self.perp_entry);
        times(self.quantity, difference) / QUANTITY_UNIT
    }

    /// The position as it is told.
    pub(super) fn position(&self, status: PositionStatus, market: &Market, now: Timestamp) -> Position {
        let quantity = decimal(self.quantity, QUANTITY_PLACES);
        let closed = status == PositionStatus::Closed;
        let (spot, perp) = (money(market.spot()), money(market.perp()));
        Position {
            position_id: self.id.clone(),
            symbol: market.symbol.to_owned(),
            status,
            spot_entry_price: money(self.spot_entry),
            perp_entry_price: money(self.perp_entry),
            spot_quantity: quantity.clone(),
            perp_quantity: quantity,
            unrealized_pnl: money(if closed { 0 } else { self.unrealized(market) }),
            funding_collected: money(self.funding),
            realized_pnl: closed.then(|| money(self.gain(market))),
            total_fees_paid: Some(money(self.fees)),
            current_spot_price: Some(spot.clone()),
            current_perp_price: Some(perp.clone()),
            spot_exit_price: closed.then_some(spot),
            perp_exit_price: closed.then_some(perp),
            leverage: Some(decimal(1, 0)),
            liquidation_price: Some(money(self.perp_entry.saturating_mul(2))),
            liquidation_distance: None,
            spot_symbol: Some(market.symbol.to_owned()),
            perp_symbol: Some(format!("{}:USDT", market.symbol)),
            strategy_type: Some(PositionStrategyType::CashCarry),
            strategy_id: Some("demo".to_owned()),
            asset_class: Some("crypto".to_owned()),
            exchange_high: None,
            exchange_low: None,
            entry_spread_pct: None,
            current_spread_pct: Some(decimal(market.spread(), 4)),
            target_close_spread_pct: None,
            is_shadow: Some(true),
            close_reason: closed.then(|| "target_reached".to_owned()),
            entry_timestamp: Some(time(self.opened)),
            exit_timestamp: closed.then(|| time(now)),
            last_rebalance_time: None,
            created_at: Some(time(self.opened)),
            updated_at: Some(time(now)),
        }
    }
}

/// A product that cannot overflow on the way.
fn times(left: i64, right: i64) -> i64 {
    left.saturating_mul(right)
}
