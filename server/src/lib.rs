//! Bellwire: an AsyncAPI-first WebSocket framework.
//!
//! One YAML document declares an API; `cargo xtask generate` (or the `asyncapi!` macro) writes its routers,
//! publishers and types; this crate serves them. A server is a [`Node`], the services behind generated endpoints, and
//! an [`App`] that joins them:
//!
//! ```no_run
//! # async fn serve(endpoint: bellwire::contract::Endpoint) -> Result<(), bellwire::Error> {
//! use bellwire::{App, Node, Settings};
//!
//! let node = Node::new();
//! // let publish = TradingPublishers::new(&node);
//! // let endpoint = TradingApi { bars: BarsFeed::new(publish.bars), … }.into_endpoint();
//! App::new(node, Settings::default())
//!     .endpoint(endpoint)
//!     .on_bound(|address| println!("listening on {address}"))
//!     .serve()
//!     .await
//! # }
//! ```
//!
//! What a service needs (who calls, how to refuse) is in [`contract`], which is also all that generated code imports.
//! What goes over the wire is in the project's `PROTOCOL.md`. Modules depend on each other in one direction:
//! `app → http → connection → node → {contract, hub, auth, limits} → protocol`; `config`, `error`, `metrics` and `shutdown`
//! are leaves.

mod app;
mod auth;
mod config;
mod connection;
pub mod contract;
mod error;
#[cfg(feature = "feed")]
pub mod feed;
mod hand_over;
mod http;
mod hub;
mod interests;
mod limits;
mod logging;
mod metrics;
mod node;
mod protocol;
mod shutdown;
pub mod websocket;

pub use app::{App, Server};
pub use auth::{Authenticator, JwtAuthenticator, TokenError, Verified, Verifying};
#[cfg(feature = "macros")]
pub use bellwire_macros::asyncapi;
pub use config::{AuthMode, Lifetime, LogFormat, Period, Secret, Settings, Size, Switch, UnitError, seconds};
pub use error::Error;
#[doc(hidden)]
pub use http::echo_routes;
pub use interests::{Change, Changes, Claim, Interests};
pub use logging::{BroadcastLayer, LogEvent, init_logging, init_logging_with};
pub use node::{Node, Reach};
#[doc(hidden)]
pub use protocol::fuzzing;
