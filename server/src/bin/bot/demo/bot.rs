//! What the pretending bot does, step by step: scans, researches candidates, opens and closes positions. Pure: the same
//! random numbers and times make the same events.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rand::{RngExt, rngs::StdRng};
use serde_json::json;

use super::market::{Quote, cents, open, rounded};
use crate::generated::types::{
    Account, AccountUpdateEvent, CriticReviewEvent, Direction, Event, Position, PositionType,
    PositionUpdateEvent, ResearchResultEvent, ResearchStartEvent, ScanStartEvent, ScanSummaryEvent,
    StatArbFlattenEvent, StatArbHedgeEvent, TradeExecutionEvent,
};
use crate::updates::written;

/// Money at the start of the day.
const BALANCE: f64 = 10_000.0;
const LOT: f64 = 0.1;
/// Most positions at once.
const MOST: usize = 4;
/// Steps from one scan to the next, and from one pair trade to the next.
const SCAN_EVERY: u64 = 8;
const PAIR_EVERY: u64 = 45;
/// Distance of stop loss and take profit, as a part of the price.
const STOP: f64 = 0.001;

/// The bot and its account.
#[derive(Debug)]
pub(super) struct Bot {
    random: StdRng,
    quotes: Vec<Quote>,
    positions: Vec<Position>,
    balance: f64,
    steps: u64,
    ticket: i64,
    /// The candidate that is being looked at.
    candidate: Option<usize>,
    hedged: bool,
}

impl Bot {
    pub(super) fn new(random: StdRng) -> Self {
        Self {
            random,
            quotes: open(),
            positions: Vec::new(),
            balance: BALANCE,
            steps: 0,
            ticket: 100_000,
            candidate: None,
            hedged: false,
        }
    }

    /// One step: prices move, and the bot says what it does about it.
    pub(super) fn step(&mut self, time: Timestamp) -> Vec<Event> {
        let now = Some(written(time));
        for quote in &mut self.quotes {
            quote.step(&mut self.random);
        }
        let mut events = Vec::new();
        if self.steps == 0 {
            events.push(self.account(now.clone(), true));
        }
        self.close_what_is_due(&now, &mut events);
        self.decide(&now, &mut events);
        if self.steps.is_multiple_of(SCAN_EVERY) {
            self.scan(&now, &mut events);
        }
        if self.steps % PAIR_EVERY == PAIR_EVERY - 1 {
            events.push(self.pair(now.clone()));
        }
        // Prices matter to nobody while nothing is open and nothing has just been closed.
        if !self.positions.is_empty() || !events.is_empty() {
            let positions = self.positions.clone();
            events.push(Event::PositionUpdate(PositionUpdateEvent {
                type_: Default::default(),
                positions,
                timestamp: now.clone(),
            }));
            events.push(self.account(now, false));
        }
        self.steps += 1;
        events
    }

    /// What has changed of the account, or all of it.
    fn account(&self, timestamp: Option<String>, whole: bool) -> Event {
        let profit = cents(self.positions.iter().map(|position| position.profit).sum());
        let equity = cents(self.balance + profit);
        let account = Account {
            balance: Some(self.balance),
            equity: Some(equity),
            profit: Some(profit),
            currency: whole.then(|| "USD".to_owned()),
            leverage: whole.then_some(100),
            day_pl: Some(cents(equity - BALANCE)),
        };
        Event::AccountUpdate(AccountUpdateEvent { type_: Default::default(), account, timestamp })
    }

