//! Transcripts, to be replayed: the same calls in the same order give the host's heads.

use crate::{
    thrown::thrown,
    words::{Words, Writer, word},
};
use alloy_primitives::B256;
use fabstir_core::{
    Error,
    transcript::{ModelId, Profile, Transcript},
};
use wasm_bindgen::prelude::*;

/// `[blake3, size]` of a model file to its id.
///
/// # Errors
///
/// `overflow`.
#[wasm_bindgen(js_name = modelId)]
pub fn model_id(words: &[u8]) -> Result<Vec<u8>, JsValue> {
    let mut w = Words::new(words);
    let read = |w: &mut Words<'_>| -> Result<_, Error> { Ok(ModelId { blake3: w.word()?, size: w.u64()? }) };
    Ok(read(&mut w).map_err(thrown)?.hash().to_vec())
}

/// The fields of a profile, in order, to its digest.
///
/// # Errors
///
/// `overflow`.
#[wasm_bindgen(js_name = profileHash)]
pub fn profile_hash(words: &[u8]) -> Result<Vec<u8>, JsValue> {
    let mut w = Words::new(words);
    let read = |w: &mut Words<'_>| -> Result<_, Error> {
        Ok(Profile {
            model_id: w.word()?,
            kv_type_k: w.u8()?,
            kv_type_v: w.u8()?,
            flash_attention: w.u8()? != 0,
            context_length: w.u32()?,
            vocabulary: w.u32()?,
            runtime: w.word()?,
            sampler: w.word()?,
        })
    };
    Ok(read(&mut w).map_err(thrown)?.hash().to_vec())
}

/// See [`Transcript`].
#[wasm_bindgen]
#[derive(Debug)]
pub struct SessionTranscript(Transcript);

#[wasm_bindgen]
impl SessionTranscript {
    /// `[sessionId, profile, secret]`.
    ///
    /// # Errors
    ///
    /// `invalid_value` for a wrong number of words.
    #[wasm_bindgen(constructor)]
    pub fn new(words: &[u8]) -> Result<Self, JsValue> {
        let mut w = Words::new(words);
        let read = |w: &mut Words<'_>| -> Result<_, Error> { Ok(Transcript::new(w.number()?, w.word()?, w.word()?)) };
        read(&mut w).map(Self).map_err(thrown)
    }

    /// See [`Transcript::begin_turn`].
    #[wasm_bindgen(js_name = beginTurn)]
    pub fn begin_turn(&mut self) {
        self.0.begin_turn();
    }

    /// See [`Transcript::feed`].
    ///
    /// # Errors
    ///
    /// `invalid_value` for a fingerprint not of 32 bytes.
    pub fn feed(&mut self, tokens: &[u32], fingerprint: &[u8]) -> Result<(), JsValue> {
        self.0.feed(tokens, word(fingerprint).map_err(thrown)?);
        Ok(())
    }

    /// See [`Transcript::sample`].
    pub fn sample(&mut self, tokens: &[u32]) {
        tokens.iter().for_each(|token| self.0.sample(*token));
    }

    /// See [`Transcript::reread`].
    pub fn reread(&mut self, tokens: &[u32]) {
        self.0.reread(tokens);
    }

    /// See [`Transcript::edit`].
    pub fn edit(&mut self, start: u64, end: u64) {
        self.0.edit(start, end);
    }

    /// See [`Transcript::checkpoint`]; fingerprints are words.
    ///
    /// # Errors
    ///
    /// `invalid_value` for more fingerprints than sampled leaves.
    pub fn checkpoint(&mut self, fingerprints: &[u8]) -> Result<(), JsValue> {
        let (words, _) = fingerprints.as_chunks::<32>();
        let words: Vec<B256> = words.iter().map(|word| B256::new(*word)).collect();
        self.0.checkpoint(&words).map(drop).map_err(thrown)
    }

    /// `[salt, head, context, sequence, turn, position, inputTokens, outputTokens]`.
    #[must_use]
    pub fn state(&self) -> Vec<u8> {
        let t = &self.0;
        let mut out = Writer::default();
        out.word(t.salt()).word(t.head()).word(t.context());
        [t.sequence(), t.turn(), t.position(), t.input_tokens(), t.output_tokens()].iter().for_each(|number| {
            out.long(*number);
        });
        out.take()
    }
}
