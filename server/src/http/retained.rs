//! What is retained of broadcasts over plain HTTP: `GET` of a store, and of all that a snapshot tells. Also what every
//! answer of this kind has: `limit` on lists, and a tag by which a client that polls sees that nothing has changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::Query;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::get;
use serde_json::value::RawValue;

use super::caller::only_known;
use super::failure;
use super::rate::only_within_rate;
use super::tagged::tagged;
use crate::connection::Served;
use crate::protocol::encode::Failure;
use crate::protocol::{ErrorCode, Fault, Faults, StateKind};

pub(super) fn routes(served: &Arc<Served>) -> Router {
    let mut router = Router::new();
    let known = from_fn_with_state(served.clone(), only_known);
    let within_rate = from_fn_with_state(served.clone(), only_within_rate);
    for &spec in &served.endpoint.stores {
        let Some(path) = spec.http else { continue };
        let audience = served.audience.clone();
        let handler = async move |Query(query): Query<BTreeMap<String, String>>, headers: HeaderMap| {
            let (value, _) = audience.stores(|stores| stores.value(spec));
            match shortened(spec.kind, value, query.get("limit").map(String::as_str)) {
                Ok(value) => json(&headers, value),
                Err(faults) => unprocessable(&faults),
            }
        };
        router = router.route(path, get(handler).layer(known.clone()).layer(within_rate.clone()));
    }
    for snapshot in &served.endpoint.snapshots {
        let (Some(path), stores, audience) = (snapshot.http(), snapshot.stores(), served.audience.clone())
        else {
            continue;
        };
        let handler =
            async move |headers: HeaderMap| json(&headers, audience.stores(|held| held.object(stores)));
        router = router.route(path, get(handler).layer(known.clone()).layer(within_rate.clone()));
    }
    router
}

/// As much of a list as a query wants: the first entries, or of a window the newest. What is no list has no limit, and
/// what is said about it is ignored.
pub(super) fn shortened(kind: StateKind, value: String, limit: Option<&str>) -> Result<String, Faults> {
    let Some(limit) = limit.filter(|_| kind.most().is_some() || value.starts_with('[')) else {
        return Ok(value);
    };
    let count = wanted(limit, kind.most())?;
    let Ok(entries) = serde_json::from_str::<Vec<&RawValue>>(&value) else { return Ok(value) };
    let wanted = match kind {
        StateKind::Window { newest_first: false, .. } => &entries[entries.len().saturating_sub(count)..],
        _ => &entries[..count.min(entries.len())],
    };
    Ok(serde_json::to_string(wanted).unwrap_or_default())
}

/// Reads how many entries are wanted of a list that holds so many at most.
fn wanted(limit: &str, most: Option<u32>) -> Result<usize, Faults> {
    let parsed = limit.parse::<usize>();
    let rule = match parsed {
        Ok(0) => "minimum",
        Ok(count) if most.is_some_and(|most| count > most as usize) => "maximum",
        Ok(count) => return Ok(count),
        Err(_) => "type",
    };
    let message = match most {
        Some(most) => format!("is not a whole number from 1 to {most}"),
        None => "is not a whole number from 1 on".to_owned(),
    };
    Err(Faults::new(vec![Fault::new("/limit", rule, message)]))
}

/// JSON with a tag, or 304 where the client has it already.
pub(super) fn json(headers: &HeaderMap, body: String) -> Response {
    tagged(headers, "no-cache", [(header::CONTENT_TYPE, "application/json")], body)
}

/// 422 with every fault.
pub(super) fn unprocessable(faults: &Faults) -> Response {
    let summary = faults.summary();
    let answer =
        Failure { errors: faults.as_slice(), ..Failure::framework(ErrorCode::InvalidPayload, &summary) };
    failure(StatusCode::UNPROCESSABLE_ENTITY, &answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: StateKind = StateKind::Window { size: 3, newest_first: true };

    #[test]
    fn a_limit_takes_the_newest() {
        let last = StateKind::Window { size: 3, newest_first: false };
        let cases = [
            (WINDOW, Some("2"), "[3,2]", "[3,2]"),
            (WINDOW, Some("3"), "[3,2]", "[3,2]"),
            (WINDOW, None, "[3,2,1]", "[3,2,1]"),
            (WINDOW, Some("1"), "[]", "[]"),
            (last, Some("2"), "[1,2,3]", "[2,3]"),
            (last, Some("1"), "[]", "[]"),
            (StateKind::Latest, Some("x"), "{}", "{}"),
            (StateKind::Latest, Some("x"), "null", "null"),
            (StateKind::Latest, Some("2"), "[1,2,3]", "[1,2]"),
            (StateKind::Latest, Some("2"), "[]", "[]"),
        ];
        for (kind, text, list, expected) in cases {
            let shortened = shortened(kind, list.to_owned(), text);
            assert_eq!(shortened.as_deref(), Ok(expected), "{kind:?} {text:?}");
        }
    }

    #[test]
    fn a_limit_that_is_none_is_refused() {
        let cases = [
            (WINDOW, "0", "minimum"),
            (WINDOW, "4", "maximum"),
            (WINDOW, "-1", "type"),
            (WINDOW, "", "type"),
            (WINDOW, "1.5", "type"),
            (WINDOW, "x", "type"),
            (StateKind::Latest, "0", "minimum"),
            (StateKind::Latest, "x", "type"),
        ];
        for (kind, text, rule) in cases {
            let faults = shortened(kind, "[1]".to_owned(), Some(text)).unwrap_err();
            assert_eq!(faults.as_slice()[0].pointer, "/limit");
            assert_eq!(faults.as_slice()[0].rule, rule, "{kind:?} {text}");
        }
    }
}
