//! Whether a header and its file belong together, and whether llama.cpp can load it without asserting.

use super::{Header, Tensor, Value, tensor_type};
use crate::Error;
use std::{borrow::Cow, collections::HashSet, path::Path};

/// Most layers, heads or elements per token that any model has; more would only exhaust memory. llama.cpp asserts
/// above 512 layers and 1,024 experts.
const MAX_LAYERS: u64 = 512;
const MAX_EXPERTS: u64 = 1024;
const MAX_HEADS: u64 = 1 << 14;
const MAX_WIDTH: u64 = 1 << 20;
const MAX_CONTEXT: u64 = 1 << 28;
/// llama.cpp's longest tensor name with its closing NUL, in bytes.
const MAX_TENSOR_NAME: usize = 64;

/// Architectures that answer nothing: encoders, speech and vision parts.
const NOT_GENERATIVE: &[&str] = &["bert", "clip", "t5", "t5encoder", "wavtokenizer-dec", "gemma-embedding"];
const NOT_GENERATIVE_MARKS: &[&str] = &["-bert", "bert-", "-embed", "_embed"];
/// Tokenizers whose failures are known to be errors here and not C++ exceptions.
const TOKENIZERS: &[&str] = &["llama", "gpt2", "gemma4"];
const ROPE_SCALINGS: &[&str] = &["none", "linear", "yarn", "longrope"];

/// Holds a header against the file it came from.
///
/// # Errors
///
/// [`Error::Corrupt`] where the file contradicts itself, [`Error::Unsupported`] where it is sound but no chat model.
pub(crate) fn check(header: &Header, path: &Path, file_length: u64) -> Result<(), Error> {
    let check = Check { header, path };
    check.kind()?;
    check.dimensions()?;
    check.attention()?;
    check.experts()?;
    check.rope()?;
    check.tokenizer()?;
    check.tensors(file_length)
}

struct Check<'a> {
    header: &'a Header,
    path: &'a Path,
}

