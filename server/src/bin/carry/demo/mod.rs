//! A cash-and-carry strategy on paper: markets that walk, positions that gain and lose, and now and then a crisis in
//! which perpetuals run away from their spot markets, so that the risk rules have something to do.
//!
//! Each step is pure: the time and the random numbers come in, events go out; `run` publishes them.

mod holding;
mod market;
mod scout;

use std::time::Duration;

use jiff::Timestamp;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::time::{MissedTickBehavior, interval};

use crate::generated::CarryPublishers;
use crate::generated::types::{
    Position, PositionStatus, Risk, RiskReport, RiskReportStatus, ScoutProgress, ScoutStatus, WorkerStatus,
    WorkerStatusStatus,
};
use crate::risk::{Rules, action};
use crate::values::{decimal, money};
use holding::Holding;
use market::Market;
use scout::Scout;

/// Most positions at once.
const MOST: usize = 3;
/// Steps after which a position is closed if that brings a gain.
const PATIENCE: u64 = 40;
const SECONDS_OF_DAY: i64 = 86_400;

/// Something to tell.
#[derive(Debug)]
pub(crate) enum Event {
    /// Boxed: it is far larger than the others.
    Position(Box<Position>),
    Equity,
    Risk(Risk),
    Progress(ScoutProgress),
    Scouted(ScoutStatus),
    Worker(WorkerStatus),
}

/// The strategy and its world.
#[derive(Debug)]
pub(crate) struct Demo {
    random: StdRng,
    markets: Vec<Market>,
    scout: Scout,
    holdings: Vec<Holding>,
    rules: Rules,
    /// Cents that are not in positions.
    cash: i64,
    /// Cents that one position takes.
    stake: i64,
    step: u64,
    opened: u64,
}

impl Demo {
    /// A strategy that begins with so many whole units of money.
    pub(crate) fn new(equity: i64) -> Self {
        let cash = equity.saturating_mul(100);
        Self {
            random: StdRng::from_rng(&mut rand::rng()),
            markets: market::all(),
            scout: Scout::default(),
            holdings: Vec::new(),
            rules: Rules::new(cash, day(Timestamp::now())),
            cash,
            stake: cash / 10 * 3,
            step: 0,
            opened: 0,
        }
    }

    /// Moves everything on by one step.
    pub(crate) fn step(&mut self, now: Timestamp) -> Vec<Event> {
        self.step += 1;
        for market in &mut self.markets {
            market.step(self.step, &mut self.random);
        }
        let mut events = self.look_after_positions(now);
        let equity = self.cash + self.holdings.iter().map(|held| held.value(self.market(held))).sum::<i64>();
        let before = self.rules.status();
        if let Some(mut report) = self.rules.assess(equity, day(now)) {
            report.open_positions = Some(self.holdings.len() as u64);
            tell_of(&report);
            let held = self.holdings.iter().map(|held| held.id.clone()).collect();
            let action = action(before, report.status, held, now);
            events.push(Event::Risk(Risk::RiskReport(report)));
            events.extend(action.map(|action| Event::Risk(Risk::EmergencyAction(action))));
        }
        events.push(Event::Equity);
        let (progress, scouted) = self.scout.step(&self.markets, now);
        events.push(Event::Progress(progress));
        if let Some(status) = scouted {
            tracing::info!(target: "Scout", "Found {} opportunities", status.valid_opportunities);
            events.push(Event::Scouted(status));
            events.extend(self.take_opportunity(now));
        }
        events
    }

    fn market(&self, held: &Holding) -> &Market {
        &self.markets[held.market]
    }

