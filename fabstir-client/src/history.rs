//! Beginning a session with an older conversation.

use crate::ClientError;
use fabstir_core::{context, wire::Message};

/// The newest part of a conversation that fits `budget` tokens: system messages, then whole turns, the last message
/// always. `overhead` is what the host's template adds to a message at most, as it stated in `opened`. Since a client
/// has no tokenizer, a message is taken to cost a token a byte, which it never exceeds.
///
/// # Errors
///
/// [`fabstir_core::Code::PromptTooLong`] if the last message alone does not fit.
pub fn fit_history(messages: &[Message], overhead: u32, budget: u32) -> Result<Vec<Message>, ClientError> {
    let cost = |message: &Message| u32::try_from(message.content.len()).unwrap_or(u32::MAX).saturating_add(overhead);
    let costs: Vec<u32> = messages.iter().map(cost).collect();
    let kept = context::fit(messages, &costs, budget)?;
    Ok(kept.into_iter().map(|index| messages[index].clone()).collect())
}
