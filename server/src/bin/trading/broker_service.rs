//! The account side as topics: the engine's events become publications, in its order. Commands are in `requests`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use bellwire::Node;
use bellwire::contract::{Caller, Refusal};

use crate::{
    broker::{Account, Broker, Event, Offer, Outcome, Refused},
    feed::{MarketEvent, Ticker},
    generated::{
        AccountService, BrokerConnectionService, EquityService, ExecutionsService, OrdersService,
        PositionsService, TradingPublishers,
        types::{
            AccountParams, Balance, BrokerConnection, ConnectionStatus, Equity, Execution, ExecutionsParams,
            OrderPlaced, PlacedOrder, Position, Trade,
        },
    },
    symbols::Symbols,
};

/// The paper-trading engine, as topics and requests see it.
#[derive(Debug, Clone)]
pub(crate) struct BrokerService {
    broker: Arc<Mutex<Broker>>,
    node: Node,
    publish: TradingPublishers,
    symbols: Symbols,
    /// When the line to the broker was there, in milliseconds since the epoch.
    since: i64,
}

impl BrokerService {
    /// A broker for these symbols, without accounts; they open when first used.
    pub(crate) fn new(node: Node, publish: TradingPublishers, symbols: Symbols) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let since = i64::try_from(since.as_millis()).unwrap_or_default();
        Self { broker: Arc::default(), node, publish, symbols, since }
    }

    /// Lets a price of the feed work on all accounts.
    pub(crate) fn take(&self, event: &MarketEvent) {
        let mut broker = self.lock();
        let (symbol, offer) = match event {
            MarketEvent::Ticker(ticker) => (&ticker.symbol, offer_of(ticker)),
            MarketEvent::Trade { trade, live: true } => (&trade.symbol, offer_from(trade)),
            MarketEvent::Trade { trade, live: false } => {
                broker.advance(&trade.symbol, trade.time);
                return;
            }
            MarketEvent::Candle { .. } => return,
        };
        // Published under the lock: the order of events is the order of publications.
        for (account, events) in broker.offer(symbol, offer) {
            self.tell(&account, events);
        }
    }

    /// Runs a command of an account and tells its owner what follows from it.
    pub(crate) fn command(
        &self,
        account: &str,
        run: impl FnOnce(&mut Broker) -> Outcome,
    ) -> Result<OrderPlaced, Refused> {
        let mut broker = self.lock();
        let (outcome, events) = match run(&mut broker) {
            Ok((order_id, events)) => (Ok(OrderPlaced { order_id }), events),
            Err((refused, events)) => (Err(refused), events),
        };
        self.tell(account, events);
        outcome
    }

    /// The symbols that can be traded.
    pub(crate) fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    /// Symbols that an account holds.
    pub(crate) fn held(&self, account: &str) -> Vec<String> {
        self.lock().held(account)
    }

    fn lock(&self) -> MutexGuard<'_, Broker> {
        self.broker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, account_id: &str, events: Vec<Event>) {
        self.node.in_order(|| events.into_iter().for_each(|event| self.tell_one(account_id, event)));
    }

    fn tell_one(&self, account_id: &str, event: Event) {
        let account = AccountParams { account_id: account_id.to_owned() };
        match event {
            Event::Execution(fill) => {
                for symbol in [None, Some(fill.symbol.clone())] {
                    let params = ExecutionsParams { account_id: account_id.to_owned(), symbol };
                    self.publish.executions.publish(&params, &fill);
                }
            }
            Event::Order(order) => _ = self.publish.orders.publish(&account, &order),
            Event::Position(position) => _ = self.publish.positions.publish(&account, &position),
            Event::Equity(equity) => _ = self.publish.equity.publish(&account, &equity),
            Event::Balance(balance) => _ = self.publish.account.publish(&account, &balance),
            Event::Notification(notice) => _ = self.publish.notifications.publish(&account, &notice),
        }
    }

    fn read<T>(&self, account: &str, read: impl FnOnce(&Account) -> T) -> T {
        match self.lock().account(account) {
            Some(account) => read(account),
            None => read(&Account::default()),
        }
    }
}

/// Best prices; good for as much as stands behind them.
fn offer_of(ticker: &Ticker) -> Offer {
    Offer {
        last: ticker.price,
        ask: ticker.ask,
        bid: ticker.bid,
        ask_quantity: ticker.ask_quantity,
        bid_quantity: ticker.bid_quantity,
        time: ticker.time,
    }
}

/// What one trade shows: that much could be had at that price, from either side.
fn offer_from(trade: &Trade) -> Offer {
    let (last, quantity) = (trade.price, trade.quantity);
    Offer { last, ask: last, bid: last, ask_quantity: quantity, bid_quantity: quantity, time: trade.time }
}

impl OrdersService for BrokerService {
    async fn snapshot(&self, _caller: &Caller, params: &AccountParams) -> Option<Vec<PlacedOrder>> {
        Some(self.read(&params.account_id, Account::orders))
    }
}

impl PositionsService for BrokerService {
    async fn snapshot(&self, _caller: &Caller, params: &AccountParams) -> Option<Vec<Position>> {
        Some(self.read(&params.account_id, Account::positions))
    }
}

impl ExecutionsService for BrokerService {
    async fn authorize(&self, _caller: &Caller, params: &ExecutionsParams) -> Result<(), Refusal> {
        params.symbol.as_deref().map_or(Ok(()), |symbol| self.symbols.check_topic(symbol))
    }

    async fn snapshot(&self, _caller: &Caller, params: &ExecutionsParams) -> Option<Vec<Execution>> {
        let symbol = params.symbol.as_deref();
        let of_symbol = |fill: &&Execution| symbol.is_none_or(|symbol| fill.symbol == symbol);
        Some(
            self.read(&params.account_id, |account| {
                account.executions().filter(of_symbol).cloned().collect()
            }),
        )
    }
}

impl EquityService for BrokerService {
    async fn snapshot(&self, _caller: &Caller, params: &AccountParams) -> Option<Equity> {
        Some(self.read(&params.account_id, Account::equity))
    }
}

impl AccountService for BrokerService {
    async fn snapshot(&self, _caller: &Caller, params: &AccountParams) -> Option<Vec<Balance>> {
        Some(self.read(&params.account_id, Account::balances))
    }
}

impl BrokerConnectionService for BrokerService {
    async fn snapshot(&self, _caller: &Caller, _params: &AccountParams) -> Option<BrokerConnection> {
        Some(BrokerConnection {
            status: ConnectionStatus::Connected,
            message: Some(Some("Paper trading".to_owned())),
            disconnect_type: None,
            timestamp: self.since,
        })
    }
}
