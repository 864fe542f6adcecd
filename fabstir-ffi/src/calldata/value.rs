//! Solidity values as JSON: lists stay lists, structs are objects, every number is a decimal string.

use crate::boundary::{Failure, Outcome};
use alloy_dyn_abi::{DynSolType, DynSolValue, Specifier};
use alloy_json_abi::{EventParam, Param};
use alloy_primitives::hex;
use serde_json::{Map, Value};

/// What is common to the parameters of functions, errors and events.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    name: &'a str,
    ty: &'a str,
    components: &'a [Param],
}

impl<'a> From<&'a Param> for Field<'a> {
    fn from(param: &'a Param) -> Self {
        Self { name: &param.name, ty: &param.ty, components: &param.components }
    }
}

impl<'a> From<&'a EventParam> for Field<'a> {
    fn from(param: &'a EventParam) -> Self {
        Self { name: &param.name, ty: &param.ty, components: &param.components }
    }
}

impl<'a> Field<'a> {
    /// The field that a list of this type has as its elements.
    fn element(self) -> Option<Self> {
        let open = self.ty.ends_with(']').then(|| self.ty.rfind('['))??;
        Some(Self { ty: &self.ty[..open], ..self })
    }
}

/// Reads arguments, given by position or by name.
pub(super) fn read_all(params: &[Param], given: &Value) -> Outcome<Vec<DynSolValue>> {
    let ordered = by_position(params, given, "arguments")?;
    params.iter().zip(&ordered).map(|(param, value)| read(param, value)).collect()
}

fn read(param: &Param, value: &Value) -> Outcome<DynSolValue> {
    let unfit = |error: alloy_dyn_abi::Error| Failure::invalid("argument", format!("{}: {error}", param.name));
    let ordered = unnamed(param.into(), value)?;
    param.resolve().and_then(|ty| plain(ty).coerce_json(&ordered)).map_err(unfit)
}

/// The type with every struct as a tuple: fields are in order by then.
fn plain(ty: DynSolType) -> DynSolType {
    match ty {
        DynSolType::CustomStruct { tuple, .. } | DynSolType::Tuple(tuple) => {
            DynSolType::Tuple(tuple.into_iter().map(plain).collect())
        }
        DynSolType::Array(element) => DynSolType::Array(Box::new(plain(*element))),
        DynSolType::FixedArray(element, size) => DynSolType::FixedArray(Box::new(plain(*element)), size),
        simple => simple,
    }
}

/// The same value with every struct as a list of its fields.
fn unnamed(field: Field<'_>, value: &Value) -> Outcome<Value> {
    if let (Some(element), Value::Array(items)) = (field.element(), value) {
        return items.iter().map(|item| unnamed(element, item)).collect::<Outcome<Vec<_>>>().map(Value::Array);
    }
    if field.ty != "tuple" {
        return Ok(value.clone());
    }
    let ordered = by_position(field.components, value, field.name)?;
    let fields = field.components.iter().zip(&ordered).map(|(component, value)| unnamed(component.into(), value));
    fields.collect::<Outcome<Vec<_>>>().map(Value::Array)
}

/// As many values as there are parameters, in their order.
fn by_position(params: &[Param], given: &Value, what: &str) -> Outcome<Vec<Value>> {
    let refused = |reason: String| Failure::invalid("argument", format!("{what}: {reason}"));
    match given {
        Value::Array(values) if values.len() == params.len() => Ok(values.clone()),
        Value::Array(values) => Err(refused(format!("{} values where {} are due", values.len(), params.len()))),
        Value::Object(fields) => {
            if let Some(unknown) = fields.keys().find(|key| params.iter().all(|param| param.name != **key)) {
                return Err(refused(format!("unknown field {unknown:?}")));
            }
            let field = |param: &Param| {
                fields.get(&param.name).cloned().ok_or_else(|| refused(format!("no field {:?}", param.name)))
            };
            params.iter().map(field).collect()
        }
        _ => Err(refused("neither a list nor an object".into())),
    }
}

/// Writes values as an object by their names.
pub(super) fn write_all<'a>(fields: impl Iterator<Item = Field<'a>>, values: &[DynSolValue]) -> Value {
    let mut object = Map::new();
    for (index, (field, value)) in fields.zip(values).enumerate() {
        let name = if field.name.is_empty() { index.to_string() } else { field.name.to_owned() };
        object.insert(name, write(field, value));
    }
    Value::Object(object)
}

fn write(field: Field<'_>, value: &DynSolValue) -> Value {
    let element = field.element().unwrap_or(field);
    match value {
        DynSolValue::Bool(flag) => Value::Bool(*flag),
        DynSolValue::Int(number, _) => Value::String(number.to_string()),
        DynSolValue::Uint(number, _) => Value::String(number.to_string()),
        DynSolValue::FixedBytes(word, size) => Value::String(hex::encode_prefixed(&word[..*size])),
        DynSolValue::Address(address) => Value::String(address.to_string()),
        DynSolValue::Function(function) => Value::String(function.to_string()),
        DynSolValue::Bytes(bytes) => Value::String(hex::encode_prefixed(bytes)),
        DynSolValue::String(text) => Value::String(text.clone()),
        DynSolValue::Array(items) | DynSolValue::FixedArray(items) => {
            items.iter().map(|item| write(element, item)).collect()
        }
        DynSolValue::Tuple(items) | DynSolValue::CustomStruct { tuple: items, .. } => {
            write_all(field.components.iter().map(Into::into), items)
        }
    }
}