    fn scan(&mut self, now: &Option<String>, events: &mut Vec<Event>) {
        let count = self.quotes.len() as u64;
        events.push(Event::ScanStart(ScanStartEvent {
            type_: Default::default(),
            count,
            timestamp: now.clone(),
        }));
        let reasons: Vec<(String, bool)> = self.quotes.iter().map(|quote| self.reason(quote)).collect();
        self.candidate = reasons.iter().position(|(_, candidate)| *candidate);
        let candidates = reasons.iter().filter(|(_, candidate)| *candidate).count() as u64;
        let symbols: BTreeMap<String, String> = self
            .quotes
            .iter()
            .zip(reasons)
            .map(|(quote, (reason, _))| (quote.symbol.to_owned(), reason))
            .collect();
        events.push(Event::ScanSummary(ScanSummaryEvent {
            type_: Default::default(),
            symbols,
            count,
            candidates,
            timestamp: now.clone(),
        }));
        if let Some(quote) = self.candidate.and_then(|at| self.quotes.get(at)) {
            events.push(Event::ResearchStart(ResearchStartEvent {
                type_: Default::default(),
                symbol: quote.symbol.to_owned(),
                data: Some(json!({ "price": quote.price, "momentum": cents(quote.mood) })),
                timestamp: now.clone(),
            }));
        }
    }

    /// What a scan says of a symbol, and whether it is a candidate.
    fn reason(&self, quote: &Quote) -> (String, bool) {
        if self.positions.iter().any(|position| position.symbol == quote.symbol) {
            return ("Cooldown".to_owned(), false);
        }
        if quote.spread > 0.000_35 {
            return ("Spread too wide".to_owned(), false);
        }
        if quote.mood.abs() < 0.3 {
            let score = quote.mood.abs() * 10.0;
            return (format!("Low Score ({score:.0} < 3)"), false);
        }
        (format!("CANDIDATE ({})", direction_of(quote).as_str()), true)
    }

    /// Ends the research of the last scan, one step later.
    fn decide(&mut self, now: &Option<String>, events: &mut Vec<Event>) {
        let Some(quote) = self.candidate.take().and_then(|at| self.quotes.get(at)).cloned() else { return };
        let confidence = (50.0 + quote.mood.abs() * 50.0).round();
        let direction = direction_of(&quote);
        let takes = confidence >= 70.0 && self.positions.len() < MOST;
        events.push(Event::ResearchResult(ResearchResultEvent {
            type_: Default::default(),
            symbol: quote.symbol.to_owned(),
            action: if takes { direction.as_str() } else { "SKIP" }.to_owned(),
            confidence,
            reason: if takes { "Momentum holds" } else { "Too little to go by" }.to_owned(),
            timestamp: now.clone(),
        }));
        if takes {
            self.ticket += 1;
            let position = opened(self.ticket, &quote, direction);
            events.push(trade(&position.symbol, direction, position.entry_price, now));
            self.positions.push(position);
        }
    }

    fn close_what_is_due(&mut self, now: &Option<String>, events: &mut Vec<Event>) {
        let mut open = Vec::new();
        for mut position in std::mem::take(&mut self.positions) {
            let Some(quote) = self.quotes.iter().find(|quote| quote.symbol == position.symbol) else {
                continue;
            };
            let sign = sign(position.direction);
            position.price_current = quote.price;
            position.profit =
                cents(sign * (quote.price - position.entry_price) * quote.worth * position.volume);
            let has_won = sign * (quote.price - position.tp_price) >= 0.0;
            if !has_won && sign * (quote.price - position.sl_price) > 0.0 {
                open.push(position);
                continue;
            }
            self.balance = cents(self.balance + position.profit);
            events.push(trade(&position.symbol, opposite(position.direction), quote.price, now));
            events.push(review(&position, has_won, now));
        }
        self.positions = open;
    }

    fn pair(&mut self, timestamp: Option<String>) -> Event {
        let symbol = "EURUSD/GBPUSD".to_owned();
        self.hedged = !self.hedged;
        if self.hedged {
            let deviation = self.random.random_range(2.0..3.0);
            let message = format!("Spread is {deviation:.1} deviations from its mean: hedged");
            return Event::StatArbHedge(StatArbHedgeEvent {
                type_: Default::default(),
                symbol,
                message,
                timestamp,
            });
        }
        let message = "Spread is back at its mean: closed".to_owned();
        Event::StatArbFlatten(StatArbFlattenEvent { type_: Default::default(), symbol, message, timestamp })
    }
}

