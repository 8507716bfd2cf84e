//! Replies that are bytes.

use bytes::Bytes;
use serde::ser::{Error, Serialize, Serializer};

/// The reply of a request whose document says what it `produces`: an image, a file. It leaves over HTTP as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content(Bytes);

impl Content {
    /// These bytes.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        Self(bytes.into())
    }

    pub(crate) fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl Serialize for Content {
    /// Bytes have no JSON form: the rules of the document keep such replies off the socket.
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("bytes have no JSON form"))
    }
}
