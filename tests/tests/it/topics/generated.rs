//! Generated shapes and parameters, as JSON text: how a number is spelled is part of the case.

use std::fmt;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// Keys that sort, escape or behave oddly. Few, so that shapes and parameters meet.
const KEYS: &[&str] = &[
    "",
    "a",
    "B",
    "1",
    "10",
    "9",
    "-1",
    "__proto__",
    "constructor",
    "toString",
    "length",
    "\"",
    "\\",
    "\n",
    "\u{7f}",
    "\u{80}",
    "\u{2028}",
    "\u{e000}",
    "\u{ffff}",
    "\u{10000}",
    "😀",
];

/// Characters that some writer of JSON escapes.
const CHARACTERS: &[char] = &[
    '"',
    '\\',
    '/',
    '\0',
    '\u{8}',
    '\t',
    '\n',
    '\u{b}',
    '\u{c}',
    '\r',
    '\u{1f}',
    '\u{7f}',
    '\u{80}',
    '\u{2028}',
    '\u{2029}',
    '\u{d7ff}',
    '\u{e000}',
    '\u{feff}',
    '\u{ffff}',
    '\u{10000}',
    '\u{10ffff}',
];

/// Spellings that no formatter chooses.
const SPELLINGS: &[&str] = &[
    "-0",
    "-0.0",
    "0e0",
    "-0E-5",
    "1.0",
    "1.50",
    "1E2",
    "1e+3",
    "100e-2",
    "1e21",
    "1e-6",
    "1e-7",
    "1e-400",
    "9007199254740993.0",
    "9007199254740993e0",
    "9.007199254740993e15",
    "0.1e1",
    "5e-324",
    "2.2250738585072011e-308",
    "1.7976931348623157e308",
    "0.30000000000000004",
    "123456789012345678901234567890.5",
];

/// Where the kinds of integers meet: what doubles hold exactly, and both 64-bit ranges.
const EDGES: &[i128] = &[
    0,
    1 << 53,
    -(1 << 53),
    i64::MAX as i128,
    i64::MIN as i128,
    u64::MAX as i128,
    1_000_000_000_000_000_000_000,
];

/// What both sides make a topic of.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) route: String,
    pub(super) shape: Json,
    pub(super) params: Json,
}

/// JSON as it is written.
#[derive(Debug, Clone)]
pub(super) enum Json {
    /// A number, `true`, `false` or `null`.
    Bare(String),
    Text(String),
    Array(Vec<Json>),
    /// Keys may repeat; the last one counts.
    Object(Vec<(String, Json)>),
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { route, shape, params } = self;
        write!(f, r#"{{"route":"{route}","shape":{shape},"params":{params}}}"#)
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bare(text) => f.write_str(text),
            Self::Text(text) => write_text(f, text),
            Self::Array(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if index > 0 { "," } else { "" })?;
                }
                f.write_str("]")
            }
            Self::Object(members) => {
                f.write_str("{")?;
                for (index, (key, value)) in members.iter().enumerate() {
                    f.write_str(if index > 0 { "," } else { "" })?;
                    write_text(f, key)?;
                    write!(f, ":{value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str(&serde_json::to_string(text).map_err(|_| fmt::Error)?)
}

/// Cases of all kinds.
pub(super) fn cases() -> impl Strategy<Value = Case> {
    let params = prop_oneof![9 => objects(values()), 1 => values()];
    ("[A-Za-z][A-Za-z0-9_.-]{0,8}", shapes(), params).prop_map(|(route, shape, params)| Case {
        route,
        shape,
        params,
    })
}

/// Declared members, up to three levels deep.
fn shapes() -> BoxedStrategy<Json> {
    let leaf = objects(option::weighted(0.3, values()).prop_map(|default| declared(default, None)).boxed());
    leaf.prop_recursive(2, 8, 3, |inner| {
        let member = (option::weighted(0.3, values()), option::weighted(0.6, inner));
        objects(member.prop_map(|(default, members)| declared(default, members)).boxed())
    })
    .boxed()
}

fn declared(default: Option<Json>, members: Option<Json>) -> Json {
    // An object that declares no members is taken as it is, and then the shape does not say `members`.
    let members = members.filter(|members| !matches!(members, Json::Object(members) if members.is_empty()));
    let default = default.map(|value| ("default".to_owned(), value));
    Json::Object(default.into_iter().chain(members.map(|value| ("members".to_owned(), value))).collect())
}

fn values() -> BoxedStrategy<Json> {
    let leaf = prop_oneof![
        2 => select(&["null", "true", "false"][..]).prop_map(|word| Json::Bare(word.to_owned())),
        4 => numbers().prop_map(Json::Bare),
        3 => texts().prop_map(Json::Text),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| {
        prop_oneof![vec(inner.clone(), 0..4).prop_map(Json::Array), objects(inner.boxed())]
    })
    .boxed()
}

fn objects(values: BoxedStrategy<Json>) -> impl Strategy<Value = Json> {
    let keys = prop_oneof![6 => select(KEYS).prop_map(str::to_owned), 1 => texts()];
    vec((keys, values), 0..6).prop_map(Json::Object)
}

fn texts() -> impl Strategy<Value = String> {
    let character = prop_oneof![select(CHARACTERS), any::<char>(), prop::char::range('0', '9')];
    let short = vec(character, 0..6).prop_map(String::from_iter);
    // Long runs of digits look like large integers to a careless parser.
    prop_oneof![6 => short, 1 => "[-\"\\\\:]?[0-9]{16,20}", 1 => "bigint[a-z0-9]{0,3}:[0-9]{1,3}"]
}

fn numbers() -> impl Strategy<Value = String> {
    let near_edges = (select(EDGES), -3..=3_i128).prop_map(|(edge, offset)| (edge + offset).to_string());
    let doubles =
        any::<u64>().prop_map(f64::from_bits).prop_filter("JSON is finite", |value| value.is_finite());
    prop_oneof![
        any::<i64>().prop_map(|value| value.to_string()),
        any::<u64>().prop_map(|value| value.to_string()),
        (-100..100_i32).prop_map(|value| value.to_string()),
        near_edges,
        "-?[1-9][0-9]{19,40}",
        doubles.clone().prop_map(|value| format!("{value}")),
        doubles.prop_map(|value| format!("{value:e}")),
        // Prices and quantities.
        "-?(0|[1-9][0-9]{0,7})\\.[0-9]{1,18}",
        "-?[1-9](\\.[0-9]{1,20})?[eE][+-]?[0-9]{1,2}",
        select(SPELLINGS).prop_map(str::to_owned),
    ]
}
