//! What generated types accept, refuse and write: the golden documents, expanded by the macro.

use bellwire::contract::{from_str, from_value};
use serde_json::{Value, json};

mod enums {
    bellwire::asyncapi!("codegen/tests/golden/enums/document.yaml");
}
mod unions {
    bellwire::asyncapi!("codegen/tests/golden/unions/document.yaml");
}
mod nullability {
    bellwire::asyncapi!("codegen/tests/golden/nullability/document.yaml");
}
mod recursion {
    bellwire::asyncapi!("codegen/tests/golden/recursion/document.yaml");
}
mod tuples_and_maps {
    bellwire::asyncapi!("codegen/tests/golden/tuples-and-maps/document.yaml");
}
mod defaults {
    bellwire::asyncapi!("codegen/tests/golden/defaults/document.yaml");
}
mod requests {
    bellwire::asyncapi!("codegen/tests/golden/requests/document.yaml");
}

/// Reads a value and writes it again.
fn round_trip<T: serde::de::DeserializeOwned + serde::Serialize>(value: &Value) -> Option<Value> {
    let read: T = from_value(value).ok()?;
    Some(serde_json::to_value(read).unwrap())
}

/// These come back as they went in.
fn accepts<T: serde::de::DeserializeOwned + serde::Serialize>(values: &[Value]) {
    for value in values {
        assert_eq!(round_trip::<T>(value).as_ref(), Some(value));
    }
}

/// These are refused.
fn refuses<T: serde::de::DeserializeOwned + serde::Serialize>(values: &[Value]) {
    for value in values {
        assert_eq!(round_trip::<T>(value), None, "{value} was accepted");
    }
}

#[test]
fn string_enums_know_their_values() {
    use enums::types::{Resolution, Side};
    accepts::<Side>(&[json!("buy"), json!("sell short")]);
    refuses::<Side>(&[json!("Buy"), json!(""), json!(0), json!(null), json!({"buy": null}), json!(["buy"])]);
    accepts::<Resolution>(&[json!("1"), json!("1M"), json!(""), json!("+")]);
    let wires: Vec<_> = Resolution::ALL.iter().map(Resolution::as_str).collect();
    assert_eq!(wires, ["1", "5m", "1M", "", "+", "type"]);
}

#[test]
fn open_enums_keep_what_they_do_not_know() {
    use enums::types::Venue;
    accepts::<Venue>(&[json!("NYSE"), json!("LSE")]);
    refuses::<Venue>(&[json!(1), json!(null)]);
    assert_eq!(from_str::<Venue>("\"LSE\"").unwrap(), Venue::Other("LSE".to_owned()));
}

#[test]
fn integer_enums_are_integers_on_the_wire() {
    use enums::types::Priority;
    accepts::<Priority>(&[json!(1), json!(-1)]);
    assert_eq!(round_trip::<Priority>(&json!(2.0)), Some(json!(2)));
    refuses::<Priority>(&[json!(3), json!("1"), json!(1.5), json!(true)]);
}

#[test]
fn mixed_enums_compare_json() {
    use enums::types::Level;
    accepts::<Level>(&[json!(1), json!("1"), json!(1.5), json!(true), json!(null)]);
    assert_eq!(round_trip::<Level>(&json!(1.0)), Some(json!(1)));
    refuses::<Level>(&[json!(false), json!(2), json!("true"), json!([])]);
}

#[test]
fn derived_schemas_list_the_values() {
    use bellwire::contract::schemars::schema_for;
    assert_eq!(schema_for!(enums::types::Priority).get("enum"), Some(&json!([1, 2, -1])));
    assert_eq!(schema_for!(enums::types::LevelValue).get("enum"), Some(&json!([1, "1", 1.5, true])));
    // Described variants are listed one by one.
    let side = schema_for!(enums::types::Side);
    let values: Vec<_> =
        side.get("oneOf").and_then(Value::as_array).unwrap().iter().map(|arm| &arm["const"]).collect();
    assert_eq!(values, ["buy", "sell", "sell short"]);
}

#[test]
fn constants_are_checked() {
    use enums::types::Order;
    let order = json!({"kind": "order", "side": "buy", "resolution": "1", "venue": "x", "priority": 1, "level": null, "version": 3});
    accepts::<Order>(std::slice::from_ref(&order));
    for (member, wrong) in [("kind", json!("trade")), ("version", json!(4)), ("version", json!("3"))] {
        let mut order = order.clone();
        order[member] = wrong;
        refuses::<Order>(&[order]);
    }
}

