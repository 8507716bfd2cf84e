//! Rules about the file as YAML and about the structure of the document.

rules! {
    INVALID_YAML = Error "invalid-yaml":
        "The file is not well-formed YAML.", "";
    UNREADABLE_FILE = Error "unreadable-file":
        "The file cannot be read.", "check the path and that the file is UTF-8 text";
    DUPLICATE_KEY = Error "duplicate-key":
        "A mapping has the same key twice.", "remove or rename one of the two";
    UNSUPPORTED_YAML = Error "unsupported-yaml":
        "A feature of YAML that JSON cannot express.", "write it with plain mappings, lists and scalars";
    DOCUMENT_TOO_LARGE = Error "document-too-large":
        "The file is nested too deeply, or its aliases or schemas expand to too much.", "split it, or flatten it";
    UNSUPPORTED_VERSION = Error "unsupported-version":
        "The document is not written in AsyncAPI 3.0 or 3.1.", "";
    UNKNOWN_FIELD = Error "unknown-field":
        "An object has a member that AsyncAPI does not know.",
        "remove it; what is your own begins with `x-`";
    MISSING_FIELD = Error "missing-field":
        "An object lacks a member it must have.", "";
    WRONG_TYPE = Error "wrong-type":
        "A value is of another type than it must be.", "";
    INVALID_VALUE = Error "invalid-value":
        "A value is none of those allowed.", "";
    UNKNOWN_EXTENSION = Warning "unknown-extension":
        "An extension that is almost one of Bellwire's, or stands where Bellwire does not read it.", "";
    UNUSED_COMPONENT = Warning "unused-component":
        "A component that nothing refers to.", "refer to it, or remove it";
}
