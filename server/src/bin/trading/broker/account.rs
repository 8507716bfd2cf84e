//! One paper-trading account: cash, holdings, orders. A cash account: nothing is borrowed, nothing sold short.
//!
//! Pure bookkeeping: commands and offers go in, [`Event`]s come out in the order in which they are to be published.

use std::collections::{BTreeMap, VecDeque};

use super::order::{DUST, Fill, Offer, Order};
use crate::generated::types::{
    Balance, Equity, Execution, Notification, NotificationCategory, OrderStatus, OrderType, PlacedOrder,
    Position, Side,
};

/// Cash a new account starts with, in the quote currency.
pub(crate) const DEPOSIT: f64 = 100_000.0;
/// Currency that cash is counted in.
const CURRENCY: &str = "USD";
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

/// One account.
#[derive(Debug)]
pub(crate) struct Account {
    cash: f64,
    realized: f64,
    holdings: BTreeMap<String, Holding>,
    working: BTreeMap<String, Order>,
    /// Cash set aside per working buy order.
    reserved: BTreeMap<String, f64>,
    ended: VecDeque<PlacedOrder>,
    executions: VecDeque<Execution>,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            cash: DEPOSIT,
            realized: 0.0,
            holdings: BTreeMap::new(),
            working: BTreeMap::new(),
            reserved: BTreeMap::new(),
            ended: VecDeque::new(),
            executions: VecDeque::new(),
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

    /// Cash set aside for one order.
    pub(crate) fn reserved_for(&self, id: &str) -> f64 {
        self.reserved.get(id).copied().unwrap_or(0.0)
    }

    /// What is held of a symbol.
    pub(crate) fn held(&self, symbol: &str) -> f64 {
        self.holdings.get(symbol).map_or(0.0, |holding| holding.quantity)
    }

    /// What is held of a symbol and promised to no working order but `except`. The halves of a bracket sell the same
    /// holding, so they count once.
    pub(crate) fn sellable(&self, symbol: &str, except: Option<&str>) -> f64 {
        self.held(symbol) - self.promised(symbol, except)
    }

    fn promised(&self, symbol: &str, except: Option<&str>) -> f64 {
        let sells = self.working.values().filter(|order| !order.buys() && order.placed.symbol == symbol);
        sells
            .filter(|order| except != Some(order.placed.id.as_str()))
            .filter(|order| order.sibling.as_ref().is_none_or(|sibling| *sibling < order.placed.id))
            .map(Order::open_quantity)
            .sum()
    }

    /// Takes in an order as working, with the cash it holds.
    pub(crate) fn admit(&mut self, mut order: Order, reserve: f64, events: &mut Vec<Event>) {
        order.placed.status = OrderStatus::Working;
        events.push(Event::Order(order.placed.clone()));
        if order.buys() {
            self.reserved.insert(order.placed.id.clone(), reserve);
        }
        self.working.insert(order.placed.id.clone(), order);
        events.extend(self.balances().into_iter().map(Event::Balance));
    }

    /// Remembers an order that was refused.
    pub(crate) fn reject(&mut self, mut order: PlacedOrder, why: &str, events: &mut Vec<Event>) {
        order.status = OrderStatus::Rejected;
        events.push(Event::Order(order.clone()));
        events.push(Event::Notification(Notification {
            category: NotificationCategory::Error,
            title: format!("Order {} rejected", order.id),
            message: why.to_owned(),
            time: order.update_time.unwrap_or_default(),
            data: None,
        }));
        self.remember(order);
    }

    /// Changes a working order in place.
    pub(crate) fn change(&mut self, id: &str, order: Order, reserve: f64, events: &mut Vec<Event>) {
        events.push(Event::Order(order.placed.clone()));
        if order.buys() {
            self.reserved.insert(id.to_owned(), reserve);
        }
        self.working.insert(id.to_owned(), order);
        events.extend(self.balances().into_iter().map(Event::Balance));
    }

