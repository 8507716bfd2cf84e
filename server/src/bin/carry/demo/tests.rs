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

#[test]
fn a_stop_closes_nothing_and_goes_on_collecting_funding() {
    let (mut demo, now) = (Demo::new(10_000), Timestamp::now());
    let (equity, today) = (demo.cash, day(now));
    demo.holdings.push(Holding::open("held".to_owned(), 0, &demo.markets[0], demo.stake, 0, now));
    demo.step = PATIENCE + 1;
    let mut last_of_50 = |equity| {
        demo.rules.assess(equity, today);
        let told = (0..50).flat_map(|_| demo.look_after_positions(now)).last();
        let Some(Event::Position(last)) = told else { panic!("{told:?}") };
        (last.status, last.funding_collected)
    };
    // 50 times a twenty-thousandth of the stake.
    assert_eq!(last_of_50(equity * 9 / 10), (PositionStatus::Open, money(50 * 15)));
    assert_eq!(last_of_50(equity).0, PositionStatus::Closed);
}
