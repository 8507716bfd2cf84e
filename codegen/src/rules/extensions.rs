//! Rules about topics, requests, broadcasts and `x-connection`.

rules! {
    INVALID_NAME = Error "invalid-name":
        "A topic, request or broadcast has a name that cannot stand in a message's `type`.",
        "use letters, digits, `_`, `-` and `.`, beginning with a letter";
    RESERVED_NAME = Error "reserved-name":
        "A name that the protocol uses itself.", "choose another name";
    DUPLICATE_TYPE = Error "duplicate-type":
        "Two things of one endpoint have the same `type` on the wire.", "rename one of the two";
    PARAMS_NOT_OBJECT = Error "params-not-object":
        "The parameters of a topic, or what stands in path and query of a request, are not an object.", "";
    RESERVED_PARAMETER_NAME = Error "reserved-parameter-name":
        "A parameter has the name of a member of the reply to a subscription.", "choose another name";
    STATE_NOT_OBJECT = Error "state-not-object":
        "A kind of state that needs objects is asked for, but updates are not objects.", "";
    STATE_KEY_NOT_FOUND = Error "state-key-not-found":
        "The key of a state, or a member it takes or keeps, is none that its updates have.", "";
    STATE_SOURCE_NOT_FOUND = Error "state-source-not-found":
        "A retained state is fed by a broadcast that does not exist, or that is only sent to new connections.", "";
    STATE_WITHOUT_SCHEMA = Error "state-without-schema":
        "What a retained state holds cannot be told from the broadcasts that feed it: there are none, or they differ.",
        "give it a `schema`";
    STATE_WITHOUT_BOUND = Error "state-without-bound":
        "A merged state has room for any member, so that it could grow for ever.",
        "name its `members`, or those of the schema under `properties`";
    STATE_MEMBER_REQUIRED = Error "state-member-required":
        "A retained state does not keep a member that its schema requires.",
        "name it under `members`, or give the state a `schema` of its own";
    STATE_INITIAL_MISMATCH = Error "state-initial-mismatch":
        "What a retained state holds at first does not fit its schema.", "";
    STATE_NOT_FOUND = Error "state-not-found":
        "A broadcast tells of a retained state that does not exist.", "";
    STATE_NOT_ON_CONNECT = Error "state-not-on-connect":
        "A broadcast that tells what is retained is not sent to new connections.", "add `on: connect`";
    DELIVERY_KEY_NOT_FOUND = Error "delivery-key-not-found":
        "The key of a delivery names a member that updates do not have.", "";
    SETTING_WITHOUT_EFFECT = Warning "setting-without-effect":
        "A setting that its neighbours make meaningless.", "remove it";
    CLAIM_PARAMETER_NOT_FOUND = Error "claim-parameter-not-found":
        "An access rule names a parameter that does not exist.", "";
    LABEL_PARAMETER_NOT_FOUND = Error "label-parameter-not-found":
        "A label contains a parameter that does not exist.", "";
    INVALID_DURATION = Error "invalid-duration":
        "A duration is not written as number and unit.", "write a whole number and `ms`, `s`, `m`, `h` or `d`: `30s`";
    INVALID_SIZE = Error "invalid-size":
        "A size is not written as number and unit.", "write a whole number and `B`, `KiB`, `MiB`, `kB` or `MB`: `1MiB`";
    LIMIT_OUT_OF_RANGE = Error "limit-out-of-range":
        "A limit is too small or too large to make sense.", "";
    WINDOW_SIZE_ZERO = Error "window-size-zero":
        "A window that keeps nothing.", "give it a `size` of at least 1, or leave `state` out";
    HISTORY_ZERO = Error "history-zero":
        "A history that keeps nothing.", "give it a `size` and a `ttl` above zero, or leave `history` out";
    HISTORY_OF_LATEST = Error "history-of-latest":
        "A topic that delivers only the latest value of each key has a history.",
        "leave `history` out (a client that returns gets the `state`), or deliver every update";
    INVALID_TOPIC_MESSAGE = Error "invalid-topic-message":
        "Frames that hold the payload alone cannot say what the topic has to say.", "";
    INVALID_HTTP_PATH = Error "invalid-http-path":
        "An HTTP path does not begin with a slash or holds what a path cannot.", "write it like `/api/v1`";
    DUPLICATE_HTTP_PATH = Error "duplicate-http-path":
        "The state of a topic, or a request, is to be had at a path that is taken.", "choose another path";
    HTTP_PARAMETER_NOT_FOUND = Error "http-parameter-not-found":
        "A path has a parameter that is no member of the payload.", "";
    INVALID_HTTP_REPLY = Error "invalid-http-reply":
        "A reply that is bytes (`produces`) cannot be told from, or sent as, anything else.", "";
    INVALID_HTTP_STATUS = Error "invalid-http-status":
        "The HTTP status of an error is none of 400 to 599.", "";
    UNREACHABLE_REQUEST = Error "unreachable-request":
        "A request that is made neither over the socket nor over HTTP.",
        "give it `http: { method: …, path: … }`, or remove `socket: false`";
    UNKNOWN_CLOSE_CONDITION = Error "unknown-close-condition":
        "A close for a condition that does not exist.", "";
    INVALID_CLOSE_CODE = Error "invalid-close-code":
        "A close code that may not be sent.",
        "use 1000–1003, 1007–1014 or 3000–4999";
    REASON_TOO_LONG = Error "reason-too-long":
        "A close reason does not fit into a close frame.", "123 bytes are all there is";
    ENVELOPE_COLLISION = Error "envelope-collision":
        "Two members of a frame have the same name.", "choose another name";
    FLAT_PAYLOAD = Error "flat-payload":
        "A payload whose members cannot stand beside the tag.", "";
    INVALID_ERROR_CODE = Error "invalid-error-code":
        "An error code is not written in kebab-case.", "use lower-case letters, digits and `-`: `insufficient-funds`";
    DUPLICATE_ERROR_CODE = Error "duplicate-error-code":
        "An error code that the framework already gives a meaning.", "choose another code";
    UNKNOWN_ERROR_CODE = Error "unknown-error-code":
        "An error code of the framework that does not exist.", "";
}
