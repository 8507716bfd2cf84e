//! Our extensions: `x-connection`, `x-topics`, `x-requests`, `x-broadcasts`, `x-state`, and the single forms that served
//! documents carry (`x-topic`, `x-request`, `x-broadcast`).

use crate::spec::shape::{Field, Kind, Shape, field};

/// Members of a topic, after those given.
macro_rules! topic_fields {
    ($($more:expr),*) => {
        &[
            $($more,)*
            SUMMARY,
            DESCRIPTION,
            TAGS,
            DEPRECATED,
            EXAMPLES,
            field("params", Kind::Schema, "Schema of the parameters: an object.").required(),
            field("update", Kind::Schema, "Schema of an update's payload.").required(),
            field("snapshot", Kind::Schema, "Schema of the snapshot's payload, where it is not what `state` implies."),
            field("state", Kind::WordOr(PLAIN_STATES, &STATE), "What is kept for new subscribers."),
            field("delivery", Kind::Object(&DELIVERY), "How updates reach a slow or crowded socket."),
            field("history", Kind::Object(&HISTORY), "What a returning client can recover."),
            ACCESS_FIELD,
            field("label", Kind::Text, "The subject in replies, `{parameter}` filled in; the first parameter, where left out."),
            field("unwrap", Kind::List(&Kind::Text), "Members of the payload whose own members count as if they stood beside them.")
                .default("[]"),
            ERRORS,
            field("maxSubscriptions", Kind::Count, "Most subscriptions of one connection to this topic."),
            field(
                "subscribe",
                Kind::Word(&["client", "handler"]),
                "Who subscribes a connection: its client, or the service that answers another of its messages.",
            )
            .default("\"client\""),
            field(
                "message",
                Kind::Text,
                "Type of the frames of updates and retained values, which then hold the payload alone (`subscribe: handler`).",
            ),
        ]
    };
}

/// Members of a request, after those given.
macro_rules! request_fields {
    ($($more:expr),*) => {
        &[
            $($more,)*
            SUMMARY,
            DESCRIPTION,
            TAGS,
            DEPRECATED,
            EXAMPLES,
            field("payload", Kind::Schema, "Schema of the request's payload."),
            field("reply", Kind::Schema, "Schema of the reply's `result`."),
            ERRORS,
            ACCESS_FIELD,
            field("http", Kind::Object(&HTTP), "How it is made over plain HTTP."),
            field("socket", Kind::Boolean, "Whether it is made over the socket.").default("true"),
            field("notification", Kind::Boolean, "Whether it goes unanswered, failures included, where it comes without an `id`.")
                .default("false"),
        ]
    };
}

/// Members of a broadcast, after those given.
macro_rules! broadcast_fields {
    ($($more:expr),*) => {
        &[
            $($more,)*
            SUMMARY,
            DESCRIPTION,
            TAGS,
            DEPRECATED,
            EXAMPLES,
            field("payload", Kind::Schema, "Schema of the payload."),
            field("on", Kind::Word(&["publish", "connect"]), "Sent when published, or once to each new connection.")
                .default("\"publish\""),
            field("state", Kind::List(&Kind::Text), "Entries of `x-state` that it tells (`on: connect`); they are its payload."),
            field("member", Kind::Text, "Member of the payload that holds them; they are the payload itself, where left out (`state`)."),
            field("http", Kind::Text, "Path of a plain GET of the same (`state`)."),
        ]
    };
}

/// `x-bellwire`.
pub(super) static BELLWIRE: Shape = Shape {
    name: "`x-bellwire`",
    fields: &[field(
        "perspective",
        Kind::Word(&["server", "client"]),
        "From whose side `send` and `receive` are written.",
    )
    .default("\"server\"")],
};

/// `x-connection`.
pub static CONNECTION: Shape = Shape {
    name: "`x-connection`",
    fields: &[
        field("envelope", Kind::WordOr(&["standard"], &ENVELOPE), "How frames wrap payloads.")
            .default("\"standard\""),
        field("subprotocol", Kind::Text, "WebSocket subprotocol that clients may offer.")
            .default("\"bellwire.json.v1\""),
        field("heartbeat", Kind::Duration, "A client silent for this long is closed.").default("\"30s\""),
        field("lifetime", Kind::DurationOrNever, "A connection of this age is closed.").default("\"never\""),
        field(
            "activity",
            Kind::Word(&["any", "message"]),
            "What counts as a sign of life: anything that arrives, or valid messages only.",
        )
        .default("\"any\""),
        field(
            "invalidPayload",
            Kind::Word(&["reply", "close"]),
            "What an invalid message gets: an error reply, or the end of the connection.",
        )
        .default("\"reply\""),
        field("maxMessage", Kind::Size, "Largest frame or message accepted.").default("\"1MiB\""),
        field("maxDepth", Kind::Count, "Deepest nesting of JSON accepted.").default("32"),
        field("maxSubscriptions", Kind::Count, "Most subscriptions of one connection.").default("1000"),
        field("queue", Kind::Size, "Bytes queued for one connection before `overflow` applies.")
            .default("\"1MiB\""),
        field(
            "messagesPerSecond",
            Kind::Count,
            "Messages accepted per second of a connection, and HTTP requests of an address; bursts of twice as many pass.",
        )
        .default("100"),
        field(
            "http",
            Kind::Text,
            "Path below which HTTP publishing and health stand; the address without its last segment, where left out.",
        ),
        field("auth", Kind::Object(&AUTH), "Who may connect."),
        field(
            "replay",
            Kind::Object(&REPLAY),
            "Keeps what is sent to everyone while nobody is connected, for those who come later.",
        ),
        field(
            "closes",
            Kind::Map(&Kind::Object(&CLOSE)),
            "Codes and reasons of closes, by condition, where they differ from the usual.",
        ),
        field(
            "errors",
            Kind::Map(&Kind::Object(&ERROR)),
            "What is said about the framework's own error codes, where it differs from the usual.",
        ),
    ],
};

