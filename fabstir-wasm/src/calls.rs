//! Calls and events of the contracts, by their own names. Types and selectors come from the interface files.

use crate::{abi, thrown::thrown, words::Words};
use alloy_primitives::B256;
use alloy_sol_types::{SolCall, SolEvent, SolType, TopicList};
use fabstir_core::{
    Code, Error,
    abi::{IFabToken, INodeRegistry, ISessionMarket},
};
use wasm_bindgen::prelude::*;

/// A call, as far as its encoding goes.
pub(crate) struct Call {
    name: &'static str,
    signature: &'static str,
    selector: [u8; 4],
    returns: &'static str,
}

const fn call<C: SolCall>(name: &'static str) -> Call {
    returning::<C>(name, <C::ReturnTuple<'static> as SolType>::SOL_NAME)
}

/// A call that returns structs or enums: of these alloy keeps the name alone. The tests hold the types to alloy's.
const fn returning<C: SolCall>(name: &'static str, returns: &'static str) -> Call {
    Call { name, signature: C::SIGNATURE, selector: C::SELECTOR, returns }
}

static CALLS: [Call; 29] = [
    call::<ISessionMarket::createSessionJobCall>("createSessionJob"),
    call::<ISessionMarket::createSessionJobForCall>("createSessionJobFor"),
    call::<ISessionMarket::invalidateCall>("invalidate"),
    call::<ISessionMarket::depositCall>("deposit"),
    call::<ISessionMarket::withdrawBalanceCall>("withdrawBalance"),
    call::<ISessionMarket::authorizeDelegateCall>("authorizeDelegate"),
    call::<ISessionMarket::settleCall>("settle"),
    call::<ISessionMarket::completeSessionWithCloseCall>("completeSessionWithClose"),
    call::<ISessionMarket::cancelSessionCall>("cancelSession"),
    call::<ISessionMarket::extendSessionCall>("extendSession"),
    call::<ISessionMarket::topUpCall>("topUp"),
    call::<ISessionMarket::triggerSessionTimeoutCall>("triggerSessionTimeout"),
    call::<ISessionMarket::withdrawCall>("withdraw"),
    returning::<ISessionMarket::getSessionDetailsCall>(
        "getSessionDetails",
        "((uint8,uint96,uint96,uint40,uint16,bool,uint96))",
    ),
    returning::<ISessionMarket::getSessionMetricsCall>(
        "getSessionMetrics",
        "((uint256,uint8,uint256,uint256,uint256,uint64,uint64,uint256))",
    ),
    returning::<ISessionMarket::canHostProcessSessionCall>("canHostProcessSession", "(uint8)"),
    returning::<ISessionMarket::getSessionRequirementsCall>(
        "getSessionRequirements",
        "((bool,bool,uint96,uint96,uint16,uint64,uint32,uint32,uint16))",
    ),
    call::<ISessionMarket::balanceOfCall>("balanceOf"),
    call::<ISessionMarket::earningsOfCall>("earningsOf"),
    call::<ISessionMarket::registryCall>("registry"),
    call::<INodeRegistry::nodesCall>("nodes"),
    call::<INodeRegistry::nodesByModelCall>("nodesByModel"),
    returning::<INodeRegistry::nodeOfCall>("nodeOf", "((address,uint96,uint64,bool,bytes,string,string))"),
    returning::<INodeRegistry::pricesOfCall>("pricesOf", "((bytes32,address,uint128,uint128)[])"),
    call::<IFabToken::approveCall>("token.approve"),
    call::<IFabToken::allowanceCall>("token.allowance"),
    call::<IFabToken::balanceOfCall>("token.balanceOf"),
    call::<IFabToken::decimalsCall>("token.decimals"),
    call::<IFabToken::symbolCall>("token.symbol"),
];

/// An event, as far as its log's shape goes. None of the market's events has a field of variable length, and their
/// indexed fields come first, so that topics and data together are the fields in order.
struct Shape {
    signature: &'static str,
    hash: B256,
    topics: usize,
    data_bytes: usize,
}

const fn shape<E: SolEvent>() -> Shape {
    let Some(data_bytes) = <E::DataTuple<'static> as SolType>::ENCODED_SIZE else {
        panic!("an event with a field of variable length")
    };
    Shape { signature: E::SIGNATURE, hash: E::SIGNATURE_HASH, topics: E::TopicList::COUNT, data_bytes }
}

static EVENTS: [Shape; 16] = [
    shape::<ISessionMarket::SessionJobCreated>(),
    shape::<ISessionMarket::SessionSettled>(),
    shape::<ISessionMarket::SessionJobCompleted>(),
    shape::<ISessionMarket::SessionJobTimedOut>(),
    shape::<ISessionMarket::SessionJobCancelled>(),
    shape::<ISessionMarket::SessionExtended>(),
    shape::<ISessionMarket::SessionToppedUp>(),
    shape::<ISessionMarket::SessionInvalidated>(),
    shape::<ISessionMarket::BalanceDeposited>(),
    shape::<ISessionMarket::BalanceWithdrawn>(),
    shape::<ISessionMarket::DelegateAuthorized>(),
    shape::<ISessionMarket::Withdrawn>(),
    shape::<ISessionMarket::RefundBounced>(),
    shape::<ISessionMarket::Held>(),
    shape::<ISessionMarket::HeldPaid>(),
    shape::<ISessionMarket::HeldReleased>(),
];

/// Calldata of the call with this name; `arguments` are a stream.
///
/// # Errors
///
/// `invalid_value` for a name not known or too few bytes, `overflow` for a value that does not fit its type.
#[wasm_bindgen]
pub fn calldata(name: &str, arguments: &[u8]) -> Result<Vec<u8>, JsValue> {
    encode(name, arguments).map_err(thrown)
}

/// What the view with this name returned, as a stream.
///
/// # Errors
///
/// `rpc_invalid` if `data` is no such result, `invalid_value` for a name not known.
#[wasm_bindgen(js_name = callResult)]
pub fn call_result(name: &str, data: &[u8]) -> Result<Vec<u8>, JsValue> {
    decode(name, data).map_err(thrown)
}

/// The signature of the event with these topics (one word each) and data, as `Name(types)`; nothing if it is none that
/// concerns a renter. Its fields are the topics behind the first, then the words of the data.
///
/// # Errors
///
/// `rpc_invalid` for a log of another shape than its event's.
#[wasm_bindgen]
pub fn event(topics: &[u8], data: &[u8]) -> Result<Option<String>, JsValue> {
    let Some(shape) = EVENTS.iter().find(|shape| topics.starts_with(shape.hash.as_slice())) else { return Ok(None) };
    if topics.len() != shape.topics * 32 || data.len() != shape.data_bytes {
        return Err(thrown(Error::coded(Code::RpcInvalid, "a log that is not of its event's shape")));
    }
    Ok(Some(shape.signature.to_owned()))
}

pub(crate) fn encode(name: &str, arguments: &[u8]) -> Result<Vec<u8>, Error> {
    let call = find(name)?;
    let types = call.signature.find('(').map_or("", |at| &call.signature[at..]);
    let mut data = call.selector.to_vec();
    data.append(&mut abi::encode(types, &mut Words::new(arguments))?);
    Ok(data)
}

pub(crate) fn decode(name: &str, data: &[u8]) -> Result<Vec<u8>, Error> {
    find(name).and_then(|call| abi::decode(call.returns, data))
}

fn find(name: &str) -> Result<&'static Call, Error> {
    let known = CALLS.iter().find(|call| call.name == name);
    known.ok_or_else(|| Error::coded(Code::InvalidValue, "no such call"))
}
