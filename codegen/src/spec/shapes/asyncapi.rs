//! The objects of AsyncAPI 3.0 and 3.1, with our extensions where they may stand.

use super::extensions::{
    BELLWIRE, BROADCAST, CONNECTION, DECLARED_BROADCAST, DECLARED_REQUEST, REQUEST, TOPIC,
};
use crate::spec::shape::{Field, Kind, Shape, field};

/// The whole document.
pub static DOCUMENT: Shape = Shape {
    name: "the document",
    fields: &[
        field("asyncapi", Kind::Text, "Version of AsyncAPI that the document is written in: `3.0.0`.")
            .required(),
        field("id", Kind::Text, "Identifier of the application, a URI."),
        field("info", Kind::Object(&INFO), "What the API is called and for.").required(),
        field("servers", Kind::Map(&Kind::Reusable(&SERVER)), "Where the API is served."),
        field("defaultContentType", Kind::Text, "Content type of messages that name none.")
            .default("\"application/json\""),
        field("channels", Kind::Map(&Kind::Reusable(&CHANNEL)), "Addresses and what can be said over them."),
        field(
            "operations",
            Kind::Map(&Kind::Reusable(&OPERATION)),
            "What the application sends and receives.",
        ),
        field("components", Kind::Object(&COMPONENTS), "Parts that the rest refers to."),
        field("x-bellwire", Kind::Object(&BELLWIRE), "How Bellwire reads the document."),
    ],
};

static INFO: Shape = Shape {
    name: "the info object",
    fields: &[
        field("title", Kind::Text, "Name of the API.").required(),
        field("version", Kind::Text, "Version of the API, not of AsyncAPI.").required(),
        DESCRIPTION,
        field("termsOfService", Kind::Text, "URL of the terms of service."),
        field("contact", Kind::Object(&CONTACT), "Whom to ask."),
        field("license", Kind::Object(&LICENSE), "The licence of the API."),
        TAGS,
        EXTERNAL_DOCS,
    ],
};

static CONTACT: Shape = Shape {
    name: "a contact",
    fields: &[
        field("name", Kind::Text, "Who."),
        field("url", Kind::Text, "Where on the web."),
        field("email", Kind::Text, "Address."),
    ],
};

static LICENSE: Shape = Shape {
    name: "a licence",
    fields: &[
        field("name", Kind::Text, "Which licence.").required(),
        field("url", Kind::Text, "Where its text is."),
    ],
};

static TAG: Shape = Shape {
    name: "a tag",
    fields: &[field("name", Kind::Text, "Its name.").required(), DESCRIPTION, EXTERNAL_DOCS],
};

static DOCS: Shape = Shape {
    name: "external documentation",
    fields: &[field("url", Kind::Text, "Where it is.").required(), DESCRIPTION],
};

static SERVER: Shape = Shape {
    name: "a server",
    fields: &[
        field("host", Kind::Text, "Host and port: `localhost:8000`.").required(),
        field("protocol", Kind::Text, "`ws` or `wss`.").required(),
        field("protocolVersion", Kind::Text, "Version of the protocol."),
        field("pathname", Kind::Text, "Path before the channels' addresses."),
        TITLE,
        SUMMARY,
        DESCRIPTION,
        field("variables", Kind::Map(&Kind::Reusable(&SERVER_VARIABLE)), "Values of `{…}` in host and path."),
        SECURITY,
        TAGS,
        EXTERNAL_DOCS,
        BINDINGS,
    ],
};

static SERVER_VARIABLE: Shape = Shape {
    name: "a server variable",
    fields: &[
        field("enum", Kind::List(&Kind::Text), "Allowed values."),
        field("default", Kind::Text, "Used when none is given."),
        DESCRIPTION,
        field("examples", Kind::List(&Kind::Text), "Examples."),
    ],
};

/// A channel.
pub static CHANNEL: Shape = Shape {
    name: "a channel",
    fields: &[
        field("address", Kind::TextOrNull, "Path of the socket: `/api/v1/ws`.").default("\"/\""),
        field("messages", Kind::Map(&Kind::Reusable(&MESSAGE)), "Messages that may be sent over it."),
        TITLE,
        SUMMARY,
        DESCRIPTION,
        field(
            "servers",
            Kind::List(&Kind::Reference),
            "The servers that have it; all, where none is listed.",
        ),
        field("parameters", Kind::Map(&Kind::Reusable(&PARAMETER)), "One entry per `{…}` of the address."),
        TAGS,
        EXTERNAL_DOCS,
        BINDINGS,
        field(
            "x-connection",
            Kind::Reusable(&CONNECTION),
            "What belongs to the socket: heartbeat, limits, closes.",
        ),
        field(
            "x-topics",
            Kind::Map(&Kind::Reusable(&TOPIC)),
            "Streams that clients subscribe to by typed parameters.",
        ),
        field(
            "x-requests",
            Kind::Map(&Kind::Reusable(&REQUEST)),
            "Calls with a typed reply and typed errors.",
        ),
        field("x-broadcasts", Kind::Map(&Kind::Reusable(&BROADCAST)), "Messages to every connection."),
        field(
            "x-state",
            Kind::Map(&Kind::Reusable(&super::extensions::STORE)),
            "What is retained of broadcasts for those who come later.",
        ),
        field(
            "x-topic",
            Kind::Object(&super::extensions::DECLARED_TOPIC),
            "The one topic that this channel is.",
        ),
        field(
            "x-http",
            Kind::Text,
            "The channel of the endpoint whose request this channel is over plain HTTP; in served documents.",
        ),
    ],
};

