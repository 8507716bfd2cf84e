//! One paper-trading account: cash, holdings, orders. A cash account: nothing is borrowed, nothing sold short.
//!
//! Pure bookkeeping: commands and offers go in, [`Event`]s come out in the order in which they are to be published.
//! What a price does to it is in `fills`, what it tells of itself in `report`.

mod fills;
mod report;

use std::collections::{BTreeMap, VecDeque};

use super::order::Order;
use crate::generated::types::{
    Balance, Equity, Execution, Notification, NotificationCategory, OrderStatus, PlacedOrder, Position,
};

/// Currency that cash is counted in.
pub(crate) const CURRENCY: &str = "USD";
/// Cash a new account starts with.
pub(in crate::broker) const DEPOSIT: f64 = 100_000.0;
/// Ended orders and fills remembered for snapshots.
const ENDED_KEPT: usize = 200;
const EXECUTIONS_KEPT: usize = 100;

/// Something the account's owner is told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event {
    Execution(Execution),
    Order(PlacedOrder),
    Position(Position),
    Equity(Equity),
    Balance(Balance),
    Notification(Notification),
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Holding {
    quantity: f64,
    average: f64,
    /// Latest price, for what it is worth.
    mark: f64,
}

/// What an account has taken of the present offer of a symbol: that is gone until the next one.
#[derive(Debug, Clone, Copy, Default)]
struct Taken {
    bought: f64,
    sold: f64,
}

/// One account.
#[derive(Debug)]
pub(crate) struct Account {
    cash: f64,
    realized: f64,
    holdings: BTreeMap<String, Holding>,
    taken: BTreeMap<String, Taken>,
    working: BTreeMap<String, Order>,
    /// Cash set aside per working buy order.
    reserved: BTreeMap<String, f64>,
    ended: VecDeque<PlacedOrder>,
    executions: VecDeque<Execution>,
    /// What the owner was told last, as what has not changed is not told again.
    told: Told,
}

#[derive(Debug, Default)]
struct Told {
    equity: Option<Equity>,
    /// By asset.
    balances: BTreeMap<String, Balance>,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            cash: DEPOSIT,
            realized: 0.0,
            holdings: BTreeMap::new(),
            taken: BTreeMap::new(),
            working: BTreeMap::new(),
            reserved: BTreeMap::new(),
            ended: VecDeque::new(),
            executions: VecDeque::new(),
            told: Told::default(),
        }
    }
}

impl Account {
    /// Orders that may still fill.
    pub(crate) fn working(&self) -> impl Iterator<Item = &Order> {
        self.working.values()
    }

    /// A working order.
    pub(crate) fn order(&self, id: &str) -> Option<&Order> {
        self.working.get(id)
    }

    /// Whether an order of this id has ended.
    pub(crate) fn has_ended(&self, id: &str) -> bool {
        self.ended.iter().any(|order| order.id == id)
    }

    /// Cash that no working order holds.
    pub(crate) fn available_cash(&self) -> f64 {
        self.cash - self.reserved.values().sum::<f64>()
    }

    /// All cash.
    #[cfg(test)]
    pub(crate) fn cash(&self) -> f64 {
        self.cash
    }

    /// Cash set aside for one order.
    pub(crate) fn reserved_for(&self, id: &str) -> f64 {
        self.reserved.get(id).copied().unwrap_or(0.0)
    }

    /// What is held of a symbol.
    pub(crate) fn held(&self, symbol: &str) -> f64 {
        self.holdings.get(symbol).map_or(0.0, |holding| holding.quantity)
    }

    /// What is held of a symbol and promised to no working order but `except`, nor to the other half of its bracket.
    pub(crate) fn sellable(&self, symbol: &str, except: Option<&str>) -> f64 {
        self.held(symbol) - self.promised(symbol, except)
    }

    /// The halves of a bracket sell the same holding, so they count once.
    fn promised(&self, symbol: &str, except: Option<&str>) -> f64 {
        let sales = self.working.values().filter(|order| !order.buys() && order.placed.symbol == symbol);
        sales
            .filter(|order| except.is_none_or(|id| !order.belongs_to(id)))
            .filter(|order| order.sibling.as_ref().is_none_or(|sibling| *sibling < order.placed.id))
            .map(Order::open_quantity)
            .sum()
    }

