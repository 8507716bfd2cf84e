//! What an order must be, and what an account must have for it; why one is refused.

use super::account::Account;
use super::order::{DUST, Order};
use crate::generated::types::{ModifyOrder, OrderType, PlaceOrder, Side};

/// Why a command was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    NoPrice,
    UnknownOrder,
    UnknownPosition,
    NotWorking,
    InsufficientFunds,
    InsufficientPosition,
    /// The member that is missing, or that the order's type has no use for.
    MissingPrice(&'static str),
    InvalidQuantity,
    /// The member that is wrong.
    InvalidBracket(&'static str),
    TooManyOrders,
    TooManyAccounts,
}

impl Refused {
    /// For a person.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::NoPrice => "no price of the symbol has come yet",
            Self::UnknownOrder => "the account has no such order",
            Self::UnknownPosition => "the account has no such open position",
            Self::NotWorking => "the order has ended",
            Self::InsufficientFunds => "available cash does not cover the order",
            Self::InsufficientPosition => "the account does not hold that much",
            Self::MissingPrice(_) => "the order's type and its prices do not fit",
            Self::InvalidQuantity => "the quantity is too small, or not above what is filled already",
            Self::InvalidBracket(_) => {
                "a bracket belongs to a buy, and its stop loss lies below its take profit"
            }
            Self::TooManyOrders => "the account has as many working orders as it may",
            Self::TooManyAccounts => "no further account can be opened",
        }
    }
}

/// Whether a new order makes sense by itself.
pub(super) fn fits(order: &PlaceOrder) -> Result<(), Refused> {
    let limited = matches!(order.type_, OrderType::Limit | OrderType::StopLimit);
    let stopped = matches!(order.type_, OrderType::Stop | OrderType::StopLimit);
    if limited && order.limit_price.is_none() {
        return Err(Refused::MissingPrice("/limitPrice"));
    }
    if stopped && order.stop_price.is_none() {
        return Err(Refused::MissingPrice("/stopPrice"));
    }
    if order.qty <= DUST {
        return Err(Refused::InvalidQuantity);
    }
    bracket_fits(order.side, order.take_profit, order.stop_loss)
}

/// Whether a change makes sense for an order.
pub(super) fn fits_changed(order: &Order, change: &ModifyOrder) -> Result<(), Refused> {
    let placed = &order.placed;
    let limited = matches!(placed.type_, OrderType::Limit | OrderType::StopLimit);
    let stopped = matches!(placed.type_, OrderType::Stop | OrderType::StopLimit);
    if change.limit_price.is_some() && !limited {
        return Err(Refused::MissingPrice("/limitPrice"));
    }
    if change.stop_price.is_some() && !stopped {
        return Err(Refused::MissingPrice("/stopPrice"));
    }
    if change.qty.is_some_and(|qty| qty <= placed.filled_qty.unwrap_or(0.0) + DUST) {
        return Err(Refused::InvalidQuantity);
    }
    let take_profit = change.take_profit.unwrap_or(placed.take_profit);
    bracket_fits(placed.side, take_profit, change.stop_loss.unwrap_or(placed.stop_loss))
}

fn bracket_fits(side: Side, take_profit: Option<f64>, stop_loss: Option<f64>) -> Result<(), Refused> {
    match (side, take_profit, stop_loss) {
        // In a cash account a sale opens nothing that a bracket could end.
        (Side::Sell, Some(_), _) => Err(Refused::InvalidBracket("/takeProfit")),
        (Side::Sell, None, Some(_)) => Err(Refused::InvalidBracket("/stopLoss")),
        (Side::Buy, Some(profit), Some(loss)) if loss >= profit => Err(Refused::InvalidBracket("/stopLoss")),
        _ => Ok(()),
    }
}

/// Cash for a buy, holdings for a sale; `existing` is the order that is being changed.
pub(super) fn covered(
    account: &Account,
    order: &Order,
    reserve: f64,
    existing: Option<&str>,
) -> Result<(), Refused> {
    if order.buys() {
        let cash = account.available_cash() + existing.map_or(0.0, |id| account.reserved_for(id));
        return if reserve <= cash { Ok(()) } else { Err(Refused::InsufficientFunds) };
    }
    let sellable = account.sellable(&order.placed.symbol, existing);
    if order.open_quantity() <= sellable + DUST { Ok(()) } else { Err(Refused::InsufficientPosition) }
}
