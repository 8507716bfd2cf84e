//! Commands on an account, and their refusals: each with its code, the member that is to blame, and what would do.

use bellwire::contract::{Caller, Refusal};

use super::BrokerService;
use crate::broker::{Broker, Outcome, Refused};
use crate::generated::{
    OrdersCancelError, OrdersModifyError, OrdersPlaceError, PositionsCloseError, TradingRequests,
    types::{CancelOrder, ClosePosition, ModifyOrder, OrderPlaced, PlaceOrder},
};
use crate::symbols::one_of;

impl BrokerService {
    fn command(
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
}

impl TradingRequests for BrokerService {
    async fn orders_place(
        &self,
        _caller: &Caller,
        payload: PlaceOrder,
    ) -> Result<OrderPlaced, OrdersPlaceError> {
        use OrdersPlaceError as E;
        self.symbols.check(&payload.symbol)?;
        let placed = self.command(&payload.account_id, |broker| broker.place(&payload));
        placed.map_err(|refused| {
            let message = refused.reason().to_owned();
            let (error, pointer) = match refused {
                Refused::NoPrice => (E::NoPrice { message }, "/symbol"),
                Refused::InsufficientFunds => (E::InsufficientFunds { message }, "/qty"),
                Refused::InsufficientPosition => (E::InsufficientPosition { message }, "/qty"),
                Refused::MissingPrice(member) => (E::MissingPrice { message }, member),
                Refused::InvalidQuantity => (E::InvalidQuantity { message }, "/qty"),
                Refused::InvalidBracket(member) => (E::InvalidBracket { message }, member),
                Refused::TooManyOrders => (E::TooManyOrders { message }, "/accountId"),
                Refused::TooManyAccounts => (E::TooManyAccounts { message }, "/accountId"),
                other => (E::Refused(other.undeclared()), ""),
            };
            at(error, pointer, refused).into()
        })
    }

    async fn orders_modify(
        &self,
        _caller: &Caller,
        payload: ModifyOrder,
    ) -> Result<OrderPlaced, OrdersModifyError> {
        use OrdersModifyError as E;
        let changed = self.command(&payload.account_id, |broker| broker.modify(&payload));
        changed.map_err(|refused| {
            let message = refused.reason().to_owned();
            let (error, pointer) = match refused {
                Refused::UnknownOrder => (E::UnknownOrder { message }, "/orderId"),
                Refused::NotWorking => (E::NotWorking { message }, "/orderId"),
                Refused::InsufficientFunds => (E::InsufficientFunds { message }, "/qty"),
                Refused::InsufficientPosition => (E::InsufficientPosition { message }, "/qty"),
                Refused::MissingPrice(member) => (E::MissingPrice { message }, member),
                Refused::InvalidQuantity => (E::InvalidQuantity { message }, "/qty"),
                Refused::InvalidBracket(member) => (E::InvalidBracket { message }, member),
                other => (E::Refused(other.undeclared()), ""),
            };
            at(error, pointer, refused).into()
        })
    }

    async fn orders_cancel(
        &self,
        _caller: &Caller,
        payload: CancelOrder,
    ) -> Result<OrderPlaced, OrdersCancelError> {
        use OrdersCancelError as E;
        let (account, order) = (&payload.account_id, &payload.order_id);
        self.command(account, |broker| broker.cancel(account, order)).map_err(|refused| {
            let message = refused.reason().to_owned();
            let (error, pointer) = match refused {
                Refused::UnknownOrder => (E::UnknownOrder { message }, "/orderId"),
                Refused::NotWorking => (E::NotWorking { message }, "/orderId"),
                other => (E::Refused(other.undeclared()), ""),
            };
            at(error, pointer, refused).into()
        })
    }

    async fn positions_close(
        &self,
        _caller: &Caller,
        payload: ClosePosition,
    ) -> Result<OrderPlaced, PositionsCloseError> {
        use PositionsCloseError as E;
        let closed = self.command(&payload.account_id, |broker| broker.close(&payload));
        closed.map_err(|refused| {
            let mut message = refused.reason().to_owned();
            let (error, pointer) = match refused {
                Refused::UnknownPosition => {
                    let choice = one_of(self.lock().held(&payload.account_id).iter());
                    message = format!("{} {choice}", payload.position_id);
                    return Refusal::from(E::UnknownPosition { message }).at("/positionId", choice).into();
                }
                Refused::InsufficientPosition => (E::InsufficientPosition { message }, "/qty"),
                Refused::InvalidQuantity => (E::InvalidQuantity { message }, "/qty"),
                Refused::TooManyOrders => (E::TooManyOrders { message }, "/accountId"),
                other => (E::Refused(other.undeclared()), ""),
            };
            at(error, pointer, refused).into()
        })
    }
}

/// The error, and which member is to blame.
fn at(error: impl Into<Refusal>, pointer: &str, refused: Refused) -> Refusal {
    let refusal = error.into();
    if pointer.is_empty() { refusal } else { refusal.at(pointer, refused.reason()) }
}

impl Refused {
    /// For a reason that the document does not declare for the request.
    fn undeclared(self) -> Refusal {
        Refusal::internal(self.reason())
    }
}
