//! Services of the test contract: they do what a test asks of them.

use std::future::{Future, pending};
use std::sync::{Arc, Mutex};

use bellwire::contract as rt;
use rt::{Deserialize, Value};
use serde_json::json;

use crate::contract::{
    Act, Bars, BarsParams, CLOSE, Conflated, Depth, Gathered, Keyed, Limited, Log, Merged, Notice, Orders,
    OrdersCancelAll, OrdersPlace, Owned, OwnedAct, PlacedOrder, Plain, PreOrder, REPLY, Symbol, Text, Trades,
    Uncompressed, Welcome, Window,
};

/// What tests look at and steer by.
#[derive(Debug, Clone, Default)]
pub(crate) struct TestServices {
    /// `+topic` and `-topic`, as the hooks were called.
    pub(crate) hooks: Arc<Mutex<Vec<String>>>,
    /// Lets what hangs go on.
    pub(crate) gate: Arc<tokio::sync::Notify>,
    pub(crate) welcome: Arc<Mutex<Option<String>>>,
}

impl TestServices {
    pub(crate) fn hooks(&self) -> Vec<String> {
        self.hooks.lock().expect("no panic").clone()
    }
}

/// The parameter that steers a service: the symbol.
pub(crate) trait Steered {
    fn symbol(&self) -> &str;
}

impl Steered for BarsParams {
    fn symbol(&self) -> &str {
        &self.symbol
    }
}

impl Steered for Symbol {
    fn symbol(&self) -> &str {
        &self.symbol
    }
}

/// Routes a topic to the test services.
pub(crate) struct Router<T>(TestServices, std::marker::PhantomData<fn() -> T>);

impl<T: rt::Topic<Params: Steered, Snapshot: for<'de> Deserialize<'de>>> rt::TopicRouter for Router<T> {
    type Topic = T;

    async fn authorize(&self, _: &rt::Caller, params: &T::Params) -> Result<(), rt::Refusal> {
        match params.symbol() {
            "FORBIDDEN" => Err(rt::Refusal::forbidden("FORBIDDEN is not yours")),
            "PANIC" => panic!("asked to"),
            "HANG" => pending().await,
            "GATED" => {
                self.0.gate.notified().await;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn snapshot(&self, _: &rt::Caller, params: &T::Params) -> Option<T::Snapshot> {
        if params.symbol() != "SERVED" {
            return None;
        }
        self.0.gate.notified().await;
        serde_json::from_value(json!({"served": true})).ok()
    }

    fn first_subscriber(&self, params: &T::Params) {
        self.0.hooks.lock().expect("no panic").push(format!("+{}:{}", T::SPEC.route, params.symbol()));
        assert_ne!(params.symbol(), "HOOK-PANIC", "asked to");
    }

    fn last_subscriber(&self, params: &T::Params) {
        self.0.hooks.lock().expect("no panic").push(format!("-{}:{}", T::SPEC.route, params.symbol()));
    }
}

impl rt::RequestRouter<OrdersPlace> for TestServices {
    async fn call(&self, _: &rt::Caller, order: PreOrder) -> Result<PlacedOrder, rt::Refusal> {
        if order.qty > 1000.0 {
            let message = format!("{} {} cost more than there is", order.qty, order.symbol);
            return Err(rt::Refusal::new("insufficient-funds", message)
                .at("/qty", "is more than the account can pay")
                .details(&json!({"available": 100.5})));
        }
        Ok(PlacedOrder { order_id: "42".to_owned() })
    }
}

impl rt::RequestRouter<OrdersCancelAll> for TestServices {
    async fn call(&self, _: &rt::Caller, _: rt::Empty) -> Result<(), rt::Refusal> {
        Ok(())
    }
}

impl rt::RequestRouter<Act> for TestServices {
    fn call(
        &self,
        caller: &rt::Caller,
        payload: Value,
    ) -> impl Future<Output = Result<Value, rt::Refusal>> + Send {
        let caller = caller.clone();
        let gate = self.gate.clone();
        async move {
            match payload["do"].as_str() {
                Some("panic") => panic!("asked to"),
                Some("hang") => pending().await,
                Some("wait") => {
                    gate.notified().await;
                    Ok(json!("waited"))
                }
                Some("caller") => Ok(
                    json!({"subject": caller.identity().map(rt::Identity::subject), "id": caller.id(), "remote": caller.remote_addr().is_some()}),
                ),
                Some("null") => Ok(Value::Null),
                _ => Ok(payload),
            }
        }
    }
}

impl rt::RequestRouter<OwnedAct> for TestServices {
    async fn call(&self, caller: &rt::Caller, _: Value) -> Result<Value, rt::Refusal> {
        #[derive(Deserialize)]
        struct Claims {
            #[serde(default)]
            symbols: Value,
        }
        let identity = caller.identity().map(|identity| identity.claims::<Claims>());
        Ok(json!({"claims": identity.and_then(Result::ok).map(|claims| claims.symbols)}))
    }
}

impl rt::ConnectRouter<Welcome> for TestServices {
    async fn welcome(&self, _: &rt::Caller) -> Option<Text> {
        let text = self.welcome.lock().expect("no panic").clone()?;
        if text == "HANG" {
            pending::<()>().await;
        }
        Some(Text { text })
    }
}

/// An endpoint of the test contract.
pub(crate) fn endpoint<const CLOSES: bool>(services: &TestServices) -> rt::Endpoint {
    fn router<T>(services: &TestServices) -> Router<T> {
        Router(services.clone(), std::marker::PhantomData)
    }
    let requests = Arc::new(services.clone());
    let endpoint = rt::Endpoint::new(if CLOSES { &CLOSE } else { &REPLY })
        .topic(router::<Bars<CLOSES>>(services))
        .request::<OrdersPlace, _>(requests.clone())
        .request::<OrdersCancelAll, _>(requests.clone())
        .request::<Act, _>(requests.clone())
        .request::<OwnedAct, _>(requests.clone())
        .broadcast::<Notice<CLOSES>>();
    if CLOSES {
        return endpoint.connect::<Welcome, _>(requests);
    }
    endpoint
        .topic(router::<Plain>(services))
        .topic(router::<Owned>(services))
        .topic(router::<Uncompressed>(services))
        .topic(router::<Merged>(services))
        .topic(router::<Keyed>(services))
        .topic(router::<Window>(services))
        .topic(router::<Limited>(services))
        .topic(router::<Trades>(services))
        .topic(router::<Depth>(services))
        .topic(router::<Orders>(services))
        .topic(router::<Log>(services))
        .topic(router::<Gathered>(services))
        .topic(router::<Conflated>(services))
}
