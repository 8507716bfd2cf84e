//! The subject of replies: "Subscribed to AAPL".

use serde_json::Value;

/// Fills `{member}` placeholders from the parameters; the route stands in where nothing is left to say.
pub(super) fn fill_label(template: &str, params: &Value, route: &str) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            rest = after;
            break;
        };
        if let Some(value) = params.get(name) {
            out.push_str(&plain(value));
        }
        rest = after;
    }
    out.push_str(rest);
    if out.trim().is_empty() { route.to_owned() } else { out }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::fill_label;

    #[test]
    fn fills_members_and_falls_back_to_the_route() {
        let params = json!({"symbol": "AAPL", "depth": 5, "symbols": ["A", "B"], "venue": null});
        let cases = [
            ("{symbol}", "AAPL"),
            ("{symbol} at {depth}", "AAPL at 5"),
            ("{symbols}", "A, B"),
            ("{venue}", "bars"),
            ("", "bars"),
            ("{missing}", "bars"),
        ];
        for (template, label) in cases {
            assert_eq!(fill_label(template, &params, "bars"), label, "{template}");
        }
    }
}