/// The word for `body` by which the payload's members stand beside the tag.
pub const FLAT: &str = "flat";

/// The longer form of `envelope`.
pub static ENVELOPE: Shape = Shape {
    name: "an envelope",
    fields: &[
        field("tag", Kind::Text, "Member that says what a frame is.").default("\"type\""),
        field(
            "clientTag",
            Kind::Text,
            "Member that says what a frame of a client is; the same as `tag`, where left out.",
        ),
        field(
            "body",
            Kind::Text,
            "Member that holds the payload; `flat`: the payload's own members stand beside the tag.",
        )
        .default("\"payload\""),
        field(
            "timestamp",
            Kind::Text,
            "Member in which the server says when it sent a frame, ISO 8601 in UTC; none, where left out.",
        ),
    ],
};

/// `replay`.
pub static REPLAY: Shape = Shape {
    name: "a replay",
    fields: &[
        field("size", Kind::Count, "Messages kept.").default("100"),
        field("ttl", Kind::Duration, "How long they are kept.").default("\"1h\""),
        field("bytes", Kind::Size, "Bytes of messages kept.").default("\"1MiB\""),
    ],
};

/// `x-connection.auth`.
pub static AUTH: Shape = Shape {
    name: "an authentication",
    fields: &[
        field(
            "mode",
            Kind::Word(&["optional", "required"]),
            "Whether a token is needed, or only has to be good where one is brought.",
        )
        .default("\"required\""),
        field(
            "timeout",
            Kind::Duration,
            "How long a client without a token may take to send one as its first message; where left out, it is closed at once.",
        ),
        field("claims", Kind::Schema, "Schema of a token's claims."),
    ],
};

static CLOSE: Shape = Shape {
    name: "a close",
    fields: &[
        field("code", Kind::Count, "Close code."),
        field("reason", Kind::Text, "Close reason; `{heartbeat}` and `{lifetime}` are filled in."),
        RETRY,
        DESCRIPTION,
    ],
};

static ERROR: Shape = Shape {
    name: "an error",
    fields: &[
        SUMMARY,
        DESCRIPTION,
        field("retry", Kind::Word(RETRIES), "What a caller does next.").default("\"never\""),
        field("details", Kind::Schema, "Schema of the `details` member."),
        field(
            "status",
            Kind::Count,
            "Status of an HTTP answer that carries it; the code's usual one, where left out.",
        ),
        DEPRECATED,
        EXAMPLES,
    ],
};

/// An entry of `x-topics`.
pub static TOPIC: Shape = Shape { name: "a topic", fields: topic_fields!() };

/// `x-topic`: the same, with its name, and with what only other tools read.
pub static DECLARED_TOPIC: Shape = Shape {
    name: "`x-topic`",
    fields: topic_fields!(
        NAME,
        field("pattern", Kind::Text, "Form of the topic strings; for other tools."),
        field("parameters", Kind::List(&Kind::Text), "Names of the parameters; for other tools.")
    ),
};

/// An entry of `x-requests`.
pub static REQUEST: Shape = Shape { name: "a request", fields: request_fields!() };

/// `x-request`: the same, with its name.
pub static DECLARED_REQUEST: Shape = Shape { name: "`x-request`", fields: request_fields!(NAME) };

/// An entry of `x-broadcasts`.
pub static BROADCAST: Shape = Shape { name: "a broadcast", fields: broadcast_fields!() };

/// `x-broadcast`: the same, with its name.
pub static DECLARED_BROADCAST: Shape = Shape { name: "`x-broadcast`", fields: broadcast_fields!(NAME) };

/// `http` of a request.
pub static HTTP: Shape = Shape {
    name: "an HTTP binding",
    fields: &[
        field("method", Kind::Word(HTTP_METHODS), "Method.").default("\"POST\""),
        field(
            "path",
            Kind::Text,
            "Path, with members of the payload as `{parameters}`: `/charts/{timeframe}.png`.",
        )
        .required(),
        field("produces", Kind::Text, "Media type of a reply that is bytes: `image/png`."),
        field("maxAge", Kind::Duration, "How long a reply may be kept before it is asked for again."),
    ],
};

