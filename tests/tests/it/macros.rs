//! The `asyncapi!` macro as its users meet it: what compiles, and what the compiler says where something is missing.

#[test]
fn compiles_or_says_what_is_missing() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/fail/*.rs");
}