#[test]
fn tagged_unions_look_at_the_tag() {
    use unions::types::Event;
    accepts::<Event>(&[
        json!({"kind": "trade", "price": 1.5}),
        json!({"kind": "status", "up": true}),
        json!({"kind": "status", "up": false, "reason": "night"}),
        json!({"kind": "level", "version": 2}),
        json!({"kind": "depth", "version": 2}),
    ]);
    refuses::<Event>(&[
        json!({"kind": "Trade", "price": 1.5}),
        json!({"price": 1.5}),
        json!({"kind": "status", "price": 1.5}),
        json!({"kind": "status", "up": false}),
        json!({"kind": "level", "version": 1}),
        json!(["trade", 1.5]),
        json!(null),
    ]);
    let error = from_str::<Event>(r#"{"kind":"tick"}"#).unwrap_err();
    assert_eq!(error.to_string(), r#"kind is "tick", expected one of "trade", "status", "level", "depth""#);
}

#[test]
fn untagged_unions_take_the_first_arm_that_fits() {
    use unions::types::Anything;
    accepts::<Anything>(&[
        json!(7),
        json!("all"),
        json!([1.5, 2.0]),
        json!([]),
        json!({"kind": "trade", "price": 1.0}),
    ]);
    refuses::<Anything>(&[
        json!("some"),
        json!(1.5),
        json!({"kind": "trade"}),
        json!(null),
        json!({"all": null}),
    ]);
}

#[test]
fn optional_and_nullable_are_four_things() {
    use nullability::types::Shapes;
    let least = json!({"plain": "a", "nullable": null, "anything": null, "alias": null});
    accepts::<Shapes>(std::slice::from_ref(&least));
    let with = |member: &str, value: Value| {
        let mut shapes = least.clone();
        shapes[member] = value;
        shapes
    };
    accepts::<Shapes>(&[
        with("nullable", json!("b")),
        with("optional", json!("c")),
        with("optionalNullable", json!(null)),
        with("optionalNullable", json!("d")),
        with("optionalAnything", json!(null)),
        with("optionalAlias", json!(null)),
        with("items", json!([1.5, null])),
        with("nothing", json!(null)),
        with("flag", json!(true)),
    ]);
    refuses::<Shapes>(&[
        with("plain", json!(null)),
        with("optional", json!(null)),
        with("items", json!(null)),
        with("nothing", json!(0)),
        with("flag", json!(false)),
    ]);
    for member in ["plain", "nullable", "anything", "alias"] {
        let mut shapes = least.clone();
        shapes.as_object_mut().unwrap().remove(member);
        refuses::<Shapes>(&[shapes]);
    }
}

#[test]
fn recursive_types_hold_themselves() {
    use recursion::types::{Json, Node};
    accepts::<Node>(&[
        json!({"name": "a", "parent": {"name": "b"}, "children": [{"name": "c", "children": []}]}),
    ]);
    accepts::<Json>(&[json!({"a": [1.5, "b", {"c": []}]})]);
    refuses::<Json>(&[json!({"a": [true]})]);
}

#[test]
fn tuples_have_their_length_and_maps_their_keys() {
    use tuples_and_maps::types::{Book, Level, Row};
    accepts::<Level>(&[json!(["1.50", 2.0])]);
    refuses::<Level>(&[json!(["1.50"]), json!(["1.50", 2.0, 3.0]), json!([1.5, 2.0]), json!(["one", 2.0])]);
    accepts::<Row>(&[json!(["a"]), json!(["a", 1, 2])]);
    refuses::<Row>(&[json!([]), json!(["a", "b"]), json!([1])]);
    let book = json!({
        "bids": [["1", 2.0]], "byVenue": {"x": 1.5}, "counts": {"buy": 1}, "extra": {"source": "s", "more": null},
        "sequence": "18446744073709551615",
    });
    accepts::<Book>(std::slice::from_ref(&book));
    for (member, wrong) in [
        ("counts", json!({"hold": 1})),
        ("byVenue", json!({"x": "1"})),
        ("extra", json!({"more": "m"})),
        ("sequence", json!("-1")),
        ("sequence", json!(1)),
    ] {
        let mut book = book.clone();
        book[member] = wrong;
        refuses::<Book>(&[book]);
    }
}

#[test]
fn defaults_stand_in_for_what_is_absent() {
    use defaults::types::ChartParams;
    let params: ChartParams = from_str("{}").unwrap();
    assert_eq!(params, ChartParams::default());
    assert_eq!(
        serde_json::to_value(&params).unwrap(),
        json!({
            "symbol": "BTC-USD", "limit": 100, "shift": -1, "zoom": 1.5, "live": true, "resolution": "5",
            "studies": ["ema", "rsi"], "range": {"from": 0}, "note": null,
        })
    );
    refuses::<ChartParams>(&[
        json!({"limit": null}),
        json!({"resolution": "9"}),
        json!({"limit": 5_000_000_000_u64}),
    ]);
    accepts::<requests::types::Shortfall>(&[json!({"missing": "1.50"})]);
}

#[test]
fn unknown_members_are_ignored_or_refused() {
    assert!(from_str::<requests::types::PlacedOrder>(r#"{"orderId":"1","new":true}"#).is_ok());
    refuses::<requests::types::NewOrder>(&[
        json!({"accountId": "a", "symbol": "A", "quantity": 1.0, "new": true}),
    ]);
}

#[test]
fn declared_errors_become_refusals() {
    use bellwire::contract::{Refusal, Retry};
    use requests::{OrdersPlaceError, types};
    let details = types::Shortfall { missing: "12.50".parse().unwrap() };
    let error = OrdersPlaceError::InsufficientFunds { message: "12.50 is missing".to_owned(), details };
    let refusal = Refusal::from(error);
    assert_eq!((refusal.code(), refusal.retry_class()), ("insufficient-funds", Retry::Never));
    let refusal = Refusal::from(OrdersPlaceError::MarketClosed { message: "until 09:30".to_owned() });
    assert_eq!((refusal.code(), refusal.retry_class()), ("market-closed", Retry::Later));
}
