//! Rules about operations and messages.

rules! {
    OPERATION_WITHOUT_CHANNEL = Error "operation-without-channel":
        "An operation does not say which channel it uses.", "add `channel: { $ref: '#/channels/…' }`";
    OPERATION_WITHOUT_MESSAGE = Warning "operation-without-message":
        "An operation whose channel has no messages.", "add `messages` to the channel";
    MESSAGE_NOT_IN_CHANNEL = Error "message-not-in-channel":
        "An operation uses a message that its channel does not list.", "";
    REPLY_MESSAGE_NOT_IN_CHANNEL = Error "reply-message-not-in-channel":
        "A reply uses a message that its channel does not list.", "";
    REPLY_ON_OTHER_ADDRESS = Error "reply-on-other-address":
        "A reply is sent over another socket than its request came from.",
        "use a reply channel with the same address";
    GREETING_NOT_SENT = Error "greeting-not-sent":
        "An operation that is received is to greet new connections.",
        "remove `x-on`, or write `action: send`";
    AMBIGUOUS_MESSAGES = Error "ambiguous-messages":
        "Two messages that one side may receive cannot be told apart.",
        "give each a member with a `const` of its own";
    UNPORTABLE_PATTERN = Error "unportable-pattern":
        "The `pattern` by which clients know a text is none that JavaScript (with the flag `u`) takes as Rust does.", "";
    MESSAGE_WITHOUT_PAYLOAD = Warning "message-without-payload":
        "A message does not say what it carries.", "add `payload`";
    UNSUPPORTED_CONTENT_TYPE = Warning "unsupported-content-type":
        "A content type that is neither JSON nor text.", "";
    INVALID_CORRELATION = Error "invalid-correlation":
        "The location of a correlation id is no place in a message's payload.",
        "write `$message.payload#/id`";
    CORRELATION_NOT_FOUND = Warning "correlation-not-found":
        "The payload has no member where the correlation id should stand.", "";
    EXAMPLE_MISMATCH = Warning "example-mismatch":
        "An example does not fit the schema it illustrates.", "correct the example or the schema";
    UNSUPPORTED_FEATURE = Warning "unsupported-feature":
        "A part of AsyncAPI that has no effect on what is generated.", "";
}
