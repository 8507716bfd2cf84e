//! The engine's rules, told as short stories: commands and prices in, one line per event out.

use super::*;
use crate::generated::types::OrderType::{Limit, Market, Stop, StopLimit};

const ACCOUNT: &str = "TEST-001";

fn price(last: f64, quantity: f64) -> Offer {
    Offer { last, ask: last, bid: last, ask_quantity: quantity, bid_quantity: quantity }
}

fn order(type_: OrderType, side: Side, qty: f64) -> PlaceOrder {
    PlaceOrder {
        account_id: ACCOUNT.to_owned(),
        symbol: "BTC-USD".to_owned(),
        type_,
        side,
        qty,
        limit_price: None,
        stop_price: None,
        take_profit: None,
        stop_loss: None,
    }
}

fn broker() -> Broker {
    let mut broker = Broker::default();
    broker.offer("BTC-USD", price(100.0, 10.0), 1);
    broker
}

fn lines(events: &[Event]) -> Vec<String> {
    let line = |event: &Event| match event {
        Event::Execution(fill) => Some(format!("fill {} @ {}", fill.qty, fill.price)),
        Event::Order(order) => {
            Some(format!("order {} {:?} {}", order.id, order.status, order.filled_qty.unwrap_or(0.0)))
        }
        Event::Position(position) => Some(format!("position {} @ {}", position.qty, position.avg_price)),
        Event::Equity(equity) => Some(format!(
            "equity {} open {} closed {}",
            equity.equity, equity.unrealized_pl, equity.realized_pl
        )),
        Event::Notification(notice) => Some(format!("notice {}", notice.message)),
        Event::Balance(_) => None,
    };
    events.iter().filter_map(line).collect()
}

#[track_caller]
fn check(outcome: Outcome, want: &[&str]) {
    let events = match outcome {
        Ok((_, events)) => events,
        Err((refused, events)) => {
            let told = [lines(&events), vec![format!("refused: {}", refused.reason())]].concat();
            assert_eq!(told, want);
            return;
        }
    };
    assert_eq!(lines(&events), want);
}

#[track_caller]
fn check_offer(broker: &mut Broker, offer: Offer, want: &[&str]) {
    let told = broker.offer("BTC-USD", offer, 2);
    let events: Vec<Event> = told.into_iter().flat_map(|(_, events)| events).collect();
    assert_eq!(lines(&events), want);
}

#[test]
fn a_market_order_fills_at_once() {
    check(
        broker().place(&order(Market, Side::Buy, 2.0), 1),
        &[
            "order 000001 Placing 0",
            "order 000001 Working 0",
            "fill 2 @ 100",
            "order 000001 Filled 2",
            "position 2 @ 100",
            "equity 100000 open 0 closed 0",
        ],
    );
}

#[test]
fn what_the_market_does_not_offer_fills_later() {
    let mut broker = broker();
    check(
        broker.place(&order(Market, Side::Buy, 15.0), 1),
        &[
            "order 000001 Placing 0",
            "order 000001 Working 0",
            "fill 10 @ 100",
            "order 000001 Working 10",
            "position 10 @ 100",
            "equity 100000 open 0 closed 0",
        ],
    );
    check_offer(
        &mut broker,
        price(130.0, 20.0),
        &["fill 5 @ 130", "order 000001 Filled 15", "position 15 @ 110", "equity 100300 open 300 closed 0"],
    );
}

#[test]
fn a_limit_order_waits_for_its_price() {
    let mut broker = broker();
    let limit = PlaceOrder { limit_price: Some(90.0), ..order(Limit, Side::Buy, 1.0) };
    check(broker.place(&limit, 1), &["order 000001 Placing 0", "order 000001 Working 0"]);
    check_offer(&mut broker, price(95.0, 1.0), &[]);
    check_offer(
        &mut broker,
        price(89.0, 1.0),
        &["fill 1 @ 89", "order 000001 Filled 1", "position 1 @ 89", "equity 100000 open 0 closed 0"],
    );
}

#[test]
fn stops_wait_for_the_last_price() {
    let mut broker = broker();
    let stop = PlaceOrder { stop_price: Some(110.0), ..order(Stop, Side::Buy, 1.0) };
    check(broker.place(&stop, 1), &["order 000001 Placing 0", "order 000001 Working 0"]);
    let stop_limit =
        PlaceOrder { stop_price: Some(110.0), limit_price: Some(105.0), ..order(StopLimit, Side::Buy, 1.0) };
    check(broker.place(&stop_limit, 1), &["order 000002 Placing 0", "order 000002 Working 0"]);
    check_offer(
        &mut broker,
        price(112.0, 1.0),
        &["fill 1 @ 112", "order 000001 Filled 1", "position 1 @ 112", "equity 100000 open 0 closed 0"],
    );
    // Triggered at 112, the stop-limit order is a limit order at 105 from now on.
    check_offer(
        &mut broker,
        price(104.0, 1.0),
        &["fill 1 @ 104", "order 000002 Filled 1", "position 2 @ 108", "equity 99992 open -8 closed 0"],
    );
}

#[test]
fn a_bracket_starts_with_the_fill_and_ends_as_one() {
    let mut broker = broker();
    let entry =
        PlaceOrder { take_profit: Some(120.0), stop_loss: Some(90.0), ..order(Market, Side::Buy, 1.0) };
    check(
        broker.place(&entry, 1),
        &[
            "order 000001 Placing 0",
            "order 000001 Working 0",
            "fill 1 @ 100",
            "order 000001 Filled 1",
            "position 1 @ 100",
            "equity 100000 open 0 closed 0",
            "order 000002 Working 0",
            "order 000003 Working 0",
        ],
    );
    check(
        broker.place(&order(Market, Side::Sell, 1.0), 1),
        &[
            "order 000004 Placing 0",
            "order 000004 Rejected 0",
            "notice the account does not hold that much",
            "refused: the account does not hold that much",
        ],
    );
    check_offer(
        &mut broker,
        price(125.0, 5.0),
        &[
            "fill 1 @ 125",
            "order 000002 Filled 1",
            "position 0 @ 100",
            "equity 100025 open 0 closed 25",
            "order 000003 Canceled 0",
        ],
    );
}

