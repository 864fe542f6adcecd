//! Bytes that [`super::super::check`] has passed, to values.

use super::Mismatch;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};

pub(crate) fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Mismatch> {
    T::deserialize(&mut Reader { bytes, depth: 0 })
}

struct Reader<'a> {
    bytes: &'a [u8],
    depth: usize,
}

/// Major types.
const UNSIGNED: u8 = 0;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const LIST: u8 = 4;
const MAP: u8 = 5;
const SIMPLE: u8 = 7;

const FALSE: u8 = 0xf4;
const TRUE: u8 = 0xf5;
const NULL: u8 = 0xf6;

impl<'a> Reader<'a> {
    fn peek(&self) -> Result<u8, Mismatch> {
        self.bytes.first().copied().ok_or(Mismatch::Type)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Mismatch> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or(Mismatch::Type)?;
        self.bytes = rest;
        Ok(taken)
    }

    /// Major type and argument.
    fn head(&mut self) -> Result<(u8, u64), Mismatch> {
        let head = self.take(1)?[0];
        let argument = match head & 31 {
            small @ 0..=23 => u64::from(small),
            info @ 24..=27 => {
                self.take(1 << (info - 24))?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
            }
            _ => return Err(Mismatch::Type),
        };
        Ok((head >> 5, argument))
    }

    fn expect(&mut self, major: u8) -> Result<u64, Mismatch> {
        match self.head()? {
            (found, argument) if found == major => Ok(argument),
            _ => Err(Mismatch::Type),
        }
    }

    fn content(&mut self, major: u8) -> Result<&'a [u8], Mismatch> {
        let length = self.expect(major)?;
        self.take(usize::try_from(length).map_err(|_| Mismatch::Type)?)
    }

    fn text(&mut self) -> Result<&'a str, Mismatch> {
        core::str::from_utf8(self.content(TEXT)?).map_err(|_| Mismatch::Type)
    }

    /// Passes over one item. Nesting is bounded by the check before; the bound here is for whoever forgets it.
    fn skip(&mut self) -> Result<(), Mismatch> {
        let (major, argument) = self.head()?;
        let items = match major {
            BYTES | TEXT => return self.take(usize::try_from(argument).map_err(|_| Mismatch::Type)?).map(drop),
            LIST => argument,
            MAP => argument.saturating_mul(2),
            6 => 1,
            _ => return Ok(()),
        };
        self.deeper()?;
        for _ in 0..items {
            self.skip()?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn deeper(&mut self) -> Result<(), Mismatch> {
        self.depth += 1;
        if self.depth > super::super::MAX_DEPTH { Err(Mismatch::Type) } else { Ok(()) }
    }

    /// Opens a list or a map.
    fn items(&mut self, major: u8) -> Result<Items<'_, 'a>, Mismatch> {
        let left = self.expect(major)?;
        self.deeper()?;
        Ok(Items { reader: self, left })
    }
}

/// The items of a list, or entries of a map, not read yet.
struct Items<'r, 'a> {
    reader: &'r mut Reader<'a>,
    left: u64,
}

impl Items<'_, '_> {
    fn next(&mut self) -> bool {
        let more = self.left > 0;
        self.left = self.left.saturating_sub(1);
        more
    }

    /// Whoever read this list read all of it.
    fn finish<T>(self, value: T) -> Result<T, Mismatch> {
        self.reader.depth -= 1;
        if self.left == 0 { Ok(value) } else { Err(Mismatch::Type) }
    }
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = Mismatch;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Mismatch> {
        if self.next() { seed.deserialize(&mut *self.reader).map(Some) } else { Ok(None) }
    }
}

impl<'de> MapAccess<'de> for Items<'_, 'de> {
    type Error = Mismatch;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Mismatch> {
        if self.next() { seed.deserialize(&mut *self.reader).map(Some) } else { Ok(None) }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Mismatch> {
        seed.deserialize(&mut *self.reader)
    }
}

/// A variant without content: its name.
impl<'de> EnumAccess<'de> for &mut Reader<'de> {
    type Error = Mismatch;
    type Variant = Unit;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Unit), Mismatch> {
        Ok((seed.deserialize(self)?, Unit))
    }
}

struct Unit;

impl<'de> VariantAccess<'de> for Unit {
    type Error = Mismatch;

