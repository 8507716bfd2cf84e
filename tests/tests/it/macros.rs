//! The `asyncapi!` macro as its users meet it: what compiles, and what the compiler says where something is missing.

#[path = "../ui/pass/service_with_every_default.rs"]
mod service_with_every_default;
#[path = "../ui/pass/several_documents.rs"]
mod several_documents;

#[test]
fn runs() {
    service_with_every_default::main();
    several_documents::main();
}

/// Programs that must not compile, each named for its mistake; `TRYBUILD=overwrite` writes what the compiler says now.
#[test]
fn says_what_is_missing() {
    trybuild::TestCases::new().compile_fail("tests/ui/fail/*.rs");
}
