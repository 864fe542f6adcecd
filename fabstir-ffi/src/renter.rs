//! A renter with a wallet.

use crate::{
    boundary::{Failure, Outcome, guard},
    buffer::fabstir_string,
    fabstir_address, fabstir_amount, fabstir_hash, fabstir_status,
    handle::Table,
    json,
    key::{KEYS, fabstir_key},
    pointer::{out, read, text},
    runtime::finish,
    session::{Live, SESSIONS, fabstir_session},
};
use alloy_primitives::{Address, B256};
use fabstir_chain::{Chain, ChainConfig, Wallet};
use fabstir_client::{ClientError, HostOffer, OpenOptions, Renter, Store};
use fabstir_core::{
    Code,
    amount::{Amount, Prices},
    wire::Format,
};
use serde::{Deserialize, Serialize};
use std::{ffi::c_char, path::PathBuf, time::Duration};

/// A renter: a wallet on a chain, and the sessions it keeps on disk.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Debug)]
pub struct fabstir_renter {
    _opaque: [u8; 0],
}

static RENTERS: Table<fabstir_renter, Renter> = Table::new("renter");

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::new(error.code().into(), error.to_string())
    }
}

impl From<fabstir_chain::Error> for Failure {
    fn from(error: fabstir_chain::Error) -> Self {
        Self::new(error.code().into(), error.to_string())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RenterConfig {
    rpc: String,
    market: Address,
    store: PathBuf,
    chain_id: Option<u64>,
    confirmations: Option<u64>,
    #[serde(default)]
    json: bool,
    #[serde(default)]
    allow_plaintext: bool,
}

async fn connect(config: RenterConfig, key: fabstir_core::signature::SigningKey) -> Result<Renter, Failure> {
    let mut chain = ChainConfig::new(config.rpc, config.market);
    chain.chain_id = config.chain_id;
    chain.confirmations = config.confirmations.unwrap_or(chain.confirmations);
    let wallet = Wallet::new(Chain::connect(chain).await?, key)?;
    let format = if config.json { Format::Json } else { Format::Cbor };
    let renter = Renter::new(wallet, Store::open(&config.store)?);
    Ok(renter.with_format(format).allow_plaintext(config.allow_plaintext))
}

/// A renter that pays with this key. `config` is JSON:
///
/// ```text
/// {"rpc": URL, "market": address, "store": path of the file that keeps its sessions (and their keys),
///  "chain_id": number, "confirmations": number, "json": speak JSON with hosts instead of CBOR,
///  "allow_plaintext": talk to hosts on other machines without encryption}
/// ```
///
/// The first three are needed. Asks the chain; INVALID_VALUE, INVALID_CONFIG, RPC_UNAVAILABLE, NO_CONTRACT, STORAGE...
/// Feature: client.
/// Memory: the caller frees `*renter` with fabstir_renter_free(), and may free the key before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_renter_new(
    config: *const c_char,
    len: usize,
    key: *const fabstir_key,
    renter: *mut *mut fabstir_renter,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (config, renter) = unsafe { (text(config, len, "config")?, out(renter, "renter")?) };
        let config = json::read(config, "config")?;
        let key = KEYS.get(key)?;
        renter.write(RENTERS.insert(finish(connect(config, (*key).clone()))?));
        Ok(())
    })
}

/// What a renter wants of an offer; what is left out does not matter.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Filter {
    host: Option<Address>,
    model_id: Option<B256>,
    token: Option<Address>,
}

async fn offers(renter: &Renter, filter: Filter) -> Result<Vec<HostOffer>, ClientError> {
    let mut offers = renter.hosts(filter.model_id, filter.token).await?;
    offers.retain(|offer| filter.host.is_none_or(|host| offer.host == host));
    Ok(offers)
}

#[derive(Serialize)]
struct OfferJson<'a> {
    host: Address,
    signer: Address,
    url: &'a str,
    metadata: &'a str,
    model_id: B256,
    token: Address,
    input_price: String,
    output_price: String,
}

impl<'a> From<&'a HostOffer> for OfferJson<'a> {
    fn from(offer: &'a HostOffer) -> Self {
        let HostOffer { host, signer, model_id, token, prices: Prices { input, output }, .. } = *offer;
        let (url, metadata) = (offer.url.as_str(), offer.metadata.as_str());
        let (input_price, output_price) = (input.to_string(), output.to_string());
        Self { host, signer, url, metadata, model_id, token, input_price, output_price }
    }
}

/// Offers in the registry, cheapest output first, as JSON:
///
/// ```text
/// [{"host", "signer", "url", "metadata", "model_id", "token", "input_price", "output_price"}]
/// ```
///
/// prices in base units per 1,000,000 LLM tokens. `filter` is JSON, possibly empty: {"host", "model_id", "token"}; the zero
/// token is the chain's coin. Asks the chain.
/// Feature: client.
/// Memory: the caller frees `*found` with fabstir_string_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_renter_offers(
    renter: *const fabstir_renter,
    filter: *const c_char,
    len: usize,
    found: *mut fabstir_string,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (filter, found) = unsafe { (text(filter, len, "filter")?, out(found, "found")?) };
        let renter = RENTERS.get(renter)?;
        let offers = finish(offers(&renter, json::read(filter, "filter")?))?;
        found.write(json::write(&offers.iter().map(OfferJson::from).collect::<Vec<_>>())?);
        Ok(())
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Opening {
    deposit: Amount,
    host: Option<Address>,
    model_id: Option<B256>,
    #[serde(default)]
    token: Address,
    duration_seconds: Option<u64>,
    grace_seconds: Option<u64>,
}

