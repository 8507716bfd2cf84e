//! UTF-8 checked piece by piece, so that bad text is refused before its message has ended.

/// What has been seen of a text.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Utf8 {
    /// Bytes of a character that is not complete yet.
    pending: [u8; 4],
    pending_len: usize,
}

/// The text cannot become valid any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Invalid;

impl Utf8 {
    /// Checks the next piece.
    pub(super) fn push(&mut self, mut piece: &[u8]) -> Result<(), Invalid> {
        while self.pending_len > 0 {
            let Some((&byte, rest)) = piece.split_first() else { return Ok(()) };
            self.pending[self.pending_len] = byte;
            self.pending_len += 1;
            piece = rest;
            match std::str::from_utf8(&self.pending[..self.pending_len]) {
                Ok(_) => self.pending_len = 0,
                // Four bytes are always enough, so an incomplete character leaves room for another byte.
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return Err(Invalid),
            }
        }
        match std::str::from_utf8(piece) {
            Ok(_) => Ok(()),
            Err(error) if error.error_len().is_some() => Err(Invalid),
            Err(error) => {
                let rest = &piece[error.valid_up_to()..];
                self.pending[..rest.len()].copy_from_slice(rest);
                self.pending_len = rest.len();
                Ok(())
            }
        }
    }

    /// Whether the text may end here.
    pub(super) fn is_complete(self) -> bool {
        self.pending_len == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], cut: usize) -> bool {
        let mut utf8 = Utf8::default();
        let (left, right) = bytes.split_at(cut);
        utf8.push(left).is_ok() && utf8.push(right).is_ok() && utf8.is_complete()
    }

    #[test]
    fn agrees_with_the_standard_library_wherever_it_is_cut() {
        let texts: [&[u8]; 10] = [
            b"plain",
            "κόσμε € 🦀 \u{10ffff}".as_bytes(),
            b"\xce\xba\xed\xa0\x80edited",
            b"\xf4\x90\x80\x80",
            b"\xc0\x80",
            b"\x80",
            b"ok\xe2\x82",
            b"\xf0\x9f\xa6",
            b"\xe2\x82\xe2\x82\xac",
            b"\xff",
        ];
        for text in texts {
            for cut in 0..=text.len() {
                assert_eq!(check(text, cut), std::str::from_utf8(text).is_ok(), "{text:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn fails_as_soon_as_nothing_can_save_it() {
        let mut utf8 = Utf8::default();
        assert_eq!(utf8.push(b"\xf4"), Ok(()));
        assert_eq!(utf8.push(b"\x90"), Err(Invalid));
    }
}
