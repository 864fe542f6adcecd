//! A session as bytes, to be taken up again after a reload or a restart.

use super::{
    Agreement, Phase, RenterSession,
    clear::Clearing,
    turn::Pending,
    verifier::{Verified, Verifier},
};
use crate::{
    Code, Error, cbor,
    messages::{Domain, Voucher, session_id},
    signature::SigningKey,
    wire::{self, Message, WireTerms},
};
use alloy_primitives::{Address, B256, U256};
use serde::{Deserialize, Serialize};

/// What a [`RenterSession`] cannot learn again from its host.
#[derive(Serialize, Deserialize)]
struct Snapshot {
    chain_id: u64,
    market: Address,
    terms: WireTerms,
    deposit: U256,
    voucher_key: B256,
    secret: B256,
    served: Option<(wire::Opened, Verified)>,
    messages: Vec<Message>,
    pending: Option<Pending>,
    signed: Option<Signed>,
    next_prompt: u32,
    clearing: Clearing,
}

/// Counts and head of a voucher. Its signature is made again.
#[derive(Serialize, Deserialize)]
struct Signed {
    input_tokens: u64,
    output_tokens: u64,
    head: B256,
}

impl RenterSession {
    /// The session as bytes (deterministic CBOR), as it was when its last checkpoint agreed; the host offers again what
    /// came after. They hold the voucher key and the conversation: keep them as a secret.
    ///
    /// # Errors
    ///
    /// None in practice: the encoding of plain fields does not fail.
    pub fn snapshot(&self) -> Result<Vec<u8>, Error> {
        let Agreement { terms, domain, deposit, voucher_key, secret } = &self.agreement;
        let mut pending = self.pending.clone();
        if let (Some(pending), Some((_, verifier))) = (&mut pending, &self.served) {
            // Whoever restores this has not seen what came after.
            (_, pending.emitted) = verifier.verified_answer(pending.prompt.id);
        }
        cbor::to_vec(&Snapshot {
            chain_id: domain.chain_id(),
            market: domain.market(),
            terms: terms.clone().into(),
            deposit: (*deposit).into(),
            voucher_key: B256::from(*voucher_key.expose_secret()),
            secret: *secret,
            served: self.served.as_ref().map(|(opened, verifier)| (opened.clone(), verifier.verified())),
            messages: self.messages.clone(),
            pending,
            signed: self.voucher.as_ref().map(|voucher| Signed {
                input_tokens: voucher.inputTokens,
                output_tokens: voucher.outputTokens,
                head: voucher.head,
            }),
            next_prompt: self.next_prompt,
            clearing: self.clearing,
        })
    }

    /// A session from its snapshot; [`RenterSession::connect`] takes it up at the host.
    ///
    /// # Errors
    ///
    /// [`Code::InvalidValue`] and [`Code::MalformedFrame`] for bytes that are none, [`Code::WrongChain`] for a session of
    /// another chain or market.
    pub fn restore(domain: &Domain, bytes: &[u8]) -> Result<Self, Error> {
        let kept: Snapshot = cbor::from_slice(bytes)?;
        if (kept.chain_id, kept.market) != (domain.chain_id(), domain.market()) {
            let message = format!("the session belongs to market {} on chain {}", kept.market, kept.chain_id);
            return Err(Error::coded(Code::WrongChain, message));
        }
        let agreement = Agreement {
            terms: kept.terms.into(),
            domain: domain.clone(),
            deposit: kept.deposit.into(),
            voucher_key: SigningKey::from_bytes(&kept.voucher_key)?,
            secret: kept.secret,
        };
        let id = session_id(&agreement.terms, domain);
        let served = match kept.served {
            Some((opened, verified)) => {
                let verifier = Verifier::restore(&agreement, id, &opened, verified)?;
                Some((opened, verifier))
            }
            None => None,
        };
        let voucher = kept.signed.map(|signed| Voucher {
            sessionId: id,
            inputTokens: signed.input_tokens,
            outputTokens: signed.output_tokens,
            head: signed.head,
        });
        Ok(Self {
            id,
            agreement,
            phase: Phase::Apart,
            served,
            messages: kept.messages,
            pending: kept.pending,
            voucher,
            next_prompt: kept.next_prompt,
            clearing: kept.clearing,
            channel_key: B256::ZERO,
        })
    }

    /// Text of the answer coming in, as far as the last checkpoint: what a restored session will not be given again.
    #[must_use]
    pub fn verified_text(&self) -> &str {
        match (&self.pending, &self.served) {
            (Some(pending), Some((_, verifier))) => verifier.verified_answer(pending.prompt.id).0,
            _ => "",
        }
    }
}
