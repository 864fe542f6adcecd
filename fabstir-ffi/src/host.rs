//! A host in a box.

use crate::{
    boundary::{Failure, Outcome, guard, quietly},
    buffer::fabstir_string,
    fabstir_queue, fabstir_status,
    handle::Table,
    key::{KEYS, fabstir_key},
    pointer::{out, text},
    queue::QUEUES,
    runtime::{finish, runtime},
};
use ::fabstir_host::{BoxedHost, HostError, HostSettings, ServedModel, prices_from_json};
use fabstir_core::{inference::Backend, signature::SigningKey};
use serde_json::json;
use std::{
    ffi::c_char,
    sync::{Arc, PoisonError, RwLock},
};

/// A host: set up, then started, then stopped.
#[allow(non_camel_case_types, reason = "the name C has")]
#[derive(Debug)]
pub struct fabstir_host {
    _opaque: [u8; 0],
}

static HOSTS: Table<fabstir_host, RwLock<Standing>> = Table::new("host");

/// Where a host stands.
#[derive(Debug)]
enum Standing {
    SetUp(Box<Plan>),
    Running(Box<BoxedHost>),
    Stopped,
}

/// What a host is started from.
#[derive(Clone, Debug)]
struct Plan {
    settings: HostSettings,
    key: SigningKey,
    account_key: Option<SigningKey>,
    models: Vec<ServedModel>,
}

impl From<HostError> for Failure {
    fn from(error: HostError) -> Self {
        Self::new(error.code().into(), error.to_string())
    }
}

/// Sets a host up from settings in JSON; nothing runs yet.
///
/// - `rpc`: JSON-RPC endpoint. `market`: the SessionMarket's address. `journal`: the file of its journal. All else may be
///   left out.
/// - `chain_id`: the chain that the endpoint must serve.
/// - `account`: the account that is paid, if its key is not given here.
/// - `listen`: where, `"127.0.0.1:0"`. `url`: what renters connect to, if that is another. `name`: what they see.
/// - `credit_tokens`, `checkpoint_tokens`, `confirmations`, `retention_seconds`, `voucher_patience_seconds`,
///   `max_sessions`, `max_connections`, `max_output_tokens`, `max_prompt_bytes`.
/// - `allow_plaintext`: serve other machines without encryption too; only behind something that encrypts.
///
/// `key` is the hot key, which signs and settles. `account_key` is that of the account which stakes and is paid; it may be
/// NULL: then the account is the hot key's, or named in the settings and registered elsewhere.
///
/// INVALID_CONFIG if the settings cannot be read.
/// Feature: host.
/// Memory: the caller frees `*host` with fabstir_host_free(), and may free the keys before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_host_new(
    settings: *const c_char,
    settings_len: usize,
    key: *const fabstir_key,
    account_key: *const fabstir_key,
    host: *mut *mut fabstir_host,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (settings, host) = unsafe { (text(settings, settings_len, "settings")?, out(host, "host")?) };
        let settings = HostSettings::from_json(settings)?;
        let account_key = if account_key.is_null() { None } else { Some((*KEYS.get(account_key)?).clone()) };
        let plan = Plan { settings, key: (*KEYS.get(key)?).clone(), account_key, models: Vec::new() };
        host.write(HOSTS.insert(RwLock::new(Standing::SetUp(Box::new(plan)))));
        Ok(())
    })
}

/// Has the host serve a model that the caller answers for. `prices` is JSON: a list of objects with `input` and `output`,
/// base units per 1,000,000 tokens as decimal strings, and `token`, without which they are in the chain's coin.
/// UNEXPECTED_MESSAGE once the host is started. The queue stays the caller's.
/// Feature: host.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_host_serve_queue(
    host: *const fabstir_host,
    queue: *const fabstir_queue,
    prices: *const c_char,
    prices_len: usize,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        let prices = unsafe { text(prices, prices_len, "prices") }?;
        let queue = QUEUES.get(queue)?;
        serve(host, Arc::new(queue.as_ref().clone()), prices)
    })
}

/// Has the host serve a model that is loaded. See fabstir_host_serve_queue(). The model may be freed before the host.
/// Feature: host, llama.
#[cfg(feature = "llama")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_host_serve_model(
    host: *const fabstir_host,
    model: *const crate::fabstir_model,
    prices: *const c_char,
    prices_len: usize,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        let prices = unsafe { text(prices, prices_len, "prices") }?;
        serve(host, crate::model::loaded(model)?, prices)
    })
}

