//! Tables of names.

use super::{Place, name, property_key, unique};

fn rust_names(wires: &[&str], place: Place) -> Vec<String> {
    unique(wires, place, &[]).into_iter().map(|name| name.rust).collect()
}

#[test]
fn cases_words_by_place() {
    let table = [
        ("orderId", "OrderId", "order_id", "orderId"),
        ("ORDER_ID", "OrderId", "order_id", "orderId"),
        ("broker-connection", "BrokerConnection", "broker_connection", "brokerConnection"),
        ("orders.place", "OrdersPlace", "orders_place", "ordersPlace"),
        ("HTTPServer", "HttpServer", "http_server", "httpServer"),
        ("24hrTicker", "V24hrTicker", "_24hr_ticker", "_24hrTicker"),
        ("v1.2", "V1_2", "v1_2", "v1_2"),
        ("type", "Type", "type_", "type_"),
        ("self", "Self_", "self_", "self"),
        ("default", "Default_", "default", "default_"),
        ("Option", "Option_", "option", "option"),
        ("", "Empty", "empty", "empty"),
        ("-", "Minus", "minus", "minus"),
        ("-1", "Minus1", "minus_1", "minus_1"),
        ("größe", "Größe", "größe", "größe"),
        ("😀", "U1f600", "u1f600", "u1f600"),
        ("ß", "Vß", "ß", "ß"),
        ("ﬁ", "Ufb01", "ufb01", "ufb01"),
    ];
    for (wire, upper, snake, camel) in table {
        assert_eq!(name(wire, Place::Type).rust, upper, "{wire}");
        assert_eq!(name(wire, Place::Field).rust, snake, "{wire}");
        assert_eq!(name(wire, Place::Method).typescript, camel, "{wire}");
    }
}

#[test]
fn numbers_what_clashes_and_keeps_what_is_spelt_right() {
    assert_eq!(rust_names(&["E", "e"], Place::Field), ["e_2", "e"]);
    assert_eq!(
        rust_names(&["foo-bar", "fooBar", "foo_bar"], Place::Field),
        ["foo_bar_2", "foo_bar_3", "foo_bar"]
    );
    assert_eq!(rust_names(&["bar", "Bar"], Place::Type), ["Bar2", "Bar"]);
    assert_eq!(rust_names(&["a", "A", "A2"], Place::Variant), ["A3", "A", "A2"]);
    assert_eq!(rust_names(&["Self", "self"], Place::Field), ["self_2", "self_"]);
}

#[test]
fn moving_a_name_renames_nothing() {
    let wires = ["e", "E", "type", "Type", "foo-bar", "fooBar", "FooBar"];
    let mut reversed = wires;
    reversed.reverse();
    for place in [Place::Type, Place::Variant, Place::Field, Place::Method] {
        let mut back = rust_names(&reversed, place);
        back.reverse();
        assert_eq!(rust_names(&wires, place), back);
    }
}

#[test]
fn quotes_property_keys_that_are_no_identifiers() {
    let table =
        [("a", "a"), ("$a_1", "$a_1"), ("1a", "'1a'"), ("a-b", "'a-b'"), ("", "''"), ("it's", "'it\\'s'")];
    for (wire, printed) in table {
        assert_eq!(property_key(wire), printed);
    }
    assert_eq!(property_key("a\n\u{2028}"), "'a\\n\\u{2028}'");
}

#[test]
fn every_name_is_an_identifier() {
    let hostile =
        ["\u{202e}", "a\u{301}", "İ", "ß", "ŉ", "½", "²", "ª", "👩\u{200d}🚀", "$ref", "__proto__", "r#type"];
    for wire in hostile {
        for place in [Place::Type, Place::Variant, Place::Field, Place::Method] {
            let rust = name(wire, place).rust;
            assert!(syn::parse_str::<syn::Ident>(&rust).is_ok(), "{wire:?}: {rust}");
        }
    }
}
