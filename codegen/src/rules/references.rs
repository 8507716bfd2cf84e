//! Rules about `$ref`.

rules! {
    INVALID_REFERENCE = Error "invalid-reference":
        "A `$ref` is not a string of the form `file#/pointer`.",
        "write `#/components/schemas/Name` or `other.yaml#/components/schemas/Name`";
    REFERENCE_NOT_FOUND = Error "reference-not-found":
        "A `$ref` points to nothing.", "";
    REFERENCE_CYCLE = Error "reference-cycle":
        "A chain of `$ref`s leads back to itself without ever reaching a value.",
        "let one of them say what it is";
    UNESCAPED_REFERENCE = Warning "unescaped-reference":
        "A name with a `/` stands unescaped in a `$ref`.", "";
    IGNORED_SIBLING = Warning "ignored-sibling":
        "A member beside a `$ref`, which AsyncAPI ignores.", "move it to what the reference points to";
}
