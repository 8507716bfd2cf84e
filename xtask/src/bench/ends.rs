//! What became of slow readers, in words.

use std::fmt::Write as _;

use super::data::{Data, short};

/// Adds a line for everybody who had some.
pub(super) fn add(page: &mut String, data: &Data) {
    let peers = data.peers();
    let of_all = peers.iter().filter_map(|peer| Some(format!("- {peer}: {}\n", end_of_slow(data, peer)?)));
    let latest = peers.iter().filter_map(|peer| Some(format!("- {peer}: {}\n", conflated(data, peer)?)));
    let sections = [
        ("Slow readers: what became of them", of_all.collect::<String>()),
        ("Slow readers that get the latest value only: what became of them", latest.collect()),
    ];
    for (title, lines) in sections.into_iter().filter(|(_, lines)| !lines.is_empty()) {
        let _ = writeln!(page, "## {title}\n\n{lines}");
    }
}

/// `10 of 10 ended within 1.3 s, code 4413; the server counted 10`
fn end_of_slow(data: &Data, peer: &str) -> Option<String> {
    let of = |figure: &str| data.median("slow", peer, figure).map(|median| median.value);
    let ended = of("slow_ended")?;
    let mut text = format!("{} of {} ended", count(ended), count(of("slow")?));
    if let Some(lasted) = of("slow_lasted_s").filter(|_| ended > 0.0) {
        let _ = write!(text, " within {} s", short(lasted));
    }
    match (of("close_code"), of("slow_closed_with_code")) {
        (Some(code), Some(with_code)) if ended == with_code => {
            let _ = write!(text, ", code {}", count(code));
        }
        (Some(code), Some(with_code)) => {
            let _ = write!(text, ", {} of them with code {}", count(with_code), count(code));
        }
        _ => {}
    }
    if let Some(counted) = of("slow_counted") {
        let _ = write!(text, "; the server counted {}", count(counted));
    }
    Some(text)
}

/// `0 of 10 ended; their 1715 frames stood for 30020 values; …`
fn conflated(data: &Data, peer: &str) -> Option<String> {
    let of = |figure: &str| data.median("slow-conflated", peer, figure).map(|median| median.value);
    Some(format!(
        "{} of {} ended; from when they lagged, their {} frames stood for {} values. The server counted {} values that were \
         replaced, {} of them on their way to healthy ones; frames say {}.",
        count(of("slow_ended")?),
        count(of("slow")?),
        count(of("slow_frames")?),
        count(of("slow_values")?),
        count(of("replaced_counted")?),
        count(of("healthy_replaced")?),
        match of("replaced_unsaid")? {
            0.0 => "the same".to_owned(),
            unsaid => format!("{} more or fewer", count(unsaid)),
        },
    ))
}

/// A number of things: medians of even numbers of rounds may fall between two.
fn count(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

#[cfg(test)]
mod tests {
    use super::super::data::Run;
    use super::super::peers::OURS;
    use super::*;

    #[test]
    fn the_ends_of_slow_readers_are_told() {
        let run = |scenario: &str, peer: &str, figures: &[(&'static str, f64)]| {
            Run::new(scenario, peer, 1, Ok(figures.iter().copied().chain([("slow", 10.0)]).collect()))
        };
        let ended = [
            ("slow_ended", 10.0),
            ("slow_lasted_s", 1.28),
            ("close_code", 4413.0),
            ("slow_closed_with_code", 10.0),
            ("slow_counted", 10.0),
        ];
        let kept = [
            ("slow_ended", 0.0),
            ("slow_frames", 1715.0),
            ("slow_values", 30_020.0),
            ("replaced_counted", 28_355.0),
            ("healthy_replaced", 50.0),
            ("replaced_unsaid", 0.0),
        ];
        let mut data = Data::new(Vec::new(), false);
        data.runs = vec![
            run("slow", OURS, &ended),
            run("slow", "bun", &[("slow_ended", 0.0), ("slow_lasted_s", 6.0)]),
            run("slow-conflated", OURS, &kept),
        ];
        let mut page = String::new();
        add(&mut page, &data);
        let expected = "\
## Slow readers: what became of them

- bellwire: 10 of 10 ended within 1.28 s, code 4413; the server counted 10
- bun: 0 of 10 ended

## Slow readers that get the latest value only: what became of them

- bellwire: 0 of 10 ended; from when they lagged, their 1715 frames stood for 30020 values. The server counted 28355 values \
that were replaced, 50 of them on their way to healthy ones; frames say the same.

";
        assert_eq!(page, expected);
    }
}
