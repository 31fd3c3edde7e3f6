//! Hexadecimal digits, as ids and signatures are written. Lower case out, either case in. Pure.

/// The two digits of each byte, into a buffer of twice the length.
pub(crate) fn encode_into(bytes: &[u8], text: &mut [u8]) {
    for (pair, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
        *pair = [digit(byte >> 4), digit(byte & 15)];
    }
}

/// The digits of the bytes.
pub(crate) fn encode(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).map(char::from).collect()
}

/// The bytes of exactly `2 * N` digits; `None` for anything else.
pub(crate) fn decode<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let (pairs, rest) = text.as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(bytes)
}

fn digit(nibble: u8) -> u8 {
    b"0123456789abcdef"[usize::from(nibble)]
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_and_bytes_are_two_forms_of_the_same_thing() {
        assert_eq!(encode(&[0x00, 0x7f, 0xff]), "007fff");
        assert_eq!(decode::<3>(b"007fFF"), Some([0x00, 0x7f, 0xff]));
        let mut text = [0; 4];
        encode_into(&[0xca, 0xfe], &mut text);
        assert_eq!(&text, b"cafe");
    }

    #[test]
    fn what_is_not_the_right_number_of_digits_is_refused() {
        assert_eq!(decode::<2>(b"cafe0"), None);
        assert_eq!(decode::<2>(b"caf"), None);
        assert_eq!(decode::<2>(b"cafg"), None);
    }
}
