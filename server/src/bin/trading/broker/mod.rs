//! The paper-trading engine: accounts that trade against the prices of the feed.
//!
//! Pure state: a command or a price goes in, the events to publish come out. The rules are few and stated where they
//! act: cash accounts without short selling; orders fill at the best price, as far as its quantity goes; a bracket
//! starts when its entry has filled.

mod account;
mod order;

use std::collections::BTreeMap;

pub(crate) use account::{Account, Event};
pub(crate) use order::Offer;
use order::{DUST, Order, has_its_prices};

use crate::generated::types::{
    ClosePosition, ModifyOrder, OrderStatus, OrderType, PlaceOrder, PlacedOrder, Side,
};

/// Accounts opened and orders working per account, at most.
const ACCOUNTS_KEPT: usize = 10_000;
const ORDERS_WORKING: usize = 200;

/// Why a command was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    UnknownSymbol,
    UnknownOrder,
    UnknownPosition,
    NotWorking,
    InsufficientFunds,
    InsufficientPosition,
    MissingPrice,
    TooManyOrders,
    TooManyAccounts,
}

/// All accounts and the prices they trade at.
#[derive(Debug, Default)]
pub(crate) struct Broker {
    accounts: BTreeMap<String, Account>,
    offers: BTreeMap<String, Offer>,
    orders: u64,
}

/// The id of the order a command concerns, and what to publish; on refusal, why, and what to publish all the same.
pub(crate) type Outcome = Result<(String, Vec<Event>), (Refused, Vec<Event>)>;

impl Broker {
    /// An account, if it was ever used.
    pub(crate) fn account(&self, id: &str) -> Option<&Account> {
        self.accounts.get(id)
    }

    /// Takes in a price: events by account.
    pub(crate) fn offer(&mut self, symbol: &str, offer: Offer, time: i64) -> Vec<(String, Vec<Event>)> {
        self.offers.insert(symbol.to_owned(), offer);
        let mut told = Vec::new();
        for (id, account) in &mut self.accounts {
            let mut events = Vec::new();
            let orders = &mut self.orders;
            account.offer(symbol, &offer, time, &mut || next_id(orders), &mut events);
            if events.is_empty() && account.held(symbol) > DUST {
                events.push(Event::Equity(account.equity()));
            }
            if !events.is_empty() {
                told.push((id.clone(), events));
            }
        }
        told
    }

    /// Places an order; a market order fills at once as far as the best price goes.
    pub(crate) fn place(&mut self, request: &PlaceOrder, time: i64) -> Outcome {
        let offer = *self.offers.get(&request.symbol).ok_or((Refused::UnknownSymbol, Vec::new()))?;
        if !has_its_prices(request.type_, request.limit_price, request.stop_price) {
            return Err((Refused::MissingPrice, Vec::new()));
        }
        let placed = self.placing(request, time);
        let account = self.open(&request.account_id).map_err(|refused| (refused, Vec::new()))?;
        if account.working().count() >= ORDERS_WORKING {
            return Err((Refused::TooManyOrders, Vec::new()));
        }
        let mut events = vec![Event::Order(placed.clone())];
        let order = Order::new(placed);
        let reserve = order.open_quantity() * order.expected_price(&offer);
        if let Err(refused) = covered(account, &order, reserve, None) {
            account.reject(order.placed, refused.reason(), &mut events);
            return Err((refused, events));
        }
        let id = order.placed.id.clone();
        account.admit(order, reserve, &mut events);
        let Self { accounts, orders, .. } = self;
        if let Some(account) = accounts.get_mut(&request.account_id) {
            account.offer(&request.symbol, &offer, time, &mut || next_id(orders), &mut events);
        }
        Ok((id, events))
    }

    /// Changes prices or quantity of a working order.
    pub(crate) fn modify(&mut self, request: &ModifyOrder, time: i64) -> Outcome {
        let offers = &self.offers;
        let account =
            self.accounts.get_mut(&request.account_id).ok_or((Refused::UnknownOrder, Vec::new()))?;
        let mut order = working(account, &request.order_id)?.clone();
        let placed = &mut order.placed;
        placed.qty = request.qty.unwrap_or(placed.qty);
        placed.limit_price = request.limit_price.or(placed.limit_price);
        placed.stop_price = request.stop_price.or(placed.stop_price);
        placed.take_profit = request.take_profit.unwrap_or(placed.take_profit);
        placed.stop_loss = request.stop_loss.unwrap_or(placed.stop_loss);
        placed.update_time = Some(time);
        let takes_price = |price: Option<f64>, kinds: [OrderType; 2]| {
            price.is_none() || kinds.contains(&order.placed.type_)
        };
        if !takes_price(request.limit_price, [OrderType::Limit, OrderType::StopLimit])
            || !takes_price(request.stop_price, [OrderType::Stop, OrderType::StopLimit])
        {
            return Err((Refused::MissingPrice, Vec::new()));
        }
        let offer = offers.get(&order.placed.symbol).ok_or((Refused::UnknownOrder, Vec::new()))?;
        let reserve = order.open_quantity() * order.expected_price(offer);
        covered(account, &order, reserve, Some(&request.order_id))
            .map_err(|refused| (refused, Vec::new()))?;
        let mut events = Vec::new();
        account.change(&request.order_id, order, reserve, &mut events);
        Ok((request.order_id.clone(), events))
    }

