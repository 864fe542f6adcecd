//! Who may open a session here, and who may come back to it.

use crate::{
    HostError,
    host::Shared,
    session::{Opening, Session},
};
use alloy_primitives::{B256, U256};
use fabstir_core::{
    Code,
    abi::{ISessionMarket, Terms},
    amount::Amount,
    messages::{self, Hello, Signed, session_id},
    wire::{self, HostMessage},
};
use rand::RngCore;

/// Optional features, as `hello_ack` names them.
const CAPABILITIES: [&str; 2] = ["resume", "clear"];

/// The protocol version spoken here.
pub(crate) const VERSION: u16 = 1;

/// 32 bytes nobody can guess.
pub(crate) fn random32() -> B256 {
    let mut bytes = [0u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    B256::from(bytes)
}

/// Answers a `hello`: proves the host's key and challenges the client to prove its own.
///
/// # Errors
///
/// [`Code::UnsupportedVersion`].
pub(crate) fn greet(shared: &Shared, hello: &wire::Hello, challenge: B256) -> Result<HostMessage, HostError> {
    if !hello.versions.contains(&VERSION) {
        return Err(HostError::coded(Code::UnsupportedVersion, format!("this host speaks version {VERSION}")));
    }
    let channel_key = B256::ZERO;
    let signature =
        Hello { challenge: hello.challenge, channelKey: channel_key }.sign(&shared.desk.domain, &shared.desk.key);
    Ok(HostMessage::HelloAck(Box::new(wire::HelloAck {
        version: VERSION,
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
    })))
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

/// Everything that has to hold before a session is served: ours, affordable, on chain, and its renter's.
///
/// # Errors
///
/// A code for each thing that does not hold.
pub(crate) async fn check(shared: &Shared, open: &wire::Open, challenge: B256) -> Result<Opening, HostError> {
    let terms = Terms::from(open.terms.clone());
    let id = session_id(&terms, &shared.desk.domain);
    prove(shared, id, terms.voucherSigner, challenge, open.channel_key, &open.signature)?;
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
        return Err(HostError::coded(
            Code::SessionNotActive,
            "the session was opened here before: resume it, or open another",
        ));
    }
    let (deposit, unconfirmed) = on_chain(shared, id, &terms).await?;
    Ok(Opening {
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
    })
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
    let unconfirmed = !is_confirmed(shared, id).await?;
    let deposit = Amount::from(details.deposit).checked_sub(Amount::from(details.settled))?;
    if deposit == Amount::ZERO {
        return Err(HostError::coded(Code::DepositExhausted, "nothing is left of the deposit"));
    }
    Ok((Amount::from(details.deposit), unconfirmed))
}

/// Whether enough blocks lie on top of the session's opening.
pub(crate) async fn is_confirmed(shared: &Shared, id: U256) -> Result<bool, HostError> {
    if shared.config.confirmations <= 1 {
        return Ok(true);
    }
    let opening = shared.wallet.chain().opening_of(id).await?;
    Ok(shared.wallet.chain().confirmations_of(opening.block).await? >= shared.config.confirmations)
}

/// Whether the connection belongs to who holds the session's key.
fn prove(
    shared: &Shared,
    id: U256,
    voucher_signer: alloy_primitives::Address,
    challenge: B256,
    channel_key: B256,
    signature: &fabstir_core::signature::Signature65,
) -> Result<(), HostError> {
    if channel_key != B256::ZERO {
        return Err(HostError::coded(Code::Unsupported, "this host has no encrypted channel"));
    }
    let open = messages::Open { sessionId: id, challenge, channelKey: channel_key };
    Ok(open.verify(&shared.desk.domain, signature, voucher_signer)?)
}

/// Whether a client may take this session up again, from where it says it stands.
///
/// # Errors
///
/// [`Code::WrongSigner`] and [`Code::BadSignature`] for strangers, [`Code::WrongHead`] if the client remembers another
/// conversation.
pub(crate) fn may_resume(
    shared: &Shared,
    session: &Session,
    resume: &wire::Resume,
    challenge: B256,
) -> Result<(), HostError> {
    prove(shared, session.id, session.terms.voucherSigner, challenge, resume.channel_key, &resume.signature)?;
    if session.knows_checkpoint(resume.checkpoint, resume.head) {
        return Ok(());
    }
    Err(fabstir_core::Error::WrongHead { expected: session.ledger.transcript().head(), actual: resume.head }.into())
}
