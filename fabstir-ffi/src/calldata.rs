//! Calls to the contracts, and what they answer, from their own compiled interfaces.

mod value;

use crate::{
    boundary::{Failure, Outcome, guard},
    buffer::{fabstir_bytes, fabstir_string},
    fabstir_hash, fabstir_status, json,
    pointer::{out, slice, text},
};
use alloy_dyn_abi::{ErrorExt, EventExt, FunctionExt, JsonAbiExt};
use alloy_json_abi::{Function, JsonAbi};
use alloy_primitives::B256;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{ffi::c_char, sync::LazyLock};
use value::{read_all, write_all};

/// Every contract's compiled interface.
const ARTIFACTS: &[(&str, &str)] = &[
    ("SessionMarket", include_str!("../../contracts/artifacts/SessionMarket.json")),
    ("NodeRegistry", include_str!("../../contracts/artifacts/NodeRegistry.json")),
    ("FabToken", include_str!("../../contracts/artifacts/FabToken.json")),
];

static CONTRACTS: LazyLock<Vec<(&str, JsonAbi)>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct Artifact {
        abi: JsonAbi,
    }
    let read = |text| serde_json::from_str::<Artifact>(text).map(|artifact| artifact.abi).unwrap_or_default();
    ARTIFACTS.iter().map(|(name, text)| (*name, read(text))).collect()
});

fn contract(name: &str) -> Outcome<&'static JsonAbi> {
    let found = CONTRACTS.iter().find(|(known, _)| *known == name).map(|(_, abi)| abi);
    found.ok_or_else(|| Failure::invalid("contract", format!("none of ours is called {name:?}")))
}

/// A function by its name or, where several share it, its signature.
fn function(contract_name: &str, name: &str) -> Outcome<&'static Function> {
    let abi = contract(contract_name)?;
    let missing = || Failure::invalid("function", format!("{contract_name} has no {name:?}"));
    if name.contains('(') {
        return abi.functions().find(|function| function.signature() == name).ok_or_else(missing);
    }
    match abi.function(name).map(Vec::as_slice) {
        Some([function]) => Ok(function),
        Some([_, ..]) => Err(Failure::invalid("function", format!("several are called {name:?}: give its signature"))),
        _ => Err(missing()),
    }
}

/// The calldata of a call. `contract` is "SessionMarket", "NodeRegistry" or "FabToken" (also for any ERC-20), `function` a
/// name or, where several share it, a signature; `arguments` is JSON: a list in order, or an object by name. Numbers are
/// decimal strings (small ones may be plain), bytes and addresses 0x-hex, structs objects by their fields. INVALID_VALUE if
/// there is no such function or its arguments are others.
/// Memory: the caller frees `*calldata` with fabstir_bytes_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_abi_encode_call(
    contract: *const c_char,
    contract_len: usize,
    function: *const c_char,
    function_len: usize,
    arguments: *const c_char,
    arguments_len: usize,
    calldata: *mut fabstir_bytes,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (contract, name) =
            unsafe { (text(contract, contract_len, "contract")?, text(function, function_len, "function")?) };
        // SAFETY: as above.
        let (arguments, calldata) =
            unsafe { (text(arguments, arguments_len, "arguments")?, out(calldata, "calldata")?) };
        let function = self::function(contract, name)?;
        let values = read_all(&function.inputs, &json::read::<Value>(arguments, "arguments")?)?;
        let encoded = function.abi_encode_input(&values).map_err(|error| Failure::invalid("arguments", error))?;
        calldata.write(encoded.into());
        Ok(())
    })
}

/// What a call returned, as a JSON object by the names of the values, "0", "1"... for those without. INVALID_VALUE if the
/// bytes are not what the function returns.
/// Memory: the caller frees `*values` with fabstir_string_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_abi_decode_return(
    contract: *const c_char,
    contract_len: usize,
    function: *const c_char,
    function_len: usize,
    returned: *const u8,
    returned_len: usize,
    values: *mut fabstir_string,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (contract, name) =
            unsafe { (text(contract, contract_len, "contract")?, text(function, function_len, "function")?) };
        // SAFETY: as above.
        let (returned, values) = unsafe { (slice(returned, returned_len, "returned")?, out(values, "values")?) };
        let function = self::function(contract, name)?;
        let found = function.abi_decode_output(returned).map_err(|error| Failure::invalid("returned", error))?;
        values.write(json::write(&write_all(function.outputs.iter().map(Into::into), &found))?);
        Ok(())
    })
}

/// An event, as JSON: {"event": name, "values": {...}}. `topics` and `data` are those of the log. END if the contract has no
/// such event: other contracts' logs are passed over so. INVALID_VALUE if the rest does not fit.
/// Memory: the caller frees `*event` with fabstir_string_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_abi_decode_event(
    contract: *const c_char,
    contract_len: usize,
    topics: *const fabstir_hash,
    topic_count: usize,
    data: *const u8,
    data_len: usize,
    event: *mut fabstir_string,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (contract, topics) =
            unsafe { (text(contract, contract_len, "contract")?, slice(topics, topic_count, "topics")?) };
        // SAFETY: as above.
        let (data, event) = unsafe { (slice(data, data_len, "data")?, out(event, "event")?) };
        let topics: Vec<B256> = topics.iter().map(|topic| (*topic).into()).collect();
        let abi = self::contract(contract)?;
        let known = abi.events().find(|event| topics.first() == Some(&event.selector()));
        let known = known.ok_or_else(|| Failure::quiet(fabstir_status::End))?;
        let decoded = known.decode_log_parts(topics, data).map_err(|error| Failure::invalid("log", error))?;
        // Indexed values come apart from the others; the interface says in which order they belong.
        let (mut indexed, mut body) = (decoded.indexed.into_iter(), decoded.body.into_iter());
        let found: Vec<_> =
            known.inputs.iter().filter_map(|input| if input.indexed { indexed.next() } else { body.next() }).collect();
        let values = write_all(known.inputs.iter().map(Into::into), &found);
        event.write(json::write(&json!({ "event": known.name, "values": values }))?);
        Ok(())
    })
}

