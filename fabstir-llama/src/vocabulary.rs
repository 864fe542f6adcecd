//! Text to tokens and back.

use crate::{Error, template::Segment};
use fabstir_core::inference::TokenId;
use llama_cpp_2::{
    model::{LlamaModel, VocabType},
    token::LlamaToken,
    token_type::{LlamaTokenAttr, LlamaTokenAttrs},
    vocab::LlamaVocab,
};
use std::sync::Arc;

/// Longest stretch without a change between white space and text that is tokenised in one go, in characters. Several
/// pre-tokenizers are regular expressions that take one stack frame per character of a match: a hostile prompt must
/// not run the stack out. No natural text is cut.
const MAX_RUN: usize = 2048;

/// A model's vocabulary.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    model: Arc<LlamaModel>,
    /// Tokens that text never yields, longest first, as llama.cpp looks for them.
    special: Vec<Special>,
    /// Most bytes that one token of text stands for.
    longest_piece: usize,
    /// Whether text is split by regular expressions before it is tokenised.
    splits: bool,
}

#[derive(Debug, Clone)]
struct Special {
    id: TokenId,
    text: String,
    strips_before: bool,
    strips_after: bool,
}

impl Vocabulary {
    pub(crate) fn new(model: Arc<LlamaModel>) -> Self {
        let vocab = model.vocab();
        let mut special = Vec::new();
        let mut longest_piece = 1;
        for token in vocab.tokens() {
            let attributes = vocab.attr(token);
            if attributes.intersects(LlamaTokenAttr::Control | LlamaTokenAttr::Unknown) {
                special.extend(Special::new(&vocab, token, attributes));
            } else {
                longest_piece = longest_piece.max(vocab.token_to_piece(token, false, None).len());
            }
        }
        special.sort_by_key(|special| std::cmp::Reverse(special.text.len()));
        let splits = vocab.vocab_type() == VocabType::BPE;
        Self { special, longest_piece, splits, model }
    }

    fn vocab(&self) -> LlamaVocab<'_> {
        self.model.vocab()
    }

    /// Number of token ids.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.vocab().n_tokens()).unwrap_or_default()
    }

    /// Whether a token ends an answer.
    pub(crate) fn ends(&self, token: TokenId) -> bool {
        native(token).is_some_and(|token| self.vocab().is_eog(token))
    }

    /// Appends a token's bytes. Special tokens have none.
    pub(crate) fn piece(&self, token: TokenId, bytes: &mut Vec<u8>) {
        if let Some(token) = native(token) {
            self.vocab().token_to_piece_into(token, bytes, false, None);
        }
    }

    /// The text of the beginning-of-sequence token, empty if there is none.
    pub(crate) fn bos_text(&self) -> String {
        text_of(&self.vocab(), self.vocab().bos())
    }

    /// The text of the end-of-sequence token, empty if there is none.
    pub(crate) fn eos_text(&self) -> String {
        text_of(&self.vocab(), self.vocab().eos())
    }

    /// The token that begins every sequence of this model, if one does.
    pub(crate) fn required_bos(&self) -> Option<TokenId> {
        let vocab = self.vocab();
        TokenId::try_from(vocab.bos().0).ok().filter(|_| vocab.should_add_bos())
    }

    /// Tokenises a rendered conversation. Special tokens are recognised in the template's text only; what lies between
    /// two of them is tokenised in one piece, template and content together, as the model saw it in training.
    ///
    /// # Errors
    ///
    /// [`Error::PromptTooLong`] where the contents cannot fit `context` tokens however they are tokenised.
    pub(crate) fn tokenize(&self, segments: &[Segment], context: u32) -> Result<Vec<TokenId>, Error> {
        let content = |segment: &Segment| if let Segment::Content(text) = segment { text.len() } else { 0 };
        let bytes: usize = segments.iter().map(content).sum();
        let limit = self.longest_piece.saturating_mul(context as usize);
        if bytes > limit {
            return Err(Error::PromptTooLong { needed: bytes, unit: "bytes", limit });
        }
        let mut tokens = Vec::new();
        let mut run = Run::default();
        for segment in segments {
            match segment {
                Segment::Content(text) => run.text.push_str(text),
                Segment::Template(text) => {
                    for part in self.parts(text) {
                        match part {
                            Part::Text(text) => run.text.push_str(text),
                            Part::Special(special) => {
                                self.flush(&mut run, special.strips_before, &mut tokens);
                                tokens.push(special.id);
                                run.strip_start = special.strips_after;
                            }
                        }
                    }
                }
            }
        }
        self.flush(&mut run, false, &mut tokens);
        Ok(tokens)
    }

    /// Splits the template's text at special tokens: the longest first, each from the left, as llama.cpp does.
    fn parts<'a>(&'a self, text: &'a str) -> Vec<Part<'a>> {
        let mut parts = vec![Part::Text(text)];
        for special in self.special.iter().filter(|special| text.contains(&special.text)) {
            parts = parts.into_iter().flat_map(|part| part.split(special)).collect();
        }
        parts
    }

    fn flush(&self, run: &mut Run, strip_end: bool, tokens: &mut Vec<TokenId>) {
        let mut text = run.text.as_str();
        if run.strip_start {
            text = text.trim_start_matches(|c: char| c.is_ascii_whitespace());
        }
        if strip_end {
            text = text.trim_end_matches(|c: char| c.is_ascii_whitespace());
        }
        let vocab = self.vocab();
        while !text.is_empty() {
            let (now, later) = if self.splits { text.split_at(safe_length(text)) } else { (text, "") };
            let ids = vocab.tokenize(now.as_bytes(), false, false);
            tokens.extend(ids.into_iter().filter_map(|token| TokenId::try_from(token.0).ok()));
            text = later;
        }
        run.text.clear();
        run.strip_start = false;
    }
}

