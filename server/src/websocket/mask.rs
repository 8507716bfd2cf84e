//! Masking: every byte a client sends is XORed with a four-byte key (RFC 6455, 5.3).

/// Unmasks in place; `offset` is how many bytes of the payload came before these.
pub(super) fn unmask(bytes: &mut [u8], key: [u8; 4], offset: usize) {
    let mut rotated = key;
    rotated.rotate_left(offset % 4);
    let wide = u64::from_ne_bytes([
        rotated[0], rotated[1], rotated[2], rotated[3], rotated[0], rotated[1], rotated[2], rotated[3],
    ]);
    // Whole words first: the compiler turns this loop into vector instructions.
    let (words, rest) = bytes.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(rotated.iter().cycle()) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_the_definition_at_every_offset_and_length() {
        let key = [0x12, 0xf0, 0x00, 0xa5];
        for offset in 0..9 {
            for length in 0..40 {
                let plain: Vec<u8> = (0..length).collect();
                let want: Vec<u8> =
                    plain.iter().enumerate().map(|(index, byte)| byte ^ key[(index + offset) % 4]).collect();
                let mut got = plain.clone();
                unmask(&mut got, key, offset);
                assert_eq!(got, want, "offset {offset}, length {length}");
            }
        }
    }
}
