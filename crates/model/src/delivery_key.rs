//! Which delivery: its key in the store, and the id that receivers see.
//!
//! The id *is* the key (less the project, which is the hook's) as a version 7 UUID, so no index on ids exists anywhere: an id
//! is decoded and the row looked up by its key.
//!
//! | bits | field |
//! |---|---|
//! | 48 | the millisecond of receipt, which also gives the day |
//! | 4 | version, 7 |
//! | 12 | `seq`, its high bits |
//! | 2 | variant, binary 10 |
//! | 30 | `seq`, its low bits |
//! | 28 | hook number |
//! | 4 | kind |

use std::fmt;
use std::str::FromStr;

use protocol::EventId;
use webhook::Kind;

use crate::ids::{self, Day, HookNumber, IdOutOfRange, Millis, ProjectId, Seq};

const MILLIS_MAX: i64 = (1 << 48) - 1;
const MILLIS_SHIFT: u32 = 80;
const VERSION: u128 = 7;
const VERSION_SHIFT: u32 = 76;
const SEQ_HIGH_SHIFT: u32 = 64;
const SEQ_LOW_BITS: u32 = 30;
const VARIANT: u128 = 0b10;
const VARIANT_SHIFT: u32 = 62;
/// How many bits a kind has in a delivery's id.
const KIND_BITS: u32 = 4;
const SEQ_LOW_SHIFT: u32 = HookNumber::BITS + KIND_BITS;
const HOOK_SHIFT: u32 = KIND_BITS;

/// Where a delivery's row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryKey {
    /// The hook's project.
    pub project: ProjectId,
    /// The hook.
    pub hook: HookNumber,
    /// The day of receipt.
    pub day: Day,
    /// The event.
    pub seq: Seq,
    /// What the delivery is about.
    pub kind: Kind,
}

/// A delivery's id: `X-Sentry-Hook-Delivery`, `webhook-id`, and the end of its URL. Written as 32 lower-case hex digits, which
/// sort as the ids do: by receipt first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId {
    received: Millis,
    seq: Seq,
    hook: HookNumber,
    kind: Kind,
}

/// The text or the bytes are no delivery's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadDeliveryId {
    /// Not 32 hex digits (dashes allowed).
    #[error("not a delivery id: expected 32 hex digits")]
    NotHex,
    /// A UUID of another version or variant, so made by somebody else.
    #[error("not a delivery id: not a version 7 UUID")]
    NotVersion7,
    /// The hook number is 0.
    #[error("not a delivery id: it names no hook")]
    NoHook,
    /// The kind is one that this release does not know.
    #[error("not a delivery id: it is of an unknown kind")]
    UnknownKind,
}

impl DeliveryId {
    /// The id of the delivery of one kind that an event owes to a hook. `received` must fit 48 bits: 1970 to 10889.
    pub fn new(received: Millis, seq: Seq, hook: HookNumber, kind: Kind) -> Result<Self, IdOutOfRange> {
        if (0..=MILLIS_MAX).contains(&received.0) { Ok(Self { received, seq, hook, kind }) } else { Err(IdOutOfRange) }
    }

    /// When the event was received.
    pub fn received(self) -> Millis {
        self.received
    }

    /// The event.
    pub fn seq(self) -> Seq {
        self.seq
    }

    /// The hook.
    pub fn hook(self) -> HookNumber {
        self.hook
    }

    /// What the delivery is about.
    pub fn kind(self) -> Kind {
        self.kind
    }

    /// The row's key, given the project of the hook.
    pub fn key(self, project: ProjectId) -> DeliveryKey {
        DeliveryKey { project, hook: self.hook, day: self.received.day(), seq: self.seq, kind: self.kind }
    }

    /// The UUID.
    pub fn to_bytes(self) -> [u8; 16] {
        let seq = u128::from(self.seq.get());
        let bits = u128::from(self.received.0.cast_unsigned()) << MILLIS_SHIFT
            | VERSION << VERSION_SHIFT
            | (seq >> SEQ_LOW_BITS) << SEQ_HIGH_SHIFT
            | VARIANT << VARIANT_SHIFT
            | low(seq, SEQ_LOW_BITS) << SEQ_LOW_SHIFT
            | u128::from(self.hook.get()) << HOOK_SHIFT
            | u128::from(self.kind.code());
        bits.to_be_bytes()
    }