    /// Ends a working order and the other half of its bracket.
    pub(crate) fn cancel(&mut self, id: &str, time: i64, events: &mut Vec<Event>) {
        let mut next = Some(id.to_owned());
        while let Some(mut order) = next.and_then(|id| self.take(&id)) {
            order.placed.status = OrderStatus::Canceled;
            order.placed.update_time = Some(time);
            events.push(Event::Order(order.placed.clone()));
            self.remember(order.placed);
            next = order.sibling;
        }
        events.extend(self.balances().into_iter().map(Event::Balance));
    }

    fn take(&mut self, id: &str) -> Option<Order> {
        self.reserved.remove(id);
        self.working.remove(id)
    }

    /// Lets an offer work on the account: fills what it fills. `next_id` names the orders of brackets.
    pub(crate) fn offer(
        &mut self,
        symbol: &str,
        offer: &Offer,
        time: i64,
        next_id: &mut dyn FnMut() -> String,
        events: &mut Vec<Event>,
    ) {
        if let Some(holding) = self.holdings.get_mut(symbol) {
            holding.mark = offer.last;
        }
        let ids: Vec<String> = self
            .working
            .values()
            .filter(|o| o.placed.symbol == symbol)
            .map(|o| o.placed.id.clone())
            .collect();
        for id in ids {
            let Some(fill) = self.working.get_mut(&id).and_then(|order| order.fill_at(offer)) else {
                continue;
            };
            if let Some(fill) = self.affordable(&id, fill) {
                self.fill(&id, fill, time, next_id, events);
            }
        }
    }

    /// A market or stop order may meet a higher price than cash was set aside for: it then fills as far as cash goes.
    fn affordable(&self, id: &str, fill: Fill) -> Option<Fill> {
        let order = self.working.get(id)?;
        let quantity = if order.buys() {
            fill.quantity.min((self.available_cash() + self.reserved_for(id)) / fill.price)
        } else {
            fill.quantity.min(self.held(&order.placed.symbol))
        };
        (quantity > DUST).then_some(Fill { quantity, ..fill })
    }

    fn fill(
        &mut self,
        id: &str,
        fill: Fill,
        time: i64,
        next_id: &mut dyn FnMut() -> String,
        events: &mut Vec<Event>,
    ) {
        let Some(mut order) = self.working.remove(id) else { return };
        order.book(fill, time);
        let execution = Execution {
            symbol: order.placed.symbol.clone(),
            price: fill.price,
            qty: fill.quantity,
            side: order.placed.side,
            time,
        };
        self.executions.push_front(execution.clone());
        self.executions.truncate(EXECUTIONS_KEPT);
        events.push(Event::Execution(execution));
        events.push(Event::Order(order.placed.clone()));
        let position = self.settle(&order, fill);
        events.push(Event::Position(position));
        events.push(Event::Equity(self.equity()));
        if order.is_working() {
            let reserved = self.reserved.get_mut(id);
            if let Some(reserved) = reserved {
                *reserved = (*reserved - fill.quantity * fill.price).max(0.0);
            }
            self.working.insert(id.to_owned(), order);
        } else {
            self.reserved.remove(id);
            self.finish(order, time, next_id, events);
        }
        events.extend(self.balances().into_iter().map(Event::Balance));
    }

    /// Moves cash and holding; the position as it stands then.
    fn settle(&mut self, order: &Order, fill: Fill) -> Position {
        let symbol = &order.placed.symbol;
        let holding = self.holdings.entry(symbol.clone()).or_default();
        holding.mark = fill.price;
        let value = fill.quantity * fill.price;
        if order.buys() {
            let total = holding.quantity + fill.quantity;
            holding.average = (holding.average * holding.quantity + value) / total;
            holding.quantity = total;
            self.cash -= value;
        } else {
            self.realized += (fill.price - holding.average) * fill.quantity;
            holding.quantity -= fill.quantity;
            self.cash += value;
        }
        let position = position(symbol, holding);
        if holding.quantity <= DUST {
            self.holdings.remove(symbol);
        }
        position
    }

