//! Messages from the client.

use super::{Message, Params, WireTerms, num};
use crate::{Code, Error, signature::Signature65};
use alloy_primitives::{B256, U256};
use serde::{Deserialize, Serialize};

/// What a client sends. Decode with [`super::decode_client`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
#[allow(clippy::large_enum_variant, reason = "one message is held at a time; boxing would serve nobody")]
pub enum ClientMessage {
    /// Offers versions and challenges the host to prove its key.
    Hello(Hello),
    /// Opens a session whose deposit is on chain.
    Open(Box<Open>),
    /// Takes a session up again after a dropped connection.
    Resume(Resume),
    /// Asks for an answer.
    Prompt(Prompt),
    /// Pays for what arrived.
    Voucher(Voucher),
    /// Stops an answer.
    Cancel(Cancel),
    /// Empties the conversation's context.
    Clear,
    /// Asks for a [`super::HostMessage::Pong`].
    Ping,
    /// Asks for what another host needs to take over.
    Handoff,
    /// Ends the session.
    Close,
}

/// `hello`: the first message of every connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Protocol versions the client speaks.
    pub versions: Vec<u16>,
    /// Optional features the client knows.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// 32 random bytes for the host's signature.
    #[serde(with = "num")]
    pub challenge: B256,
}

/// `open`: the session's terms, proof of the voucher key, and the blinding secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// The terms the deposit was locked under.
    pub terms: WireTerms,
    /// 32 bytes the client chose, from which the transcript's leaves are blinded.
    #[serde(with = "num")]
    pub secret: B256,
    /// The client's key for an encrypted channel; zero for plaintext.
    #[serde(with = "num")]
    pub channel_key: B256,
    /// By the voucher signer, over [`crate::messages::Open`] with the newest challenge.
    #[serde(with = "num")]
    pub signature: Signature65,
}

// By hand: the secret must not reach a log.
impl core::fmt::Debug for Open {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Open")
            .field("terms", &self.terms)
            .field("channel_key", &self.channel_key)
            .field("signature", &self.signature)
            .finish_non_exhaustive()
    }
}

/// `resume`: where the client's transcript stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// The session.
    #[serde(with = "num")]
    pub session_id: U256,
    /// The client's key for an encrypted channel; zero for plaintext.
    #[serde(with = "num")]
    pub channel_key: B256,
    /// By the voucher signer, over [`crate::messages::Open`] with the newest challenge.
    #[serde(with = "num")]
    pub signature: Signature65,
    /// Turns begun up to the last checkpoint the client verified.
    #[serde(with = "num")]
    pub turns: u64,
    /// Head of the last checkpoint the client verified; the salt if none.
    #[serde(with = "num")]
    pub head: B256,
    /// Sequence of the last checkpoint the client verified; 0 if none.
    #[serde(with = "num")]
    pub checkpoint: u64,
}

/// `prompt`: asks for an answer, by the new text alone or by the whole conversation.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// Chosen by the client; every answer to this prompt carries it.
    pub id: u32,
    /// The new user message. Exactly one of `text` and `messages` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The whole conversation; must extend the session's history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<Vec<Message>>,
    /// How to answer.
    pub params: Params,
    /// The renter's signed request, if it wants one committed in the transcript.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<SignedRequest>,
}

// By hand: a conversation must not end up in a log.
impl core::fmt::Debug for Prompt {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Prompt")
            .field("id", &self.id)
            .field("text_bytes", &self.text.as_ref().map(String::len))
            .field("messages", &self.messages)
            .field("params", &self.params)
            .field("request", &self.request)
            .finish()
    }
}

impl Prompt {
    /// Checks what needs no session to check.
    ///
    /// # Errors
    ///
    /// [`Code::InvalidParams`] unless exactly one of `text` and `messages` is given, `messages` is not empty, and the
    /// parameters are in their bounds.
    pub fn validate(&self) -> Result<(), Error> {
        match (&self.text, &self.messages) {
            (Some(_), None) => {}
            (None, Some(messages)) if !messages.is_empty() => {}
            (None, Some(_)) => return Err(Error::coded(Code::InvalidParams, "messages is empty")),
            _ => return Err(Error::coded(Code::InvalidParams, "give exactly one of text and messages")),
        }
        self.params.validate()
    }
}

/// The fields of a [`crate::messages::Request`] (the session's id is the connection's) and the voucher signer's
/// signature over it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedRequest {
    /// The turn it asks for, from 0.
    #[serde(with = "num")]
    pub turn: u64,
    /// The transcript's context before the turn.
    #[serde(with = "num")]
    pub context: B256,
    /// Digest of the token ids to feed.
    #[serde(with = "num")]
    pub tokens: B256,
    /// Digest of the parameters, see [`Params::digest`].
    #[serde(with = "num")]
    pub params: B256,
    /// Most tokens to sample.
    #[serde(with = "num")]
    pub max_tokens: u64,
    /// The renter's share of the turn's seed.
    #[serde(with = "num")]
    pub nonce: B256,
    /// The host's share of the turn's seed.
    #[serde(with = "num")]
    pub host_seed: B256,
    /// By the voucher signer.
    #[serde(with = "num")]
    pub signature: Signature65,
}

/// `voucher`: cumulative counts the renter accepts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voucher {
    /// Tokens fed and re-read since the session opened.
    #[serde(with = "num")]
    pub input_tokens: u64,
    /// Tokens sampled since the session opened.
    #[serde(with = "num")]
    pub output_tokens: u64,
    /// The head of the checkpoint with these counts, recomputed.
    #[serde(with = "num")]
    pub head: B256,
    /// By the voucher signer, over [`crate::messages::Voucher`].
    #[serde(with = "num")]
    pub signature: Signature65,
}

/// `cancel`: stops an answer; what was sent stays owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancel {
    /// The prompt's id.
    pub id: u32,
}
