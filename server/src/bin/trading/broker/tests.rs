//! The engine's rules, told as short stories: commands and prices in, one line per event out.

use super::*;
use crate::generated::types::OrderType::{Limit, Market, Stop, StopLimit};

const ACCOUNT: &str = "TEST-001";

fn price(last: f64, quantity: f64) -> Offer {
    Offer { last, ask: last, bid: last, ask_quantity: quantity, bid_quantity: quantity, time: 1 }
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
    broker.offer("BTC-USD", price(100.0, 10.0));
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
    let told = broker.offer("BTC-USD", offer);
    let events: Vec<Event> = told.into_iter().flat_map(|(_, events)| events).collect();
    assert_eq!(lines(&events), want);
}

#[test]
fn a_market_order_fills_at_once() {
    check(
        broker().place(&order(Market, Side::Buy, 2.0)),
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
        broker.place(&order(Market, Side::Buy, 15.0)),
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
fn a_partly_filled_limit_order_locks_what_its_rest_may_cost() {
    let mut broker = broker();
    let limit = PlaceOrder { limit_price: Some(90.0), ..order(Limit, Side::Buy, 10.0) };
    assert!(broker.place(&limit).is_ok());
    broker.offer("BTC-USD", price(10.0, 5.0));
    let account = broker.account(ACCOUNT).unwrap();
    assert_eq!((account.cash(), account.reserved_for("000001")), (99_950.0, 450.0));
}

#[test]
fn a_limit_order_waits_for_its_price() {
    let mut broker = broker();
    let limit = PlaceOrder { limit_price: Some(90.0), ..order(Limit, Side::Buy, 1.0) };
    check(broker.place(&limit), &["order 000001 Placing 0", "order 000001 Working 0"]);
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
    check(broker.place(&stop), &["order 000001 Placing 0", "order 000001 Working 0"]);
    let stop_limit =
        PlaceOrder { stop_price: Some(110.0), limit_price: Some(105.0), ..order(StopLimit, Side::Buy, 1.0) };
    check(broker.place(&stop_limit), &["order 000002 Placing 0", "order 000002 Working 0"]);
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
        broker.place(&entry),
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
        broker.place(&order(Market, Side::Sell, 1.0)),
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
    assert!(broker.place(&entry).is_ok());
    let close =
        ClosePosition { account_id: ACCOUNT.to_owned(), position_id: "BTC-USD".to_owned(), qty: None };
    check(
        broker.close(&close),
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
    check(broker.close(&close), &["refused: the account has no such open position"]);
}

#[test]
fn cash_and_holdings_are_the_limit() {
    let mut broker = broker();
    check(
        broker.place(&order(Market, Side::Sell, 1.0)),
        &[
            "order 000001 Placing 0",
            "order 000001 Rejected 0",
            "notice the account does not hold that much",
            "refused: the account does not hold that much",
        ],
    );
    let reserved = PlaceOrder { limit_price: Some(50.0), ..order(Limit, Side::Buy, 1_990.0) };
    assert!(broker.place(&reserved).is_ok());
    check(
        broker.place(&order(Market, Side::Buy, 6.0)),
        &[
            "order 000003 Placing 0",
            "order 000003 Rejected 0",
            "notice available cash does not cover the order",
            "refused: available cash does not cover the order",
        ],
    );
    assert!(broker.cancel(ACCOUNT, "000002").is_ok());
    assert!(broker.place(&order(Market, Side::Buy, 6.0)).is_ok());
}

#[test]
fn working_orders_can_be_changed_and_cancelled() {
    let mut broker = broker();
    let limit = PlaceOrder { limit_price: Some(90.0), ..order(Limit, Side::Buy, 1.0) };
    assert!(broker.place(&limit).is_ok());
    let change = ModifyOrder {
        account_id: ACCOUNT.to_owned(),
        order_id: "000001".to_owned(),
        qty: Some(3.0),
        limit_price: Some(80.0),
        stop_price: None,
        take_profit: None,
        stop_loss: None,
    };
    check(broker.modify(&change), &["order 000001 Working 0"]);
    check(
        broker.modify(&ModifyOrder { stop_price: Some(1.0), ..change.clone() }),
        &["refused: the order's type and its prices do not fit"],
    );
    check(
        broker.modify(&ModifyOrder { qty: Some(1e6), ..change.clone() }),
        &["refused: available cash does not cover the order"],
    );
    check(broker.cancel(ACCOUNT, "000001"), &["order 000001 Canceled 0"]);
    check(broker.cancel(ACCOUNT, "000001"), &["refused: the order has ended"]);
    check(broker.cancel(ACCOUNT, "000009"), &["refused: the account has no such order"]);
    check(broker.modify(&change), &["refused: the order has ended"]);
}

#[test]
fn commands_that_cannot_be_are_refused() {
    let mut broker = broker();
    let elsewhere = PlaceOrder { symbol: "DOGE".to_owned(), ..order(Market, Side::Buy, 1.0) };
    check(broker.place(&elsewhere), &["refused: no price of the symbol has come yet"]);
    for (refused, request) in [
        (Refused::MissingPrice("/limitPrice"), order(Limit, Side::Buy, 1.0)),
        (
            Refused::MissingPrice("/stopPrice"),
            PlaceOrder { limit_price: Some(1.0), ..order(StopLimit, Side::Buy, 1.0) },
        ),
        (Refused::InvalidQuantity, order(Market, Side::Buy, 1e-12)),
        (
            Refused::InvalidBracket("/stopLoss"),
            PlaceOrder { take_profit: Some(90.0), stop_loss: Some(90.0), ..order(Market, Side::Buy, 1.0) },
        ),
        (
            Refused::InvalidBracket("/takeProfit"),
            PlaceOrder { take_profit: Some(90.0), ..order(Market, Side::Sell, 1.0) },
        ),
    ] {
        assert_eq!(broker.place(&request), Err((refused, Vec::new())));
    }
    assert!(broker.account(ACCOUNT).is_none());
}

#[test]
fn accounts_do_not_see_each_other() {
    let mut broker = broker();
    assert!(broker.place(&order(Market, Side::Buy, 1.0)).is_ok());
    let other = PlaceOrder { account_id: "TEST-002".to_owned(), ..order(Market, Side::Sell, 1.0) };
    assert!(matches!(broker.place(&other), Err((Refused::InsufficientPosition, _))));
    let told = broker.offer("BTC-USD", price(101.0, 1.0));
    assert_eq!(told.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), [ACCOUNT]);
    check_offer(&mut broker, price(102.0, 1.0), &["equity 100002 open 2 closed 0"]);
}

/// Buys with a bracket around 100: a take profit at 120 (order 2) and a stop loss at 90 (order 3).
fn bracketed(broker: &mut Broker, qty: f64) {
    let entry =
        PlaceOrder { take_profit: Some(120.0), stop_loss: Some(90.0), ..order(Market, Side::Buy, qty) };
    assert!(broker.place(&entry).is_ok());
}

fn change(order_id: &str) -> ModifyOrder {
    ModifyOrder {
        account_id: ACCOUNT.to_owned(),
        order_id: order_id.to_owned(),
        qty: None,
        limit_price: None,
        stop_price: None,
        take_profit: None,
        stop_loss: None,
    }
}

fn close(qty: Option<f64>) -> ClosePosition {
    ClosePosition { account_id: ACCOUNT.to_owned(), position_id: "BTC-USD".to_owned(), qty }
}

#[test]
fn the_halves_of_a_bracket_stay_equally_large() {
    let mut broker = broker();
    bracketed(&mut broker, 2.0);
    assert!(broker.place(&order(Market, Side::Buy, 1.0)).is_ok(), "one more, which no bracket covers");
    check_offer(
        &mut broker,
        price(120.0, 1.5),
        &[
            "fill 1.5 @ 120",
            "order 000002 Working 1.5",
            "position 1.5 @ 100",
            "equity 100060 open 30 closed 30",
            "order 000003 Working 0",
        ],
    );
    check_offer(
        &mut broker,
        price(80.0, 5.0),
        &[
            "fill 0.5 @ 80",
            "order 000003 Filled 0.5",
            "position 1 @ 100",
            "equity 100000 open -20 closed 20",
            "order 000002 Canceled 1.5",
        ],
    );
}

#[test]
fn a_half_can_be_moved_and_resized() {
    let mut broker = broker();
    bracketed(&mut broker, 2.0);
    let moved = ModifyOrder { limit_price: Some(130.0), ..change("000002") };
    check(broker.modify(&moved), &["order 000002 Working 0"]);
    check(
        broker.modify(&ModifyOrder { qty: Some(1.0), ..change("000003") }),
        &["order 000003 Working 0", "order 000002 Working 0"],
    );
    let larger = ModifyOrder { qty: Some(2.5), ..change("000003") };
    check(broker.modify(&larger), &["refused: the account does not hold that much"]);
    let nested = ModifyOrder { stop_loss: Some(Some(1.0)), ..change("000002") };
    assert_eq!(broker.modify(&nested), Err((Refused::InvalidBracket("/stopLoss"), Vec::new())));
}

#[test]
fn what_a_cancelled_entry_has_bought_keeps_its_bracket() {
    let mut broker = broker();
    bracketed(&mut broker, 15.0);
    check(
        broker.cancel(ACCOUNT, "000001"),
        &["order 000001 Canceled 10", "order 000002 Working 0", "order 000003 Working 0"],
    );
    check_offer(
        &mut broker,
        price(80.0, 20.0),
        &[
            "fill 10 @ 80",
            "order 000003 Filled 10",
            "position 0 @ 100",
            "equity 99800 open 0 closed -200",
            "order 000002 Canceled 0",
        ],
    );
}

#[test]
fn a_quantity_is_taken_once() {
    let mut broker = broker();
    assert!(broker.place(&order(Market, Side::Buy, 8.0)).is_ok());
    check(
        broker.place(&order(Market, Side::Buy, 8.0)),
        &[
            "order 000002 Placing 0",
            "order 000002 Working 0",
            "fill 2 @ 100",
            "order 000002 Working 2",
            "position 10 @ 100",
            "equity 100000 open 0 closed 0",
        ],
    );
    let elsewhere = PlaceOrder { account_id: "TEST-002".to_owned(), ..order(Market, Side::Buy, 10.0) };
    let filled =
        |broker: &Broker| broker.account("TEST-002").is_some_and(|other| other.held("BTC-USD") == 10.0);
    assert!(broker.place(&elsewhere).is_ok());
    assert!(filled(&broker), "other accounts meet the whole market");
}

#[test]
fn an_order_that_cash_cannot_finish_ends() {
    let mut broker = broker();
    assert!(broker.place(&order(Market, Side::Buy, 990.0)).is_ok());
    check_offer(
        &mut broker,
        price(200.0, 1_000.0),
        &[
            "fill 495 @ 200",
            "order 000001 Working 505",
            "position 505 @ 198.01980198",
            "equity 101000 open 1000 closed 0",
            "order 000001 Canceled 505",
            "notice the price has risen beyond the cash",
        ],
    );
}

#[test]
fn a_part_of_a_position_can_be_closed() {
    let mut broker = broker();
    bracketed(&mut broker, 2.0);
    assert!(broker.place(&order(Market, Side::Buy, 1.0)).is_ok());
    check(broker.close(&close(Some(9.0))), &["refused: the account does not hold that much"]);
    let free = broker.close(&close(Some(1.0)));
    assert!(!lines(&free.as_ref().unwrap().1).iter().any(|line| line.contains("Canceled")), "{free:?}");
    let promised = broker.close(&close(Some(1.0)));
    let told = lines(&promised.as_ref().unwrap().1);
    assert_eq!(told[..2], ["order 000002 Canceled 0", "order 000003 Canceled 0"], "{told:?}");
    assert_eq!(broker.held(ACCOUNT), ["BTC-USD"]);
}

#[test]
fn a_quantity_is_not_changed_to_less_than_is_filled() {
    let mut broker = broker();
    assert!(broker.place(&order(Market, Side::Buy, 15.0)).is_ok());
    let less = ModifyOrder { qty: Some(10.0), ..change("000001") };
    assert_eq!(broker.modify(&less), Err((Refused::InvalidQuantity, Vec::new())));
    assert!(broker.modify(&ModifyOrder { qty: Some(11.0), ..change("000001") }).is_ok());
}

#[test]
fn the_balance_of_what_is_sold_out_is_nothing() {
    let mut broker = broker();
    assert!(broker.place(&order(Market, Side::Buy, 1.0)).is_ok());
    let (_, events) = broker.close(&close(None)).unwrap();
    let last = events.iter().rev().find_map(|event| match event {
        Event::Balance(balance) if balance.asset == "BTC" => Some(balance.total),
        _ => None,
    });
    assert_eq!(last, Some(0.0));
}

#[test]
fn clocks_of_symbols_do_not_run_backwards() {
    let mut broker = broker();
    assert_eq!((broker.advance("BTC-USD", 5), broker.advance("BTC-USD", 3)), (5, 5));
    assert_eq!(broker.advance("ETH-USD", 2), 2);
    let (_, events) = broker.place(&order(Market, Side::Buy, 1.0)).unwrap();
    let Event::Order(placing) = &events[0] else { panic!("{events:?}") };
    assert_eq!(placing.update_time, Some(1), "the time of the price it meets");
}
