//! Who a client is: a token, wherever a client may put it, becomes an [`Identity`](crate::contract::Identity).
//!
//! `carried` finds the token in a request, an [`Authenticator`] verifies it (`jwt` is the one that ships: pure, the clock
//! comes in), `guard` is what an endpoint asks of its callers, and `access` holds them against a topic's or a request's
//! rule. Connections and HTTP routes use the guard; nothing here knows a socket. A token is a [`Secret`](crate::Secret)
//! from the moment it is read: it is never logged, echoed or kept.

mod access;
mod authenticator;
mod carried;
mod guard;
mod jwt;

pub(crate) use access::check_access;
pub use authenticator::{Authenticator, TokenError, Verified, Verifying};
pub(crate) use carried::{Carried, bearer_tokens, is_bearer_subprotocol};
pub(crate) use guard::{Guard, Keys};
pub use jwt::JwtAuthenticator;
