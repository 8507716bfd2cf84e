//! From the document as written to the model: the parts in files of their own.

pub(crate) mod names;
pub(crate) mod schemas;
