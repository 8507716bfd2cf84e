//! The account side as topics and requests: the engine's events become publications, in its order.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bellwire::contract::{Caller, Refusal};

use crate::{
    broker::{Account, Broker, Event, Offer, Outcome, Refused},
    feed::{MarketEvent, Ticker},
    generated::{
        AccountService, BrokerConnectionService, EquityService, ExecutionsService, OrdersCancelError,
        OrdersModifyError, OrdersPlaceError, OrdersService, PositionsCloseError, PositionsService,
        TradingPublishers, TradingRequests,
        types::{
            AccountParams, Balance, BrokerConnection, CancelOrder, ClosePosition, ConnectionStatus, Equity,
            Execution, ExecutionsParams, ModifyOrder, OrderPlaced, PlaceOrder, PlacedOrder, Position,
        },
    },
};

/// The paper-trading engine, as topics and requests see it.
#[derive(Debug, Clone)]
pub(crate) struct BrokerService {
    broker: Arc<Mutex<Broker>>,
    publish: TradingPublishers,
    /// Milliseconds since the epoch on the feed's clock: fills carry the time of the price that made them.
    now: Arc<std::sync::atomic::AtomicI64>,
}

impl BrokerService {
    /// A broker without accounts; they open when first used.
    pub(crate) fn new(publish: TradingPublishers) -> Self {
        Self { broker: Arc::default(), publish, now: Arc::default() }
    }

    /// Lets a price of the feed work on all accounts.
    pub(crate) fn take(&self, event: &MarketEvent) {
        let (symbol, offer, time) = match event {
            MarketEvent::Ticker(ticker) => (&ticker.symbol, offer_of(ticker), self.time()),
            MarketEvent::Trade { trade, live: true } => {
                self.now.fetch_max(trade.time, std::sync::atomic::Ordering::Relaxed);
                let (price, quantity) = (trade.price, trade.quantity);
                let offer = Offer {
                    last: price,
                    ask: price,
                    bid: price,
                    ask_quantity: quantity,
                    bid_quantity: quantity,
                };
                (&trade.symbol, offer, trade.time)
            }
            _ => return,
        };
        // Published under the lock: the order of events is the order of publications.
        let mut broker = self.lock();
        for (account, events) in broker.offer(symbol, offer, time) {
            self.tell(&account, events);
        }
    }

    fn time(&self) -> i64 {
        self.now.load(std::sync::atomic::Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Broker> {
        self.broker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, account_id: &str, events: Vec<Event>) {
        let account = AccountParams { account_id: account_id.to_owned() };
        for event in events {
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
    }

    fn command(
        &self,
        account: &str,
        run: impl FnOnce(&mut Broker, i64) -> Outcome,
    ) -> Result<OrderPlaced, Refused> {
        let mut broker = self.lock();
        match run(&mut broker, self.time()) {
            Ok((order_id, events)) => {
                self.tell(account, events);
                Ok(OrderPlaced { order_id })
            }
            Err((refused, events)) => {
                self.tell(account, events);
                Err(refused)
            }
        }
    }

    fn read<T>(&self, account: &str, read: impl FnOnce(&Account) -> T) -> T {
        match self.lock().account(account) {
            Some(account) => read(account),
            None => read(&Account::default()),
        }
    }
}

fn offer_of(ticker: &Ticker) -> Offer {
    Offer {
        last: ticker.price,
        ask: ticker.ask,
        bid: ticker.bid,
        ask_quantity: ticker.ask_quantity,
        bid_quantity: ticker.bid_quantity,
    }
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
            timestamp: self.time(),
        })
    }
}

impl TradingRequests for BrokerService {
    async fn orders_place(
        &self,
        _caller: &Caller,
        payload: PlaceOrder,
    ) -> Result<OrderPlaced, OrdersPlaceError> {
        use OrdersPlaceError as E;
        self.command(&payload.account_id, |broker, time| broker.place(&payload, time)).map_err(|refused| {
            let message = refused.reason().to_owned();
            match refused {
                Refused::UnknownSymbol => E::UnknownSymbol { message },
                Refused::InsufficientFunds => E::InsufficientFunds { message },
                Refused::InsufficientPosition => E::InsufficientPosition { message },
                Refused::MissingPrice => E::MissingPrice { message },
                Refused::TooManyOrders => E::TooManyOrders { message },
                other => E::Refused(other.refusal()),
            }
        })
    }

    async fn orders_modify(
        &self,
        _caller: &Caller,
        payload: ModifyOrder,
    ) -> Result<OrderPlaced, OrdersModifyError> {
        use OrdersModifyError as E;
        self.command(&payload.account_id, |broker, time| broker.modify(&payload, time)).map_err(|refused| {
            let message = refused.reason().to_owned();
            match refused {
                Refused::UnknownOrder => E::UnknownOrder { message },
                Refused::NotWorking => E::NotWorking { message },
                Refused::InsufficientFunds => E::InsufficientFunds { message },
                Refused::InsufficientPosition => E::InsufficientPosition { message },
                Refused::MissingPrice => E::MissingPrice { message },
                other => E::Refused(other.refusal()),
            }
        })
    }

    async fn orders_cancel(
        &self,
        _caller: &Caller,
        payload: CancelOrder,
    ) -> Result<OrderPlaced, OrdersCancelError> {
        use OrdersCancelError as E;
        let (account, order) = (&payload.account_id, &payload.order_id);
        self.command(account, |broker, time| broker.cancel(account, order, time)).map_err(|refused| {
            let message = refused.reason().to_owned();
            match refused {
                Refused::UnknownOrder => E::UnknownOrder { message },
                Refused::NotWorking => E::NotWorking { message },
                other => E::Refused(other.refusal()),
            }
        })
    }

    async fn positions_close(
        &self,
        _caller: &Caller,
        payload: ClosePosition,
    ) -> Result<OrderPlaced, PositionsCloseError> {
        use PositionsCloseError as E;
        self.command(&payload.account_id, |broker, time| broker.close(&payload, time)).map_err(|refused| {
            let message = refused.reason().to_owned();
            match refused {
                Refused::UnknownPosition => E::UnknownPosition { message },
                other => E::Refused(other.refusal()),
            }
        })
    }
}

impl Refused {
    /// For a reason that the document does not declare for the request.
    fn refusal(self) -> Refusal {
        Refusal::new("internal", self.reason())
    }
}
