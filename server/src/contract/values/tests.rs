//! Where strict decoding differs from plain serde.

use serde_json::json;

use super::*;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Point {
    x: i64,
    y: u8,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Side {
    #[serde(rename = "buy")]
    Buy,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Nested {
    point: Option<Point>,
    sides: Vec<Side>,
    #[serde(default)]
    rest: Value,
}

#[test]
fn text_in_one_pass_is_read_as_its_value_is() {
    let texts = [
        "{\"point\":{\"x\":1,\"y\":2},\"sides\":[\"buy\"]}",
        "{\"point\":null,\"sides\":[],\"unknown\":[{\"a\":1}],\"rest\":{\"b\":[1.0,null,\"é\\n\"]}}",
        "{\"point\":{\"x\":-1.0,\"y\":2e1},\"sides\":[\"bu\\u0079\"]}",
        "{\"sides\":[]}",
        "{\"point\":[1,2],\"sides\":[]}",
        "{\"point\":{\"x\":1,\"y\":256},\"sides\":[]}",
        "{\"point\":{\"x\":1.5,\"y\":2},\"sides\":[]}",
        "{\"point\":null,\"sides\":[{\"buy\":null}]}",
        "{\"point\":null,\"sides\":[]} x",
        "[null,[]]",
    ];
    for text in texts {
        assert_eq!(from_text::<Nested>(text).ok(), from_str::<Nested>(text).ok(), "{text}");
    }
    // The slower way knows that the last of two members counts.
    assert!(from_text::<Point>("{\"x\":1,\"x\":2,\"y\":3}").is_err());
}

#[test]
fn an_array_is_no_struct() {
    assert!(from_value::<Point>(&json!([1, 2])).is_err());
    assert_eq!(from_value::<Point>(&json!({"x": 1, "y": 2})).unwrap(), Point { x: 1, y: 2 });
}

#[test]
fn an_object_is_no_string_enum() {
    assert!(from_value::<Side>(&json!({"buy": null})).is_err());
    assert_eq!(from_value::<Vec<Side>>(&json!(["buy"])).unwrap(), [Side::Buy]);
}

#[test]
fn integral_floats_are_integers() {
    assert_eq!(from_value::<Point>(&json!({"x": -1.0, "y": 2e1})).unwrap(), Point { x: -1, y: 20 });
    for wrong in [json!({"x": 1.5, "y": 1}), json!({"x": 1, "y": 256.0}), json!({"x": 1e300, "y": 1})] {
        assert!(from_value::<Point>(&wrong).is_err(), "{wrong}");
    }
}

#[test]
fn decimals_keep_their_digits() {
    assert_eq!(from_str::<Decimal>("\"-0.10\"").unwrap().as_str(), "-0.10");
    for wrong in ["\"\"", "\"1.\"", "\".5\"", "\"1e3\"", "\"--1\"", "1", "\"+1\"", "\" 1\""] {
        assert!(from_str::<Decimal>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn integer_strings_are_numbers_in_quotes() {
    let id: IntegerString<u64> = from_str("\"18446744073709551615\"").unwrap();
    assert_eq!(id.0, u64::MAX);
    assert_eq!(serde_json::to_string(&id).unwrap(), "\"18446744073709551615\"");
    for wrong in ["\"1.0\"", "1", "\"\"", "\"+1\"", "\"-1\""] {
        assert!(from_str::<IntegerString<u64>>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn open_tuples_round_trip() {
    let text = "[\"a\",1,true,false]";
    let tuple: WithRest<(String, i64), bool> = from_str(text).unwrap();
    assert_eq!((tuple.head.1, tuple.rest.len()), (1, 2));
    assert_eq!(serde_json::to_string(&tuple).unwrap(), text);
    assert!(from_str::<WithRest<(String, i64), bool>>("[\"a\"]").is_err());
    assert!(from_str::<WithRest<(String, i64), bool>>("[\"a\",1,1]").is_err());
}

#[test]
fn constants_are_checked() {
    assert!(from_str::<ConstantBool<true>>("true").is_ok());
    assert!(from_str::<ConstantBool<true>>("false").is_err());
}

#[test]
fn unions_find_their_tag() {
    let value = TaggedValue::read(json!({"kind": 2.0}), "kind").unwrap();
    assert_eq!(value.tag(), Tag::Integer(2));
    let value = TaggedValue::read(json!([1]), "kind").unwrap();
    assert_eq!(value.tag(), Tag::Missing);
    assert_eq!(value.refuse::<serde_json::Error>("a, b").to_string(), "missing kind, expected one of a, b");
}
