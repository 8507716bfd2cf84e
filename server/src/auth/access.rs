//! `access`: which claim of the caller's identity must cover which parameter.

use serde_json::Value;

use crate::contract::{Caller, Refusal};

/// Values of a claim that a refusal names at most.
const NAMED: usize = 20;

/// Holds a caller against `{"claim":{"accountId":"accounts"}}`: the parameter's value, or each of its values where it is
/// a list, must be (among) the claim's, which may be `*` for all. A rule without claims needs any identity. Where
/// authentication is off nobody is asked.
pub(crate) fn check_access(caller: &Caller, access: Option<&str>, params_json: &str) -> Result<(), Refusal> {
    let Some(access) = access.filter(|_| caller.is_checked()) else { return Ok(()) };
    let access: Value = serde_json::from_str(access).unwrap_or_default();
    let params: Value = serde_json::from_str(params_json).unwrap_or_default();
    let rules = access.get("claim").and_then(Value::as_object);
    let rules = rules.into_iter().flatten();
    let Some(identity) = caller.identity() else {
        let refusal = Refusal::not_authenticated("Authentication required");
        return Err(rules.fold(refusal, |refusal, (parameter, _)| {
            refusal.at(pointer(parameter), "is only for those it belongs to")
        }));
    };
    let claim_of = |claim: &Value| claim.as_str().and_then(|claim| identity.claim(claim));
    let refused: Vec<(&String, String)> = rules
        .filter(|(parameter, claim)| !covers(claim_of(claim), params.get(parameter)))
        .map(|(parameter, claim)| (parameter, not_among(claim_of(claim))))
        .collect();
    let Some((first, _)) = refused.first() else { return Ok(()) };
    let refusal = Refusal::forbidden(format!("{first} is not yours"));
    Err(refused.into_iter().fold(refusal, |refusal, (parameter, why)| refusal.at(pointer(parameter), why)))
}

/// What the caller may name instead, which its own token told it; never what others may.
fn not_among(claim: Option<&Value>) -> String {
    let granted = granted(claim).iter().filter(|value| value.is_string() || value.is_number());
    let granted: Vec<String> = granted.take(NAMED).map(Value::to_string).collect();
    if granted.is_empty() {
        return "is not yours".to_owned();
    }
    format!("is not one of yours: {}", granted.join(", "))
}

fn pointer(parameter: &str) -> String {
    format!("/{}", parameter.replace('~', "~0").replace('/', "~1"))
}

/// What a claim grants: its values, or it itself.
fn granted(claim: Option<&Value>) -> &[Value] {
    match claim {
        None | Some(Value::Null) => &[],
        Some(Value::Array(values)) => values.as_slice(),
        Some(value) => std::slice::from_ref(value),
    }
}

fn covers(claim: Option<&Value>, wanted: Option<&Value>) -> bool {
    let granted = granted(claim);
    if granted.iter().any(|value| value == "*") {
        return true;
    }
    match wanted {
        None | Some(Value::Null) => false,
        // An empty list asks for nothing in particular, which only `*` may.
        Some(Value::Array(values)) => {
            !values.is_empty() && values.iter().all(|value| granted.contains(value))
        }
        Some(value) => granted.contains(value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::check_access;
    use crate::contract::{Caller, Identity, Standing};

    const RULE: &str = r#"{"claim":{"accountId":"accounts"}}"#;

    fn check(standing: Standing, rule: &str, params: &Value) -> Result<(), String> {
        let caller = Caller::new(1, "/ws", None, std::collections::BTreeMap::new(), standing);
        check_access(&caller, Some(rule), &params.to_string()).map_err(|refusal| {
            let places: Vec<&str> = refusal.errors().iter().map(|fault| fault.pointer.as_str()).collect();
            format!("{} {}", refusal.code(), places.join(" "))
        })
    }

    fn someone(claims: &Value) -> Standing {
        Standing::Known(Box::new(Identity::new("someone", claims.as_object().cloned().unwrap_or_default())))
    }

    #[test]
    fn a_claim_covers_what_it_names() {
        let params = json!({"accountId": "A"});
        for accounts in [json!("A"), json!(["B", "A"]), json!("*"), json!(["*"])] {
            assert_eq!(check(someone(&json!({"accounts": accounts})), RULE, &params), Ok(()), "{accounts}");
        }
        for accounts in [json!("B"), json!([]), json!(null), json!(["A*"]), json!("a"), json!({"A": true})] {
            let refused = check(someone(&json!({"accounts": accounts})), RULE, &params);
            assert_eq!(refused, Err("forbidden /accountId".to_owned()), "{accounts}");
        }
        assert!(check(someone(&json!({})), RULE, &params).is_err(), "no claim covers nothing");
    }

    #[test]
    fn a_refusal_names_what_the_caller_may() {
        let why = |accounts: Value| {
            let standing = someone(&json!({ "accounts": accounts }));
            let caller = Caller::new(1, "/ws", None, std::collections::BTreeMap::new(), standing);
            let refusal = check_access(&caller, Some(RULE), r#"{"accountId":"X"}"#).unwrap_err();
            refusal.errors()[0].message.to_string()
        };
        assert_eq!(why(json!(["A", "B"])), r#"is not one of yours: "A", "B""#);
        assert_eq!(why(json!("A")), r#"is not one of yours: "A""#);
        assert_eq!(why(json!([])), "is not yours");
        assert_eq!(why(json!((0..30).collect::<Vec<_>>())).split(", ").count(), 20);
    }

    #[test]
    fn what_is_absent_or_a_list_is_covered_whole_or_not_at_all() {
        let own = || someone(&json!({"accounts": ["A", "B"]}));
        for params in [
            json!({}),
            json!({"accountId": null}),
            json!({"accountId": []}),
            json!([]),
            json!({"accountId": ["A", "C"]}),
        ] {
            assert!(check(own(), RULE, &params).is_err(), "{params}");
        }
        assert_eq!(check(own(), RULE, &json!({"accountId": ["A", "B"]})), Ok(()));
        assert_eq!(check(someone(&json!({"accounts": "*"})), RULE, &json!({})), Ok(()));
    }

    #[test]
    fn without_identity_nothing_with_a_rule_is_open() {
        let params = json!({"accountId": "A"});
        assert_eq!(check(Standing::Anonymous, RULE, &params), Err("not-authenticated /accountId".to_owned()));
        assert_eq!(check(Standing::Anonymous, "{}", &params), Err("not-authenticated ".to_owned()));
        assert_eq!(check(someone(&json!({})), "{}", &params), Ok(()), "anyone known");
        assert_eq!(check(Standing::Unchecked, RULE, &params), Ok(()), "nobody asks");
    }
}
