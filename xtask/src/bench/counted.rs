//! What the page says about how its figures came to be.

use super::data::Data;
use super::peers::OURS;

const COUNTED: &str = "\
## What was counted

- **CPU** is the server's, user and system, as the kernel's scheduler counts it, divided by the frames that reached
  subscribers (or by replies, or by connections). The clock stops when the last frame has arrived.
- **Every delivery is counted and checked** to be the next of its topic; deflated ones are inflated on every 50th socket.
- **Latency** runs from the moment a publication was due, on a fixed schedule, to its arrival at the subscriber. Generator and
  server share the cores, so milliseconds are mostly waiting for them: compare within a row.
- **Paced**: 30 000 deliveries a second over one topic, 5 000 over a thousand topics. **Saturated**: as fast as they are
  delivered, with at most 256 publications of a topic under way (fewer where they would fill the kernel's memory).
- **Sizes**: where nothing else is said, an update is a JSON text of about 200 bytes; a header of four comes before it. FastWS's
  frames carry no topic and are about 40 bytes smaller. Larger updates hold a list of price levels, all alike, so that what is
  deflated (1 KB, four fifths of it one level over and over) shrinks to a fifth or a sixth, more than most texts would.
- Everybody is driven the same way: one control connection sends `publish` requests, subscribers ask for `bars`
  (`asyncapi/bench.yaml`). Every run starts a fresh server. In each round a scenario is run on one server after the other, so
  that a round's own ratio compares neighbours. The tables show medians; the raw data (`results.json`) has every round.
- Peers that no target names (`ws`, FastWS, axum by hand) are measured for one second where the others are for two or five, with
  slow readers for three seconds instead of six, with 2 000 idle connections instead of 10 000 and 1 000 instead of 4 000 in the
  storm.
- **Memory** of idle connections is the growth of the server's PSS over the connections, 1.5 s after the last one was opened.
";

const SLOW: &str = "\
- **Slow readers**: 60 subscribers of one topic get 500 updates of 2.2 KB a second; after two seconds, 10 of them read at 1 % of
  that for six. Latency *during* that counts for as long as any of the 10 is connected, by the server's own counter where it has
  one. Memory is looked at every 250 ms for the whole time; its growth is the most that was seen, less what there was before.
- **The latest value only**: the same on a topic that delivers no more than that to those who lag (`delivery: { mode: latest }`),
  so that nobody is ended. Frames say how many values they stand for; lost is what no frame stands for, on all 60 sockets, after
  the slow ones were read to the end.
";

/// What is said of slow readers where they were measured otherwise.
const SLOW_OF_OLD: &str = "\
- **Slow readers**: 60 subscribers of one topic get 500 updates of 2.2 KB a second; after two seconds, 10 of them read at 1 % of
  that for six. This run looked at memory once, after those six seconds, and its latency *during* counts all of them, though the
  slow ones may have been ended early; a new run counts as long as they last, and looks every 250 ms.
";

/// The whole section.
pub(super) fn text(data: &Data) -> String {
    let slow = match data.median("slow", OURS, "p99_during_ms") {
        Some(_) if data.median("slow", OURS, "slow_lasted_s").is_none() => SLOW_OF_OLD,
        _ => SLOW,
    };
    [COUNTED, slow].concat()
}

#[cfg(test)]
mod tests {
    use super::super::data::Run;
    use super::*;
    use bellwire_load::Figures;

    #[test]
    fn what_was_measured_otherwise_is_not_said_to_be_the_same() {
        let mut data = Data::new(Vec::new(), false);
        assert!(text(&data).contains("every 250 ms for the whole time"));
        let slow = |figures: &[(&'static str, f64)]| {
            Run::new("slow", OURS, 1, Ok(figures.iter().copied().collect::<Figures>()))
        };
        data.runs = vec![slow(&[("p99_during_ms", 1.0)])];
        assert!(text(&data).contains("looked at memory once"));
        data.runs = vec![slow(&[("p99_during_ms", 1.0), ("slow_lasted_s", 1.5)])];
        assert!(text(&data).contains("every 250 ms for the whole time"));
    }
}