impl Check<'_> {
    fn corrupt(&self, reason: impl Into<String>) -> Error {
        Error::corrupt(self.path, reason)
    }

    fn unsupported(&self, reason: impl Into<String>) -> Error {
        Error::unsupported(self.path, reason)
    }

    fn get(&self, key: &str) -> Option<&Value> {
        self.header.metadata.get(&self.header.architecture_key(key))
    }

    /// An optional integer within bounds.
    fn optional(&self, key: &str, most: u64) -> Result<Option<u64>, Error> {
        if self.get(key).is_none() {
            return Ok(None);
        }
        match self.header.integer(&self.header.architecture_key(key)) {
            Some(value) if value <= most => Ok(Some(value)),
            _ => Err(self.corrupt(format!("`{key}` is not a number of at most {most}"))),
        }
    }

    /// A required positive integer within bounds.
    fn positive(&self, key: &str, most: u64) -> Result<u64, Error> {
        match self.optional(key, most)? {
            Some(value) if value > 0 => Ok(value),
            _ => Err(self.corrupt(format!("`{key}` is missing or zero"))),
        }
    }

    /// A value given once or per layer; as many as there are layers, or none.
    fn per_layer(&self, key: &str, layers: u64, most: u64) -> Result<Vec<u64>, Error> {
        match self.get(key) {
            None => Ok(Vec::new()),
            Some(Value::Integers(values)) => {
                let values: Vec<_> = values.iter().filter_map(|v| u64::try_from(*v).ok()).collect();
                if values.len() as u64 == layers && values.iter().all(|value| *value <= most) {
                    Ok(values)
                } else {
                    Err(self.corrupt(format!("`{key}` does not list a number of at most {most} for each layer")))
                }
            }
            Some(_) => Ok(self.optional(key, most)?.into_iter().collect()),
        }
    }

    fn kind(&self) -> Result<(), Error> {
        let architecture = self.header.architecture();
        if architecture.is_empty() {
            return Err(self.corrupt("`general.architecture` is missing"));
        }
        let embeds = NOT_GENERATIVE.contains(&architecture)
            || NOT_GENERATIVE_MARKS.iter().any(|mark| architecture.contains(mark))
            || self.get("pooling_type").is_some_and(|value| *value != Value::Unsigned(0))
            || self.get("attention.causal") == Some(&Value::Bool(false));
        if embeds {
            return Err(self.unsupported(format!("a `{architecture}` model of this kind generates no text")));
        }
        if self.header.integer("split.count").is_some_and(|parts| parts > 1) {
            return Err(self.unsupported("it is one part of several; merge them with llama-gguf-split"));
        }
        Ok(())
    }

    fn dimensions(&self) -> Result<(), Error> {
        self.positive("context_length", MAX_CONTEXT)?;
        self.positive("embedding_length", MAX_WIDTH)?;
        let layers = self.positive("block_count", MAX_LAYERS)?;
        self.optional("nextn_predict_layers", layers)?;
        self.optional("vocab_size", u64::from(u32::MAX) / 2)?;
        for key in ["embedding_length_out", "attention.sliding_window"] {
            self.optional(key, MAX_CONTEXT)?;
        }
        self.per_layer("feed_forward_length", layers, MAX_WIDTH)?;
        let epsilons = ["attention.layer_norm_epsilon", "attention.layer_norm_rms_epsilon"];
        for key in epsilons {
            let sound = |value: &Value| matches!(value, Value::Float(e) if e.is_finite() && *e >= 0.0);
            if self.get(key).is_some_and(|value| !sound(value)) {
                return Err(self.corrupt(format!("`{key}` is not a small positive number")));
            }
        }
        Ok(())
    }

    fn attention(&self) -> Result<(), Error> {
        let layers = self.positive("block_count", MAX_LAYERS)?;
        let width = self.positive("embedding_length", MAX_WIDTH)?;
        let heads = self.per_layer("attention.head_count", layers, MAX_HEADS)?;
        let groups = self.per_layer("attention.head_count_kv", layers, MAX_HEADS)?;
        for key in ["attention.key_length", "attention.value_length"] {
            if self.optional(key, MAX_WIDTH)? == Some(0) {
                return Err(self.corrupt(format!("`{key}` is zero")));
            }
        }
        let most_heads = heads.iter().copied().max().unwrap_or_default();
        if most_heads == 0 {
            // Recurrent models have none; those of llama's shape divide by it.
            return if self.header.architecture() == "llama" {
                Err(self.corrupt("it has no attention heads"))
            } else {
                Ok(())
            };
        }
        let group = |layer: usize| groups.get(layer).or(groups.first()).copied();
        for (layer, heads) in heads.iter().enumerate() {
            if group(layer).is_some_and(|kv| kv > *heads || (kv > 0 && heads % kv != 0)) {
                return Err(self.corrupt("its key and value heads do not divide its heads"));
            }
        }
        if self.get("attention.key_length").is_none() && width % most_heads != 0 {
            return Err(self.corrupt(format!("its {most_heads} heads do not divide {width} elements")));
        }
        Ok(())
    }

    fn experts(&self) -> Result<(), Error> {
        let layers = self.positive("block_count", MAX_LAYERS)?;
        let experts = self.optional("expert_count", MAX_EXPERTS)?.unwrap_or_default();
        let used = self.per_layer("expert_used_count", layers, MAX_EXPERTS)?.into_iter().max().unwrap_or_default();
        let groups = self.optional("expert_group_count", MAX_EXPERTS)?.unwrap_or_default();
        let groups_used = self.optional("expert_group_used_count", MAX_EXPERTS)?.unwrap_or_default();
        let sound = if experts == 0 {
            used == 0 && groups == 0
        } else {
            let grouped = groups <= 1 || (experts % groups == 0 && (1..groups).contains(&groups_used));
            (1..=experts).contains(&used) && groups < experts && grouped
        };
        if sound {
            Ok(())
        } else {
            Err(self.corrupt(format!("it uses {used} of {experts} experts in {groups} groups")))
        }
    }

    fn rope(&self) -> Result<(), Error> {
        if let Some(value) = self.get("rope.scaling.type") {
            let known = matches!(value, Value::Text(name) if ROPE_SCALINGS.iter().any(|s| s.as_bytes() == name));
            if !known {
                return Err(self.unsupported("its RoPE scaling is unknown"));
            }
        }
        let rotated = self.optional("rope.dimension_count", MAX_WIDTH)?;
        if rotated.is_some_and(|rotated| rotated % 2 != 0) {
            return Err(self.corrupt("`rope.dimension_count` is odd"));
        }
        Ok(())
    }

    fn tokenizer(&self) -> Result<(), Error> {
        let Some(model) = self.header.text("tokenizer.ggml.model") else {
            return Err(self.unsupported("it has no tokenizer"));
        };
        if !TOKENIZERS.contains(&model) {
            return Err(self.unsupported(format!("tokenizer `{model}`; {} are served", TOKENIZERS.join(", "))));
        }
        let Some(Value::Texts(tokens)) = self.header.metadata.get("tokenizer.ggml.tokens") else {
            return Err(self.corrupt("it has no vocabulary"));
        };
        if tokens.is_empty() || tokens.len() > i32::MAX as usize {
            return Err(self.corrupt(format!("a vocabulary of {} tokens", tokens.len())));
        }
        let texts: HashSet<_> = tokens.iter().enumerate().map(|(id, token)| as_llama_reads(id, token)).collect();
        // llama.cpp asserts that every token's text is its own.
        if texts.len() != tokens.len() {
            return Err(self.corrupt("two tokens of its vocabulary have the same text"));
        }
        // Without these llama.cpp throws at the first character that no token covers, far from any handler.
        let byte_fallback = || (0..=255_u8).all(|byte| texts.contains(format!("<0x{byte:02X}>").as_bytes()));
        if model != "gpt2" && !byte_fallback() {
            return Err(self.unsupported("its tokenizer has no byte fallback"));
        }
        for key in ["tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id"] {
            if self.header.integer(key).is_some_and(|id| id >= tokens.len() as u64) {
                return Err(self.corrupt(format!("`{key}` is outside its vocabulary")));
            }
        }
        Ok(())
    }

    fn tensors(&self, file_length: u64) -> Result<(), Error> {
        let alignment = match self.header.metadata.get("general.alignment") {
            None => 32,
            Some(Value::Unsigned(value)) if value.is_power_of_two() && *value <= 1 << 20 => *value,
            Some(_) => return Err(self.corrupt("`general.alignment` is not a power of two")),
        };
        if self.header.tensors.is_empty() {
            return Err(self.corrupt("it has no tensors"));
        }
        let data = self.header.end.next_multiple_of(alignment);
        let mut names = HashSet::new();
        let mut expected = 0_u64;
        for tensor in &self.header.tensors {
            if tensor.name.len() >= MAX_TENSOR_NAME || !names.insert(&tensor.name) {
                return Err(self.corrupt(format!("tensor `{}` is there twice or its name is too long", tensor.name)));
            }
            if tensor.offset != expected {
                return Err(self.corrupt(format!("tensor `{}` is not where the one before it ends", tensor.name)));
            }
            let size = self.size(tensor)?;
            let end = data.checked_add(expected).and_then(|start| start.checked_add(size));
            if end.is_none_or(|end| end > file_length) {
                return Err(self.corrupt(format!(
                    "it is cut short: tensor `{}` ends beyond its {file_length} bytes",
                    tensor.name
                )));
            }
            expected += size.next_multiple_of(alignment);
        }
        Ok(())
    }

    /// A tensor's size in bytes.
    fn size(&self, tensor: &Tensor) -> Result<u64, Error> {
        let name = &tensor.name;
        let Some(block) = tensor_type::block(tensor.kind) else {
            return Err(self.unsupported(format!("tensor `{name}` is of type {}", tensor.kind)));
        };
        let row = tensor.shape.first().copied().unwrap_or(1);
        if tensor.shape.contains(&0) || row % block.elements != 0 {
            return Err(self.corrupt(format!("tensor `{name}` has an impossible shape")));
        }
        // Norms and biases: ggml's additions and products assert on anything else.
        if tensor.shape.len() <= 1 && tensor.kind != tensor_type::F32 {
            return Err(self.corrupt(format!("tensor `{name}` is a vector but not of 32-bit floats")));
        }
        let elements = tensor.shape.iter().try_fold(1_u64, |product, size| product.checked_mul(*size));
        elements
            .filter(|elements| *elements <= i64::MAX as u64)
            .and_then(|elements| (elements / block.elements).checked_mul(block.bytes))
            .ok_or_else(|| self.corrupt(format!("tensor `{name}` has an impossible shape")))
    }
}

/// A token's text as llama.cpp sees it: up to the first NUL, and named by its number if nothing is left.
fn as_llama_reads(id: usize, token: &[u8]) -> Cow<'_, [u8]> {
    match token.split(|byte| *byte == 0).next() {
        Some(text) if !text.is_empty() => Cow::Borrowed(text),
        _ => Cow::Owned(format!("[EMPTY_{id}]").into_bytes()),
    }
}
