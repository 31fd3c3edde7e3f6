//! What happens to a body between the wire and a check.
//!
//! Responsible for the bytes that may have been signed instead of those that are there: a bounded list. Called by `mod`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::finding::Finding;
use super::json::Json;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A body that may have been signed, and what has then happened.
pub(super) type Changed = (Finding, Vec<u8>);

/// Makes another body of one, where that can be.
type Change = fn(&[u8]) -> Option<Vec<u8>>;

/// What may have been signed, cheapest and likeliest first. Each is made when it is asked for.
pub(super) fn changed<'b>(body: &'b [u8], json: Option<&'b Json<'b>>) -> impl Iterator<Item = Changed> + 'b {
    in_bytes(body).chain(json.into_iter().flat_map(in_json))
}

fn in_bytes(body: &[u8]) -> impl Iterator<Item = Changed> + '_ {
    let changes: [(Finding, Change); 12] = [
        (Finding::NewlineAdded, |body| body.strip_suffix(b"\n").map(<[u8]>::to_vec)),
        (Finding::NewlineAdded, |body| body.strip_suffix(b"\r\n").map(<[u8]>::to_vec)),
        (Finding::NewlineLost, |body| Some([body, b"\n"].concat())),
        (Finding::NewlineLost, |body| Some([body, b"\r\n"].concat())),
        (Finding::BlanksAdded, |body| Some(body.trim_ascii().to_vec())),
        (Finding::LineEndsAdded, unix_line_ends),
        (Finding::LineEndsLost, windows_line_ends),
        (Finding::ByteOrderMark, |body| body.strip_prefix(BYTE_ORDER_MARK).map(<[u8]>::to_vec)),
        (Finding::Base64Body, |body| STANDARD.decode(body.trim_ascii()).ok()),
        (Finding::Recoded, latin_bytes),
        (Finding::Recoded, latin_letters),
        (Finding::EmptyBody, |_| Some(Vec::new())),
    ];
    changes.into_iter().filter_map(|(finding, change)| Some((finding, change(body)?)))
}

fn in_json<'b>(json: &'b Json<'b>) -> impl Iterator<Item = Changed> + 'b {
    let text = json.text().map(|text| (Finding::BodyInJsonString, text.into_bytes()));
    let as_sent = || json.as_sent().map(|body| (Finding::Reserialised, body));
    let again = || json.written_again().map(|(writer, body)| (Finding::SignedReserialised(writer), body));
    // A body that has our sender's form is what was sent: then it is the signature's maker who wrote it again.
    let looks_sent = json.sign().is_none();
    let (first, last) = (looks_sent.then(again), (!looks_sent).then(again));
    text.into_iter().chain(first.into_iter().flatten()).chain(as_sent()).chain(last.into_iter().flatten())
}

fn unix_line_ends(body: &[u8]) -> Option<Vec<u8>> {
    body.windows(2).any(|pair| pair == b"\r\n").then(|| {
        let is_lost = |index: usize| body[index] == b'\r' && body.get(index + 1) == Some(&b'\n');
        (0..body.len()).filter(|index| !is_lost(*index)).map(|index| body[index]).collect()
    })
}

fn windows_line_ends(body: &[u8]) -> Option<Vec<u8>> {
    (body.contains(&b'\n') && !body.contains(&b'\r')).then(|| {
        let lines: Vec<&[u8]> = body.split(|byte| *byte == b'\n').collect();
        lines.join(&b"\r\n"[..])
    })
}

/// The bytes that somebody took for Latin-1 and wrote as UTF-8.
fn latin_bytes(body: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(body).ok().filter(|text| !text.is_ascii())?;
    text.chars().map(|letter| u8::try_from(letter).ok()).collect()
}

/// The UTF-8 that somebody wrote as Latin-1.
fn latin_letters(body: &[u8]) -> Option<Vec<u8>> {
    let is_latin = std::str::from_utf8(body).is_err();
    is_latin.then(|| body.iter().copied().map(char::from).collect::<String>().into_bytes())
}
