//! Rules about the file as YAML and the document as a whole.

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
        "The file is nested too deeply or its aliases expand to too much.", "";
}
