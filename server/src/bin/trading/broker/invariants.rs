//! What holds whatever is commanded and whatever the market does: money and holdings add up, per account.

use std::collections::HashMap;

use proptest::prelude::*;

use super::account::DEPOSIT;
use super::*;

const ACCOUNTS: [&str; 2] = ["A", "B"];
const SYMBOLS: [&str; 2] = ["BTC-USD", "ETH-USD"];

/// Binary fractions add up to this, over all of a schedule.
const NOISE: f64 = 1e-4;

#[derive(Debug, Clone)]
enum Step {
    Price { symbol: usize, last: f64, spread: f64, quantity: f64 },
    Place(PlaceOrder),
    Modify { account: usize, order: usize, qty: Option<f64>, price: f64 },
    Cancel { account: usize, order: usize },
    Close { account: usize, symbol: usize, qty: Option<f64> },
}

fn price() -> impl Strategy<Value = f64> {
    (1_u32..4_000).prop_map(|cents| f64::from(cents) / 7.0)
}

fn quantity() -> impl Strategy<Value = f64> {
    prop_oneof![8 => (1_u32..2_000).prop_map(|parts| f64::from(parts) / 30.0), 1 => Just(1e-9), 1 => Just(1e12)]
}

fn some<T: Clone + std::fmt::Debug + 'static>(
    value: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Option<T>> {
    prop_oneof![Just(None), value.prop_map(Some)].boxed()
}

