//! The shapes of all objects: those of AsyncAPI 3, and those of our extensions.

pub mod asyncapi;
mod editor;
pub mod extensions;

pub use editor::editor_schema;