static PARAMETER: Shape = Shape {
    name: "a parameter",
    fields: &[
        field("enum", Kind::List(&Kind::Text), "Allowed values."),
        field("default", Kind::Text, "Used when none is given."),
        DESCRIPTION,
        field("examples", Kind::List(&Kind::Text), "Examples."),
        field("location", Kind::Text, "Where in a message its value stands."),
    ],
};

static OPERATION: Shape = Shape {
    name: "an operation",
    fields: &[
        field("action", Kind::Word(&["send", "receive"]), "What the described application does.").required(),
        field("channel", Kind::Reference, "The channel it uses: `$ref: '#/channels/…'`."),
        TITLE,
        SUMMARY,
        DESCRIPTION,
        SECURITY,
        TAGS,
        EXTERNAL_DOCS,
        BINDINGS,
        field("traits", Kind::List(&Kind::Reusable(&OPERATION_TRAIT)), "Parts shared with other operations."),
        field(
            "messages",
            Kind::List(&Kind::Reference),
            "Which of the channel's messages; all, where none is listed.",
        ),
        field("reply", Kind::Reusable(&REPLY), "The answer."),
        field("x-request", Kind::Object(&DECLARED_REQUEST), "The request that this operation is."),
        field("x-broadcast", Kind::Object(&DECLARED_BROADCAST), "The broadcast that this operation is."),
        field(
            "x-on",
            Kind::Word(&["publish", "connect"]),
            "Sent when published, or also to each new connection (`send` operations).",
        )
        .default("\"publish\""),
        field("x-control", Kind::Boolean, "Belongs to the protocol itself, such as `ping`.").default("false"),
    ],
};

static OPERATION_TRAIT: Shape = Shape {
    name: "an operation trait",
    fields: &[TITLE, SUMMARY, DESCRIPTION, SECURITY, TAGS, EXTERNAL_DOCS, BINDINGS],
};

static REPLY: Shape = Shape {
    name: "a reply",
    fields: &[
        field("address", Kind::Reusable(&REPLY_ADDRESS), "Where in the request the reply's address stands."),
        field(
            "channel",
            Kind::Reference,
            "The channel of the reply; the operation's own, where none is given.",
        ),
        field(
            "messages",
            Kind::List(&Kind::Reference),
            "Which of that channel's messages; all, where none is listed.",
        ),
    ],
};

static REPLY_ADDRESS: Shape = Shape {
    name: "a reply address",
    fields: &[field("location", Kind::Text, "Runtime expression.").required(), DESCRIPTION],
};

/// A message.
pub static MESSAGE: Shape = Shape {
    name: "a message",
    fields: &[
        field("payload", Kind::Schema, "Schema of the whole frame."),
        HEADERS,
        CORRELATION_ID,
        CONTENT_TYPE,
        NAME,
        TITLE,
        SUMMARY,
        DESCRIPTION,
        TAGS,
        EXTERNAL_DOCS,
        BINDINGS,
        EXAMPLES,
        field("traits", Kind::List(&Kind::Reusable(&MESSAGE_TRAIT)), "Parts shared with other messages."),
        DEPRECATED,
    ],
};

static MESSAGE_TRAIT: Shape = Shape {
    name: "a message trait",
    fields: &[
        HEADERS,
        CORRELATION_ID,
        CONTENT_TYPE,
        NAME,
        TITLE,
        SUMMARY,
        DESCRIPTION,
        TAGS,
        EXTERNAL_DOCS,
        BINDINGS,
        EXAMPLES,
        DEPRECATED,
    ],
};

static MESSAGE_EXAMPLE: Shape = Shape {
    name: "a message example",
    fields: &[
        field("headers", Kind::Anything, "Example headers."),
        field("payload", Kind::Anything, "Example payload."),
        NAME,
        SUMMARY,
    ],
};

static CORRELATION: Shape = Shape {
    name: "a correlation id",
    fields: &[
        field("location", Kind::Text, "Where the id stands: `$message.payload#/id`.").required(),
        DESCRIPTION,
    ],
};