    /// Cancels a working order.
    pub(crate) fn cancel(&mut self, account: &str, order: &str, time: i64) -> Outcome {
        let account = self.accounts.get_mut(account).ok_or((Refused::UnknownOrder, Vec::new()))?;
        working(account, order)?;
        let mut events = Vec::new();
        account.cancel(order, time, &mut events);
        Ok((order.to_owned(), events))
    }

    /// Sells a position, whole or in part, at the market; working sell orders of the symbol go first.
    pub(crate) fn close(&mut self, request: &ClosePosition, time: i64) -> Outcome {
        let symbol = &request.position_id;
        let account =
            self.accounts.get_mut(&request.account_id).ok_or((Refused::UnknownPosition, Vec::new()))?;
        let held = account.held(symbol);
        if held <= DUST {
            return Err((Refused::UnknownPosition, Vec::new()));
        }
        let mut events = Vec::new();
        let sells = account.working().filter(|order| !order.buys() && order.placed.symbol == *symbol);
        for id in sells.map(|order| order.placed.id.clone()).collect::<Vec<_>>() {
            account.cancel(&id, time, &mut events);
        }
        let order = PlaceOrder {
            account_id: request.account_id.clone(),
            symbol: symbol.clone(),
            type_: OrderType::Market,
            side: Side::Sell,
            qty: request.qty.unwrap_or(held),
            limit_price: None,
            stop_price: None,
            take_profit: None,
            stop_loss: None,
        };
        let (outcome, later) = match self.place(&order, time) {
            Ok((id, later)) => (Ok(id), later),
            Err((refused, later)) => (Err(refused), later),
        };
        events.extend(later);
        match outcome {
            Ok(id) => Ok((id, events)),
            Err(refused) => Err((refused, events)),
        }
    }

    fn open(&mut self, id: &str) -> Result<&mut Account, Refused> {
        if self.accounts.len() >= ACCOUNTS_KEPT && !self.accounts.contains_key(id) {
            return Err(Refused::TooManyAccounts);
        }
        Ok(self.accounts.entry(id.to_owned()).or_default())
    }

    fn placing(&mut self, request: &PlaceOrder, time: i64) -> PlacedOrder {
        PlacedOrder {
            id: next_id(&mut self.orders),
            symbol: request.symbol.clone(),
            type_: request.type_,
            side: request.side,
            qty: request.qty,
            status: OrderStatus::Placing,
            limit_price: request.limit_price,
            stop_price: request.stop_price,
            take_profit: request.take_profit,
            stop_loss: request.stop_loss,
            guaranteed_stop: None,
            trailing_stop_pips: None,
            stop_type: None,
            filled_qty: None,
            avg_price: None,
            update_time: Some(time),
        }
    }
}

impl Refused {
    /// For a person.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::UnknownSymbol => "no price is known for the symbol",
            Self::UnknownOrder => "the account has no such order",
            Self::UnknownPosition => "the account has no such open position",
            Self::NotWorking => "the order has ended",
            Self::InsufficientFunds => "available cash does not cover the order",
            Self::InsufficientPosition => "the account does not hold that much",
            Self::MissingPrice => "the order's type and its prices do not fit",
            Self::TooManyOrders => "the account has as many working orders as it may",
            Self::TooManyAccounts => "no further account can be opened",
        }
    }
}

fn working<'a>(account: &'a Account, id: &str) -> Result<&'a Order, (Refused, Vec<Event>)> {
    let missing = if account.has_ended(id) { Refused::NotWorking } else { Refused::UnknownOrder };
    account.order(id).ok_or((missing, Vec::new()))
}

/// Cash for a buy, holdings for a sale; `existing` is the order that is being changed.
fn covered(account: &Account, order: &Order, reserve: f64, existing: Option<&str>) -> Result<(), Refused> {
    if order.buys() {
        let cash = account.available_cash() + existing.map_or(0.0, |id| account.reserved_for(id));
        return if reserve <= cash { Ok(()) } else { Err(Refused::InsufficientFunds) };
    }
    let sellable = account.sellable(&order.placed.symbol, existing);
    if order.open_quantity() <= sellable + DUST { Ok(()) } else { Err(Refused::InsufficientPosition) }
}

fn next_id(orders: &mut u64) -> String {
    *orders += 1;
    format!("{:06}", *orders)
}

#[cfg(test)]
mod tests;
