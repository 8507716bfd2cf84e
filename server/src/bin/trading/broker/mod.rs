//! The paper-trading engine: accounts that trade against the prices of the feed.
//!
//! Pure state: a command or a price goes in, the events to publish come out. The rules are few and stated where they
//! act: cash accounts without short selling; orders fill at the best price, as far as its quantity goes; a bracket
//! starts when its entry has ended with something filled. Each account meets the market alone: none takes another's
//! quantity.

mod account;
mod checks;
mod order;

use std::collections::BTreeMap;

pub(crate) use account::{Account, CURRENCY, Event};
pub(crate) use checks::Refused;
use checks::{covered, fits, fits_changed};
pub(crate) use order::Offer;
use order::{DUST, Order};

use crate::generated::types::{
    ClosePosition, ModifyOrder, OrderStatus, OrderType, PlaceOrder, PlacedOrder, Side,
};

/// Accounts opened and orders working per account, at most.
const ACCOUNTS_KEPT: usize = 10_000;
const ORDERS_WORKING: usize = 200;

/// All accounts and the prices they trade at.
#[derive(Debug, Default)]
pub(crate) struct Broker {
    accounts: BTreeMap<String, Account>,
    offers: BTreeMap<String, Offer>,
    /// Time of the latest price by symbol: the clock that its orders go by.
    times: BTreeMap<String, i64>,
    orders: u64,
}

/// The id of the order a command concerns, and what to publish; on refusal, why, and what to publish all the same.
pub(crate) type Outcome = Result<(String, Vec<Event>), (Refused, Vec<Event>)>;

impl Broker {
    /// An account, if it was ever used.
    pub(crate) fn account(&self, id: &str) -> Option<&Account> {
        self.accounts.get(id)
    }

    /// Moves a symbol's clock on, never back, and says what it shows.
    pub(crate) fn advance(&mut self, symbol: &str, time: i64) -> i64 {
        let shown = self.times.entry(symbol.to_owned()).or_insert(time);
        *shown = time.max(*shown);
        *shown
    }

    /// Takes in a price: events by account.
    pub(crate) fn offer(&mut self, symbol: &str, mut offer: Offer) -> Vec<(String, Vec<Event>)> {
        offer.time = self.advance(symbol, offer.time);
        self.offers.insert(symbol.to_owned(), offer);
        let mut told = Vec::new();
        for (id, account) in &mut self.accounts {
            let mut events = Vec::new();
            let orders = &mut self.orders;
            account.take_price(symbol, offer.last);
            account.work(symbol, &offer, &mut || next_id(orders), &mut events);
            if events.is_empty() && account.held(symbol) > DUST {
                account.tell_new_equity(&mut events);
            }
            if !events.is_empty() {
                told.push((id.clone(), events));
            }
        }
        told
    }

