//! What a price does to an account: orders fill, positions and cash move, brackets start and end.

use super::{Account, EXECUTIONS_KEPT, Event, notice};
use crate::broker::order::{DUST, Fill, Offer, Order};
use crate::generated::types::{Execution, OrderStatus, OrderType, PlacedOrder, Position, Side};

impl Account {
    /// A new price of a symbol: what is held of it is worth that now, and its quantities have yet to be taken.
    pub(crate) fn take_price(&mut self, symbol: &str, last: f64) {
        self.taken.remove(symbol);
        if let Some(holding) = self.holdings.get_mut(symbol) {
            holding.mark = last;
        }
    }

    /// Lets the present offer work on the account, oldest order first: fills what it fills, as far as its quantity
    /// goes. `next_id` names the orders of brackets.
    pub(crate) fn work(
        &mut self,
        symbol: &str,
        offer: &Offer,
        next_id: &mut dyn FnMut() -> String,
        events: &mut Vec<Event>,
    ) {
        let of_symbol = self.working.values().filter(|order| order.placed.symbol == symbol);
        for id in of_symbol.map(|order| order.placed.id.clone()).collect::<Vec<_>>() {
            let taken = self.taken.get(symbol).copied().unwrap_or_default();
            let left = Offer {
                ask_quantity: offer.ask_quantity - taken.bought,
                bid_quantity: offer.bid_quantity - taken.sold,
                ..*offer
            };
            let Some(fill) = self.working.get_mut(&id).and_then(|order| order.fill_at(&left)) else {
                continue;
            };
            let quantity = self.affordable(&id, fill);
            if quantity > DUST {
                self.fill(&id, Fill { quantity, ..fill }, offer.time, next_id, events);
            }
            if quantity < fill.quantity - DUST {
                self.starve(&id, offer.time, next_id, events);
            }
        }
    }

    /// How much of a fill the account has the cash or the holding for: a market or stop order may meet a higher price
    /// than cash was set aside for.
    fn affordable(&self, id: &str, fill: Fill) -> f64 {
        let Some(order) = self.working.get(id) else { return 0.0 };
        if order.buys() {
            fill.quantity.min((self.available_cash() + self.reserved_for(id)) / fill.price)
        } else {
            fill.quantity.min(self.held(&order.placed.symbol))
        }
    }

    /// Ends an order whose rest cannot be paid for.
    fn starve(&mut self, id: &str, time: i64, next_id: &mut dyn FnMut() -> String, events: &mut Vec<Event>) {
        if self.working.contains_key(id) {
            self.cancel(id, time, next_id, events);
            events.push(notice(format!("Order {id} cancelled"), "the price has risen beyond the cash", time));
        }
    }

    /// One fill: told as execution, order, position, equity, in this order; what follows from it comes after.
    fn fill(
        &mut self,
        id: &str,
        fill: Fill,
        time: i64,
        next_id: &mut dyn FnMut() -> String,
        events: &mut Vec<Event>,
    ) {
        let Some(mut order) = self.working.remove(id) else { return };
        let open_before = order.open_quantity();
        order.book(fill, time);
        let (symbol, side) = (order.placed.symbol.clone(), order.placed.side);
        let execution = Execution { symbol, price: fill.price, qty: fill.quantity, side, time };
        self.executions.push_front(execution.clone());
        self.executions.truncate(EXECUTIONS_KEPT);
        events.push(Event::Execution(execution));
        events.push(Event::Order(order.placed.clone()));
        events.push(Event::Position(self.settle(&order, fill)));
        self.tell_equity(events);
        if order.is_working() {
            let (sibling, open) = (order.sibling.clone(), order.open_quantity());
            if let Some(reserved) = self.reserved.get_mut(id) {
                // What the rest was expected to cost, less where this fill has cost more than expected.
                let left = (*reserved - fill.quantity * fill.price).max(0.0);
                *reserved = left.min(*reserved * open / open_before);
            }
            self.working.insert(id.to_owned(), order);
            if let Some(sibling) = sibling {
                self.resize(&sibling, open, time, events);
            }
        } else {
            self.reserved.remove(id);
            self.finish(order, time, next_id, events);
        }
        self.tell_balances(events);
    }

    /// Moves cash and holding; the position as it stands then.
    fn settle(&mut self, order: &Order, fill: Fill) -> Position {
        let symbol = &order.placed.symbol;
        let taken = self.taken.entry(symbol.clone()).or_default();
        let holding = self.holdings.entry(symbol.clone()).or_default();
        holding.mark = fill.price;
        let value = fill.quantity * fill.price;
        if order.buys() {
            taken.bought += fill.quantity;
            let total = holding.quantity + fill.quantity;
            holding.average = (holding.average * holding.quantity + value) / total;
            holding.quantity = total;
            self.cash -= value;
        } else {
            taken.sold += fill.quantity;
            self.realized += (fill.price - holding.average) * fill.quantity;
            holding.quantity -= fill.quantity;
            self.cash += value;
        }
        let position = holding.position(symbol);
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
        if let Some(half) = order.sibling.and_then(|sibling| self.end_working(&sibling, time, events)) {
            self.remember(half.placed);
        }
        self.start_bracket(&order.placed, time, next_id, events);
        self.remember(order.placed);
    }

    /// Starts the bracket of an entry over what it has bought, as far as that is still free to be sold.
    pub(super) fn start_bracket(
        &mut self,
        entry: &PlacedOrder,
        time: i64,
        next_id: &mut dyn FnMut() -> String,
        events: &mut Vec<Event>,
    ) {
        let bought = entry.filled_qty.filter(|_| entry.side == Side::Buy).unwrap_or(0.0);
        let quantity = bought.min(self.sellable(&entry.symbol, None));
        if quantity <= DUST {
            return;
        }
        let mut half = |price: Option<f64>, type_, limit_price, stop_price| {
            price.map(|_| {
                let (id, qty, update_time) = (next_id(), quantity, Some(time));
                Order::new(PlacedOrder {
                    id,
                    type_,
                    qty,
                    side: Side::Sell,
                    status: OrderStatus::Working,
                    limit_price,
                    stop_price,
                    take_profit: None,
                    stop_loss: None,
                    filled_qty: None,
                    avg_price: None,
                    update_time,
                    ..entry.clone()
                })
            })
        };
        let mut profit = half(entry.take_profit, OrderType::Limit, entry.take_profit, None);
        let mut loss = half(entry.stop_loss, OrderType::Stop, None, entry.stop_loss);
        if let (Some(profit), Some(loss)) = (&mut profit, &mut loss) {
            profit.sibling = Some(loss.placed.id.clone());
            loss.sibling = Some(profit.placed.id.clone());
        }
        for half in [profit, loss].into_iter().flatten() {
            events.push(Event::Order(half.placed.clone()));
            self.working.insert(half.placed.id.clone(), half);
        }
    }
}