    /// Reads a UUID that [`DeliveryId::to_bytes`] made.
    pub fn from_bytes(bytes: [u8; 16]) -> Result<Self, BadDeliveryId> {
        let bits = u128::from_be_bytes(bytes);
        if low(bits >> VERSION_SHIFT, 4) != VERSION || low(bits >> VARIANT_SHIFT, 2) != VARIANT {
            return Err(BadDeliveryId::NotVersion7);
        }
        // Each field is masked to fewer bits than its type has, so none of these casts loses any.
        let received = Millis((bits >> MILLIS_SHIFT) as i64);
        let high = low(bits >> SEQ_HIGH_SHIFT, Seq::BITS - SEQ_LOW_BITS);
        let seq = high << SEQ_LOW_BITS | low(bits >> SEQ_LOW_SHIFT, SEQ_LOW_BITS);
        let seq = Seq::new(seq as u64).map_err(|_| BadDeliveryId::NotVersion7)?;
        let hook = HookNumber::new(low(bits >> HOOK_SHIFT, HookNumber::BITS) as u32);
        Ok(Self {
            received,
            seq,
            hook: hook.map_err(|_| BadDeliveryId::NoHook)?,
            kind: Kind::from_code(low(bits, KIND_BITS) as u8).map_err(|_| BadDeliveryId::UnknownKind)?,
        })
    }
}

impl FromStr for DeliveryId {
    type Err = BadDeliveryId;

    fn from_str(text: &str) -> Result<Self, BadDeliveryId> {
        ids::sixteen_bytes(text).map_err(|_| BadDeliveryId::NotHex).and_then(Self::from_bytes)
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        EventId(self.to_bytes()).fmt(out)
    }
}

impl fmt::Debug for DeliveryId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "DeliveryId({self})")
    }
}

/// The lowest `count` bits.
fn low(bits: u128, count: u32) -> u128 {
    bits & ((1 << count) - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(received: i64, seq: u64, hook: u32, kind: Kind) -> DeliveryId {
        DeliveryId::new(Millis(received), Seq::new(seq).unwrap(), HookNumber::new(hook).unwrap(), kind).unwrap()
    }

    #[test]
    fn the_layout_is_pinned() {
        // 2024-01-01T00:00:00Z is 0x18cc251f400 ms; every field of the second id has all its bits set.
        let cases = [
            (id(1_704_067_200_000, 1, 1, Kind::EventCreated), "018cc251f40070008000000100000011"),
            (id(1_704_067_200_000, 1 << 30, 2, Kind::EventAlert), "018cc251f40070018000000000000022"),
            (id(MILLIS_MAX, Seq::MAX, HookNumber::MAX, Kind::Test), "ffffffffffff7fffbffffffffffffff3"),
        ];
        for (id, text) in cases {
            assert_eq!(id.to_string(), text);
            assert_eq!(text.parse(), Ok(id));
        }
    }

    #[test]
    fn an_id_is_read_as_a_uuid_with_dashes_too() {
        let text = "018CC251-F400-7000-8000-000100000011";
        assert_eq!(text.parse(), Ok(id(1_704_067_200_000, 1, 1, Kind::EventCreated)));
    }

    #[test]
    fn an_id_leads_to_its_row() {
        let project = ProjectId::new(9).unwrap();
        let key = id(1_704_067_200_000 + 86_399_999, 77, 5, Kind::EventAlert).key(project);
        assert_eq!((key.project, key.day, key.kind), (project, Day(19_723), Kind::EventAlert));
        assert_eq!((key.seq.get(), key.hook.get()), (77, 5));
    }

    #[test]
    fn what_is_not_a_delivery_id_says_why() {
        for (text, error) in [
            ("", BadDeliveryId::NotHex),
            ("018cc251f4007000800000010000001", BadDeliveryId::NotHex),
            ("018cc251f40040008000000100000011", BadDeliveryId::NotVersion7),
            ("018cc251f4007000c000000100000011", BadDeliveryId::NotVersion7),
            ("018cc251f40070008000000100000001", BadDeliveryId::NoHook),
            ("018cc251f40070008000000100000010", BadDeliveryId::UnknownKind),
            ("018cc251f4007000800000010000001f", BadDeliveryId::UnknownKind),
        ] {
            assert_eq!(text.parse::<DeliveryId>(), Err(error), "{text}");
        }
        let (seq, hook) = (Seq::START, HookNumber::new(1).unwrap());
        for received in [-1, MILLIS_MAX + 1] {
            assert_eq!(DeliveryId::new(Millis(received), seq, hook, Kind::Test), Err(IdOutOfRange));
        }
    }

    proptest! {
        #[test]
        fn every_id_survives_its_text_and_texts_sort_as_ids_do(
            a in (0..=MILLIS_MAX, 0..=Seq::MAX, 1..=HookNumber::MAX, 0..3_usize),
            b in (0..=MILLIS_MAX, 0..=Seq::MAX, 1..=HookNumber::MAX, 0..3_usize),
        ) {
            let [a, b] = [a, b].map(|(received, seq, hook, kind)| id(received, seq, hook, Kind::ALL[kind]));
            prop_assert_eq!(a.to_string().parse(), Ok(a));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }

        #[test]
        fn whatever_is_read_is_written_as_it_was(bytes in any::<[u8; 16]>()) {
            let mut bytes = bytes;
            bytes[6] = bytes[6] & 0x0f | 0x70;
            bytes[8] = bytes[8] & 0x3f | 0x80;
            if let Ok(id) = DeliveryId::from_bytes(bytes) {
                prop_assert_eq!(id.to_bytes(), bytes);
            }
        }
    }
}