async fn open(renter: &Renter, opening: Opening) -> Result<Live, Failure> {
    let filter = Filter { host: opening.host, model_id: opening.model_id, token: Some(opening.token) };
    let Some(offer) = offers(renter, filter).await?.into_iter().next() else {
        return Err(Failure::new(Code::ModelNotServed.into(), "no host in the registry offers that"));
    };
    let mut options = OpenOptions::new(opening.deposit);
    options.duration = opening.duration_seconds.map_or(options.duration, Duration::from_secs);
    options.grace = opening.grace_seconds.map_or(options.grace, Duration::from_secs);
    let session = renter.open(&offer, &options).await?;
    Ok(Live::start(session))
}

/// Locks a deposit and opens a session at the cheapest host that fits. `options` is JSON:
///
/// ```text
/// {"deposit": base units as a decimal string, "token": address, zero or left out: the chain's coin,
///  "host": address, "model_id": 0x-hex, "duration_seconds": number, "grace_seconds": number}
/// ```
///
/// Sends a transaction. MODEL_NOT_SERVED if no host fits; INVALID_PARAMS for a deposit outside the market's limits;
/// INSUFFICIENT_FUNDS; those of chain and host.
/// Feature: client.
/// Memory: the caller frees `*session` with fabstir_session_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_renter_open(
    renter: *const fabstir_renter,
    options: *const c_char,
    len: usize,
    session: *mut *mut fabstir_session,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (options, session) = unsafe { (text(options, len, "options")?, out(session, "session")?) };
        let renter = RENTERS.get(renter)?;
        let live = finish(open(&renter, json::read(options, "options")?))?;
        session.write(SESSIONS.insert(live));
        Ok(())
    })
}

#[derive(Serialize)]
struct RecordJson {
    session_id: String,
    standing: fabstir_client::Standing,
    terms: fabstir_core::wire::WireTerms,
    deposit: String,
    url: String,
    #[serde(serialize_with = "json::decimal")]
    input_tokens: u64,
    #[serde(serialize_with = "json::decimal")]
    output_tokens: u64,
    head: B256,
}

fn records(renter: &Renter) -> Outcome<Vec<RecordJson>> {
    let records = renter.store().records()?.into_iter().map(|(id, record)| RecordJson {
        session_id: id.to_string(),
        standing: record.standing,
        deposit: record.deposit.to_string(),
        url: record.url.clone(),
        input_tokens: record.input_tokens,
        output_tokens: record.output_tokens,
        head: record.head,
        terms: record.terms,
    });
    Ok(records.collect())
}

/// The sessions that the renter keeps, as JSON:
///
/// ```text
/// [{"session_id", "standing": "opening", "open" or "ended", "terms", "deposit", "url", "input_tokens",
///   "output_tokens", "head"}]
/// ```
///
/// Feature: client.
/// Memory: the caller frees `*kept` with fabstir_string_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_renter_sessions(
    renter: *const fabstir_renter,
    kept: *mut fabstir_string,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        let kept = unsafe { out(kept, "kept") }?;
        kept.write(json::write(&records(&*RENTERS.get(renter)?)?)?);
        Ok(())
    })
}

/// The renter's account.
/// Feature: client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_renter_address(
    renter: *const fabstir_renter,
    address: *mut fabstir_address,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        unsafe { out(address, "address") }?.write(RENTERS.get(renter)?.wallet().address().into());
        Ok(())
    })
}

/// What the renter has of a token, in base units; the zero token is the chain's coin. Asks the chain.
/// Feature: client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_renter_balance(
    renter: *const fabstir_renter,
    token: *const fabstir_address,
    balance: *mut fabstir_amount,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (token, balance) = unsafe { (Address::from(read(token, "token")?), out(balance, "balance")?) };
        let renter = RENTERS.get(renter)?;
        let (chain, account) = (renter.chain(), renter.wallet().address());
        let found = match token.is_zero() {
            true => finish(chain.coin_balance(account)),
            false => finish(chain.token_balance(token, account)),
        };
        balance.write(found?.into());
        Ok(())
    })
}

/// Leaves a session without its host, at the counts signed for: vouchers settle for a grace period, then
/// fabstir_renter_time_out() returns the rest. Sends a transaction.
/// Feature: client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_renter_cancel(
    renter: *const fabstir_renter,
    session_id: *const fabstir_hash,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        let id = unsafe { read(session_id, "session_id") }?.into();
        finish(RENTERS.get(renter)?.cancel(id)).map(drop)
    })
}

/// Ends a session whose time, or whose grace after fabstir_renter_cancel(), is over, and takes the rest back. Sends a
/// transaction; REVERTED if it is too early.
/// Feature: client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_renter_time_out(
    renter: *const fabstir_renter,
    session_id: *const fabstir_hash,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        let id = unsafe { read(session_id, "session_id") }?.into();
        finish(RENTERS.get(renter)?.time_out(id)).map(drop)
    })
}

/// Frees a renter. Its sessions stay usable. NULL, or one freed before, is a no-op.
/// Feature: client.
#[unsafe(no_mangle)]
pub extern "C" fn fabstir_renter_free(renter: *mut fabstir_renter) {
    RENTERS.free(renter);
}
