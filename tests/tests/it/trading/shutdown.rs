//! A clean end.

use std::time::{Duration, Instant};

use e2e::TestSocket;
use serde_json::json;

use super::trading;

/// What the process may take to end.
const BUDGET: Duration = Duration::from_secs(10);

#[tokio::test]
async fn both_signals_tell_clients_when_to_return_and_end_the_process_in_time() {
    for signal in ["TERM", "INT"] {
        let mut server = trading(&["--shutdown-timeout", &format!("{}s", BUDGET.as_secs())]);
        let mut socket = TestSocket::connect(server.socket()).await;
        socket.subscribe("bars", &json!({ "symbol": "BTC-USD" })).await;
        let start = Instant::now();
        server.signal(signal);
        let closing = socket.next_of("closing").await;
        assert_eq!(closing["payload"]["condition"], "shutting-down", "{closing}");
        assert!(closing["payload"]["retry_after_ms"].is_u64(), "{closing}");
        let closed = socket.closed().await;
        assert_eq!((closed.code, closed.reason.as_str()), (1012, "Service restart"));
        let status = server.wait();
        assert!(status.success(), "{signal}: {status}: {}", server.output());
        assert!(start.elapsed() < BUDGET, "{signal}: {:?}", start.elapsed());
    }
}
