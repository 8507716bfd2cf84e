use std::collections::BTreeSet;

use super::*;

/// All that happens in so many steps of a second each.
fn events(steps: i64) -> Vec<Event> {
    let mut demo = Demo::new(10_000);
    (0..steps)
        .flat_map(|second| demo.step(Timestamp::from_second(1_700_000_000 + second).expect("a moment")))
        .collect()
}

#[test]
fn a_crisis_goes_through_every_risk_status_and_ends() {
    let told: Vec<_> = events(200)
        .iter()
        .filter_map(|event| match event {
            Event::Risk(Risk::RiskReport(report)) => Some(report.status.as_str()),
            Event::Risk(Risk::EmergencyAction(action)) => Some(action.action.as_str()),
            _ => None,
        })
        .collect();
    let mut distinct = told.clone();
    distinct.dedup();
    assert!(told.starts_with(&["soft_pause"]), "{told:?}");
    assert!(told.windows(2).any(|pair| pair == ["hard_stop", "pause"]), "{told:?}");
    assert!(told.contains(&"resume"), "{told:?}");
    assert_eq!(told.iter().rfind(|status| **status != "resume"), Some(&"normal"), "{told:?}");
    assert_eq!(told, distinct, "each change is told once");
}

#[test]
fn workers_and_positions_tell_all_that_becomes_of_them() {
    let events = events(400);
    let workers: BTreeSet<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Worker(worker) => Some(worker.status.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(workers, BTreeSet::from(["executing", "processing", "rejected", "skipped", "success"]));
    let of = |id: &str| -> Vec<&str> {
        let mut told: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                Event::Position(position) if position.position_id == id => Some(position.status.as_str()),
                _ => None,
            })
            .collect();
        told.dedup();
        told
    };
    assert_eq!(of("cc-1"), ["open", "closing", "closed"]);
}
