//! TypeScript: the types of an API, and a client over the `bellwire` runtime.