    /// Takes in an order as working, with the cash it holds.
    pub(crate) fn admit(&mut self, mut order: Order, reserve: f64, events: &mut Vec<Event>) {
        order.placed.status = OrderStatus::Working;
        let id = order.placed.id.clone();
        self.change(&id, order, reserve, events);
    }

    /// Remembers an order that was refused.
    pub(crate) fn reject(&mut self, mut order: PlacedOrder, why: &str, events: &mut Vec<Event>) {
        order.status = OrderStatus::Rejected;
        events.push(Event::Order(order.clone()));
        let title = format!("Order {} rejected", order.id);
        events.push(notice(title, why, order.update_time.unwrap_or_default()));
        self.remember(order);
    }

    /// Puts a working order in the place of what it was; the other half of a bracket stays as large as it.
    pub(crate) fn change(&mut self, id: &str, order: Order, reserve: f64, events: &mut Vec<Event>) {
        events.push(Event::Order(order.placed.clone()));
        if order.buys() {
            self.reserved.insert(id.to_owned(), reserve);
        }
        let (sibling, open, time) =
            (order.sibling.clone(), order.open_quantity(), order.placed.update_time.unwrap_or_default());
        self.working.insert(id.to_owned(), order);
        if let Some(sibling) = sibling {
            self.resize(&sibling, open, time, events);
        }
        self.tell_balances(events);
    }

    /// Ends a working order and the other half of its bracket; what an entry has bought by then gets the bracket.
    pub(crate) fn cancel(
        &mut self,
        id: &str,
        time: i64,
        next_id: &mut dyn FnMut() -> String,
        events: &mut Vec<Event>,
    ) {
        let mut next = Some(id.to_owned());
        while let Some(order) = next.and_then(|id| self.end_working(&id, time, events)) {
            self.start_bracket(&order.placed, time, next_id, events);
            self.remember(order.placed);
            next = order.sibling;
        }
        self.tell_balances(events);
    }

    /// Takes a working order out as cancelled.
    fn end_working(&mut self, id: &str, time: i64, events: &mut Vec<Event>) -> Option<Order> {
        self.reserved.remove(id);
        let mut order = self.working.remove(id)?;
        order.placed.status = OrderStatus::Canceled;
        order.placed.update_time = Some(time);
        events.push(Event::Order(order.placed.clone()));
        Some(order)
    }

    /// Gives a working order another quantity that is still open.
    fn resize(&mut self, id: &str, open: f64, time: i64, events: &mut Vec<Event>) {
        let Some(order) = self.working.get_mut(id) else { return };
        if (order.open_quantity() - open).abs() > 0.0 {
            order.placed.qty = order.placed.filled_qty.unwrap_or(0.0) + open;
            order.placed.update_time = Some(time);
            events.push(Event::Order(order.placed.clone()));
        }
    }

    fn remember(&mut self, order: PlacedOrder) {
        self.ended.push_front(order);
        self.ended.truncate(ENDED_KEPT);
    }

    /// The equity, where prices have changed it.
    pub(crate) fn tell_new_equity(&mut self, events: &mut Vec<Event>) {
        if self.told.equity.as_ref() != Some(&self.equity()) {
            self.tell_equity(events);
        }
    }

    fn tell_equity(&mut self, events: &mut Vec<Event>) {
        let equity = self.equity();
        self.told.equity = Some(equity.clone());
        events.push(Event::Equity(equity));
    }

    /// The balances that have changed; that of an asset which is gone is 0.
    fn tell_balances(&mut self, events: &mut Vec<Event>) {
        let now: BTreeMap<String, Balance> =
            self.balances().into_iter().map(|balance| (balance.asset.clone(), balance)).collect();
        let gone = self.told.balances.keys().filter(|asset| !now.contains_key(*asset));
        let gone =
            gone.map(|asset| Balance { asset: asset.clone(), available: 0.0, locked: 0.0, total: 0.0 });
        let changed = now.values().filter(|balance| self.told.balances.get(&balance.asset) != Some(*balance));
        events.extend(changed.cloned().chain(gone).map(Event::Balance));
        self.told.balances = now;
    }
}

fn notice(title: String, message: &str, time: i64) -> Event {
    let category = NotificationCategory::Error;
    Event::Notification(Notification { category, title, message: message.to_owned(), time, data: None })
}
