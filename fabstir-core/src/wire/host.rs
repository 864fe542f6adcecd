//! Messages from the host.

use super::num;
use crate::{Code, Error, inference::FinishReason, signature::Signature65, transcript::Profile};
use alloy_primitives::{Address, B256, U256};
use serde::{Deserialize, Serialize};

/// What a host sends. Decode with [`super::decode_host`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum HostMessage {
    /// Answers `hello`.
    HelloAck(Box<HelloAck>),
    /// Answers `open`.
    Opened(Box<Opened>),
    /// Answers `resume`.
    Resumed(Resumed),
    /// A prompt was rendered and is about to be read.
    Accepted(Accepted),
    /// One sampled token.
    Token(Token),
    /// The end of an answer.
    Done(Done),
    /// Signed counts and head; the client answers with a voucher.
    Checkpoint(Checkpoint),
    /// The host waits for a voucher.
    VoucherDue(VoucherDue),
    /// The session's KV cache is gone; the prompt was not accepted.
    Evicted(Evicted),
    /// Answers `clear`.
    Cleared,
    /// Answers `ping`.
    Pong,
    /// Answers `close`.
    Closed(Closed),
    /// Something failed.
    Error(ErrorFrame),
}

/// `hello_ack`: what the host is and offers, and proof of its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelloAck {
    /// The version chosen among those offered.
    pub version: u16,
    /// Optional features the host has.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// Models served.
    pub models: Vec<ModelOffer>,
    /// The host's bounds.
    pub limits: Limits,
    /// 32 random bytes for the client's `open` or `resume`.
    #[serde(with = "num")]
    pub challenge: B256,
    /// The host's key for an encrypted channel; zero for plaintext.
    #[serde(with = "num")]
    pub channel_key: B256,
    /// By the host signer, over [`crate::messages::Hello`] with the client's challenge.
    #[serde(with = "num")]
    pub signature: Signature65,
}

/// A model and its prices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelOffer {
    /// See [`crate::transcript::ModelId::hash`].
    #[serde(with = "num")]
    pub model_id: B256,
    /// Display name.
    pub name: String,
    /// Longest conversation, in tokens.
    pub context_length: u32,
    /// Prices, one a payment token.
    pub prices: Vec<TokenPrice>,
}

/// Prices in one payment token, in base units per 1,000,000 LLM tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenPrice {
    /// The payment token; zero is the chain's coin.
    #[serde(with = "num")]
    pub token: Address,
    /// For tokens fed.
    #[serde(with = "num")]
    pub input_price: u128,
    /// For tokens sampled.
    #[serde(with = "num")]
    pub output_price: u128,
}

/// Bounds a host states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Largest frame, in bytes.
    pub max_frame_bytes: u32,
    /// Longest prompt, in UTF-8 bytes of its new text.
    pub max_prompt_bytes: u32,
    /// Most tokens sampled for one prompt.
    pub max_output_tokens: u32,
}

/// Most tokens that a template may add around one message: several times what the longest templates in use do. It bounds
/// the input that a host can bill beside what was asked.
pub const MAX_OVERHEAD: u32 = 1_024;

/// `opened`: the session as the host knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// The session.
    #[serde(with = "num")]
    pub session_id: U256,
    /// What decides which tokens come out; committed in the transcript's salt.
    pub profile: Profile,
    /// Locked on chain, in base units.
    #[serde(with = "num")]
    pub deposit: U256,
    /// Paid out so far, in base units.
    #[serde(with = "num")]
    pub settled: U256,
    /// The credit window, as output tokens.
    pub credit_tokens: u32,
    /// Output tokens between checkpoints.
    pub checkpoint_tokens: u32,
    /// Longest conversation in this session, in tokens.
    pub context: u32,
    /// How long an idle conversation's cache is kept, in seconds.
    pub retention_seconds: u32,
    /// Most tokens the template adds around one message. Clients refuse more than [`MAX_OVERHEAD`].
    pub overhead: u32,
    /// Link 0 of the host's seed chain, see [`crate::transcript::host_seed_link`].
    #[serde(with = "num")]
    pub seed_commitment: B256,
}

/// `resumed`: where the host stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resumed {
    /// Turns begun in all.
    #[serde(with = "num")]
    pub turns: u64,
    /// The host's newest head; the salt if there is no checkpoint.
    #[serde(with = "num")]
    pub head: B256,
    /// Sequence of the host's newest checkpoint; 0 if none.
    #[serde(with = "num")]
    pub checkpoint: u64,
    /// Sampled tokens the host offers again. Every message the client cannot be sure to have received follows this one,
    /// as it was first sent, beginning after the checkpoint named in `resume`.
    pub tokens: u32,
}