/// Why a call was reverted, as JSON: {"error": name, "values": {...}}. END if the contract has no such error.
/// INVALID_VALUE if the rest does not fit.
/// Memory: the caller frees `*error` with fabstir_string_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fabstir_abi_decode_error(
    contract: *const c_char,
    contract_len: usize,
    reverted: *const u8,
    reverted_len: usize,
    error: *mut fabstir_string,
) -> fabstir_status {
    guard(|| {
        // SAFETY: the caller's pointers are as the conventions say.
        let (contract, reverted) =
            unsafe { (text(contract, contract_len, "contract")?, slice(reverted, reverted_len, "reverted")?) };
        // SAFETY: as above.
        let error = unsafe { out(error, "error") }?;
        let abi = self::contract(contract)?;
        let known = abi.errors().find(|error| reverted.starts_with(error.selector().as_slice()));
        let known = known.ok_or_else(|| Failure::quiet(fabstir_status::End))?;
        let decoded = known.decode_error(reverted).map_err(|error| Failure::invalid("revert", error))?;
        let values = write_all(known.inputs.iter().map(Into::into), &decoded.body);
        error.write(json::write(&json!({ "error": known.name, "values": values }))?);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{Address, U256};
    use alloy_sol_types::{SolCall, SolError, SolEvent};
    use fabstir_core::abi::ISessionMarket;

    fn terms() -> ISessionMarket::Terms {
        ISessionMarket::Terms {
            renter: Address::repeat_byte(7),
            outputPrice: u128::MAX,
            grace: 900,
            ..Default::default()
        }
    }

    #[test]
    fn calls_are_those_the_core_encodes() {
        let call = ISessionMarket::topUpCall { terms: terms(), amount: U256::from(5) };
        let function = function("SessionMarket", "topUp").expect("there is one");
        let terms = serde_json::json!({
            "renter": Address::repeat_byte(7), "host": Address::ZERO, "hostSigner": Address::ZERO,
            "voucherSigner": Address::ZERO, "token": Address::ZERO, "modelId": B256::ZERO, "inputPrice": "0",
            "outputPrice": u128::MAX.to_string(), "expiresAt": 0, "grace": 900, "feeBps": 0, "cancelBps": 0,
            "proofCap": "0", "salt": "0",
        });
        for arguments in [serde_json::json!({ "terms": terms, "amount": "5" }), serde_json::json!([terms, 5])] {
            let values = read_all(&function.inputs, &arguments).expect("they fit");
            assert_eq!(function.abi_encode_input(&values).expect("encodes"), call.abi_encode());
        }
    }

    #[test]
    fn events_and_errors_are_told_by_name() {
        let event =
            ISessionMarket::SessionJobCompleted { sessionId: U256::from(9), settled: U256::from(3), refund: U256::MAX };
        let log = event.encode_log_data();
        let topics: Vec<fabstir_hash> = log.topics().iter().map(|topic| (*topic).into()).collect();
        let mut told = fabstir_string::from(String::new());
        let (name, error) = ("SessionMarket", ISessionMarket::SessionMarket_NotOver { timeoutAt: U256::from(8) });
        // SAFETY: every pointer is of a live value, as long as is said.
        unsafe {
            crate::fabstir_string_free(&mut told);
            let (contract, len) = (name.as_ptr().cast(), name.len());
            let status = fabstir_abi_decode_event(
                contract,
                len,
                topics.as_ptr(),
                topics.len(),
                log.data.as_ptr(),
                log.data.len(),
                &mut told,
            );
            assert_eq!(status, fabstir_status::Ok);
            let shown = text(told.data, told.len, "told").expect("a text");
            let expected = serde_json::json!({ "event": "SessionJobCompleted",
                "values": { "sessionId": "9", "settled": "3", "refund": U256::MAX.to_string() } });
            assert_eq!(serde_json::from_str::<Value>(shown).expect("JSON"), expected);
            crate::fabstir_string_free(&mut told);
            let bytes = error.abi_encode();
            let status = fabstir_abi_decode_error(contract, len, bytes.as_ptr(), bytes.len(), &mut told);
            assert_eq!(status, fabstir_status::Ok);
            let shown = text(told.data, told.len, "told").expect("a text");
            assert_eq!(shown, r#"{"error":"SessionMarket_NotOver","values":{"timeoutAt":"8"}}"#);
            crate::fabstir_string_free(&mut told);
            let status = fabstir_abi_decode_error(contract, len, [0, 1, 2, 3].as_ptr(), 4, &mut told);
            assert_eq!(status, fabstir_status::End);
        }
    }

    #[test]
    fn what_is_not_there_or_does_not_fit_is_refused() {
        assert!(function("Nobody", "x").is_err() && function("SessionMarket", "x").is_err());
        let function = function("SessionMarket", "withdraw").expect("there is one");
        for bad in ["{}", "[]", "[1]", r#"{"token": 1, "to": "0x"}"#, r#"{"token": "0x00", "to": 1, "x": 1}"#, "7"] {
            let value: Value = serde_json::from_str(bad).expect("JSON");
            assert!(read_all(&function.inputs, &value).is_err(), "{bad}");
        }
    }
}