fn direction_of(quote: &Quote) -> Direction {
    if quote.mood < 0.0 { Direction::Sell } else { Direction::Buy }
}

fn opposite(direction: Direction) -> Direction {
    match direction {
        Direction::Buy => Direction::Sell,
        Direction::Sell => Direction::Buy,
    }
}

fn sign(direction: Direction) -> f64 {
    match direction {
        Direction::Buy => 1.0,
        Direction::Sell => -1.0,
    }
}

fn opened(ticket: i64, quote: &Quote, direction: Direction) -> Position {
    let distance = sign(direction) * quote.price * STOP;
    Position {
        ticket,
        symbol: quote.symbol.to_owned(),
        type_: if direction == Direction::Buy { PositionType::Buy } else { PositionType::Sell },
        direction,
        volume: LOT,
        entry_price: quote.price,
        price_current: quote.price,
        sl_price: rounded(quote.price - distance),
        tp_price: rounded(quote.price + distance * 1.5),
        profit: 0.0,
    }
}

fn trade(symbol: &str, direction: Direction, price: f64, now: &Option<String>) -> Event {
    Event::TradeExecution(TradeExecutionEvent {
        type_: Default::default(),
        symbol: symbol.to_owned(),
        direction,
        price,
        lot: LOT,
        timestamp: now.clone(),
    })
}

fn review(position: &Position, has_won: bool, now: &Option<String>) -> Event {
    let lesson =
        if has_won { "Momentum carried it to the target" } else { "Entered after the move was over" };
    Event::CriticReview(CriticReviewEvent {
        type_: Default::default(),
        symbol: position.symbol.clone(),
        score: if has_won { 8.0 } else { 3.0 },
        lesson: lesson.to_owned(),
        analysis: format!("Ticket {}: {:+.2} USD", position.ticket, position.profit),
        timestamp: now.clone(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::SeedableRng;

    use super::*;

    fn events(seed: u64, steps: i64) -> Vec<Event> {
        let mut bot = Bot::new(StdRng::seed_from_u64(seed));
        let time = |second| Timestamp::from_second(1_760_000_000 + second).unwrap();
        (0..steps).flat_map(|second| bot.step(time(second))).collect()
    }

    fn kinds(events: &[Event]) -> BTreeSet<String> {
        let kind = |event| serde_json::to_value(event).unwrap()["type"].as_str().unwrap().to_owned();
        events.iter().map(kind).collect()
    }

    #[test]
    fn it_shows_every_event_there_is() {
        assert_eq!(kinds(&events(7, 600)).len(), 10);
    }

    #[test]
    fn it_soon_has_something_to_show() {
        for seed in 0..20 {
            let kinds = kinds(&events(seed, 60));
            for kind in ["ACCOUNT_UPDATE", "SCAN_SUMMARY", "RESEARCH_START", "RESEARCH_RESULT"] {
                assert!(kinds.contains(kind), "{kind} with seed {seed}");
            }
        }
    }

    #[test]
    fn the_account_is_what_its_trades_made_of_it() {
        let (mut open, mut bought) = (0, 0);
        for event in events(3, 5_000) {
            match event {
                Event::PositionUpdate(event) => {
                    assert!(event.positions.len() <= MOST);
                    open = event.positions.len();
                }
                Event::TradeExecution(_) => bought += 1,
                Event::AccountUpdate(event) => {
                    let account = event.account;
                    let (balance, profit) = (account.balance.unwrap(), account.profit.unwrap());
                    assert!((account.equity.unwrap() - balance - profit).abs() < 0.01);
                }
                _ => {}
            }
        }
        // Every position was opened by one trade, and closed by another unless it is still open.
        assert!(bought > 10 && (bought - open) % 2 == 0, "{bought} {open}");
    }

    #[test]
    fn the_same_seed_does_the_same() {
        assert_eq!(events(5, 300), events(5, 300));
    }
}
