//! What a link is told of a packet.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::StrDeserializer;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::ser::{SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};

/// What a link knows of a packet: enough to match a fault, nothing of the protocol.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Description {
    /// The kinds it is of (a FIN with data is both `FIN` and `DATA`).
    pub kinds: Kinds,
    /// The furthest thing it acknowledges.
    pub acknowledges: Acknowledges,
    /// Ordinal of the attempt it belongs to among those of the host that opened it, from 1; 0 if none.
    pub attempt: u32,
    /// Ordinal of the connection it belongs to among those between its two hosts, from 1; 0 if none, or if no fault asks.
    pub connection: u32,
    /// Its sequence number, counted from the initial one of its direction; `None` if it is before that or near none, or if
    /// no fault asks.
    pub seq: Option<u32>,
    /// Its acknowledgment number, counted from the initial number of the other direction; `None` as for `seq`, or if it
    /// acknowledges nothing.
    pub ack: Option<u32>,
    /// 0 for an original, n for retransmission n.
    pub retransmission: u32,
    /// Octets on the wire, for the rate.
    pub octets: u32,
}

/// The furthest thing a packet acknowledges.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
pub enum Acknowledges {
    /// Nothing.
    #[serde(rename = "nothing")]
    Nothing,
    /// A SYN.
    #[serde(rename = "SYN")]
    Syn,
    /// Data.
    #[serde(rename = "data")]
    Data,
    /// A FIN.
    #[serde(rename = "FIN")]
    Fin,
}

/// A set of kinds of packet: SYN, SYN-ACK, ACK (bare), data, FIN, RST. In a file it is one of these words or a list of
/// them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Kinds(u8);

impl Kinds {
    /// A SYN without ACK.
    pub const SYN: Self = Self(1);
    /// A SYN with ACK.
    pub const SYN_ACK: Self = Self(2);
    /// An acknowledgment and nothing else.
    pub const ACK: Self = Self(4);
    /// Anything that carries data.
    pub const DATA: Self = Self(8);
    /// Anything with FIN.
    pub const FIN: Self = Self(16);
    /// Anything with RST.
    pub const RST: Self = Self(32);

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the sets have a kind in common.
    #[must_use]
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The words of the kinds in the set.
    fn words(self) -> impl Iterator<Item = Kind> {
        Kind::ALL.into_iter().filter(move |&kind| self.intersects(kind.into()))
    }
}

impl fmt::Debug for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.words()).finish()
    }
}

/// One kind, as a file spells it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
enum Kind {
    #[serde(rename = "SYN")]
    Syn,
    #[serde(rename = "SYN-ACK")]
    SynAck,
    #[serde(rename = "ACK")]
    Ack,
    #[serde(rename = "data")]
    Data,
    #[serde(rename = "FIN")]
    Fin,
    #[serde(rename = "RST")]
    Rst,
}

impl Kind {
    const ALL: [Self; 6] = [Self::Syn, Self::SynAck, Self::Ack, Self::Data, Self::Fin, Self::Rst];
}

impl From<Kind> for Kinds {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Syn => Self::SYN,
            Kind::SynAck => Self::SYN_ACK,
            Kind::Ack => Self::ACK,
            Kind::Data => Self::DATA,
            Kind::Fin => Self::FIN,
            Kind::Rst => Self::RST,
        }
    }
}

impl Serialize for Kinds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let words: Vec<Kind> = self.words().collect();
        if let [word] = words[..] {
            return word.serialize(serializer);
        }
        let mut list = serializer.serialize_seq(Some(words.len()))?;
        for word in words {
            list.serialize_element(&word)?;
        }
        list.end()
    }
}

impl<'de> Deserialize<'de> for Kinds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordOrList;

        impl<'de> Visitor<'de> for WordOrList {
            type Value = Kinds;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a kind of packet such as \"SYN\", or a list of them")
            }

            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Kinds, E> {
                Kind::deserialize(StrDeserializer::new(word)).map(Kinds::from)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Kinds, A::Error> {
                let mut kinds = Kinds::default();
                while let Some(kind) = list.next_element::<Kind>()? {
                    kinds = kinds.with(kind.into());
                }
                if kinds == Kinds::default() {
                    return Err(serde::de::Error::custom("an empty list of kinds matches no packet"));
                }
                Ok(kinds)
            }
        }

        deserializer.deserialize_any(WordOrList)
    }
}

impl JsonSchema for Kinds {
    fn schema_name() -> Cow<'static, str> {
        "Kinds".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let kind = generator.subschema_for::<Kind>();
        json_schema!({
            "description": "A kind of packet, or a list of kinds. `ACK` is a bare acknowledgment; \
                `data`, `FIN` and `RST` are anything with data, FIN, RST.",
            "anyOf": [kind, { "type": "array", "items": kind, "minItems": 1 }]
        })
    }
}