    fn unit_variant(self) -> Result<(), Mismatch> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, Mismatch> {
        Err(Mismatch::Type)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Mismatch> {
        Err(Mismatch::Type)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, Mismatch> {
        Err(Mismatch::Type)
    }
}

/// Methods that read one kind of item and hand it to the visitor.
macro_rules! read {
    ($($method:ident($($ignored:ty),*) = |$reader:ident, $visitor:ident| $body:expr;)*) => { $(
        fn $method<V: Visitor<'de>>($reader, $(_: $ignored,)* $visitor: V) -> Result<V::Value, Mismatch> { $body }
    )* };
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Mismatch;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.peek()? {
            FALSE | TRUE => self.deserialize_bool(visitor),
            NULL => self.deserialize_unit(visitor),
            head => match head >> 5 {
                UNSIGNED => visitor.visit_u64(self.expect(UNSIGNED)?),
                BYTES => self.deserialize_bytes(visitor),
                TEXT => self.deserialize_str(visitor),
                LIST => self.deserialize_seq(visitor),
                MAP => self.deserialize_map(visitor),
                SIMPLE => Err(Mismatch::Type),
                // What is negative or big is no number that anything here has: of no use but to be refused.
                _ => self.skip().and_then(|()| visitor.visit_unit()),
            },
        }
    }

    read! {
        deserialize_bool() = |self, visitor| {
            let value = self.take(1)?[0];
            if value & !1 == FALSE { visitor.visit_bool(value == TRUE) } else { Err(Mismatch::Type) }
        };
        deserialize_u8() = |self, visitor| visitor.visit_u64(self.expect(UNSIGNED)?);
        deserialize_u16() = |self, visitor| visitor.visit_u64(self.expect(UNSIGNED)?);
        deserialize_u32() = |self, visitor| visitor.visit_u64(self.expect(UNSIGNED)?);
        deserialize_u64() = |self, visitor| visitor.visit_u64(self.expect(UNSIGNED)?);
        deserialize_str() = |self, visitor| visitor.visit_borrowed_str(self.text()?);
        deserialize_string() = |self, visitor| visitor.visit_str(self.text()?);
        deserialize_identifier() = |self, visitor| visitor.visit_str(self.text()?);
        deserialize_bytes() = |self, visitor| visitor.visit_bytes(self.content(BYTES)?);
        deserialize_byte_buf() = |self, visitor| visitor.visit_bytes(self.content(BYTES)?);
        deserialize_unit() = |self, visitor| {
            if self.take(1)?[0] == NULL { visitor.visit_unit() } else { Err(Mismatch::Type) }
        };
        deserialize_option() = |self, visitor| {
            if self.peek()? == NULL { self.take(1).and_then(|_| visitor.visit_none()) } else { visitor.visit_some(self) }
        };
        deserialize_seq() = |self, visitor| {
            let mut items = self.items(LIST)?;
            let value = visitor.visit_seq(&mut items)?;
            items.finish(value)
        };
        deserialize_tuple(usize) = |self, visitor| self.deserialize_seq(visitor);
        deserialize_map() = |self, visitor| {
            let mut items = self.items(MAP)?;
            let value = visitor.visit_map(&mut items)?;
            items.finish(value)
        };
        deserialize_struct(&'static str, &'static [&'static str]) = |self, visitor| self.deserialize_map(visitor);
        deserialize_enum(&'static str, &'static [&'static str]) = |self, visitor| visitor.visit_enum(self);
        deserialize_newtype_struct(&'static str) = |self, visitor| visitor.visit_newtype_struct(self);
        deserialize_ignored_any() = |self, visitor| self.skip().and_then(|()| visitor.visit_unit());
        deserialize_unit_struct(&'static str) = |self, visitor| self.deserialize_unit(visitor);
        deserialize_tuple_struct(&'static str, usize) = |self, visitor| self.deserialize_seq(visitor);
        deserialize_i8() = |self, _visitor| Err(Mismatch::Type);
        deserialize_i16() = |self, _visitor| Err(Mismatch::Type);
        deserialize_i32() = |self, _visitor| Err(Mismatch::Type);
        deserialize_i64() = |self, _visitor| Err(Mismatch::Type);
        deserialize_f32() = |self, _visitor| Err(Mismatch::Type);
        deserialize_f64() = |self, _visitor| Err(Mismatch::Type);
        deserialize_char() = |self, _visitor| Err(Mismatch::Type);
    }
}