fn place() -> impl Strategy<Value = Step> {
    let kind = prop_oneof![
        Just(OrderType::Market),
        Just(OrderType::Limit),
        Just(OrderType::Stop),
        Just(OrderType::StopLimit)
    ];
    let prices = [price(), price(), price(), price()].map(some);
    (0..2_usize, 0..2_usize, kind, any::<bool>(), quantity(), prices).prop_map(
        |(account, symbol, type_, buys, qty, [limit_price, stop_price, take_profit, stop_loss])| {
            Step::Place(PlaceOrder {
                account_id: ACCOUNTS[account].to_owned(),
                symbol: SYMBOLS[symbol].to_owned(),
                type_,
                side: if buys { Side::Buy } else { Side::Sell },
                qty,
                limit_price,
                stop_price,
                take_profit: take_profit.filter(|_| buys),
                stop_loss: stop_loss.filter(|_| buys),
            })
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let (account, order, symbol) = (0..2_usize, 0..40_usize, 0..2_usize);
    prop_oneof![
        6 => (symbol.clone(), price(), 0.0..0.5, quantity())
            .prop_map(|(symbol, last, spread, quantity)| Step::Price { symbol, last, spread, quantity }),
        6 => place(),
        2 => (account.clone(), order.clone(), some(quantity()), price())
            .prop_map(|(account, order, qty, price)| Step::Modify { account, order, qty, price }),
        1 => (account.clone(), order).prop_map(|(account, order)| Step::Cancel { account, order }),
        1 => (account, symbol, some(quantity()))
            .prop_map(|(account, symbol, qty)| Step::Close { account, symbol, qty }),
    ]
}

/// What owners were told, by account and order.
#[derive(Default)]
struct Told {
    orders: HashMap<(String, String), PlacedOrder>,
    filled: HashMap<(String, String), f64>,
}

impl Told {
    /// An execution names no order: it is the one told next.
    fn take(&mut self, account: &str, events: &[Event]) -> Result<(), TestCaseError> {
        let mut execution = None;
        for event in events {
            match event {
                Event::Execution(fill) => {
                    prop_assert!(fill.qty > 0.0 && fill.price > 0.0, "{fill:?}");
                    execution = Some(fill.qty);
                }
                Event::Order(order) => {
                    let key = (account.to_owned(), order.id.clone());
                    let filled = self.filled.entry(key.clone()).or_default();
                    *filled += execution.take().unwrap_or(0.0);
                    let shown = order.filled_qty.unwrap_or(0.0);
                    prop_assert!(
                        (shown - *filled).abs() < NOISE * (1.0 + shown),
                        "{order:?} after fills of {filled}"
                    );
                    prop_assert!(shown >= 0.0 && shown <= order.qty * (1.0 + NOISE), "{order:?}");
                    if let Some(before) = self.orders.insert(key, order.clone()) {
                        let ended = !matches!(before.status, OrderStatus::Placing | OrderStatus::Working);
                        prop_assert!(!ended, "{before:?} ended, and became {order:?}");
                    }
                }
                Event::Position(position) => prop_assert!(position.qty >= 0.0, "{position:?}"),
                _ => {}
            }
        }
        prop_assert!(execution.is_none(), "each fill is followed by its order");
        Ok(())
    }
}

fn take(broker: &mut Broker, step: &Step, told: &mut Told) -> Result<(), TestCaseError> {
    let id = |account: usize| ACCOUNTS[account].to_owned();
    let (owner, outcome) = match step {
        Step::Price { symbol, last, spread, quantity } => {
            let (ask, bid) = (last + spread, (last - spread).max(0.01));
            let (ask_quantity, bid_quantity) = (*quantity, *quantity);
            let offer = Offer { last: *last, ask, bid, ask_quantity, bid_quantity, time: 1 };
            for (account, events) in broker.offer(SYMBOLS[*symbol], offer) {
                told.take(&account, &events)?;
            }
            return Ok(());
        }
        Step::Place(request) => (request.account_id.clone(), broker.place(request)),
        Step::Modify { account, order, qty, price } => {
            let order_id = format!("{order:06}");
            let known = broker.account(ACCOUNTS[*account]).and_then(|own| own.order(&order_id));
            let kind = known.map(|order| order.placed.type_);
            let limit_price = matches!(kind, Some(OrderType::Limit | OrderType::StopLimit)).then_some(*price);
            let stop_price = matches!(kind, Some(OrderType::Stop)).then_some(*price);
            let (take_profit, stop_loss, account_id) = (None, None, id(*account));
            let request = ModifyOrder {
                account_id,
                order_id,
                qty: *qty,
                limit_price,
                stop_price,
                take_profit,
                stop_loss,
            };
            (id(*account), broker.modify(&request))
        }
        Step::Cancel { account, order } => {
            (id(*account), broker.cancel(ACCOUNTS[*account], &format!("{order:06}")))
        }
        Step::Close { account, symbol, qty } => {
            let position_id = SYMBOLS[*symbol].to_owned();
            (id(*account), broker.close(&ClosePosition { account_id: id(*account), position_id, qty: *qty }))
        }
    };
    let (Ok((_, events)) | Err((_, events))) = outcome;
    told.take(&owner, &events)
}

fn check(broker: &Broker, accounts: &[&str]) -> Result<(), TestCaseError> {
    for account in accounts.iter().filter_map(|id| broker.account(id)) {
        let equity = account.equity();
        let cost: f64 = account.positions().iter().map(|held| held.qty * held.avg_price).sum();
        let booked = DEPOSIT + equity.realized_pl;
        let slack = 0.02 + booked.abs() * 1e-9;
        prop_assert!(account.available_cash() > -slack, "no cash is promised twice: {account:?}");
        prop_assert!((account.cash() + cost - booked).abs() < slack, "cash and cost: {account:?}");
        let parts = equity.balance + equity.unrealized_pl;
        prop_assert!((equity.equity - parts).abs() < slack && (equity.balance - booked).abs() < slack);
        for order in account.working().filter(|order| order.buys()) {
            let Some(limit) = order.placed.limit_price.filter(|_| is_limited(order)) else { continue };
            let (locked, rest) = (account.reserved_for(&order.placed.id), order.open_quantity() * limit);
            prop_assert!((locked - rest).abs() < NOISE * (1.0 + rest), "{locked} for {rest}: {order:?}");
        }
        for symbol in SYMBOLS {
            prop_assert!(account.held(symbol) >= 0.0, "nothing is sold short: {account:?}");
            let noise = NOISE * (1.0 + account.held(symbol));
            prop_assert!(account.sellable(symbol, None) > -noise, "nothing is sold twice: {account:?}");
        }
    }
    Ok(())
}

fn is_limited(order: &Order) -> bool {
    matches!(order.placed.type_, OrderType::Limit | OrderType::StopLimit)
}

proptest! {
    #[test]
    fn money_holdings_and_fills_add_up(steps in prop::collection::vec(step(), 0..120)) {
        let (mut broker, mut told) = (Broker::default(), Told::default());
        for step in &steps {
            take(&mut broker, step, &mut told)?;
            check(&broker, &ACCOUNTS)?;
        }
    }

    /// The other account could as well not be there.
    #[test]
    fn accounts_do_not_meet(steps in prop::collection::vec(step(), 0..60)) {
        let (mut both, mut alone) = (Broker::default(), Broker::default());
        let mut told = [Told::default(), Told::default()];
        for step in &steps {
            let others = match step {
                Step::Price { .. } => false,
                Step::Place(request) => request.account_id != ACCOUNTS[0],
                // These name orders by number, and the numbers are not the same alone.
                Step::Modify { .. } | Step::Cancel { .. } => continue,
                Step::Close { account, .. } => *account != 0,
            };
            take(&mut both, step, &mut told[0])?;
            if !others {
                take(&mut alone, step, &mut told[1])?;
            }
        }
        let of = |broker: &Broker| broker.account(ACCOUNTS[0]).map(|own| (own.equity(), own.positions(), own.cash()));
        prop_assert_eq!(of(&both), of(&alone));
    }
}
