//! Lowering whatever looks like a schema: never a panic, always the same.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{lower, render, served};

const NAMES: &[&str] = &["A", "B", "type", "Self", "", "😀", "e", "E"];

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-9_i64..9).prop_map(Value::from),
        (-9.0..9.0).prop_map(Value::from),
        proptest::sample::select(NAMES).prop_map(Value::from),
        Just(json!([])),
        Just(json!({ "a": 1 })),
    ]
}

fn leaf() -> impl Strategy<Value = Value> {
    let reference = proptest::sample::select(&["A", "B", "C", "D", "A/properties/A"][..]);
    prop_oneof![
        reference.prop_map(|name| json!({ "$ref": format!("#/components/schemas/{name}") })),
        any::<bool>().prop_map(Value::from),
        value(),
        value().prop_map(|value| json!({ "const": value })),
        vec(value(), 0..4).prop_map(|values| json!({ "enum": values })),
        proptest::sample::select(&["string", "integer", "number", "object", "array", "null", "int"][..])
            .prop_map(|name| json!({ "type": name })),
        Just(json!({ "type": ["string", "null", "object"], "nullable": true })),
        (any::<i32>(), any::<i32>())
            .prop_map(|(a, b)| json!({ "minimum": a, "maximum": b, "type": "integer" })),
        Just(json!({ "type": "string", "format": "decimal", "default": 1, "pattern": "(?=a)" })),
    ]
}

fn schema() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(4, 40, 4, |inner| {
        let members = vec((proptest::sample::select(NAMES), inner.clone()), 0..4)
            .prop_map(|members| members.into_iter().map(|(name, schema)| (name.to_owned(), schema)));
        let members = members.prop_map(|members| Value::Object(members.collect::<Map<_, _>>()));
        let keyword = prop_oneof![
            (
                proptest::sample::select(&["allOf", "anyOf", "oneOf", "items", "prefixItems"][..]),
                vec(inner.clone(), 0..4)
            )
                .prop_map(|(keyword, list)| (keyword, Value::from(list))),
            (proptest::sample::select(&["properties", "patternProperties", "dependencies"][..]), members)
                .prop_map(|(keyword, members)| (keyword, members)),
            (
                proptest::sample::select(
                    &["items", "additionalProperties", "not", "if", "propertyNames", "additionalItems"][..]
                ),
                inner
            )
                .prop_map(|(keyword, schema)| (keyword, schema)),
            Just(("required", json!(["A", "type"]))),
            Just(("discriminator", json!("type"))),
            Just(("nullable", json!(true))),
            Just(("type", json!("object"))),
            value().prop_map(|value| ("default", value)),
        ];
        vec(keyword, 1..5).prop_map(|keywords| {
            Value::Object(keywords.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_schema_lowers_without_panic_and_always_the_same(schemas in vec(schema(), 4)) {
        let named: Map<String, Value> =
            ["A", "B", "C", "D"].iter().map(|name| (*name).to_owned()).zip(schemas).collect();
        let document = json!({ "components": { "schemas": named } }).to_string();
        let (types, report) = lower(&document);
        let (again, _) = lower(&document);
        prop_assert_eq!(&types, &again);
        if report.error_count() == 0 {
            let (reloaded, _) = lower(&served(&types));
            prop_assert_eq!(render::types(&types), render::types(&reloaded), "{}", served(&types));
            let schemas = |types: &[crate::model::TypeDef]| -> Vec<_> {
                types.iter().map(|definition| definition.schema.clone()).collect()
            };
            prop_assert_eq!(schemas(&types), schemas(&reloaded));
        }
    }
}
