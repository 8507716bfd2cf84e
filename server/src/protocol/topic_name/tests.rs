use proptest::prelude::*;
use serde::Serialize;
use serde_json::Value;

use super::{flat, topic_name, topic_of};
use crate::protocol::{ParamMember, fuzzing};

#[test]
fn agrees_with_the_shared_vectors() {
    let text = include_str!("../../../../tests/vectors/topics.json");
    let vectors: Vec<Value> = serde_json::from_str(text).expect("the vectors are JSON");
    assert!(vectors.len() > 20);
    for vector in &vectors {
        let route = vector["route"].as_str().expect("a route");
        let topic = fuzzing::topic_name(route, &vector["shape"], &vector["params"]);
        assert_eq!(topic, vector["topic"].as_str().expect("a topic"), "{}", vector["name"]);
    }
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
enum Side {
    Buy,
    SellShort,
}

#[derive(Debug, Clone, Serialize)]
struct Wrapped(String);

/// Every kind of member that is flat, in an order of its own.
#[derive(Debug, Clone, Serialize)]
struct Flat {
    symbol: String,
    #[serde(rename = "é")]
    accent: Wrapped,
    depth: i64,
    big: u64,
    small: Option<i32>,
    ratio: f64,
    live: bool,
    side: Side,
    #[serde(skip_serializing_if = "Option::is_none")]
    maybe: Option<String>,
    undeclared: String,
}

const SHAPE: &[ParamMember] = &[
    ParamMember::new("symbol", None, &[]),
    ParamMember::new("side", None, &[]),
    ParamMember::new("depth", None, &[]),
    ParamMember::new("\u{e9}", None, &[]),
    ParamMember::new("big", None, &[]),
    ParamMember::new("small", None, &[]),
    ParamMember::new("ratio", None, &[]),
    ParamMember::new("live", None, &[]),
    ParamMember::new("maybe", Some("\"none\""), &[]),
    ParamMember::new("later", Some("[1,{\"b\":2,\"a\":1}]"), &[]),
];

proptest! {
    #[test]
    fn flat_parameters_have_the_topic_of_their_json(
        (symbol, accent, maybe) in (".*", ".*", prop::option::of(".*")),
        (depth, big, small) in (any::<i64>(), any::<u64>(), any::<Option<i32>>()),
        (ratio, live, short) in (any::<f64>(), any::<bool>(), any::<bool>()),
    ) {
        let side = if short { Side::SellShort } else { Side::Buy };
        let accent = Wrapped(accent);
        let undeclared = symbol.clone();
        let params = Flat { symbol, accent, depth, big, small, ratio, live, side, maybe, undeclared };
        let value = serde_json::to_value(&params).expect("it is JSON");
        let topic = flat::topic_of("t", SHAPE, &params).expect("it is flat");
        prop_assert_eq!(&*topic, topic_name("t", SHAPE, &value));
    }
}

#[test]
fn nested_parameters_take_the_general_way() {
    #[derive(Serialize)]
    struct Nested {
        list: Vec<u32>,
        inner: Inner,
    }
    #[derive(Serialize)]
    struct Inner {
        b: u32,
        a: u32,
    }
    const SHAPE: &[ParamMember] = &[
        ParamMember::new("list", None, &[]),
        ParamMember::new(
            "inner",
            None,
            &[ParamMember::new("a", None, &[]), ParamMember::new("b", None, &[])],
        ),
    ];
    let params = Nested { list: vec![1, 2], inner: Inner { b: 2, a: 1 } };
    assert!(flat::topic_of("t", SHAPE, &params).is_none());
    let topic = topic_of("t", SHAPE, &params).expect("it is JSON");
    assert_eq!(&*topic, r#"t:{"inner":{"a":1,"b":2},"list":[1,2]}"#);
    assert!(flat::topic_of("t", SHAPE, &"text").is_none());
}