/// `accepted`: the tokens a prompt became.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// The prompt's id.
    pub id: u32,
    /// The turn, from 0.
    #[serde(with = "num")]
    pub turn: u64,
    /// Tokens to be billed as input in this turn, those read again included.
    #[serde(with = "num")]
    pub input_tokens: u64,
    /// The ids to be fed.
    pub tokens: Vec<u32>,
    /// The host's share of the turn's seed: link `turn + 1` of its seed chain.
    #[serde(with = "num")]
    pub host_seed: B256,
}

// By hand: a conversation must not end up in a log, by text or by token.
impl core::fmt::Debug for Accepted {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Accepted")
            .field("id", &self.id)
            .field("turn", &self.turn)
            .field("input_tokens", &self.input_tokens)
            .field("fed", &self.tokens.len())
            .finish_non_exhaustive()
    }
}

/// `token`: one sampled token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// The prompt's id.
    pub id: u32,
    /// Its number in the answer, from 0.
    pub index: u32,
    /// Text that became certain with it; often empty.
    #[serde(default)]
    pub text: String,
    /// Its id.
    pub token: u32,
}

// By hand, as above.
impl core::fmt::Debug for Token {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Token")
            .field("id", &self.id)
            .field("index", &self.index)
            .field("text_bytes", &self.text.len())
            .finish_non_exhaustive()
    }
}

/// `done`: the end of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// The prompt's id.
    pub id: u32,
    /// Why it ended.
    pub finish_reason: FinishReason,
    /// Tokens billed in this turn.
    pub usage: TurnUsage,
    /// Id of the turn's record, see [`crate::transcript::TurnRecord::id`].
    #[serde(with = "num")]
    pub record: B256,
}

/// Tokens billed in one turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TurnUsage {
    /// Fed and re-read.
    #[serde(with = "num")]
    pub input_tokens: u64,
    /// Sampled.
    #[serde(with = "num")]
    pub output_tokens: u64,
}

/// `checkpoint`: signed cumulative counts and head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// From 1.
    #[serde(with = "num")]
    pub sequence: u64,
    /// Tokens fed and re-read since the session opened.
    #[serde(with = "num")]
    pub input_tokens: u64,
    /// Tokens sampled since the session opened.
    #[serde(with = "num")]
    pub output_tokens: u64,
    /// The transcript's head.
    #[serde(with = "num")]
    pub head: B256,
    /// Of the sampled leaves since the last checkpoint, in order; those left out are zero.
    #[serde(default, with = "num")]
    pub fingerprints: Vec<B256>,
    /// By the host signer, over [`crate::messages::Checkpoint`].
    #[serde(with = "num")]
    pub signature: Signature65,
}

/// `voucher_due`: the host waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoucherDue {
    /// Served and not vouched for, in base units.
    #[serde(with = "num")]
    pub unpaid: U256,
}

/// `evicted`: answered instead of `accepted` unless the prompt agreed to re-read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evicted {
    /// The prompt's id.
    pub id: u32,
    /// Tokens that would be read again, billed as input.
    pub tokens: u32,
}

/// `closed`: the host's consent to these final counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// Tokens fed and re-read since the session opened.
    #[serde(with = "num")]
    pub input_tokens: u64,
    /// Tokens sampled since the session opened.
    #[serde(with = "num")]
    pub output_tokens: u64,
    /// Last second it is good for (Unix).
    #[serde(with = "num")]
    pub deadline: u64,
    /// By the host signer, over [`crate::messages::Close`].
    #[serde(with = "num")]
    pub signature: Signature65,
}

/// `error`: what failed, by its stable code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorFrame {
    /// What it answers, if that had an id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// [`Code::name`].
    pub code: String,
    /// For people.
    pub message: String,
    /// Whether the same message can succeed later.
    pub retryable: bool,
}

impl ErrorFrame {
    /// Tells an error to the peer.
    #[must_use]
    pub fn new(id: Option<u32>, error: &Error) -> Self {
        let code = error.code();
        Self { id, code: code.name().to_owned(), message: error.to_string(), retryable: code.is_retryable() }
    }

    /// The peer's error as ours. A code this version does not know becomes [`Code::Internal`], its name kept in the
    /// message.
    #[must_use]
    pub fn to_error(&self) -> Error {
        match Code::from_name(&self.code) {
            Some(code) => Error::coded(code, self.message.clone()),
            None => Error::coded(Code::Internal, format!("{}: {}", self.code, self.message)),
        }
    }
}
