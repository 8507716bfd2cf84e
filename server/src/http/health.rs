//! `/health` for load balancers and `/metrics` for Prometheus.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Map, Value};

use super::below;
use crate::connection::Served;
use crate::node::Node;

/// Health and metrics; `taken` are the paths at which a request of the document says more.
pub(super) fn routes(node: &Node, endpoints: &[Arc<Served>], taken: &BTreeSet<&str>) -> Router {
    let bases = endpoints.iter().map(|served| served.endpoint.spec.connection.http_base);
    let paths: BTreeSet<String> = bases.chain([""]).map(|base| below(base, "health")).collect();
    let mut router = Router::new().route("/metrics", {
        let node = node.clone();
        get(async move || metrics(&node))
    });
    for path in paths.into_iter().filter(|path| !taken.contains(path.as_str())) {
        let node = node.clone();
        router = router.route(&path, get(async move || health(&node)));
    }
    router
}

/// Healthy with 200; while the node drains, 503, so that nobody is sent here any more.
fn health(node: &Node) -> Response {
    let draining = node.shared().shutdown.has_begun();
    let code = if draining { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    let body = Value::Object(report(node)).to_string();
    (code, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// What the server says of itself.
pub(super) fn report(node: &Node) -> Map<String, Value> {
    let status = if node.shared().shutdown.has_begun() { "draining" } else { "healthy" };
    Map::from_iter([
        ("status".to_owned(), status.into()),
        ("active_connections".to_owned(), node.connection_count().into()),
        ("timestamp".to_owned(), timestamp(SystemTime::now()).into()),
    ])
}

fn metrics(node: &Node) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], node.shared().metrics.render()).into_response()
}

/// ISO 8601 in UTC, to the second.
fn timestamp(now: SystemTime) -> String {
    let seconds = now.duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

/// Year, month and day of a number of days since 1970-01-01, after Howard Hinnant's `civil_from_days`.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::timestamp;

    #[test]
    fn writes_iso_8601() {
        let cases = [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_164_800, "2024-02-29T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_102_444_800, "2100-01-01T00:00:00Z"),
        ];
        for (seconds, text) in cases {
            assert_eq!(timestamp(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }
}