static SECURITY_SCHEME: Shape = Shape {
    name: "a security scheme",
    fields: &[
        field("type", Kind::Word(SECURITY_TYPES), "Kind of scheme.").required(),
        DESCRIPTION,
        field("name", Kind::Text, "Name of the query parameter, header or cookie (`httpApiKey`)."),
        field("in", Kind::Text, "Where the key stands."),
        field("scheme", Kind::Text, "HTTP authentication scheme (`http`): `bearer`."),
        field("bearerFormat", Kind::Text, "What a bearer token looks like."),
        field("flows", Kind::Anything, "Flows of `oauth2`."),
        field("openIdConnectUrl", Kind::Text, "Where OpenID Connect is described."),
        field("scopes", Kind::List(&Kind::Text), "Scopes needed."),
    ],
};

/// Types of security schemes that AsyncAPI knows.
const SECURITY_TYPES: &[&str] = &[
    "userPassword",
    "apiKey",
    "X509",
    "symmetricEncryption",
    "asymmetricEncryption",
    "httpApiKey",
    "http",
    "oauth2",
    "openIdConnect",
    "plain",
    "scramSha256",
    "scramSha512",
    "gssapi",
];

static COMPONENTS: Shape = Shape {
    name: "the components",
    fields: &[
        field("schemas", Kind::Map(&Kind::Schema), "Schemas by name."),
        field("servers", Kind::Map(&Kind::Reusable(&SERVER)), "Servers."),
        field("channels", Kind::Map(&Kind::Reusable(&CHANNEL)), "Channels."),
        field("operations", Kind::Map(&Kind::Reusable(&OPERATION)), "Operations."),
        field("messages", Kind::Map(&Kind::Reusable(&MESSAGE)), "Messages."),
        field("securitySchemes", Kind::Map(&Kind::Reusable(&SECURITY_SCHEME)), "Ways to authenticate."),
        field("serverVariables", Kind::Map(&Kind::Reusable(&SERVER_VARIABLE)), "Server variables."),
        field("parameters", Kind::Map(&Kind::Reusable(&PARAMETER)), "Parameters of addresses."),
        field("correlationIds", Kind::Map(&Kind::Reusable(&CORRELATION)), "Correlation ids."),
        field("replies", Kind::Map(&Kind::Reusable(&REPLY)), "Replies."),
        field("replyAddresses", Kind::Map(&Kind::Reusable(&REPLY_ADDRESS)), "Reply addresses."),
        field("externalDocs", Kind::Map(&Kind::Reusable(&DOCS)), "External documentation."),
        field("tags", Kind::Map(&Kind::Reusable(&TAG)), "Tags."),
        field("operationTraits", Kind::Map(&Kind::Reusable(&OPERATION_TRAIT)), "Traits of operations."),
        field("messageTraits", Kind::Map(&Kind::Reusable(&MESSAGE_TRAIT)), "Traits of messages."),
        field("serverBindings", Kind::Map(&Kind::Anything), "Bindings of servers."),
        field("channelBindings", Kind::Map(&Kind::Anything), "Bindings of channels."),
        field("operationBindings", Kind::Map(&Kind::Anything), "Bindings of operations."),
        field("messageBindings", Kind::Map(&Kind::Anything), "Bindings of messages."),
    ],
};

pub(super) static TAG_KIND: Kind = Kind::Reusable(&TAG);
static SECURITY_KIND: Kind = Kind::Reusable(&SECURITY_SCHEME);
static EXAMPLE_KIND: Kind = Kind::Object(&MESSAGE_EXAMPLE);

const TITLE: Field = field("title", Kind::Text, "Short name for people.");
const SUMMARY: Field = field("summary", Kind::Text, "One line.");
const DESCRIPTION: Field = field("description", Kind::Text, "CommonMark.");
const DEPRECATED: Field = field("deprecated", Kind::Boolean, "Better not used any more.").default("false");
const NAME: Field = field("name", Kind::Text, "Name for machines.");
const CONTENT_TYPE: Field = field("contentType", Kind::Text, "Content type of the payload.");
const HEADERS: Field =
    field("headers", Kind::Schema, "Schema of the headers; a socket has none per message.");
const TAGS: Field = field("tags", Kind::List(&TAG_KIND), "Groups for readers: `[{ name: … }]`.");
const EXTERNAL_DOCS: Field = field("externalDocs", Kind::Reusable(&DOCS), "More to read elsewhere.");
const SECURITY: Field =
    field("security", Kind::List(&SECURITY_KIND), "Alternatives, any one of which suffices.");
const BINDINGS: Field =
    field("bindings", Kind::Anything, "What is special to the protocol: `ws: { query, headers }`.");
const CORRELATION_ID: Field =
    field("correlationId", Kind::Reusable(&CORRELATION), "How an answer finds its question.");
const EXAMPLES: Field = field("examples", Kind::List(&EXAMPLE_KIND), "Examples: `[{ payload: … }]`.");
