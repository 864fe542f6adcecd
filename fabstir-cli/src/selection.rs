//! Which host and model of those in the registry.

use crate::{
    commands::host::register::Metadata,
    error::{CliError, Result},
    model::ModelFile,
    output::Output,
};
use alloy_primitives::{B256, hex};
use fabstir_core::Code;
use std::path::Path;

/// Fewest digits of a model's id that may stand for it.
const MIN_DIGITS: usize = 6;

/// Which model is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ModelChoice {
    /// Whatever there is.
    Any,
    /// The one with this id.
    Id(B256),
    /// One whose id begins so: lower-case digits without 0x.
    Beginning(String),
}

impl ModelChoice {
    /// Reads an id, the beginning of one, or a GGUF file.
    ///
    /// # Errors
    ///
    /// `invalid_value` if it is neither, those of [`ModelFile::identify`].
    pub(crate) fn parse(text: Option<&str>, out: Output) -> Result<Self> {
        let Some(text) = text else { return Ok(Self::Any) };
        let Some(digits) = text.strip_prefix("0x") else {
            return Ok(Self::Id(ModelFile::identify(Path::new(text), out)?.id.hash()));
        };
        let digits = digits.to_ascii_lowercase();
        if digits.len() == 64
            && let Ok(id) = digits.parse()
        {
            return Ok(Self::Id(id));
        }
        if digits.len() < MIN_DIGITS || digits.len() > 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let message = format!("{text:?} names no model");
            return Err(CliError::new(Code::InvalidValue, message)
                .hint(format!("give its id, at least {MIN_DIGITS} digits of it after 0x, or a GGUF file")));
        }
        Ok(Self::Beginning(digits))
    }

    /// The id, if it is known whole.
    pub(crate) const fn id(&self) -> Option<B256> {
        match self {
            Self::Id(id) => Some(*id),
            Self::Any | Self::Beginning(_) => None,
        }
    }

    /// Whether this model is meant.
    pub(crate) fn matches(&self, id: B256) -> bool {
        match self {
            Self::Any => true,
            Self::Id(wanted) => *wanted == id,
            Self::Beginning(digits) => hex::encode(id).starts_with(digits),
        }
    }
}

/// What a host calls itself and a model of its, as far as it says.
pub(crate) fn names(metadata: &str, model: B256) -> (Option<String>, Option<String>) {
    let Ok(metadata) = serde_json::from_str::<Metadata>(metadata) else { return (None, None) };
    let model = metadata.models.into_iter().find(|named| named.id == model).map(|named| named.name);
    (metadata.name, model)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ModelChoice> {
        ModelChoice::parse(Some(text), Output::new(true))
    }

    #[test]
    fn models_are_named_by_id_or_its_beginning() {
        let id = B256::repeat_byte(0xab);
        assert_eq!(parse(&id.to_string()).expect("id"), ModelChoice::Id(id));
        let beginning = parse("0xABABAB").expect("beginning");
        assert!(beginning.matches(id) && !beginning.matches(B256::ZERO));
        assert_eq!(parse("0xabab").expect_err("short").code_name(), "invalid_value");
        assert_eq!(parse("0xnothex").expect_err("digits").code_name(), "invalid_value");
        assert_eq!(parse("nowhere.gguf").expect_err("file").code_name(), "model_missing");
    }

    #[test]
    fn metadata_that_is_not_ours_has_no_names() {
        for foreign in ["", "hello", "[]", "{\"models\":3}"] {
            assert_eq!(names(foreign, B256::ZERO), (None, None), "{foreign}");
        }
        let ours = format!("{{\"name\":\"h\",\"models\":[{{\"id\":\"{}\",\"name\":\"m\"}}]}}", B256::ZERO);
        assert_eq!(names(&ours, B256::ZERO), (Some("h".into()), Some("m".into())));
    }
}