    /// What follows when an order has filled: the other half of its bracket goes, its own bracket starts.
    fn finish(
        &mut self,
        order: Order,
        time: i64,
        next_id: &mut dyn FnMut() -> String,
        events: &mut Vec<Event>,
    ) {
        if let Some(sibling) = &order.sibling {
            self.cancel_half(sibling, time, events);
        }
        let entry = order.placed;
        if entry.side == Side::Buy {
            let half = |id, type_, limit_price, stop_price| {
                Order::new(PlacedOrder {
                    id,
                    type_,
                    side: Side::Sell,
                    status: OrderStatus::Working,
                    limit_price,
                    stop_price,
                    take_profit: None,
                    stop_loss: None,
                    filled_qty: None,
                    avg_price: None,
                    ..entry.clone()
                })
            };
            let profit = entry.take_profit.map(|price| half(next_id(), OrderType::Limit, Some(price), None));
            let loss = entry.stop_loss.map(|price| half(next_id(), OrderType::Stop, None, Some(price)));
            let ids =
                (profit.as_ref().map(|o| o.placed.id.clone()), loss.as_ref().map(|o| o.placed.id.clone()));
            for (half, sibling) in [(profit, ids.1), (loss, ids.0)] {
                if let Some(mut half) = half {
                    half.sibling = sibling;
                    events.push(Event::Order(half.placed.clone()));
                    self.working.insert(half.placed.id.clone(), half);
                }
            }
        }
        self.remember(entry);
    }

    fn cancel_half(&mut self, id: &str, time: i64, events: &mut Vec<Event>) {
        if let Some(mut half) = self.take(id) {
            half.placed.status = OrderStatus::Canceled;
            half.placed.update_time = Some(time);
            events.push(Event::Order(half.placed.clone()));
            self.remember(half.placed);
        }
    }

    fn remember(&mut self, order: PlacedOrder) {
        self.ended.push_front(order);
        self.ended.truncate(ENDED_KEPT);
    }

    /// Working orders, then ended ones, newest first.
    pub(crate) fn orders(&self) -> Vec<PlacedOrder> {
        self.working.values().map(|order| &order.placed).chain(&self.ended).cloned().collect()
    }

    /// Open positions.
    pub(crate) fn positions(&self) -> Vec<Position> {
        self.holdings.iter().map(|(symbol, holding)| position(symbol, holding)).collect()
    }

    /// Fills, newest first.
    pub(crate) fn executions(&self) -> impl Iterator<Item = &Execution> {
        self.executions.iter()
    }

    /// What the account is worth.
    pub(crate) fn equity(&self) -> Equity {
        let open: f64 = self.holdings.values().map(|held| (held.mark - held.average) * held.quantity).sum();
        let balance = DEPOSIT + self.realized;
        Equity {
            equity: cents(balance + open),
            balance: cents(balance),
            unrealized_pl: cents(open),
            realized_pl: cents(self.realized),
        }
    }

    /// Cash and each asset held.
    pub(crate) fn balances(&self) -> Vec<Balance> {
        let available = self.available_cash();
        let cash = Balance {
            asset: CURRENCY.to_owned(),
            available: cents(available),
            locked: cents(self.cash - available),
            total: cents(self.cash),
        };
        let assets = self.holdings.iter().map(|(symbol, holding)| {
            let locked = self.promised(symbol, None).min(holding.quantity);
            Balance {
                asset: symbol.split(['-', '/']).next().unwrap_or(symbol).to_owned(),
                available: holding.quantity - locked,
                locked,
                total: holding.quantity,
            }
        });
        std::iter::once(cash).chain(assets).collect()
    }
}

fn position(symbol: &str, holding: &Holding) -> Position {
    Position {
        id: symbol.to_owned(),
        symbol: symbol.to_owned(),
        qty: if holding.quantity <= DUST { 0.0 } else { holding.quantity },
        side: Side::Buy,
        avg_price: holding.average,
    }
}

/// Amounts of money are shown in cents; sums of binary fractions are not. The empty sum is -0, which nobody wants to see.
fn cents(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0 + 0.0
}