    /// Places an order; it fills at once as far as the present price and its quantity go.
    pub(crate) fn place(&mut self, request: &PlaceOrder) -> Outcome {
        let offer = *self.offers.get(&request.symbol).ok_or_else(|| silently(Refused::NoPrice))?;
        fits(request).map_err(silently)?;
        let placed = self.placing(request, offer.time);
        let account = self.open(&request.account_id).map_err(silently)?;
        if account.working().count() >= ORDERS_WORKING {
            return Err(silently(Refused::TooManyOrders));
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
        self.work(&request.account_id, &request.symbol, &offer, &mut events);
        Ok((id, events))
    }

    /// Changes prices or quantity of a working order.
    pub(crate) fn modify(&mut self, request: &ModifyOrder) -> Outcome {
        let missing = || silently(Refused::UnknownOrder);
        let account = self.accounts.get_mut(&request.account_id).ok_or_else(missing)?;
        let mut order = working(account, &request.order_id)?.clone();
        let offer = *self.offers.get(&order.placed.symbol).ok_or_else(missing)?;
        fits_changed(&order, request).map_err(silently)?;
        let placed = &mut order.placed;
        placed.qty = request.qty.unwrap_or(placed.qty);
        placed.limit_price = request.limit_price.or(placed.limit_price);
        placed.stop_price = request.stop_price.or(placed.stop_price);
        placed.take_profit = request.take_profit.unwrap_or(placed.take_profit);
        placed.stop_loss = request.stop_loss.unwrap_or(placed.stop_loss);
        placed.update_time = Some(offer.time);
        let symbol = placed.symbol.clone();
        let reserve = order.open_quantity() * order.expected_price(&offer);
        covered(account, &order, reserve, Some(&request.order_id)).map_err(silently)?;
        let mut events = Vec::new();
        account.change(&request.order_id, order, reserve, &mut events);
        self.work(&request.account_id, &symbol, &offer, &mut events);
        Ok((request.order_id.clone(), events))
    }

    /// Cancels a working order.
    pub(crate) fn cancel(&mut self, account: &str, order: &str) -> Outcome {
        let Self { accounts, times, orders, .. } = self;
        let account = accounts.get_mut(account).ok_or_else(|| silently(Refused::UnknownOrder))?;
        let time = time_of(times, &working(account, order)?.placed.symbol);
        let mut events = Vec::new();
        account.cancel(order, time, &mut || next_id(orders), &mut events);
        Ok((order.to_owned(), events))
    }

    /// Sells a position, whole or in part, at the market; working sell orders of the symbol go first, unless enough is
    /// free beside them.
    pub(crate) fn close(&mut self, request: &ClosePosition) -> Outcome {
        let symbol = &request.position_id;
        let Self { accounts, times, orders, .. } = &mut *self;
        let missing = || silently(Refused::UnknownPosition);
        let account = accounts.get_mut(&request.account_id).ok_or_else(missing)?;
        let held = account.held(symbol);
        if held <= DUST {
            return Err(missing());
        }
        let order = market_sale(request, request.qty.unwrap_or(held));
        fits(&order).map_err(silently)?;
        if order.qty > held + DUST {
            return Err(silently(Refused::InsufficientPosition));
        }
        let mut events = Vec::new();
        if order.qty > account.sellable(symbol, None) + DUST {
            let sales = account.working().filter(|order| !order.buys() && order.placed.symbol == *symbol);
            for id in sales.map(|order| order.placed.id.clone()).collect::<Vec<_>>() {
                account.cancel(&id, time_of(times, symbol), &mut || next_id(orders), &mut events);
            }
        }
        match self.place(&order) {
            Ok((id, later)) => Ok((id, [events, later].concat())),
            Err((refused, later)) => Err((refused, [events, later].concat())),
        }
    }

    /// Symbols that an account holds.
    pub(crate) fn held(&self, account: &str) -> Vec<String> {
        let positions = self.account(account).map(Account::positions).unwrap_or_default();
        positions.into_iter().map(|position| position.symbol).collect()
    }

    fn work(&mut self, account: &str, symbol: &str, offer: &Offer, events: &mut Vec<Event>) {
        let Self { accounts, orders, .. } = self;
        if let Some(account) = accounts.get_mut(account) {
            account.work(symbol, offer, &mut || next_id(orders), events);
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

/// A refusal that leaves no trace.
fn silently(refused: Refused) -> (Refused, Vec<Event>) {
    (refused, Vec::new())
}

fn working<'a>(account: &'a Account, id: &str) -> Result<&'a Order, (Refused, Vec<Event>)> {
    let missing = if account.has_ended(id) { Refused::NotWorking } else { Refused::UnknownOrder };
    account.order(id).ok_or_else(|| silently(missing))
}

fn market_sale(request: &ClosePosition, qty: f64) -> PlaceOrder {
    PlaceOrder {
        account_id: request.account_id.clone(),
        symbol: request.position_id.clone(),
        type_: OrderType::Market,
        side: Side::Sell,
        qty,
        limit_price: None,
        stop_price: None,
        take_profit: None,
        stop_loss: None,
    }
}

fn time_of(times: &BTreeMap<String, i64>, symbol: &str) -> i64 {
    times.get(symbol).copied().unwrap_or_default()
}

fn next_id(orders: &mut u64) -> String {
    *orders += 1;
    format!("{:06}", *orders)
}

#[cfg(test)]
mod invariants;
#[cfg(test)]
mod tests;
