//! `access`: which claim of the caller's identity must cover which parameter.
//!
//! It binds callers that have an identity. Whether one is needed at all is the endpoint's security, not this rule's.

use serde_json::Value;

use crate::contract::{Caller, Refusal};

/// Holds a caller against `{"claim":{"accountId":"accounts"}}`: the parameter's value must be (among) the claim's.
pub(super) fn check_access(caller: &Caller, access: Option<&str>, params_json: &str) -> Result<(), Refusal> {
    let (Some(access), Some(identity)) = (access, caller.identity()) else { return Ok(()) };
    let access: Value = serde_json::from_str(access).unwrap_or_default();
    let params: Value = serde_json::from_str(params_json).unwrap_or_default();
    let Some(rules) = access.get("claim").and_then(Value::as_object) else { return Ok(()) };
    for (parameter, claim) in rules {
        let wanted = params.get(parameter).unwrap_or(&Value::Null);
        let covered = match claim.as_str().and_then(|claim| identity.claim(claim)) {
            Some(Value::Array(values)) => values.contains(wanted),
            Some(value) => value == wanted,
            None => false,
        };
        if !covered {
            return Err(Refusal::forbidden(format!("{parameter} is not yours")));
        }
    }
    Ok(())
}
