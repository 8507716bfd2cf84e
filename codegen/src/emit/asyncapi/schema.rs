//! JSON Schema of uses of types, and the schemas that the frames share.
//!
//! The schemas of named types were normalised by lowering and are copied; nothing is checked or rewritten here.

use regex::Regex;
use serde_json::{Map, Value, json};

use crate::model::{Api, ErrorCode, IntWidth, Type, TypeDef};

/// Where component schemas stand.
const SCHEMAS: &str = "#/components/schemas/";

/// Component that types the `id` of a frame. Its mark keeps the loader from taking it for a type of the API.
pub(crate) const ID: &str = "bellwire.id";
/// Component that types the payload of a failed reply.
pub(crate) const FAILURE: &str = "bellwire.failure";
/// Mark of a component schema that describes frames, not payloads.
pub(crate) const FRAME_MARK: &str = "x-frame";

/// The schema of one use of a type; references point into the components.
pub(crate) fn of(api: &Api, ty: &Type) -> Value {
    match ty {
        Type::Any => json!({}),
        Type::Null => json!({ "type": "null" }),
        Type::Boolean => json!({ "type": "boolean" }),
        Type::Integer(width) => integer(*width),
        Type::Float32 => json!({ "type": "number", "format": "float" }),
        Type::Float64 => json!({ "type": "number" }),
        Type::String { format: None } => json!({ "type": "string" }),
        Type::String { format: Some(format) } => json!({ "type": "string", "format": format }),
        Type::Decimal => json!({ "type": "string", "format": "decimal" }),
        Type::IntegerString { unsigned } => {
            json!({ "type": "string", "format": if *unsigned { "uint64" } else { "int64" } })
        }
        Type::Constant(value) => json!({ "const": value }),
        Type::Named(id) => reference(api.type_def(*id)),
        Type::Array(item) => json!({ "type": "array", "items": of(api, item) }),
        Type::Tuple { items, rest } => json!({
            "type": "array",
            "items": items.iter().map(|item| of(api, item)).collect::<Vec<_>>(),
            "additionalItems": rest.as_ref().map_or(Value::Bool(false), |rest| of(api, rest)),
            "minItems": items.len(),
        }),
        Type::Map { key, value } => {
            let mut schema = json!({ "type": "object", "additionalProperties": of(api, value) });
            if let Some(key) = key {
                schema["propertyNames"] = reference(api.type_def(*key));
            }
            schema
        }
        Type::Nullable(inner) => json!({ "anyOf": [of(api, inner), { "type": "null" }] }),
    }
}

fn integer(width: IntWidth) -> Value {
    let (format, safe) = match width {
        IntWidth::I8 => ("int8", false),
        IntWidth::I16 => ("int16", false),
        IntWidth::I32 => ("int32", false),
        IntWidth::SafeI64 => ("int64", true),
        IntWidth::I64 => ("int64", false),
        IntWidth::U8 => ("uint8", false),
        IntWidth::U16 => ("uint16", false),
        IntWidth::U32 => ("uint32", false),
        IntWidth::SafeU64 => ("uint64", true),
        IntWidth::U64 => ("uint64", false),
    };
    let mut schema = json!({ "type": "integer", "format": format });
    if safe {
        schema["x-int64"] = json!("number");
    }
    schema
}

/// `{"$ref": …}` to a named type.
pub(crate) fn reference(def: &TypeDef) -> Value {
    json!({ "$ref": def.pointer })
}

/// `{"$ref": …}` to a component by its key.
pub(crate) fn component(key: &str) -> Value {
    json!({ "$ref": format!("{SCHEMAS}{key}") })
}

/// The key under `components.schemas` of a type that stands there itself.
pub(crate) fn component_key(def: &TypeDef) -> Option<String> {
    let key = def.pointer.strip_prefix(SCHEMAS)?;
    (!key.contains('/')).then(|| key.replace("~1", "/").replace("~0", "~"))
}

/// `components.schemas`: the API's types in model order, then what the frames share.
pub(crate) fn components(api: &Api) -> Map<String, Value> {
    let mut schemas = types(api);
    if api.endpoints.iter().any(super::frames::speaks_envelope) {
        schemas.insert(
            ID.into(),
            json!({
                "description": "Chosen by the client and echoed in the reply.",
                "anyOf": [{ "type": "string", "maxLength": 64 }, { "type": "integer" }],
                FRAME_MARK: true,
            }),
        );
        schemas.insert(FAILURE.into(), failure());
    }
    schemas
}

