//! Who may open a session here, and who may come back to it.

use crate::{
    HostError,
    host::Shared,
    registry::{Release, Taken},
    session::{Opening, Session},
};
use alloy_primitives::{Address, B256, U256};
use fabstir_core::{
    Code,
    abi::{ISessionMarket, Terms},
    amount::Amount,
    channel::{self, HostHandshake},
    messages::{self, Hello, Signed, session_id},
    signature::Signature65,
    wire::{self, HostMessage},
};
use rand::RngCore;
use std::sync::Arc;

/// Optional features, as `hello_ack` names them.
const CAPABILITIES: [&str; 3] = ["resume", "clear", channel::CAPABILITY];

/// 32 bytes nobody can guess.
pub(crate) fn random32() -> B256 {
    let mut bytes = [0u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    B256::from(bytes)
}

/// Answers a `hello` (`frame` are its bytes): proves the host's key and challenges the client to prove its own. For a
/// client that can, it begins an encrypted channel.
///
/// # Errors
///
/// [`Code::UnsupportedVersion`].
pub(crate) fn greet(
    shared: &Shared,
    hello: &wire::Hello,
    frame: &[u8],
    challenge: B256,
) -> Result<(HostMessage, Option<HostHandshake>), HostError> {
    if !hello.versions.contains(&wire::VERSION) {
        return Err(HostError::coded(Code::UnsupportedVersion, format!("this host speaks version {}", wire::VERSION)));
    }
    let can_encrypt = hello.capabilities.iter().any(|name| name == channel::CAPABILITY);
    let handshake = if can_encrypt { Some(HostHandshake::new(random32().0, frame)?) } else { None };
    let channel_key = handshake.as_ref().map_or(B256::ZERO, HostHandshake::key);
    let signature =
        Hello { challenge: hello.challenge, channelKey: channel_key }.sign(&shared.desk.domain, &shared.desk.key);
    let ack = HostMessage::HelloAck(Box::new(wire::HelloAck {
        version: wire::VERSION,
        capabilities: CAPABILITIES.map(Into::into).to_vec(),
        models: shared.config.models.iter().map(offer).collect(),
        limits: wire::Limits {
            max_frame_bytes: wire::MAX_FRAME_BYTES as u32,
            max_prompt_bytes: shared.config.max_prompt_bytes,
            max_output_tokens: shared.config.max_output_tokens,
        },
        challenge,
        channel_key,
        signature,
    }));
    Ok((ack, handshake))
}

fn offer(model: &crate::ServedModel) -> wire::ModelOffer {
    let info = model.backend.model();
    let prices = model.prices.iter().map(|offer| wire::TokenPrice {
        token: offer.token,
        input_price: offer.prices.input.get(),
        output_price: offer.prices.output.get(),
    });
    wire::ModelOffer {
        model_id: info.id.hash(),
        name: info.name.clone(),
        context_length: info.context_length,
        prices: prices.collect(),
    }
}

/// Takes a session that was opened and in which nothing has been said: its renter did not hear the answer, and asks
/// again. `None` if no such session is held here.
///
/// # Errors
///
/// Those of [`Registry::take_over`](crate::registry::Registry::take_over), and [`Code::SessionNotActive`] once something
/// has been said.
pub(crate) async fn reopen(
    shared: &Shared,
    open: &wire::Open,
    challenge: B256,
    channel_key: B256,
) -> Result<Option<Taken>, HostError> {
    let id = session_id(&Terms::from(open.terms.clone()), &shared.desk.domain);
    if !shared.registry.holds(id) {
        return Ok(None);
    }
    shared.sees_the_chain()?;
    let keys = (open.channel_key, channel_key);
    let prove = |signer| prove(shared, id, signer, challenge, keys, &open.signature);
    let accept = |session: &Session| if session.is_untouched(open.secret) { Ok(()) } else { Err(opened_before()) };
    shared.registry.take_over(id, prove, accept).await.map(Some)
}

fn opened_before() -> HostError {
    HostError::coded(Code::SessionNotActive, "the session was opened here before: resume it, or open another")
}

/// Everything that has to hold before a session is served: ours, affordable, on chain, and its renter's.
///
/// # Errors
///
/// A code for each thing that does not hold.
pub(crate) async fn check(
    shared: &Shared,
    open: &wire::Open,
    challenge: B256,
    channel_key: B256,
) -> Result<(Opening, Arc<Release>), HostError> {
    let terms = Terms::from(open.terms.clone());
    let id = session_id(&terms, &shared.desk.domain);
    prove(shared, id, terms.voucherSigner, challenge, (open.channel_key, channel_key), &open.signature)?;
    if terms.host != shared.config.host || terms.hostSigner != shared.desk.key.address() {
        return Err(HostError::coded(Code::WrongHost, "the terms name another host or signer"));
    }
    let Some(model) = shared.config.model(terms.modelId) else {
        return Err(HostError::coded(Code::ModelNotServed, format!("model {} is not served here", terms.modelId)));
    };
    let Some(floor) = model.prices_in(terms.token) else {
        return Err(HostError::coded(Code::PriceTooLow, format!("no price in token {}", terms.token)));
    };
    let agreed = terms.prices();
    if agreed.input.get() < floor.input.get() || agreed.output.get() < floor.output.get() {
        return Err(HostError::coded(Code::PriceTooLow, "a price in the terms is below the host's"));
    }
    if shared.desk.journal.entry(id)?.is_some() {
        return Err(opened_before());
    }
    shared.sees_the_chain()?;
    // Held from here on, so that a cancellation seen while the chain is asked is not missed.
    let release = shared.registry.reserve(id, &terms, shared.settling())?;
    let (deposit, unconfirmed) = match on_chain(shared, id, &terms).await {
        Ok(state) => state,
        Err(error) => {
            shared.registry.remove(id);
            return Err(error);
        }
    };
    let opening = Opening {
        id,
        model: model.clone(),
        secret: open.secret,
        deposit,
        sequence: shared.next_sequence(),
        seed_root: random32(),
        credit_tokens: shared.config.credit_tokens,
        checkpoint_tokens: shared.config.checkpoint_tokens,
        unconfirmed,
        terms,
    };
    Ok((opening, release))
}

/// Deposit, and whether its confirmations are still missing.
async fn on_chain(shared: &Shared, id: U256, terms: &Terms) -> Result<(Amount, bool), HostError> {
    let chain = shared.wallet.chain();
    let details = chain.session_details(id).await?;
    match details.status {
        ISessionMarket::Status::Active => {}
        ISessionMarket::Status::None => {
            return Err(HostError::coded(Code::UnknownSession, "the chain does not know this session (yet)"));
        }
        _ => return Err(HostError::coded(Code::SessionNotActive, "the session has ended")),
    }
    if !details.closingAt.is_zero() {
        return Err(HostError::coded(Code::SessionNotActive, "the session is being cancelled"));
    }
    let expires_at = terms.expiresAt + u64::from(details.extensionHours) * 3_600;
    let now = chain.now().await?;
    if now >= expires_at {
        return Err(fabstir_core::Error::Expired { deadline: expires_at, now }.into());
    }
    let opening = chain.opening_of(id).await?;
    if opening.block < shared.desk.journal.first_block() {
        // Checkpoints may have been signed for it that this journal does not know.
        let message = "the session was opened before this host's journal begins: leave it and open another";
        return Err(HostError::coded(Code::SessionNotActive, message));
    }
    let unconfirmed = !is_deep_enough(shared, opening.block).await?;
    let deposit = Amount::from(details.deposit).checked_sub(Amount::from(details.settled))?;
    if deposit == Amount::ZERO {
        return Err(HostError::coded(Code::DepositExhausted, "nothing is left of the deposit"));
    }
    Ok((Amount::from(details.deposit), unconfirmed))
}

/// Whether enough blocks lie on top of the session's opening.
pub(crate) async fn is_confirmed(shared: &Shared, id: U256) -> Result<bool, HostError> {
    let opening = shared.wallet.chain().opening_of(id).await?;
    is_deep_enough(shared, opening.block).await
}

async fn is_deep_enough(shared: &Shared, block: u64) -> Result<bool, HostError> {
    let wanted = shared.config.confirmations;
    Ok(wanted <= 1 || shared.wallet.chain().confirmations_of(block).await? >= wanted)
}

/// Whether the connection belongs to who holds the session's key: who signed this challenge and, of an encrypted
/// connection, the key it is encrypted with (`actual`).
fn prove(
    shared: &Shared,
    id: U256,
    voucher_signer: Address,
    challenge: B256,
    (signed, actual): (B256, B256),
    signature: &Signature65,
) -> Result<(), HostError> {
    if signed != actual {
        return Err(HostError::coded(Code::Unauthorized, "the channel key signed for is not this connection's"));
    }
    let open = messages::Open { sessionId: id, challenge, channelKey: signed };
    Ok(open.verify(&shared.desk.domain, signature, voucher_signer)?)
}

/// Takes a session up again for its owner, from where the owner says it stands.
///
/// # Errors
///
/// Those of [`Registry::take_over`](crate::registry::Registry::take_over): a stranger disturbs nobody.
pub(crate) async fn resume(
    shared: &Shared,
    resume: &wire::Resume,
    challenge: B256,
    channel_key: B256,
) -> Result<Taken, HostError> {
    shared.sees_the_chain()?;
    let id = resume.session_id;
    let keys = (resume.channel_key, channel_key);
    let prove = |signer| prove(shared, id, signer, challenge, keys, &resume.signature);
    let accept = |session: &Session| match session.knows_checkpoint(resume.checkpoint, resume.head) {
        true => Ok(()),
        false => {
            let expected = session.ledger.transcript().head();
            Err(fabstir_core::Error::WrongHead { expected, actual: resume.head }.into())
        }
    };
    shared.registry.take_over(id, prove, accept).await
}
