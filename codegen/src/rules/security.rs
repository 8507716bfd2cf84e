//! Rules about security.

rules! {
    UNKNOWN_SECURITY_SCHEME = Error "unknown-security-scheme":
        "A security requirement that names no entry of `components.securitySchemes`.",
        "declare it under `components.securitySchemes` and refer to it";
    API_KEY_SCHEME_MISUSED = Error "api-key-scheme-misused":
        "A key in the query, a header or a cookie is described by the scheme for brokers' own users.",
        "write `type: httpApiKey` with `name` and `in`";
    INCOMPLETE_SECURITY_SCHEME = Error "incomplete-security-scheme":
        "A security scheme lacks what its type needs.", "";
    INSECURE_CREDENTIALS = Warning "insecure-credentials":
        "Credentials are asked for over a connection that is not encrypted.",
        "use `protocol: wss`";
    UNSUPPORTED_SECURITY_SCHEME = Warning "unsupported-security-scheme":
        "A security scheme that a WebSocket handshake cannot carry.",
        "use `http` with `scheme: bearer`, or `httpApiKey`";
}
