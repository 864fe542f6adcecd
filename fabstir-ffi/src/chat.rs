//! What the JSON of a prompt has, whoever answers it.

use crate::boundary::Outcome;
use alloy_primitives::B256;
use fabstir_core::{sampling::Sampling, wire::Params};
use rand::RngCore;
use serde::Deserialize;

/// 32 bytes nobody can guess.
pub(crate) fn random32() -> B256 {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    B256::from(bytes)
}

/// How to answer: [`Params`] with everything left out that has a default.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PromptOptions {
    temperature: Option<u32>,
    top_k: Option<u32>,
    top_p: Option<u32>,
    min_p: Option<u32>,
    max_tokens: Option<u32>,
    stop: Vec<String>,
    nonce: Option<B256>,
    reread: bool,
}

impl PromptOptions {
    /// The parameters, checked; a nonce is drawn if none is given.
    pub(crate) fn params(self) -> Outcome<Params> {
        let mut params = Params::new(self.nonce.unwrap_or_else(random32));
        let Sampling { temperature, top_k, top_p, min_p } = params.sampling();
        params.temperature = self.temperature.unwrap_or(temperature);
        params.top_k = self.top_k.unwrap_or(top_k);
        params.top_p = self.top_p.unwrap_or(top_p);
        params.min_p = self.min_p.unwrap_or(min_p);
        params.max_tokens = self.max_tokens.unwrap_or(params.max_tokens);
        params.stop = self.stop;
        params.reread = self.reread;
        params.validate()?;
        Ok(params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fabstir_status, json};

    #[test]
    fn what_is_left_out_has_its_default() {
        let options: PromptOptions = json::read(r#"{"max_tokens": 7}"#, "params").expect("well-formed");
        let params = options.params().expect("in bounds");
        assert_eq!((params.max_tokens, params.sampling()), (7, Sampling::default()));
        assert!(!params.nonce.is_zero());
    }

    #[test]
    fn what_is_unknown_or_out_of_bounds_is_refused() {
        let unknown = json::read::<PromptOptions>(r#"{"temprature": 7}"#, "params").map(|_| ());
        assert_eq!(unknown.map_err(|failure| failure.status), Err(fabstir_status::InvalidValue));
        let hot = PromptOptions { temperature: Some(2_001), ..Default::default() }.params().map(|_| ());
        assert_eq!(hot.map_err(|failure| failure.status), Err(fabstir_status::InvalidParams));
    }
}
