//! Commands on an account, and their refusals: each with its code, the member that is to blame, and what would do.
//! And what the broadcaster tells of itself.

use std::sync::Arc;

use bellwire::contract::{Caller, Refusal};

use crate::broadcaster::Broadcaster;
use crate::broker::Refused;
use crate::broker_service::BrokerService;
use crate::generated::{
    BroadcasterError, OrdersCancelError, OrdersModifyError, OrdersPlaceError, PositionsCloseError,
    TradingRequests,
    types::{BroadcasterStatus, CancelOrder, ClosePosition, ModifyOrder, OrderPlaced, PlaceOrder},
};
use crate::symbols::one_of;

/// Whom requests concern.
#[derive(Debug)]
pub(crate) struct Requests {
    /// Accounts and their orders.
    pub(crate) broker: BrokerService,
    /// The bars.
    pub(crate) broadcaster: Arc<Broadcaster>,
}

impl TradingRequests for Requests {
    async fn broadcaster(&self, _caller: &Caller) -> Result<BroadcasterStatus, BroadcasterError> {
        Ok(self.broadcaster.status())
    }

    async fn orders_place(
        &self,
        _caller: &Caller,
        payload: PlaceOrder,
    ) -> Result<OrderPlaced, OrdersPlaceError> {
        use OrdersPlaceError as E;
        self.broker.symbols().check_tradable(&payload.symbol)?;
        let placed = self.broker.command(&payload.account_id, |broker| broker.place(&payload));
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
        let changed = self.broker.command(&payload.account_id, |broker| broker.modify(&payload));
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
        self.broker.command(account, |broker| broker.cancel(account, order)).map_err(|refused| {
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
        let closed = self.broker.command(&payload.account_id, |broker| broker.close(&payload));
        closed.map_err(|refused| {
            let mut message = refused.reason().to_owned();
            let (error, pointer) = match refused {
                Refused::UnknownPosition => {
                    let choice = one_of(self.broker.held(&payload.account_id).iter());
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
