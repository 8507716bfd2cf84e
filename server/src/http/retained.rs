//! What is retained of broadcasts over plain HTTP: `GET` of a store, and of all that a snapshot tells. Also what every
//! answer of this kind has: `limit` on lists, and a tag by which a client that polls sees that nothing has changed.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use axum::Router;
use axum::extract::Query;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::value::RawValue;

use super::caller::only_known;
use super::failure;
use crate::connection::Served;
use crate::protocol::encode::Failure;
use crate::protocol::{ErrorCode, Fault, Faults, StateKind};

pub(super) fn routes(served: &Arc<Served>) -> Router {
    let mut router = Router::new();
    let known = from_fn_with_state(served.clone(), only_known);
    for &spec in &served.endpoint.stores {
        let Some(path) = spec.http else { continue };
        let audience = served.audience.clone();
        let handler = async move |Query(query): Query<BTreeMap<String, String>>, headers: HeaderMap| {
            let limit = match Limit::read(spec.kind, query.get("limit").map(String::as_str)) {
                Ok(limit) => limit,
                Err(faults) => return unprocessable(&faults),
            };
            let (value, _) = audience.stores(|stores| stores.value(spec));
            json(&headers, limit.shorten(value))
        };
        router = router.route(path, get(handler).layer(known.clone()));
    }
    for snapshot in &served.endpoint.snapshots {
        let (Some(path), stores, audience) = (snapshot.http(), snapshot.stores(), served.audience.clone())
        else {
            continue;
        };
        let handler =
            async move |headers: HeaderMap| json(&headers, audience.stores(|held| held.object(stores)));
        router = router.route(path, get(handler).layer(known.clone()));
    }
    router
}

/// How much of a list is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    kind: StateKind,
    count: Option<usize>,
}

impl Limit {
    /// Reads what a query says. What is no list has no limit, and what is said about it is ignored.
    pub(super) fn read(kind: StateKind, text: Option<&str>) -> Result<Self, Faults> {
        let (Some(most), Some(text)) = (kind.most(), text) else { return Ok(Self { kind, count: None }) };
        let most = most as usize;
        match text.parse::<usize>() {
            Ok(count) if (1..=most).contains(&count) => Ok(Self { kind, count: Some(count) }),
            parsed => {
                let rule = match parsed {
                    Ok(0) => "minimum",
                    Ok(_) => "maximum",
                    Err(_) => "type",
                };
                let message = format!("is not a whole number from 1 to {most}");
                Err(Faults::new(vec![Fault::new("/limit", rule, message)]))
            }
        }
    }

    /// As many entries as are wanted: the first ones, or of a window the newest.
    pub(super) fn shorten(self, list: String) -> String {
        let Some(count) = self.count else { return list };
        let Ok(entries) = serde_json::from_str::<Vec<&RawValue>>(&list) else { return list };
        let wanted = match self.kind {
            StateKind::Window { newest_first: false, .. } => &entries[entries.len().saturating_sub(count)..],
            _ => &entries[..count.min(entries.len())],
        };
        serde_json::to_string(wanted).unwrap_or_default()
    }
}

/// JSON with a tag, or 304 where the client has it already.
pub(super) fn json(headers: &HeaderMap, body: String) -> Response {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let known = known.flat_map(|tags| tags.split(',')).map(|known| known.trim().trim_start_matches("W/"));
    let unchanged = known.into_iter().any(|known| known == tag || known == "*");
    let common = [(header::ETAG, tag.as_str()), (header::CACHE_CONTROL, "no-cache")];
    if unchanged {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    (common, [(header::CONTENT_TYPE, "application/json")], body).into_response()
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
        ];
        for (kind, text, list, expected) in cases {
            let limit = Limit::read(kind, text).unwrap_or_else(|faults| panic!("{faults:?}"));
            assert_eq!(limit.shorten(list.to_owned()), expected, "{kind:?} {text:?}");
        }
    }

    #[test]
    fn a_limit_that_is_none_is_refused() {
        let cases = [
            ("0", "minimum"),
            ("4", "maximum"),
            ("-1", "type"),
            ("", "type"),
            ("1.5", "type"),
            ("x", "type"),
        ];
        for (text, rule) in cases {
            let faults = Limit::read(WINDOW, Some(text)).map(|_| ()).unwrap_err();
            assert_eq!(faults.as_slice()[0].pointer, "/limit");
            assert_eq!(faults.as_slice()[0].rule, rule, "{text}");
        }
    }
}
