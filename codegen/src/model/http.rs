//! What is made or read over plain HTTP.

/// One thing that clients do over plain HTTP, by the name of its method in TypeScript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpCall {
    /// `pushEvent`, `getTrades`.
    pub member: String,
    /// What is made or read.
    pub subject: HttpSubject,
    /// Whether what is read is a list, of which a client may want the first entries only.
    pub limit: bool,
}

/// What is made or read over HTTP, by its place in the endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpSubject {
    /// A request.
    Request(usize),
    /// The retained state of a topic.
    Topic(usize),
    /// What is retained of broadcasts.
    Store(usize),
    /// All that a broadcast tells of it.
    Broadcast(usize),
}

/// How a request is made over HTTP.
#[derive(Debug, Clone, PartialEq)]
pub struct Http {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: HttpMethod,
    /// Path with `{parameter}` expressions: `/charts/{timeframe}.png`.
    pub path: String,
    /// Media type of a reply that is bytes; `None` where the reply is JSON.
    pub produces: Option<String>,
    /// How long a reply may be kept before it is asked for again; `None` where it must not be kept.
    pub max_age_ms: Option<u64>,
    /// Members of the payload that come from path and query, path first.
    pub parameters: Vec<HttpParameter>,
    /// Whether what is left of the payload is the body.
    pub body: bool,
    /// Members that the server adds to the reply, where it tells of its health at this path.
    pub health: Vec<HealthMember>,
}

/// What a server always tells of its health.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthMember {
    /// Whether it serves, or is about to stop.
    Status,
    /// How many are connected.
    ActiveConnections,
    /// When this was so.
    Timestamp,
}

impl HealthMember {
    /// All of them, in the order of the answer.
    pub const ALL: [Self; 3] = [Self::Status, Self::ActiveConnections, Self::Timestamp];

    /// As it is written in the answer.
    pub fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::ActiveConnections => "active_connections",
            Self::Timestamp => "timestamp",
        }
    }
}

/// The method of an HTTP request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpMethod {
    /// Reads; the server answers `HEAD` as well.
    Get,
    /// Anything.
    Post,
    /// Replaces.
    Put,
    /// Changes.
    Patch,
    /// Removes.
    Delete,
}

impl HttpMethod {
    /// As it is written in a request.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether requests of this method carry a body.
    #[must_use]
    pub fn has_body(self) -> bool {
        matches!(self, Self::Post | Self::Put | Self::Patch)
    }
}

/// One member of the payload that is text in path or query.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpParameter {
    /// The member's key.
    pub name: String,
    /// Part of the path instead of the query.
    pub in_path: bool,
    /// How its text is read.
    pub text: HttpText,
    /// May not be left out.
    pub required: bool,
}

/// How the text of a parameter is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpText {
    /// As a string.
    Text,
    /// As the JSON value it spells: a number, a boolean.
    Value,
    /// As a list of strings, between commas or repeated.
    Texts,
    /// As a list of JSON values.
    Values,
}
