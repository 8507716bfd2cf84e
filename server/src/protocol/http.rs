//! Requests over plain HTTP, as constants: the tables generated code carries.

/// How a request is made over plain HTTP.
#[derive(Debug, Clone, Copy)]
pub struct HttpSpec {
    /// Method.
    pub method: HttpMethod,
    /// Path with `{parameters}`: `/charts/{timeframe}.png`.
    pub path: &'static str,
    /// Media type of a reply that is bytes; `None` where it is JSON.
    pub produces: Option<&'static str>,
    /// How long a reply may be kept before it is asked for again.
    pub max_age_ms: Option<u64>,
    /// Members of the payload that come from path and query.
    pub parameters: &'static [HttpParameter],
    /// Whether what is left of the payload is the body.
    pub body: bool,
    /// Statuses of declared errors, where they are not the usual ones.
    pub statuses: &'static [(&'static str, u16)],
}

/// The method of an HTTP request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpMethod {
    /// `GET`; `HEAD` is answered as well.
    Get,
    /// `POST`.
    Post,
    /// `PUT`.
    Put,
    /// `PATCH`.
    Patch,
    /// `DELETE`.
    Delete,
}

impl HttpMethod {
    /// As it is written in a request.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// One member of the payload that is text in path or query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpParameter {
    /// The member's key.
    pub name: &'static str,
    /// How its text is read.
    pub text: HttpText,
}

impl HttpParameter {
    /// A member and how its text is read.
    #[must_use]
    pub const fn new(name: &'static str, text: HttpText) -> Self {
        Self { name, text }
    }
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
