//! Until when a certificate holds.
//!
//! Responsible for finding one date in the DER of a certificate. Refuses to verify anything: rustls has done that, or has
//! refused to; and reads nothing else, so a certificate that is odd in another place is none of its business. Called by the
//! connector for the leaf of each new connection.

use jiff::civil::DateTime;

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
/// The version of a certificate: `[0]`, absent in version 1.
const VERSION: u8 = 0xa0;

/// The end of a certificate's validity in Unix seconds; `None` if it cannot be read. Source: RFC 5280, 4.1.
pub(super) fn expires_at(certificate: &[u8]) -> Option<i64> {
    let mut outer = Der(certificate);
    let mut signed = Der(Der(outer.element(SEQUENCE)?).element(SEQUENCE)?);
    if signed.0.first() == Some(&VERSION) {
        signed.element(VERSION)?;
    }
    signed.element(INTEGER)?;
    let (_algorithm, _issuer) = (signed.element(SEQUENCE)?, signed.element(SEQUENCE)?);
    let mut validity = Der(signed.element(SEQUENCE)?);
    let _not_before = validity.any()?;
    match validity.any()? {
        (UTC_TIME, digits) => {
            let year = two_digits(digits.get(..2)?)?;
            seconds(if year < 50 { 2000 + year } else { 1900 + year }, digits.get(2..)?)
        }
        (GENERALIZED_TIME, digits) => {
            let year = two_digits(digits.get(..2)?)? * 100 + two_digits(digits.get(2..4)?)?;
            seconds(year, digits.get(4..)?)
        }
        _ => None,
    }
}

/// What is left of a sequence.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The content of the next element, if it has this tag.
    fn element(&mut self, wanted: u8) -> Option<&'a [u8]> {
        self.any().filter(|(tag, _)| *tag == wanted).map(|(_, content)| content)
    }

    /// The next element: its tag and content.
    fn any(&mut self) -> Option<(u8, &'a [u8])> {
        let (tag, rest) = self.0.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match *first {
            short if short < 0x80 => (usize::from(short), rest),
            // Three bytes of length: more than rustls takes for a whole chain.
            long @ 0x81..=0x83 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(long - 0x80))?;
                (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((*tag, content))
    }
}

/// Month to second, and `Z`: RFC 5280 allows neither fractions nor other zones.
fn seconds(year: i16, rest: &[u8]) -> Option<i64> {
    let [digits @ .., b'Z'] = rest else { return None };
    let mut parts = digits.chunks_exact(2).map(|pair| two_digits(pair).and_then(|part| i8::try_from(part).ok()));
    let mut part = || parts.next().flatten();
    let (month, day, hour, minute, second) = (part()?, part()?, part()?, part()?, part()?);
    let date = (digits.len() == 10).then(|| DateTime::new(year, month, day, hour, minute, second, 0).ok())??;
    // Civil, because "never" is the last second of 9999, which is no timestamp any more in zones west of here.
    Some(date.duration_since(EPOCH).as_secs())
}

fn two_digits(text: &[u8]) -> Option<i16> {
    let [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] = text else { return None };
    Some(i16::from(tens - b'0') * 10 + i16::from(ones - b'0'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    use testkit::Authority;

    use super::*;

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = content.len();
        let mut bytes = match u8::try_from(length) {
            Ok(short) if short < 0x80 => vec![tag, short],
            Ok(long) => vec![tag, 0x81, long],
            Err(_) => vec![tag, 0x82, u8::try_from(length >> 8).unwrap(), (length & 0xff) as u8],
        };
        bytes.extend_from_slice(content);
        bytes
    }

    /// As much of a certificate as has the date in it.
    fn certificate(version: &[u8], date: &[u8]) -> Vec<u8> {
        let validity = [element(UTC_TIME, b"240101000000Z"), date.to_vec()].concat();
        let signed = [
            version.to_vec(),
            element(INTEGER, &[7; 20]),
            element(SEQUENCE, b"algorithm"),
            element(SEQUENCE, &[b'i'; 300]),
            element(SEQUENCE, &validity),
            element(SEQUENCE, b"and so on"),
        ]
        .concat();
        element(SEQUENCE, &element(SEQUENCE, &signed))
    }

    #[test]
    fn both_forms_of_a_date_are_read() {
        let version = element(VERSION, &element(INTEGER, &[2]));
        for (tag, text, expected) in [
            (UTC_TIME, "240101000000Z", 1_704_067_200),
            (UTC_TIME, "700101000000Z", 0),
            (UTC_TIME, "491231235959Z", 2_524_607_999),
            (UTC_TIME, "500101000000Z", -631_152_000),
            (GENERALIZED_TIME, "20500101000000Z", 2_524_608_000),
            (GENERALIZED_TIME, "99991231235959Z", 253_402_300_799),
        ] {
            let date = element(tag, text.as_bytes());
            assert_eq!(expires_at(&certificate(&version, &date)), Some(expected), "{text}");
            assert_eq!(expires_at(&certificate(&[], &date)), Some(expected), "{text} in version 1");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for (tag, text) in [
            (UTC_TIME, "2401010000Z"),
            (UTC_TIME, "240101000000"),
            (UTC_TIME, "240101000000+0100"),
            (UTC_TIME, "241301000000Z"),
            (UTC_TIME, "240230000000Z"),
            (UTC_TIME, "24010100000Z"),
            (UTC_TIME, "2401010000001Z"),
            (UTC_TIME, "24-101000000Z"),
            (UTC_TIME, ""),
            (GENERALIZED_TIME, "20240101000000.5Z"),
            (GENERALIZED_TIME, "240101000000Z"),
            (INTEGER, "240101000000Z"),
        ] {
            assert_eq!(expires_at(&certificate(&[], &element(tag, text.as_bytes()))), None, "{text}");
        }
    }

    #[test]
    fn the_date_of_a_real_certificate_is_found_and_no_part_of_one_is_taken_for_another() {
        // rcgen's default; of this authority's root.
        let authority = Authority::new();
        let root = CertificateDer::from_pem_slice(authority.root_pem().as_bytes()).unwrap();
        assert_eq!(expires_at(&root), Some(67_090_118_400), "the year 4096");
        for end in 0..root.len() {
            assert_eq!(expires_at(&root[..end]), None, "{end} bytes");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = expires_at(&bytes);
            let _ = expires_at(&element(SEQUENCE, &element(SEQUENCE, &bytes)));
        }

        #[test]
        fn a_damaged_certificate_gives_a_date_or_none(place in 0..500_usize, byte in any::<u8>()) {
            let mut damaged = certificate(&[], &element(UTC_TIME, b"240101000000Z"));
            let index = place % damaged.len();
            damaged[index] = byte;
            // Any date that four digits of a year can name.
            prop_assert!(expires_at(&damaged).is_none_or(|at| (-62_167_219_200..253_402_300_800).contains(&at)));
        }
    }
}