fn serve(host: *const fabstir_host, backend: Arc<dyn Backend>, prices: &str) -> Outcome {
    let prices = prices_from_json(prices)?;
    let host = HOSTS.get(host)?;
    match &mut *host.write().unwrap_or_else(PoisonError::into_inner) {
        Standing::SetUp(plan) => plan.models.push(ServedModel { backend, prices }),
        _ => return Err(Failure::new(fabstir_status::UnexpectedMessage, "the host is started already")),
    }
    Ok(())
}

/// Starts the host: from here on it listens, and settles what an earlier run left in its journal. INVALID_CONFIG, PORT_IN_USE,
/// those of the chain and of the journal; it can be tried again then.
/// Feature: host.
#[unsafe(no_mangle)]
pub extern "C" fn fabstir_host_start(host: *const fabstir_host) -> fabstir_status {
    guard(|| {
        let host = HOSTS.get(host)?;
        let mut standing = host.write().unwrap_or_else(PoisonError::into_inner);
        let Standing::SetUp(plan) = &*standing else {
            return Err(Failure::new(fabstir_status::UnexpectedMessage, "the host is started already"));
        };
        let Plan { settings, key, account_key, models } = Plan::clone(plan);
        let running = finish(BoxedHost::start(settings, key, account_key, models))?;
        *standing = Standing::Running(Box::new(running));
        Ok(())
    })
}

/// Joins the market with the minimum stake, or brings what the registry says of this host to what it serves. Needs the key of
/// the account. Writes the transactions it took, a JSON list of hashes. INSUFFICIENT_FUNDS without the stake in FAB.
/// Feature: host.
/// Memory: the caller frees `*transactions` with fabstir_string_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_host_register(
    host: *const fabstir_host,
    transactions: *mut fabstir_string,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        let transactions = unsafe { out(transactions, "transactions") }?;
        let host = HOSTS.get(host)?;
        let standing = host.read().unwrap_or_else(PoisonError::into_inner);
        let sent = finish(running(&standing)?.register())?;
        transactions.write(json!(sent).to_string().into());
        Ok(())
    })
}

/// What a running host is and does, as JSON: `url`, `account`, `signer`, `models` (`id`, `name`, `context_length`,
/// `prices`), `sessions` held, those `connected`, and those `settling`.
/// Feature: host.
/// Memory: the caller frees `*json` with fabstir_string_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_host_state(host: *const fabstir_host, json: *mut fabstir_string) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointer is as the conventions say.
        let json = unsafe { out(json, "json") }?;
        let host = HOSTS.get(host)?;
        let standing = host.read().unwrap_or_else(PoisonError::into_inner);
        json.write(running(&standing)?.to_json().into());
        Ok(())
    })
}

/// Stops the host: every session closed and settled, within about a minute. One that was not started, or was stopped before,
/// is stopped already.
/// Feature: host.
#[unsafe(no_mangle)]
pub extern "C" fn fabstir_host_stop(host: *const fabstir_host) -> fabstir_status {
    guard(|| {
        let host = HOSTS.get(host)?;
        stop(&host)
    })
}

/// Stops the host if it runs, and frees it. NULL, or one freed before, is a no-op.
/// Feature: host.
#[unsafe(no_mangle)]
pub extern "C" fn fabstir_host_free(host: *mut fabstir_host) {
    quietly(|| {
        if let Some(host) = HOSTS.remove(host) {
            // There is nobody to tell; what is not settled is settled at the next start.
            let _ = stop(&host);
        }
    });
}

fn stop(host: &RwLock<Standing>) -> Outcome {
    let mut standing = host.write().unwrap_or_else(PoisonError::into_inner);
    match std::mem::replace(&mut *standing, Standing::Stopped) {
        Standing::Running(host) => runtime()?.block_on(host.stop()),
        Standing::SetUp(_) | Standing::Stopped => {}
    }
    Ok(())
}

fn running(standing: &Standing) -> Outcome<&BoxedHost> {
    match standing {
        Standing::Running(host) => Ok(host),
        Standing::SetUp(_) => Err(Failure::new(fabstir_status::UnexpectedMessage, "the host is not started")),
        Standing::Stopped => Err(Failure::new(fabstir_status::UnexpectedMessage, "the host is stopped")),
    }
}