impl Special {
    fn new(vocab: &LlamaVocab<'_>, token: LlamaToken, attributes: LlamaTokenAttrs) -> Option<Self> {
        let text = text_of(vocab, token);
        let id = TokenId::try_from(token.0).ok().filter(|_| !text.is_empty())?;
        let strips_before = attributes.contains(LlamaTokenAttr::LStrip);
        let strips_after = attributes.contains(LlamaTokenAttr::RStrip);
        Some(Self { id, text, strips_before, strips_after })
    }
}

/// Text between two special tokens.
#[derive(Debug, Default)]
struct Run {
    text: String,
    strip_start: bool,
}

#[derive(Debug, Clone)]
enum Part<'a> {
    Text(&'a str),
    Special(&'a Special),
}

impl<'a> Part<'a> {
    fn split(self, special: &'a Special) -> Vec<Self> {
        let Part::Text(text) = self else { return vec![self] };
        let mut parts = Vec::new();
        for (index, piece) in text.split(special.text.as_str()).enumerate() {
            if index > 0 {
                parts.push(Part::Special(special));
            }
            if !piece.is_empty() {
                parts.push(Part::Text(piece));
            }
        }
        parts
    }
}

fn native(token: TokenId) -> Option<LlamaToken> {
    i32::try_from(token).ok().map(LlamaToken)
}

fn text_of(vocab: &LlamaVocab<'_>, token: LlamaToken) -> String {
    let known = (0..vocab.n_tokens()).contains(&token.0);
    let text = known.then(|| vocab.text(token)).flatten();
    text.map(|text| text.to_string_lossy().into_owned()).unwrap_or_default()
}

/// How many bytes of a text can be tokenised in one go, see [`MAX_RUN`].
fn safe_length(text: &str) -> usize {
    let mut run = 0;
    let mut white = None;
    for (at, letter) in text.char_indices() {
        let is_white = Some(letter.is_whitespace());
        run = if is_white == white { run + 1 } else { 1 };
        white = is_white;
        if run > MAX_RUN {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_is_never_cut() {
        let text = "some words, ".repeat(10_000);
        assert_eq!(safe_length(&text), text.len());
    }

    #[test]
    fn long_runs_are_cut_at_a_character() {
        assert_eq!(safe_length(&"a".repeat(5000)), MAX_RUN);
        assert_eq!(safe_length(&" ".repeat(5000)), MAX_RUN);
        assert_eq!(safe_length(&"é".repeat(5000)), 2 * MAX_RUN);
    }

    #[test]
    fn parts_keep_everything_in_order() {
        let special = |id, text: &str| Special { id, text: text.into(), strips_before: false, strips_after: false };
        let end = special(1, "<|end|>");
        let parts = Part::Text("<|end|>a<|end|><|end|>b").split(&end);
        let shown: Vec<_> = parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => (*text).to_owned(),
                Part::Special(special) => special.id.to_string(),
            })
            .collect();
        assert_eq!(shown, ["1", "a", "1", "1", "b"]);
    }
}
