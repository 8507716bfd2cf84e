//! What all five systems have in common: where they listen, what they print, their documents, and publishing by token.

use std::net::TcpListener;

use e2e::{Spawned, TestSocket, eventually, get, post};
use serde_json::{Value, json};

struct System {
    name: &'static str,
    socket: &'static str,
    publish: &'static str,
    /// A message that fits, one that does not, and where.
    fits: &'static str,
    misfits: &'static str,
    pointer: &'static str,
}

const SYSTEMS: [System; 5] = [
    System {
        name: "trading",
        socket: "/api/v1/ws",
        publish: "/api/v1/publish",
        fits: r#"{"type":"bars.update","params":{"symbol":"X"},"payload":{"time":1,"open":1,"high":1,"low":1,"close":1}}"#,
        misfits: r#"{"type":"bars.update","params":{"symbol":"X"},"payload":{"time":1,"open":1,"high":1,"low":1}}"#,
        pointer: "/payload/close",
    },
    System {
        name: "charts",
        socket: "/ws/chart-updates",
        publish: "/publish",
        fits: "chart:5M",
        misfits: "chart:7M",
        pointer: "",
    },
    System {
        name: "carry",
        socket: "/ws",
        publish: "/publish",
        fits: r#"{"type":"worker_status","data":{"status":"skipped","symbol":"ETH/USDT"}}"#,
        misfits: r#"{"type":"worker_status","data":{"status":"asleep","symbol":"ETH/USDT"}}"#,
        pointer: "/data/status",
    },
    System {
        name: "bot",
        socket: "/ws",
        publish: "/publish",
        fits: r#"{"type":"SCAN_START","count":12}"#,
        misfits: r#"{"type":"SCAN_START","count":"12"}"#,
        pointer: "/count",
    },
    System {
        name: "screener",
        socket: "/api/websocket/stream",
        publish: "/publish",
        fits: r#"{"symbol":"NSE:SBIN-EQ","ltp":500.5,"ch":1.2}"#,
        misfits: r#"{"symbol":"NSE:SBIN-EQ","ltp":"500.5"}"#,
        pointer: "/ltp",
    },
];

/// The addresses a server prints, but for those that want a `POST`.
fn printed(server: &Spawned) -> Vec<String> {
    let output = server.output();
    let lines = output.lines().filter(|line| !line.contains("POST"));
    let words = lines.flat_map(str::split_whitespace).filter(|word| word.starts_with("http://"));
    words.map(str::to_owned).collect()
}

#[tokio::test]
async fn each_prints_where_to_look_and_everything_is_there() {
    for system in &SYSTEMS {
        let mut server = Spawned::start(system.name, &[]);
        server.wait_for_line("its hints", |line| line.contains("Try next").then_some(()));
        assert!(server.socket().ends_with(system.socket), "{}", server.socket());
        TestSocket::connect(server.socket()).await;
        let addresses = printed(&server);
        for path in ["/asyncapi", "/asyncapi.json"] {
            let url = server.url(&format!("{}{path}", system.socket));
            assert!(addresses.contains(&url), "{url} in {addresses:?}");
        }
        for address in addresses {
            // Pictures take a moment.
            eventually(&address, || (get(&address).status == 200).then_some(())).await;
        }
        let document = get(&server.url(&format!("{}/asyncapi.json", system.socket))).json();
        assert_eq!(document["asyncapi"], "3.0.0");
        assert!(
            get(&server.url(&format!("{}/asyncapi", system.socket))).content_type.starts_with("text/html")
        );
        let health = get(&server.url("/health")).json();
        assert_eq!(
            (&health["status"], &health["active_connections"]),
            (&json!("healthy"), &json!(0)),
            "{health}"
        );
    }
}

#[test]
fn each_explains_itself_by_example() {
    for system in &SYSTEMS {
        let output = Spawned::command(system.name).arg("--help").output().unwrap();
        let help = String::from_utf8_lossy(&output.stdout).into_owned();
        let flags = [
            "--host",
            "--port",
            "--port-range",
            "--publish-token",
            "[default: 8000]",
            "[default: 127.0.0.1]",
        ];
        for part in ["Examples:"].iter().chain(&flags) {
            assert!(help.contains(part), "{part} in the help of {}", system.name);
        }
        let examples = help.split("Examples:").nth(1).unwrap();
        assert!(examples.matches(&format!(" {}", system.name)).count() >= 3, "{examples}");
    }
}

#[test]
fn each_takes_the_first_free_port_of_a_range_on_the_host_it_is_told() {
    for system in &SYSTEMS {
        let taken = TcpListener::bind("0.0.0.0:0").unwrap();
        let first = taken.local_addr().unwrap().port();
        let port = first.to_string();
        let server =
            Spawned::start(system.name, &["--host", "0.0.0.0", "--port", &port, "--port-range", "10"]);
        let authority = server.socket().trim_start_matches("ws://").split('/').next().unwrap().to_owned();
        let port: u16 = authority.strip_prefix("0.0.0.0:").unwrap().parse().unwrap();
        assert!((first + 1..first + 10).contains(&port), "{authority} after {first}");
        assert_eq!(get(&server.url("/health")).status, 200);
    }
}

#[test]
fn each_takes_what_back_ends_publish_by_token_alone() {
    for System { name, publish, fits, misfits, pointer, .. } in &SYSTEMS {
        let without = Spawned::start(name, &[]);
        assert_eq!(post(&without.url(publish), Some("t0ken"), fits).status, 404, "{name}");
        let server = Spawned::start(name, &["--publish-token", "t0ken"]);
        let url = server.url(publish);
        for token in [None, Some("wrong"), Some("")] {
            assert_eq!(post(&url, token, fits).status, 401, "{name} {token:?}");
        }
        let answer = post(&url, Some("t0ken"), fits);
        assert_eq!((answer.status, &answer.json()["subscribers"]), (200, &json!(0)), "{name} {answer:?}");
        let answer = post(&url, Some("t0ken"), misfits);
        let error = answer.json();
        assert_eq!((answer.status, &error["code"]), (422, &json!("invalid-payload")), "{name} {error}");
        let pointers: Vec<&Value> =
            error["errors"].as_array().unwrap().iter().map(|fault| &fault["pointer"]).collect();
        assert!(pointers.contains(&&json!(pointer)), "{name} {error}");
        for (body, status) in [(r#"{"type":"no.such"}"#, 404), ("{", 400), ("[]", 400)] {
            let answer = post(&url, Some("t0ken"), body);
            assert!((400..500).contains(&answer.status), "{name} {body} {answer:?}");
            if *name != "charts" {
                assert_eq!(answer.status, status, "{name} {body} {answer:?}");
            }
        }
    }
}
