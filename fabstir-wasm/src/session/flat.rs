//! What a session says and is asked, as streams: words, and bytes behind their length.

use super::frame;
use crate::words::{Words, Writer};
use alloy_primitives::U256;
use fabstir_core::{
    Code, Error,
    inference::FinishReason,
    renter::{Event, Reaction},
    wire::{Message, Opened, Params, Role},
};

/// `[record, number of frames, each frame, event, its fields ...]`. Events by number, in the order of `EVENTS` in
/// `js/src/engine.js`; 0 is none.
pub(super) fn reaction(reaction: Reaction) -> Result<Vec<u8>, Error> {
    let mut out = Writer::default();
    out.long(reaction.record.into()).long(reaction.send.len() as u64);
    for message in &reaction.send {
        out.bytes(&frame(message)?);
    }
    match reaction.event {
        None => out.long(0),
        Some(Event::Opened) => out.long(1),
        Some(Event::Resumed) => out.long(2),
        Some(Event::Accepted { input_tokens }) => out.long(3).long(input_tokens),
        Some(Event::Token { id, text }) => out.long(4).long(id.into()).bytes(text.as_bytes()),
        Some(Event::Voucher { usage, owed }) => out.long(5).long(usage.input).long(usage.output).number(owed.get()),
        Some(Event::Done { reason, usage }) => {
            out.long(6).long(finish_reason(reason)).long(usage.input).long(usage.output)
        }
        Some(Event::Evicted { tokens }) => out.long(7).long(tokens.into()),
        Some(Event::Refused(refused)) => {
            let out = out.long(8).long(refused.retryable.into());
            out.bytes(refused.code.as_bytes()).bytes(refused.message.as_bytes())
        }
        Some(Event::Closed { close, signature }) => {
            let out = out.long(9).long(close.inputTokens).long(close.outputTokens).long(close.deadline);
            out.bytes(signature.as_bytes())
        }
        Some(Event::Pong) => out.long(10),
        // The enum may grow; what this build does not know, it does not tell.
        Some(_) => out.long(0),
    };
    Ok(out.take())
}

const fn finish_reason(reason: FinishReason) -> u64 {
    match reason {
        FinishReason::Stop => 0,
        FinishReason::Length => 1,
        FinishReason::Cancelled => 2,
        FinishReason::Credit => 3,
        // The enum may grow.
        _ => 255,
    }
}

/// A question as the page asks it.
pub(super) struct Question {
    pub(super) params: Params,
    /// The new user message, or nothing if `messages` continue the conversation.
    pub(super) text: Option<String>,
    pub(super) messages: Vec<Message>,
}

/// Reads `[nonce, reread, temperature, topK, topP, minP, maxTokens, number of stops, each stop, number of messages, role
/// and content of each]`. The largest word stands for a parameter left out. Zero messages: a text follows.
pub(super) fn question(stream: &[u8]) -> Result<Question, Error> {
    let mut w = Words::new(stream);
    let mut params = Params::new(w.word()?);
    params.reread = w.u8()? != 0;
    let places = [&mut params.temperature, &mut params.top_k, &mut params.top_p, &mut params.min_p];
    for place in places.into_iter().chain([&mut params.max_tokens]) {
        let given = w.number()?;
        if given != U256::MAX {
            *place = given.try_into().map_err(|_| Error::coded(Code::InvalidParams, "a parameter above 32 bits"))?;
        }
    }
    for _ in 0..w.u32()? {
        params.stop.push(text(&mut w)?);
    }
    let count = w.u32()?;
    let mut messages = Vec::new();
    for _ in 0..count {
        let role = match w.u8()? {
            0 => Role::System,
            1 => Role::User,
            2 => Role::Assistant,
            _ => return Err(Error::coded(Code::InvalidParams, "no such role")),
        };
        messages.push(Message::new(role, text(&mut w)?));
    }
    let text = if count == 0 { Some(text(&mut w)?) } else { None };
    w.end()?;
    Ok(Question { params, text, messages })
}

fn text(words: &mut Words<'_>) -> Result<String, Error> {
    let text = core::str::from_utf8(words.bytes()?);
    text.map(str::to_owned).map_err(|_| Error::coded(Code::InvalidValue, "a text that is not UTF-8"))
}

/// `[number of messages, role and content of each]`.
pub(super) fn messages(messages: &[Message]) -> Vec<u8> {
    let mut out = Writer::default();
    out.long(messages.len() as u64);
    for message in messages {
        let role = match message.role {
            Role::System => 0,
            Role::User => 1,
            Role::Assistant => 2,
        };
        out.long(role).bytes(message.content.as_bytes());
    }
    out.take()
}

/// `[settled, creditTokens, checkpointTokens, context, retentionSeconds, overhead]`, then the profile: `[modelId,
/// kvTypeK, kvTypeV, flashAttention, contextLength, vocabulary, runtime, sampler]`.
pub(super) fn opened(opened: &Opened) -> Vec<u8> {
    let mut out = Writer::default();
    out.number(opened.settled);
    let numbers = [opened.credit_tokens, opened.checkpoint_tokens, opened.context, opened.retention_seconds];
    numbers.iter().chain([&opened.overhead]).for_each(|number| {
        out.long((*number).into());
    });
    let profile = &opened.profile;
    out.word(profile.model_id).long(profile.kv_type_k.into()).long(profile.kv_type_v.into());
    out.long(profile.flash_attention.into()).long(profile.context_length.into()).long(profile.vocabulary.into());
    out.word(profile.runtime).word(profile.sampler).take()
}
