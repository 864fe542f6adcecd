//! Values to deterministic bytes.

use super::Mismatch;
use serde::{
    Serialize, Serializer,
    ser::{Impossible, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple},
};

pub(crate) fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Mismatch> {
    let mut out = Vec::new();
    value.serialize(Writer(&mut out))?;
    Ok(out)
}

struct Writer<'a>(&'a mut Vec<u8>);

/// Major type and argument in their shortest form.
fn head(out: &mut Vec<u8>, major: u8, argument: u64) {
    let (info, width) = match argument {
        0..=23 => (argument as u8, 0),
        24..=0xff => (24, 1),
        0x100..=0xffff => (25, 2),
        0x1_0000..=0xffff_ffff => (26, 4),
        _ => (27, 8),
    };
    out.push(major << 5 | info);
    out.extend_from_slice(&argument.to_be_bytes()[8 - width..]);
}

fn content(out: &mut Vec<u8>, major: u8, bytes: &[u8]) {
    head(out, major, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// A list whose length is known.
struct List<'a>(&'a mut Vec<u8>);

/// A map, its entries gathered to be sorted.
struct Map<'a> {
    out: &'a mut Vec<u8>,
    entries: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Map<'_> {
    fn entry(&mut self, key: Vec<u8>, value: Vec<u8>) {
        // By insertion: maps here have few entries, and a sort of the library's weighs more than the rest of the map.
        let place = self.entries.iter().position(|(other, _)| *other > key).unwrap_or(self.entries.len());
        self.entries.insert(place, (key, value));
    }

    fn finish(self) -> Result<(), Mismatch> {
        if self.entries.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(Mismatch::Type);
        }
        head(self.out, 5, self.entries.len() as u64);
        for (key, value) in self.entries {
            self.out.extend_from_slice(&key);
            self.out.extend_from_slice(&value);
        }
        Ok(())
    }
}

impl SerializeSeq for List<'_> {
    type Ok = ();
    type Error = Mismatch;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Mismatch> {
        value.serialize(Writer(self.0))
    }

    fn end(self) -> Result<(), Mismatch> {
        Ok(())
    }
}

impl SerializeTuple for List<'_> {
    type Ok = ();
    type Error = Mismatch;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Mismatch> {
        value.serialize(Writer(self.0))
    }

    fn end(self) -> Result<(), Mismatch> {
        Ok(())
    }
}

impl SerializeStruct for Map<'_> {
    type Ok = ();
    type Error = Mismatch;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Mismatch> {
        self.entry(to_vec(key)?, to_vec(value)?);
        Ok(())
    }

    fn end(self) -> Result<(), Mismatch> {
        self.finish()
    }
}

impl SerializeMap for Map<'_> {
    type Ok = ();
    type Error = Mismatch;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, _: &T) -> Result<(), Mismatch> {
        Err(Mismatch::Type)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, _: &T) -> Result<(), Mismatch> {
        Err(Mismatch::Type)
    }

    fn serialize_entry<K: Serialize + ?Sized, V: Serialize + ?Sized>(
        &mut self,
        key: &K,
        value: &V,
    ) -> Result<(), Mismatch> {
        self.entry(to_vec(key)?, to_vec(value)?);
        Ok(())
    }

    fn end(self) -> Result<(), Mismatch> {
        self.finish()
    }
}

/// Methods that write one kind of item.
macro_rules! write {
    ($($method:ident($($value:ident: $type:ty),*) = |$writer:ident| $body:expr;)*) => { $(
        fn $method($writer, $($value: $type),*) -> Result<(), Mismatch> { $body; Ok(()) }
    )* };
}

/// Methods for what frames, records and snapshots do not have.
macro_rules! refuse {
    ($($method:ident($($type:ty),*) -> $result:ty;)*) => { $(
        fn $method(self, $(_: $type),*) -> Result<$result, Mismatch> { Err(Mismatch::Type) }
    )* };
}

impl<'a> Serializer for Writer<'a> {
    type Ok = ();
    type Error = Mismatch;
    type SerializeSeq = List<'a>;
    type SerializeTuple = List<'a>;
    type SerializeTupleStruct = Impossible<(), Mismatch>;
    type SerializeTupleVariant = Impossible<(), Mismatch>;
    type SerializeMap = Map<'a>;
    type SerializeStruct = Map<'a>;
    type SerializeStructVariant = Impossible<(), Mismatch>;

    fn is_human_readable(&self) -> bool {
        false
    }

    write! {
        serialize_bool(value: bool) = |self| self.0.push(0xf4 | u8::from(value));
        serialize_u8(value: u8) = |self| head(self.0, 0, value.into());
        serialize_u16(value: u16) = |self| head(self.0, 0, value.into());
        serialize_u32(value: u32) = |self| head(self.0, 0, value.into());
        serialize_u64(value: u64) = |self| head(self.0, 0, value);
        serialize_str(value: &str) = |self| content(self.0, 3, value.as_bytes());
        serialize_bytes(value: &[u8]) = |self| content(self.0, 2, value);
        serialize_none() = |self| self.0.push(0xf6);
        serialize_unit() = |self| self.0.push(0xf6);
        serialize_unit_struct(_name: &'static str) = |self| self.0.push(0xf6);
        serialize_unit_variant(_name: &'static str, _index: u32, variant: &'static str) = |self| {
            content(self.0, 3, variant.as_bytes());
        };
    }

    refuse! {
        serialize_i8(i8) -> ();
        serialize_i16(i16) -> ();
        serialize_i32(i32) -> ();
        serialize_i64(i64) -> ();
        serialize_f32(f32) -> ();
        serialize_f64(f64) -> ();
        serialize_char(char) -> ();
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant;
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Mismatch> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Mismatch> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Mismatch> {
        Err(Mismatch::Type)
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<List<'a>, Mismatch> {
        head(self.0, 4, length.ok_or(Mismatch::Type)? as u64);
        Ok(List(self.0))
    }

    fn serialize_tuple(self, length: usize) -> Result<List<'a>, Mismatch> {
        self.serialize_seq(Some(length))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Map<'a>, Mismatch> {
        Ok(Map { out: self.0, entries: Vec::new() })
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Map<'a>, Mismatch> {
        Ok(Map { out: self.0, entries: Vec::new() })
    }
}
