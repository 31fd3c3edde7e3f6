//! Dates and times of day, as logs and libraries write them.

use super::scan::Cursor;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

const NAME_LEAST_BYTES: usize = 3;
const NAME_MOST_BYTES: usize = 9;

/// Where the date or the time of day ends that begins here.
pub(super) fn date(here: Cursor<'_>) -> Option<usize> {
    // `file:12:34` and `1.12:30` are places and versions.
    if here.before().is_some_and(|byte| matches!(byte, b':' | b'.')) {
        return None;
    }
    let found = if here.peek()?.is_ascii_digit() {
        year_first(here).or_else(|| year_last(here)).or_else(|| day_and_name(here)).or_else(|| clock(here))
    } else {
        weekday_first(here).or_else(|| name_and_day(here))
    };
    found.and_then(Cursor::boundary)
}

/// `2024-01-31`, `2024/01/31`, and a time of day.
fn year_first(mut here: Cursor<'_>) -> Option<Cursor<'_>> {
    here.digits(4, 4)?;
    let separator = here.take(b"-/")?;
    here.digits(2, 2)?;
    here.take(&[separator])?;
    here.digits(2, 2)?;
    Some(with_clock(here))
}

/// `31/01/2024`, `31-1-2024`, `31.1.2024`, and a time of day.
fn year_last(mut here: Cursor<'_>) -> Option<Cursor<'_>> {
    here.digits(1, 2)?;
    let separator = here.take(b"-/.")?;
    here.digits(1, 2)?;
    here.take(&[separator])?;
    here.digits(4, 4)?;
    Some(with_clock(here))
}

/// `Wed, 31 Jan 2024 12:34:56 GMT`, `Wed Jan 31 12:34:56 2024`.
fn weekday_first(mut here: Cursor<'_>) -> Option<Cursor<'_>> {
    name(&mut here, &WEEKDAYS)?;
    here.take(b",");
    here.take(b" ")?;
    day_and_name(here).or_else(|| name_and_day(here))
}

/// `31 Jan 2024`, `31-Jan-24`, and a time of day.
fn day_and_name(mut here: Cursor<'_>) -> Option<Cursor<'_>> {
    here.digits(1, 2)?;
    here.take(b" -")?;
    name(&mut here, &MONTHS)?;
    here.take(b" -")?;
    let mut long = here;
    if long.digits(4, 4).is_some() {
        here = long;
    } else {
        here.digits(2, 2)?;
    }
    Some(with_clock(here))
}

/// `Jan 31, 2024`, `Jan 31 12:34:56`, `Jan 31 12:34:56 2024`.
fn name_and_day(mut here: Cursor<'_>) -> Option<Cursor<'_>> {
    name(&mut here, &MONTHS)?;
    here.take(b" ")?;
    here.take(b" ");
    here.digits(1, 2)?;
    let mut dated = here;
    dated.take(b",");
    if dated.take(b" ").is_some() && dated.digits(4, 4).is_some() {
        return Some(with_clock(dated));
    }
    let mut timed = with_clock(here);
    let end = timed;
    if timed.take(b" ").is_some() && timed.digits(4, 4).is_some() { Some(timed) } else { Some(end) }
}

/// On past a time of day after `T` or a blank, if there is one.
fn with_clock(here: Cursor<'_>) -> Cursor<'_> {
    let mut time = here;
    if time.take(b"Tt ").is_none() {
        return here;
    }
    clock(time).unwrap_or(here)
}

/// `12:34`, `12:34:56.789`, and AM, PM or a zone.
fn clock(mut here: Cursor<'_>) -> Option<Cursor<'_>> {
    here.digits(1, 2)?;
    here.take(b":")?;
    here.digits(2, 2)?;
    let mut seconds = here;
    if seconds.take(b":").is_some() && seconds.digits(2, 2).is_some() {
        here = seconds;
        let mut fraction = here;
        if fraction.take(b".,").is_some() && fraction.digits(1, 9).is_some() {
            here = fraction;
        }
    }
    Some(zone(here).unwrap_or(here))
}

/// `Z`, `+01:00`, `+0100`, `UTC`, `GMT`, `AM`, `PM`, after a blank or not.
fn zone(mut here: Cursor<'_>) -> Option<Cursor<'_>> {
    here.take(b" ");
    if here.take(b"+-").is_some() {
        let mut whole = here;
        if whole.digits(4, 4).is_some() {
            return Some(whole);
        }
        here.digits(2, 2)?;
        here.take(b":")?;
        here.digits(2, 2)?;
        return Some(here);
    }
    let end = here.after_word();
    let word = here.ahead(end - here.at());
    let is_zone = matches!(word, b"Z" | b"z" | b"UTC" | b"GMT" | b"AM" | b"PM" | b"am" | b"pm");
    is_zone.then(|| {
        here.advance(word.len());
        here
    })
}

/// Past a capitalised name of this list: whole, or its first three letters or more.
fn name(here: &mut Cursor<'_>, names: &[&str]) -> Option<()> {
    if !here.peek()?.is_ascii_uppercase() {
        return None;
    }
    let ahead = here.ahead(NAME_MOST_BYTES + 1);
    let length = ahead.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let is_abbreviated =
        |name: &&str| name.as_bytes().get(..length).is_some_and(|start| start.eq_ignore_ascii_case(&ahead[..length]));
    if length < NAME_LEAST_BYTES || !names.iter().any(is_abbreviated) {
        return None;
    }
    here.advance(length);
    Some(())
}
