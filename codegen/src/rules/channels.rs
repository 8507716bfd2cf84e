//! Rules about channels, their addresses and bindings.

rules! {
    INVALID_ADDRESS = Error "invalid-address":
        "An address is no path that a server can route.", "";
    ADDRESS_WITHOUT_SLASH = Warning "address-without-slash":
        "An address does not begin with a slash.", "";
    QUERY_IN_ADDRESS = Warning "query-in-address":
        "An address carries a query string.",
        "describe the query under `bindings.ws.query`";
    DUPLICATE_ADDRESS_PARAMETER = Error "duplicate-address-parameter":
        "An address has the same parameter twice.", "give each its own name";
    PARAMETER_WITHOUT_EXPRESSION = Error "parameter-without-expression":
        "A parameter that its channel's address does not contain.", "";
    UNDECLARED_PARAMETER = Warning "undeclared-parameter":
        "An address has a parameter that is not described.", "";
    DEFAULT_NOT_IN_ENUM = Error "default-not-in-enum":
        "The default of a parameter is none of its allowed values.", "";
    CONFLICTING_ENDPOINT = Error "conflicting-endpoint":
        "Two channels of one address both carry Bellwire's extensions.",
        "move them to one of the two";
    DUPLICATE_ADDRESS = Error "duplicate-address":
        "A socket, or the docs page below its address, is to be had where something else is.",
        "choose another address";
    UNKNOWN_BINDING_FIELD = Error "unknown-binding-field":
        "A WebSocket binding has a member that the binding does not know.", "";
    BINDING_METHOD_POST = Error "binding-method-post":
        "A WebSocket binding asks for a method other than GET.",
        "remove it: a WebSocket handshake is a GET request";
    UNSUPPORTED_PROTOCOL = Warning "unsupported-protocol":
        "A server or binding speaks another protocol than WebSocket.", "";
}
