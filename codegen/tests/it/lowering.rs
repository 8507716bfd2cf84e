//! From the document to the model: what is not about schemas.

