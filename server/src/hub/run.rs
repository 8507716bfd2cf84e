//! Publications that leave together: their frames as one run of bytes, plain or compressed, made when first wanted.

use std::sync::{Arc, OnceLock};

use bytes::{Bytes, BytesMut};

use super::Publication;
use crate::websocket::Terms;

/// Publications that follow each other.
#[derive(Debug)]
pub(crate) struct Run {
    publications: Vec<Arc<Publication>>,
    plain: OnceLock<Bytes>,
    deflated: OnceLock<Bytes>,
}

impl Run {
    pub(crate) fn new(publications: Vec<Arc<Publication>>) -> Self {
        Self { publications, plain: OnceLock::new(), deflated: OnceLock::new() }
    }

    /// The publications, first to last.
    pub(crate) fn publications(&self) -> &[Arc<Publication>] {
        &self.publications
    }

    /// Their frames.
    pub(crate) fn plain(&self) -> &Bytes {
        self.plain.get_or_init(|| self.joined(|publication| &publication.wire))
    }

    /// Their frames, compressed; `None` where the client's window is too small for what is shared. Each publication
    /// that is compressed now is reported.
    pub(crate) fn deflated(&self, terms: &Terms, report: impl Fn()) -> Option<&Bytes> {
        // Shared by all, so it has to suit all.
        terms.takes_shared(usize::MAX).then(|| {
            self.deflated.get_or_init(|| self.joined(|publication| publication.deflated(terms, &report)))
        })
    }

    fn joined<'a>(&'a self, frame: impl Fn(&'a Publication) -> &'a Bytes) -> Bytes {
        match self.publications.as_slice() {
            [publication] => frame(publication).clone(),
            many => {
                let frames: Vec<&Bytes> = many.iter().map(|publication| frame(publication)).collect();
                let mut joined = BytesMut::with_capacity(frames.iter().map(|frame| frame.len()).sum());
                frames.iter().for_each(|frame| joined.extend_from_slice(frame));
                joined.freeze()
            }
        }
    }
}
