//! Which web pages may read what is served over HTTP.

use axum::Router;
use axum::routing::get;

use crate::harness::{Answer, TestServer};
use crate::services::{TestServices, endpoint};

const APP: &str = "https://app.example";

async fn server(allowed: &[&str]) -> TestServer {
    let services = TestServices::default();
    let endpoints = vec![endpoint::<false>(&services)];
    let own = Router::new().route("/own", get("own"));
    let allowed = allowed.iter().map(ToString::to_string).collect();
    TestServer::serve(services, endpoints, own, |settings| settings.allow_origin = allowed).await
}

async fn fetch(server: &TestServer, method: &str, path: &str, origin: &str, headers: &str) -> Answer {
    server.http(method, path, &format!("origin: {origin}\r\n{headers}"), "").await
}

fn allowed(answer: &Answer) -> Option<&str> {
    answer.headers.get("access-control-allow-origin").map(String::as_str)
}

#[tokio::test]
async fn pages_of_allowed_origins_read_every_route() {
    let server = server(&[APP, "https://other.example"]).await;
    for path in ["/health", "/metrics", "/api/v1/ws/asyncapi.json", "/own", "/nothing/here"] {
        let answer = fetch(&server, "GET", path, APP, "").await;
        assert_eq!(allowed(&answer), Some(APP), "{path}: {answer:?}");
        assert!(answer.headers["vary"].contains("origin"), "caches keep them apart: {answer:?}");
        assert!(answer.headers["access-control-expose-headers"].contains("etag"), "{answer:?}");
        assert!(!answer.headers.contains_key("access-control-allow-credentials"), "{answer:?}");
        let foreign = fetch(&server, "GET", path, "https://evil.example", "").await;
        assert_eq!((allowed(&foreign), foreign.status), (None, answer.status), "{path}");
    }
    let refused = fetch(&server, "POST", "/api/v1/publish", APP, "").await;
    assert_eq!((refused.status, allowed(&refused)), (401, Some(APP)), "errors can be read too");
}

#[tokio::test]
async fn a_preflight_is_answered_without_asking_the_route() {
    let server = server(&[APP]).await;
    let asked = "access-control-request-method: POST\r\n\
        access-control-request-headers: authorization,content-type\r\n";
    let answer = fetch(&server, "OPTIONS", "/api/v1/publish", APP, asked).await;
    assert_eq!((answer.status, allowed(&answer)), (200, Some(APP)));
    assert_eq!(answer.headers["access-control-allow-methods"], "POST");
    assert_eq!(answer.headers["access-control-allow-headers"], "authorization,content-type");
    assert_eq!(answer.headers["access-control-max-age"], "600");
    let foreign = fetch(&server, "OPTIONS", "/api/v1/publish", "https://evil.example", asked).await;
    assert_eq!(allowed(&foreign), None);
    let plain = server.http("OPTIONS", "/own", "", "").await;
    assert_eq!(plain.status, 405, "what is no preflight, the route answers: {plain:?}");
}

#[tokio::test]
async fn all_origins_only_where_it_says_so() {
    let open = server(&["*"]).await;
    assert_eq!(allowed(&fetch(&open, "GET", "/health", "https://evil.example", "").await), Some("*"));
    let closed = server(&[]).await;
    assert_eq!(allowed(&fetch(&closed, "GET", "/health", "https://evil.example", "").await), None);
    let page = "http://localhost:5173";
    assert_eq!(
        allowed(&fetch(&closed, "GET", "/health", page, "").await),
        Some(page),
        "loopback to loopback"
    );
}
