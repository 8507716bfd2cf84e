//! The payload of a request out of its path, its query and its body.

use serde_json::{Map, Value};

use crate::protocol::{HttpSpec, HttpText, is_deeper_than};

/// Why there is no payload to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NotJson(pub(super) String);

/// Everything a request carries.
pub(super) struct Carried<'a> {
    /// Parameters of the path.
    pub(super) path: Vec<(&'static str, String)>,
    /// Pairs of the query, in order.
    pub(super) query: Vec<(String, String)>,
    /// The body.
    pub(super) body: &'a [u8],
}

/// The payload as JSON text; `None` where there is none.
pub(super) fn payload(
    spec: &HttpSpec,
    carried: &Carried<'_>,
    max_depth: u32,
) -> Result<Option<String>, NotJson> {
    let mut members = Map::new();
    for parameter in spec.parameters {
        let in_path = carried.path.iter().filter(|(name, _)| *name == parameter.name).map(|(_, text)| text);
        let in_query = carried.query.iter().filter(|(name, _)| name == parameter.name).map(|(_, text)| text);
        let texts: Vec<&str> = in_path.chain(in_query).map(String::as_str).collect();
        if !texts.is_empty() {
            members.insert(parameter.name.to_owned(), value(parameter.text, &texts));
        }
    }
    if !spec.body {
        // What the document does not name is for its schema to judge.
        let known = |name: &str| spec.parameters.iter().any(|parameter| parameter.name == name);
        for (name, text) in carried.query.iter().filter(|(name, _)| !known(name)) {
            members.insert(name.clone(), Value::String(text.clone()));
        }
        return Ok(Some(Value::Object(members).to_string()));
    }
    let text = std::str::from_utf8(carried.body).map_err(|_| NotJson("The body is not UTF-8".to_owned()))?;
    if text.trim().is_empty() {
        return Ok((!members.is_empty()).then(|| Value::Object(members).to_string()));
    }
    if is_deeper_than(text, max_depth) {
        return Err(NotJson("The body is nested too deeply".to_owned()));
    }
    let body: Value =
        serde_json::from_str(text).map_err(|error| NotJson(format!("The body is not JSON: {error}")))?;
    match body {
        Value::Object(mut body) if !members.is_empty() => {
            body.extend(members);
            Ok(Some(Value::Object(body).to_string()))
        }
        // As it came, so that no digit of a number is lost.
        _ => Ok(Some(text.to_owned())),
    }
}

fn value(how: HttpText, texts: &[&str]) -> Value {
    let last = texts.last().copied().unwrap_or_default();
    let spelt = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
    // Whoever repeats a parameter has said where its items end.
    let items = || {
        let repeated = texts.iter().copied().filter(|_| texts.len() > 1);
        let joined = last.split(',').filter(|_| texts.len() == 1);
        repeated.chain(joined).filter(|item| !item.is_empty())
    };
    match how {
        HttpText::Text => Value::String(last.to_owned()),
        HttpText::Value => spelt(last),
        HttpText::Texts => items().map(|item| Value::String(item.to_owned())).collect(),
        HttpText::Values => items().map(spelt).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::protocol::{HttpMethod, HttpParameter};

    const PARAMETERS: &[HttpParameter] = &[
        HttpParameter::new("id", HttpText::Text),
        HttpParameter::new("limit", HttpText::Value),
        HttpParameter::new("symbols", HttpText::Texts),
        HttpParameter::new("sizes", HttpText::Values),
    ];

    fn read(
        body: Option<&str>,
        path: &[(&'static str, &str)],
        query: &[(&str, &str)],
    ) -> Result<Value, String> {
        let spec = HttpSpec {
            method: HttpMethod::Post,
            path: "/",
            produces: None,
            max_age_ms: None,
            parameters: if body.is_some() { &PARAMETERS[..1] } else { PARAMETERS },
            body: body.is_some(),
            statuses: &[],
        };
        let carried = Carried {
            path: path.iter().map(|(name, text)| (*name, (*text).to_owned())).collect(),
            query: query.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect(),
            body: body.unwrap_or_default().as_bytes(),
        };
        let text = payload(&spec, &carried, 4).map_err(|error| error.0)?;
        Ok(text.map_or(Value::Null, |text| serde_json::from_str(&text).expect("JSON")))
    }

    #[test]
    fn text_becomes_what_the_schema_wants() {
        let query = [("limit", "5"), ("symbols", "A,B"), ("sizes", "1,2.5"), ("more", "1")];
        assert_eq!(
            read(None, &[("id", "7")], &query),
            Ok(json!({"id": "7", "limit": 5, "symbols": ["A", "B"], "sizes": [1, 2.5], "more": "1"}))
        );
        let odd = [("limit", "five"), ("symbols", ""), ("id", "1"), ("id", "2")];
        assert_eq!(read(None, &[], &odd), Ok(json!({"limit": "five", "symbols": [], "id": "2"})));
    }

    #[test]
    fn items_of_a_repeated_list_keep_their_commas() {
        for (query, items) in [
            (&[("symbols", "Smith, John"), ("symbols", "C")][..], json!(["Smith, John", "C"])),
            (&[("symbols", "Smith, John"), ("symbols", "")], json!(["Smith, John"])),
            (&[("symbols", "Smith, John")], json!(["Smith", " John"])),
            (&[("sizes", "[1,2]"), ("sizes", "3")], json!([[1, 2], 3])),
        ] {
            assert_eq!(read(None, &[], query), Ok(json!({ query[0].0: items })), "{query:?}");
        }
    }

    #[test]
    fn the_path_joins_the_body() {
        assert_eq!(read(Some(r#"{"id":"x","a":1}"#), &[("id", "7")], &[]), Ok(json!({"id": "7", "a": 1})));
        assert_eq!(read(Some(" "), &[("id", "7")], &[]), Ok(json!({"id": "7"})));
        assert_eq!(read(Some(""), &[], &[]), Ok(Value::Null));
        assert_eq!(read(Some("[1]"), &[("id", "7")], &[]), Ok(json!([1])));
        assert!(read(Some("{"), &[], &[]).is_err_and(|message| message.starts_with("The body is not JSON")));
        assert!(read(Some("[[[[[]]]]]"), &[], &[]).is_err_and(|message| message.contains("deeply")));
    }
}
