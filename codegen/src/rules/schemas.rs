//! Rules about schemas.

rules! {
    UNSUPPORTED_SCHEMA = Warning "unsupported-schema":
        "A schema keyword that generated types cannot express.", "";
}