    /// Collects funding, and closes what has been held for long enough, if it may.
    fn look_after_positions(&mut self, now: Timestamp) -> Vec<Event> {
        let may_close = self.rules.may_close();
        let Self { holdings, markets, cash, step, .. } = self;
        let mut events = Vec::new();
        holdings.retain_mut(|held| {
            let market = &markets[held.market];
            held.collect_funding(market);
            let done = may_close && *step - held.since > PATIENCE && held.gain(market) > 0;
            if done {
                *cash += held.value(market);
                tracing::info!(target: "PositionService", "Position {} closed", held.id);
                events.push(Event::Position(Box::new(held.position(PositionStatus::Closing, market, now))));
                events.push(Event::Position(Box::new(held.position(PositionStatus::Closed, market, now))));
            } else {
                events.push(Event::Position(Box::new(held.position(PositionStatus::Open, market, now))));
            }
            !done
        });
        events
    }

    /// A worker takes up the market with the widest spread that is not held yet, if it may.
    fn take_opportunity(&mut self, now: Timestamp) -> Vec<Event> {
        let free = self.markets.iter().enumerate();
        let free = free.filter(|(at, _)| self.holdings.iter().all(|held| held.market != *at));
        let Some((at, market)) = free.max_by_key(|(_, market)| market.spread()) else { return Vec::new() };
        let worker = |status| worker(status, market.symbol);
        let mut events = vec![Event::Worker(worker(WorkerStatusStatus::Processing))];
        if !self.rules.may_open() {
            let reason = Some("Openings are paused".to_owned());
            events.push(Event::Worker(WorkerStatus { reason, ..worker(WorkerStatusStatus::Skipped) }));
        } else if self.holdings.len() >= MOST {
            let failed_checks = Some(vec!["max_positions".to_owned()]);
            events
                .push(Event::Worker(WorkerStatus { failed_checks, ..worker(WorkerStatusStatus::Rejected) }));
        } else {
            self.opened += 1;
            let held = Holding::open(format!("cc-{}", self.opened), at, market, self.stake, self.step, now);
            self.cash -= held.cost();
            events.push(Event::Worker(WorkerStatus {
                action: Some("open".to_owned()),
                size: Some(decimal(held.quantity, holding::QUANTITY_PLACES)),
                spot_price: Some(money(market.spot())),
                perp_price: Some(money(market.perp())),
                ..worker(WorkerStatusStatus::Executing)
            }));
            let position_id = Some(held.id.clone());
            events.push(Event::Worker(WorkerStatus { position_id, ..worker(WorkerStatusStatus::Success) }));
            events.push(Event::Position(Box::new(held.position(PositionStatus::Open, market, now))));
            tracing::info!(target: "PositionService", "Position {} opened successfully", held.id);
            self.holdings.push(held);
        }
        events
    }
}

/// Moves the strategy on for ever and tells everyone.
pub(crate) async fn run(mut demo: Demo, publish: CarryPublishers, every: Duration) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        for event in demo.step(Timestamp::now()) {
            match event {
                Event::Position(position) => publish.position_update.publish(&position),
                Event::Equity => publish.equity_update.publish(&demo.rules.equity()),
                Event::Risk(risk) => publish.risk_status_update.publish(&risk),
                Event::Progress(progress) => publish.scout_progress.publish(&progress),
                Event::Scouted(status) => publish.scout_status.publish(&status),
                Event::Worker(status) => publish.worker_status.publish(&status),
            };
        }
    }
}

fn tell_of(risk: &RiskReport) {
    match risk.status {
        RiskReportStatus::Normal => tracing::info!(target: "RiskEngine", "{}", risk.message),
        RiskReportStatus::HardStop => tracing::error!(target: "RiskEngine", "{}", risk.message),
        _ => tracing::warn!(target: "RiskEngine", "{}", risk.message),
    }
}

fn worker(status: WorkerStatusStatus, symbol: &str) -> WorkerStatus {
    WorkerStatus {
        status,
        symbol: symbol.to_owned(),
        strategy_type: None,
        action: None,
        reason: None,
        size: None,
        position_id: None,
        spot_price: None,
        perp_price: None,
        failed_checks: None,
        error: None,
    }
}

fn day(now: Timestamp) -> i64 {
    now.as_second().div_euclid(SECONDS_OF_DAY)
}

#[cfg(test)]
mod tests;