/// The schemas of the API's own types, by component key.
pub(crate) fn types(api: &Api) -> Map<String, Value> {
    let roots = api.types.iter().filter_map(|def| Some((component_key(def)?, def.schema.clone()?)));
    roots.collect()
}

fn failure() -> Value {
    json!({
        "description": "Why a request failed.",
        "type": "object",
        "required": ["status", "code", "message", "retry"],
        "properties": {
            "status": { "const": "error" },
            "code": { "type": "string", "description": "A code of the framework or of the operation." },
            "message": { "type": "string", "description": "For a person." },
            "retry": retry(),
            "errors": {
                "description": "The offending members of the payload.",
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["pointer", "message"],
                    "properties": {
                        "pointer": { "type": "string", "description": "JSON pointer into the payload." },
                        "rule": { "type": "string", "description": "The schema keyword." },
                        "message": { "type": "string" },
                    },
                },
            },
            "details": { "description": "Where the code declares them." },
        },
        FRAME_MARK: true,
    })
}

/// The three classes of retry.
pub(crate) fn retry() -> Value {
    json!({
        "description": "`never`: the same again fails again; `later`: after a pause; `now`: at once.",
        "enum": ["never", "later", "now"],
    })
}

/// The failure arm of a reply: the shared shape, narrowed to the codes this operation may answer with.
pub(crate) fn failure_arm(api: &Api, framework: &[ErrorCode], own: &[ErrorCode]) -> Value {
    let codes: Vec<&str> = framework.iter().chain(own).map(|error| error.name.wire.as_str()).collect();
    let mut properties = json!({ "code": { "enum": codes } });
    let details: Vec<Value> = own.iter().filter_map(|error| Some(of(api, error.details.as_ref()?))).collect();
    if !details.is_empty() {
        properties["details"] = json!({ "anyOf": details });
    }
    json!({ "allOf": [component(FAILURE), { "properties": properties }] })
}

/// The payload of a successful (un)subscription: the parameters with `status`, `message` and `topic` beside them.
pub(crate) fn subscription_arm(def: &TypeDef) -> Value {
    let own = [
        ("status", json!({ "const": "ok" })),
        ("message", json!({ "type": "string" })),
        ("topic", json!({ "type": "string", "description": "Names the stream in its frames." })),
    ];
    let required = ["status", "message", "topic"];
    match def.schema.as_ref().and_then(narrow_object) {
        // Such an object could refuse the three members, so its own are copied beside them.
        Some(schema) => {
            let mut schema = schema.clone();
            make_room(&mut schema, &required);
            let properties = schema.entry("properties").or_insert_with(|| json!({}));
            if let Some(properties) = properties.as_object_mut() {
                properties.extend(own.map(|(key, value)| (key.to_owned(), value)));
            }
            let names = schema.entry("required").or_insert_with(|| json!([]));
            if let Some(names) = names.as_array_mut() {
                names.extend(required.map(Value::from));
            }
            Value::Object(schema)
        }
        None => json!({
            "allOf": [reference(def), {
                "type": "object",
                "required": required,
                "properties": Map::from_iter(own.map(|(key, value)| (key.to_owned(), value))),
            }]
        }),
    }
}

/// An object that says something about members it does not name.
fn narrow_object(schema: &Value) -> Option<&Map<String, Value>> {
    const ABOUT_OTHERS: [&str; 3] = ["propertyNames", "patternProperties", "maxProperties"];
    schema.as_object().filter(|schema| {
        schema.get("additionalProperties").is_some_and(|others| *others != Value::Bool(true))
            || ABOUT_OTHERS.iter().any(|keyword| schema.contains_key(*keyword))
    })
}

/// Lets members of these names be there, whatever an object says about others.
fn make_room(schema: &mut Map<String, Value>, names: &[&str]) {
    if let Some(allowed) = schema.get_mut("propertyNames") {
        *allowed = json!({ "anyOf": [allowed.take(), { "enum": names }] });
    }
    if let Some(patterns) = schema.get_mut("patternProperties").and_then(Value::as_object_mut) {
        let concerns =
            |pattern: &str| Regex::new(pattern).map_or(true, |it| names.iter().any(|name| it.is_match(name)));
        patterns.retain(|pattern, _| !concerns(pattern));
    }
    if let Some(most) = schema.get("maxProperties").and_then(Value::as_u64) {
        schema.insert("maxProperties".to_owned(), json!(most.saturating_add(names.len() as u64)));
    }
}