#[test]
fn closing_a_position_sells_it() {
    let mut broker = broker();
    let entry = PlaceOrder { stop_loss: Some(90.0), ..order(Market, Side::Buy, 2.0) };
    assert!(broker.place(&entry, 1).is_ok());
    let close =
        ClosePosition { account_id: ACCOUNT.to_owned(), position_id: "BTC-USD".to_owned(), qty: None };
    check(
        broker.close(&close, 1),
        &[
            "order 000002 Canceled 0",
            "order 000003 Placing 0",
            "order 000003 Working 0",
            "fill 2 @ 100",
            "order 000003 Filled 2",
            "position 0 @ 100",
            "equity 100000 open 0 closed 0",
        ],
    );
    check(broker.close(&close, 1), &["refused: the account has no such open position"]);
}

#[test]
fn cash_and_holdings_are_the_limit() {
    let mut broker = broker();
    check(
        broker.place(&order(Market, Side::Sell, 1.0), 1),
        &[
            "order 000001 Placing 0",
            "order 000001 Rejected 0",
            "notice the account does not hold that much",
            "refused: the account does not hold that much",
        ],
    );
    let reserved = PlaceOrder { limit_price: Some(50.0), ..order(Limit, Side::Buy, 1_990.0) };
    assert!(broker.place(&reserved, 1).is_ok());
    check(
        broker.place(&order(Market, Side::Buy, 6.0), 1),
        &[
            "order 000003 Placing 0",
            "order 000003 Rejected 0",
            "notice available cash does not cover the order",
            "refused: available cash does not cover the order",
        ],
    );
    assert!(broker.cancel(ACCOUNT, "000002", 1).is_ok());
    assert!(broker.place(&order(Market, Side::Buy, 6.0), 1).is_ok());
}

#[test]
fn working_orders_can_be_changed_and_cancelled() {
    let mut broker = broker();
    let limit = PlaceOrder { limit_price: Some(90.0), ..order(Limit, Side::Buy, 1.0) };
    assert!(broker.place(&limit, 1).is_ok());
    let change = ModifyOrder {
        account_id: ACCOUNT.to_owned(),
        order_id: "000001".to_owned(),
        qty: Some(3.0),
        limit_price: Some(80.0),
        stop_price: None,
        take_profit: None,
        stop_loss: None,
    };
    check(broker.modify(&change, 1), &["order 000001 Working 0"]);
    check(
        broker.modify(&ModifyOrder { stop_price: Some(1.0), ..change.clone() }, 1),
        &["refused: the order's type and its prices do not fit"],
    );
    check(
        broker.modify(&ModifyOrder { qty: Some(1e6), ..change.clone() }, 1),
        &["refused: available cash does not cover the order"],
    );
    check(broker.cancel(ACCOUNT, "000001", 1), &["order 000001 Canceled 0"]);
    check(broker.cancel(ACCOUNT, "000001", 1), &["refused: the order has ended"]);
    check(broker.cancel(ACCOUNT, "000009", 1), &["refused: the account has no such order"]);
    check(broker.modify(&change, 1), &["refused: the order has ended"]);
}

#[test]
fn commands_that_cannot_be_are_refused() {
    let mut broker = broker();
    let elsewhere = PlaceOrder { symbol: "DOGE".to_owned(), ..order(Market, Side::Buy, 1.0) };
    check(broker.place(&elsewhere, 1), &["refused: no price is known for the symbol"]);
    check(
        broker.place(&order(Limit, Side::Buy, 1.0), 1),
        &["refused: the order's type and its prices do not fit"],
    );
    assert!(broker.account(ACCOUNT).is_none());
}

#[test]
fn accounts_do_not_see_each_other() {
    let mut broker = broker();
    assert!(broker.place(&order(Market, Side::Buy, 1.0), 1).is_ok());
    let other = PlaceOrder { account_id: "TEST-002".to_owned(), ..order(Market, Side::Sell, 1.0) };
    assert!(matches!(broker.place(&other, 1), Err((Refused::InsufficientPosition, _))));
    let told = broker.offer("BTC-USD", price(101.0, 1.0), 2);
    assert_eq!(told.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), [ACCOUNT]);
    check_offer(&mut broker, price(102.0, 1.0), &["equity 100002 open 2 closed 0"]);
}

#[test]
fn cash_and_holdings_add_up_whatever_happens() {
    let mut broker = broker();
    for step in 0_u32..500 {
        let last = 100.0 + f64::from(step * 7 % 23) - 11.0;
        broker.offer("BTC-USD", price(last, 0.5), i64::from(step));
        let side = if step % 3 == 0 { Side::Sell } else { Side::Buy };
        let request = PlaceOrder {
            limit_price: Some(last),
            ..order(if step % 2 == 0 { Market } else { Limit }, side, 0.7)
        };
        let _refusals_are_fine_here = broker.place(&request, i64::from(step));
        let account = broker.account(ACCOUNT).unwrap();
        assert!(account.available_cash() > -1e-6, "step {step}");
        assert!(account.held("BTC-USD") >= 0.0 && account.sellable("BTC-USD", None) > -1e-6, "step {step}");
    }
}