static STATE: Shape = Shape {
    name: "a state",
    fields: &[
        field("kind", Kind::Word(STATE_KINDS), "How an update changes it.").required(),
        KEY,
        MAX_KEYS,
        WHEN_FULL,
        SIZE,
        ORDER,
        field("http", Kind::Text, "Path of a plain GET of the same state."),
    ],
};

const KEY: Field =
    field("key", Kind::List(&Kind::Text), "Members of the update that make the key (`keyed`).");
const MAX_KEYS: Field = field("maxKeys", Kind::Count, "Most keys that are kept (`keyed`).").default("10000");
const WHEN_FULL: Field = field(
    "whenFull",
    Kind::Word(&["dropOldest", "refuse"]),
    "What happens to a new key when there are `maxKeys`: it takes the place of the oldest, or is not kept (`keyed`).",
)
.default("\"dropOldest\"");
const SIZE: Field = field("size", Kind::Count, "How many updates are kept (`window`).").default("50");
const ORDER: Field =
    field("order", Kind::Word(&["newestFirst", "newestLast"]), "Order of the window (`window`).")
        .default("\"newestFirst\"");

/// An entry of `x-state`.
pub static STORE: Shape = Shape {
    name: "a retained state",
    fields: &[
        SUMMARY,
        DESCRIPTION,
        DEPRECATED,
        field("kind", Kind::Word(STATE_KINDS), "How a value changes it.").required(),
        field(
            "from",
            Kind::WordOrList(&["all"], &Kind::Text),
            "The broadcasts that feed it; none, where left out: then only the app does.",
        ),
        field("take", Kind::Word(&["payload", "frame"]), "What of a broadcast goes into it.").default("\"payload\""),
        field("member", Kind::Text, "The one member of the payload that goes into it."),
        field(
            "members",
            Kind::List(&Kind::Text),
            "The members of a value that are kept: all, where none is named; those of the schema for `merge`.",
        )
        .default("[]"),
        field("schema", Kind::Schema, "Schema of a value; what the broadcasts bring, where left out."),
        field("initial", Kind::Anything, "What it holds at first; `null` or an empty list, where left out."),
        KEY,
        MAX_KEYS,
        WHEN_FULL,
        SIZE,
        ORDER,
        field("http", Kind::Text, "Path of a plain GET."),
    ],
};

static DELIVERY: Shape = Shape {
    name: "a delivery",
    fields: &[
        field("mode", Kind::Word(&["every", "latest"]), "Every update, or only the latest per key.")
            .default("\"every\""),
        field(
            "key",
            Kind::List(&Kind::Text),
            "Members of the update that make the key (`latest`); none: the whole topic is one value.",
        )
        .default("[]"),
        field("interval", Kind::Duration, "Least distance between two deliveries of a key (`latest`).")
            .default("\"0ms\""),
        field("flush", Kind::Duration, "Joins what arrives within this time into one write.")
            .default("\"0ms\""),
        field(
            "overflow",
            Kind::Word(&["close", "dropOldest", "resync"]),
            "What happens when a connection's queue is full.",
        )
        .default("\"close\""),
        field("compress", Kind::Boolean, "Whether updates may be compressed.").default("true"),
    ],
};

static HISTORY: Shape = Shape {
    name: "a history",
    fields: &[
        field("size", Kind::Count, "Publications kept per topic, one MiB of them at most.").required(),
        field("ttl", Kind::Duration, "How long they are kept.").default("\"10m\""),
    ],
};

static ACCESS: Shape = Shape {
    name: "an access rule",
    fields: &[field(
        "claim",
        Kind::Map(&Kind::Text),
        "Parameter by parameter, the claim of the caller that must cover it.",
    )],
};

/// The kinds of state.
const STATE_KINDS: &[&str] = &["latest", "merge", "keyed", "window"];
/// The kinds of state that need no further settings.
const PLAIN_STATES: &[&str] = &["latest", "merge"];
/// The methods of HTTP requests.
const HTTP_METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE"];
const RETRIES: &[&str] = &["never", "later", "now"];

static ERROR_KIND: Kind = Kind::Object(&ERROR);

const NAME: Field = field("name", Kind::Text, "Name on the wire.");
const SUMMARY: Field = field("summary", Kind::Text, "One line.");
const DESCRIPTION: Field = field("description", Kind::Text, "CommonMark.");
const DEPRECATED: Field = field("deprecated", Kind::Boolean, "Better not used any more.").default("false");
const EXAMPLES: Field = field("examples", Kind::List(&Kind::Anything), "Example payloads.");
const TAGS: Field =
    field("tags", Kind::List(&super::asyncapi::TAG_KIND), "Groups for readers: `[{ name: … }]`.");
const RETRY: Field = field("retry", Kind::Word(RETRIES), "What a client does next.");
const ERRORS: Field = field("errors", Kind::Map(&ERROR_KIND), "Failures of its own, by code.");
const ACCESS_FIELD: Field = field("access", Kind::Object(&ACCESS), "Who may use it.");
