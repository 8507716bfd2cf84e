//! Rules about schemas.

rules! {
    MALFORMED_KEYWORD = Error "malformed-keyword":
        "A schema keyword has a value of the wrong kind.", "";
    UNKNOWN_TYPE = Error "unknown-type":
        "A `type` is none of JSON Schema's.",
        "the types are: string, number, integer, boolean, object, array, null";
    UNKNOWN_KEYWORD = Warning "unknown-keyword":
        "A schema has a keyword that JSON Schema does not know; it is dropped.",
        "remove it, or begin it with `x-`";
    UNKNOWN_FORMAT = Warning "unknown-format":
        "A `format` that nothing checks.", "it is kept as documentation only";
    REF_SIBLINGS = Warning "ref-siblings":
        "Keywords beside a `$ref` are ignored, as the standard says.",
        "wrap the reference to add to it: `allOf: [{ $ref: … }]`, with the other keywords beside `allOf`";
    DUPLICATE_ENUM_VALUE = Error "duplicate-enum-value":
        "An `enum` lists the same value twice.", "remove one of the two";
    EMPTY_ENUM = Error "empty-enum":
        "An `enum` without values accepts nothing.", "list the allowed values, or remove `enum`";
    ENUM_TYPE_MISMATCH = Error "enum-type-mismatch":
        "A value of an `enum` or `const` is not of the schema's own `type`.",
        "correct the value (YAML reads unquoted digits as numbers) or the type";
    ENUM_NAMES_MISMATCH = Error "enum-names-mismatch":
        "`x-enum-varnames` or `x-enum-descriptions` does not have one text per value.",
        "give as many texts as there are values, in the same order";
    DEFAULT_MISMATCH = Error "default-mismatch":
        "A `default` does not fit its own schema.", "correct the default or the schema";
    INVALID_BOUNDS = Error "invalid-bounds":
        "Bounds that no value can meet.", "the lower bound must not be above the upper one";
    INVALID_PATTERN = Error "invalid-pattern":
        "A `pattern` is no regular expression.", "";
    UNSUPPORTED_PATTERN = Warning "unsupported-pattern":
        "A `pattern` uses look-around or back-references, which are slow on hostile input.",
        "say the same without look-around where that is possible";
    REQUIRED_NOT_DECLARED = Warning "required-not-declared":
        "`required` names a member that `properties` does not declare.",
        "declare the member, or correct the name";
    DISCRIMINATOR_OBJECT_FORM = Error "discriminator-object-form":
        "`discriminator` is an object, as in OpenAPI; AsyncAPI wants the name of the member.",
        "write `discriminator: kind`; the values are the `const` of each arm, else the names of the schemas";
    DISCRIMINATOR_NOT_FOUND = Error "discriminator-not-found":
        "An arm of a union lacks the member that `discriminator` names.",
        "declare it in every arm, with a `const`, and list it under `required`";
    TYPE_BESIDE_UNION = Warning "type-beside-union":
        "A `type` beside `oneOf` or `anyOf` that some of the arms are not of.",
        "remove the `type`: the arms say it themselves";
    SHARED_UNION_TAG = Error "shared-union-tag":
        "Two arms of a union carry the same tag value, so that neither can be told from the other.",
        "give each arm a value of its own";
    UNTAGGED_UNION = Warning "untagged-union":
        "The arms of a union can only be told apart by trying them in order.",
        "give every arm a required member with a `const` of its own";
    UNSATISFIABLE_SCHEMA = Error "unsatisfiable-schema":
        "Parts of a schema contradict each other, so that no value fits.", "";
    RECURSIVE_WITHOUT_END = Error "recursive-without-end":
        "A schema requires itself, or is an arm of itself, so that no finite value fits.",
        "make one member on the way optional, nullable or an array, or remove the arm";
    UNSAFE_INTEGER = Warning "unsafe-integer":
        "A 64-bit integer may exceed 2^53 − 1, the last that a JavaScript number holds exactly.",
        "give it bounds, `x-int64: number` if it never gets that far, `x-int64: bigint` if it does, or make it a string";
    NAME_COLLISION = Warning "name-collision":
        "Two names become the same identifier; one of them is numbered.", "rename one of the two";
    UNSUPPORTED_SCHEMA = Warning "unsupported-schema":
        "A schema keyword that generated types cannot express.", "";
}
