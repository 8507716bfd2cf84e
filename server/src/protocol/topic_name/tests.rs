use proptest::prelude::*;
use serde::Serialize;
use serde_json::Value;

use super::{Layout, Room, flat, has_special, is_special, topic_name, topic_of};
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

/// Whether parameters are taken as flat; their topic is that of their JSON whether or not.
fn check_topic<P: Serialize>(shape: &'static [ParamMember], params: &P, is_flat: bool) -> String {
    let layout = Layout::of(shape);
    let written = layout.is_flat && flat::write_topic(&mut Room::default(), "t", shape, params);
    assert_eq!(written, is_flat);
    let value = serde_json::to_value(params).expect("it is JSON");
    let topic = topic_of("t", &layout, params).expect("it is JSON");
    assert_eq!(&*topic, topic_name("t", shape, &value));
    topic.to_owned()
}

/// Every kind of member that is flat, in an order of its own.
#[derive(Debug, Clone, Serialize)]
struct Flat {
    symbol: String,
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

const fn member(key: &'static str) -> ParamMember {
    ParamMember::new(key, None, &[])
}

const SHAPE: &[ParamMember] = &[
    member("accent"),
    member("big"),
    member("depth"),
    ParamMember::new("later", Some("[1,{\"b\":2,\"a\":1}]"), &[]),
    member("live"),
    ParamMember::new("maybe", Some("\"none\""), &[]),
    member("ratio"),
    member("side"),
    member("small"),
    member("symbol"),
];

proptest! {
    #[test]
    fn flat_parameters_have_the_topic_of_their_json(
        (symbol, accent, maybe) in (".*", ".*", prop::option::of(".*")),
        (depth, big, small) in (any::<i64>(), any::<u64>(), any::<Option<i32>>()),
        (ratio, live, short) in (prop::num::f64::ANY, any::<bool>(), any::<bool>()),
    ) {
        let side = if short { Side::SellShort } else { Side::Buy };
        let accent = Wrapped(accent);
        let undeclared = symbol.clone();
        let params = Flat { symbol, accent, depth, big, small, ratio, live, side, maybe, undeclared };
        check_topic(SHAPE, &params, true);
    }
}

#[test]
fn what_is_not_flat_takes_the_general_way() {
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
    #[derive(Serialize)]
    struct Keys {
        b: u32,
        a: u32,
        #[serde(rename = "\u{e9}\"")]
        odd: u32,
    }
    /// More members than there is room for, though few of them are declared.
    #[derive(Serialize, Default)]
    #[rustfmt::skip]
    struct Many {
        a: u32, b: u32, c: u32, d: u32, e: u32, f: u32, g: u32, h: u32, i: u32, j: u32, k: u32, l: u32, m: u32,
    }
    const INNER: ParamMember = ParamMember::new("inner", None, &[member("a"), member("b")]);
    let nested = Nested { list: vec![1, 2], inner: Inner { b: 2, a: 1 } };
    let expected = r#"t:{"inner":{"a":1,"b":2},"list":[1,2]}"#;
    assert_eq!(check_topic(const { &[INNER, member("list")] }, &nested, false), expected);
    assert_eq!(check_topic(const { &[member("list"), INNER] }, &nested, false), expected);
    let keys = Keys { b: 2, a: 1, odd: 3 };
    let expected = r#"t:{"a":1,"b":2}"#;
    assert_eq!(check_topic(const { &[member("a"), member("b")] }, &keys, true), expected);
    assert_eq!(check_topic(const { &[member("b"), member("a")] }, &keys, false), expected);
    let odd = check_topic(const { &[member("a"), member("\u{e9}\"")] }, &keys, false);
    assert_eq!(odd, r#"t:{"a":1,"é\"":3}"#);
    assert_eq!(check_topic(const { &[member("a")] }, &"text", false), r#"t:{"a":""}"#);
    let many = check_topic(const { &[member("a"), member("m")] }, &Many::default(), false);
    assert_eq!(many, r#"t:{"a":0,"m":0}"#);
}

#[test]
fn several_topics_at_once_do_not_share_room() {
    #[derive(Serialize)]
    struct Params {
        a: &'static str,
    }
    let layout = Layout::of(const { &[member("a")] });
    let topic = |a| topic_of("t", &layout, &Params { a }).expect("it is JSON");
    let mut topics = vec![topic("first"), topic("second")];
    topics.push(topic("third"));
    drop(topics.remove(0));
    topics.push(topic("fourth"));
    let topics: Vec<&str> = topics.iter().map(|topic| &**topic).collect();
    assert_eq!(topics, [r#"t:{"a":"second"}"#, r#"t:{"a":"third"}"#, r#"t:{"a":"fourth"}"#]);
}

#[test]
fn whatever_needs_an_escape_is_seen_wherever_it_stands() {
    for around in [b'a', 0x80, 0xff, b'!', b'#', b'[', b']', b' '] {
        for length in 0..20 {
            assert!(!has_special(&vec![around; length]), "{length} times {around:#x}");
            for (at, byte) in (0..length).flat_map(|at| (0..=u8::MAX).map(move |byte| (at, byte))) {
                let mut text = vec![around; length];
                text[at] = byte;
                assert_eq!(has_special(&text), is_special(byte), "{byte:#x} at {at} among {around:#x}");
            }
        }
    }
}
