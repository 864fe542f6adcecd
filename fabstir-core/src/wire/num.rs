//! `#[serde(with = "num")]`: wide numbers and bytes as the wire writes them in either format.

use crate::signature::Signature65;
use alloy_primitives::{Address, B256, U256, hex};
use core::{fmt, marker::PhantomData};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
};

/// Longest byte form of a scalar: a signature.
const MAX_BYTES: usize = 65;

/// A scalar with a text form (JSON) and a byte form (CBOR).
pub(crate) trait Scalar: Sized {
    /// For error messages.
    const WHAT: &'static str;
    fn to_text(&self) -> String;
    fn from_text(text: &str) -> Option<Self>;
    /// Writes the byte form into `buffer`.
    fn bytes<'a>(&'a self, buffer: &'a mut [u8; MAX_BYTES]) -> &'a [u8];
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
}

/// Whether `text` is the one decimal form of a number: digits, no leading zero.
fn is_decimal(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'))
}

macro_rules! number {
    ($type:ty, $what:literal, $width:literal, $own:literal) => {
        impl Scalar for $type {
            const WHAT: &'static str = $what;

            fn to_text(&self) -> String {
                self.to_string()
            }

            fn from_text(text: &str) -> Option<Self> {
                if is_decimal(text) { text.parse().ok() } else { None }
            }

            fn bytes<'a>(&'a self, buffer: &'a mut [u8; MAX_BYTES]) -> &'a [u8] {
                buffer[..$width].fill(0);
                buffer[$width - $own..$width].copy_from_slice(&self.to_be_bytes());
                &buffer[..$width]
            }

            fn from_bytes(bytes: &[u8]) -> Option<Self> {
                let bytes: &[u8; $width] = bytes.try_into().ok()?;
                let (high, low) = bytes.split_at($width - $own);
                if high.iter().any(|byte| *byte != 0) {
                    return None;
                }
                Some(Self::from_be_bytes(low.try_into().ok()?))
            }
        }
    };
}

number!(u64, "a 64-bit number: a decimal string in JSON, 8 bytes in CBOR", 8, 8);
number!(u128, "a 128-bit number: a decimal string in JSON, 32 bytes in CBOR", 32, 16);

impl Scalar for U256 {
    const WHAT: &'static str = "a 256-bit number: a decimal string in JSON, 32 bytes in CBOR";

    fn to_text(&self) -> String {
        self.to_string()
    }

    fn from_text(text: &str) -> Option<Self> {
        // 78 digits are the most that 256 bits can have.
        if is_decimal(text) && text.len() <= 78 { Self::from_str_radix(text, 10).ok() } else { None }
    }

    fn bytes<'a>(&'a self, buffer: &'a mut [u8; MAX_BYTES]) -> &'a [u8] {
        buffer[..32].copy_from_slice(&self.to_be_bytes::<32>());
        &buffer[..32]
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self::from_be_bytes::<32>(bytes.try_into().ok()?))
    }
}

macro_rules! bytes {
    ($type:ty, $what:literal, $width:literal, $as_bytes:ident) => {
        impl Scalar for $type {
            const WHAT: &'static str = $what;

            fn to_text(&self) -> String {
                hex::encode_prefixed(self.$as_bytes())
            }

            fn from_text(text: &str) -> Option<Self> {
                let mut array = [0; $width];
                hex::decode_to_slice(text.strip_prefix("0x")?, &mut array).ok()?;
                Self::from_bytes(&array)
            }

            fn bytes<'a>(&'a self, _: &'a mut [u8; MAX_BYTES]) -> &'a [u8] {
                self.$as_bytes()
            }

            fn from_bytes(bytes: &[u8]) -> Option<Self> {
                Some(Self::new(bytes.try_into().ok()?))
            }
        }
    };
}

bytes!(B256, "32 bytes: 0x-hex in JSON, a byte string in CBOR", 32, as_slice);
bytes!(Address, "20 bytes: 0x-hex in JSON, a byte string in CBOR", 20, as_slice);
bytes!(Signature65, "65 bytes: 0x-hex in JSON, a byte string in CBOR", 65, as_bytes);

/// Anything `#[serde(with = "num")]` can stand on: a [`Scalar`], an option or a list of them.
pub(crate) trait Value: Sized {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

impl<T: Scalar> Value for T {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&self.to_text())
        } else {
            serializer.serialize_bytes(self.bytes(&mut [0; MAX_BYTES]))
        }
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(Text(PhantomData))
        } else {
            deserializer.deserialize_bytes(Bytes(PhantomData))
        }
    }
}

impl<T: Scalar> Value for Option<T> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(value) => serializer.serialize_some(&Ref(value)),
            None => serializer.serialize_none(),
        }
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<Owned<T>>::deserialize(deserializer)?.map(|value| value.0))
    }
}

impl<T: Scalar> Value for Vec<T> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Ref))
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Owned<T>>::deserialize(deserializer)?.into_iter().map(|value| value.0).collect())
    }
}

struct Ref<'a, T>(&'a T);

impl<T: Scalar> Serialize for Ref<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

struct Owned<T>(T);

impl<'de, T: Scalar> Deserialize<'de> for Owned<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer).map(Self)
    }
}

struct Text<T>(PhantomData<T>);

impl<T: Scalar> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::WHAT)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        T::from_text(text).ok_or_else(|| E::invalid_value(de::Unexpected::Other("text of another form"), &self))
    }
}

struct Bytes<T>(PhantomData<T>);

impl<T: Scalar> Visitor<'_> for Bytes<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::WHAT)
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<T, E> {
        T::from_bytes(bytes).ok_or_else(|| E::invalid_length(bytes.len(), &self))
    }
}

/// For `#[serde(with = "num")]`.
pub(crate) fn serialize<T: Value, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    value.write(serializer)
}

/// For `#[serde(with = "num")]`.
pub(crate) fn deserialize<'de, T: Value, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::read(deserializer)
}
