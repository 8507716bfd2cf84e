//! One order: its life from placing to its end, and when a price fills it.

use crate::generated::types::{OrderStatus, OrderType, PlacedOrder, Side};

/// Quantities below this are binary noise, not holdings.
pub(crate) const DUST: f64 = 1e-9;

/// Eight decimals are what exchanges print; sums of binary fractions carry noise beyond.
pub(super) fn printed(price: f64) -> f64 {
    (price * 1e8).round() / 1e8
}

/// A price at which some quantity can be had.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Offer {
    /// Price of the last trade; triggers stops.
    pub(crate) last: f64,
    /// What a buyer pays now.
    pub(crate) ask: f64,
    /// What a seller gets now.
    pub(crate) bid: f64,
    /// How much can be bought and sold at these prices.
    pub(crate) ask_quantity: f64,
    /// See `ask_quantity`.
    pub(crate) bid_quantity: f64,
    /// Milliseconds since the epoch on the feed's clock.
    pub(crate) time: i64,
}

/// An order and what the account needs to know about it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Order {
    /// As clients see it.
    pub(crate) placed: PlacedOrder,
    /// Its stop price has been reached: it acts as a market or a limit order from now on.
    triggered: bool,
    /// The other half of a bracket, cancelled when this one fills.
    pub(crate) sibling: Option<String>,
}

/// What fills an order: quantity and price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Fill {
    pub(crate) quantity: f64,
    pub(crate) price: f64,
}

impl Order {
    /// An order that is being placed.
    pub(crate) fn new(placed: PlacedOrder) -> Self {
        Self { placed, triggered: false, sibling: None }
    }

    /// It may still fill.
    pub(crate) fn is_working(&self) -> bool {
        self.placed.status == OrderStatus::Working
    }

    /// It buys.
    pub(crate) fn buys(&self) -> bool {
        self.placed.side == Side::Buy
    }

    /// It is the order of this id, or the other half of its bracket.
    pub(crate) fn belongs_to(&self, id: &str) -> bool {
        self.placed.id == id || self.sibling.as_deref() == Some(id)
    }

    /// What is not filled yet.
    pub(crate) fn open_quantity(&self) -> f64 {
        (self.placed.qty - self.placed.filled_qty.unwrap_or(0.0)).max(0.0)
    }

    /// The price one unit of it may cost at most, or is expected to: what is set aside for it.
    pub(crate) fn expected_price(&self, offer: &Offer) -> f64 {
        let order = &self.placed;
        match order.type_ {
            OrderType::Limit | OrderType::StopLimit => order.limit_price.unwrap_or(offer.ask),
            OrderType::Stop => order.stop_price.unwrap_or(offer.ask).max(offer.ask),
            OrderType::Market => offer.ask,
        }
    }

    /// The fill that an offer means for this order, if any. Reaching a stop price is remembered.
    pub(crate) fn fill_at(&mut self, offer: &Offer) -> Option<Fill> {
        if !self.is_working() || self.waits_for_stop(offer) {
            return None;
        }
        let (price, available) =
            if self.buys() { (offer.ask, offer.ask_quantity) } else { (offer.bid, offer.bid_quantity) };
        let within_limit = match (self.placed.type_, self.placed.limit_price) {
            (OrderType::Limit | OrderType::StopLimit, Some(limit)) if self.buys() => price <= limit,
            (OrderType::Limit | OrderType::StopLimit, Some(limit)) => price >= limit,
            _ => true,
        };
        let quantity = self.open_quantity().min(available);
        (within_limit && quantity > DUST).then_some(Fill { quantity, price })
    }

    fn waits_for_stop(&mut self, offer: &Offer) -> bool {
        let stop = match (self.placed.type_, self.placed.stop_price) {
            (OrderType::Stop | OrderType::StopLimit, Some(stop)) => stop,
            _ => return false,
        };
        self.triggered |= if self.buys() { offer.last >= stop } else { offer.last <= stop };
        !self.triggered
    }

    /// Books a fill; the order is filled when nothing stays open.
    pub(crate) fn book(&mut self, fill: Fill, time: i64) {
        let filled = self.placed.filled_qty.unwrap_or(0.0);
        let average = self.placed.avg_price.unwrap_or(0.0);
        let total = filled + fill.quantity;
        self.placed.filled_qty = Some(total);
        self.placed.avg_price = Some(printed((average * filled + fill.price * fill.quantity) / total));
        self.placed.update_time = Some(time);
        if self.open_quantity() <= DUST {
            self.placed.filled_qty = Some(self.placed.qty);
            self.placed.status = OrderStatus::Filled;
        }
    }
}
