//! The walk against alloy's own encoders and decoders.

use super::*;
use crate::calls;
use alloy_primitives::{Address, Bytes};
use alloy_sol_types::{SolCall, SolValue};
use fabstir_core::abi::{
    INodeRegistry::{ModelPrice, NodeInfo, nodeOfCall, nodesCall, pricesOfCall},
    ISessionMarket::{
        Authorization, Funding, Reason, SessionDetails, SessionMetrics, SessionRequirements, SignedClose,
        SignedCloseRequest, SignedQuote, SignedVoucher, Status, Terms, canHostProcessSessionCall, cancelSessionCall,
        completeSessionWithCloseCall, createSessionJobCall, createSessionJobForCall, getSessionDetailsCall,
        getSessionMetricsCall, getSessionRequirementsCall, withdrawBalanceCall,
    },
};

fn terms() -> Terms {
    let address = |byte| Address::repeat_byte(byte);
    Terms {
        renter: address(1),
        host: address(2),
        hostSigner: address(3),
        voucherSigner: address(4),
        token: address(5),
        modelId: B256::repeat_byte(6),
        inputPrice: u128::MAX,
        outputPrice: 8,
        expiresAt: u64::MAX,
        grace: u32::MAX,
        feeBps: u16::MAX,
        cancelBps: 12,
        proofCap: 13,
        salt: U256::MAX,
    }
}

fn stream(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn sized(bytes: &[u8]) -> Vec<u8> {
    [U256::from(bytes.len()).abi_encode(), bytes.to_vec()].concat()
}

fn long(number: u64) -> Vec<u8> {
    U256::from(number).abi_encode()
}

#[test]
fn calls_with_bytes_are_as_alloy_encodes_them() {
    let (terms, signature) = (terms(), [7_u8; 65]);
    let quote = SignedQuote { validUntil: 9, signature: Bytes::copy_from_slice(&signature) };
    let words = stream(&[&terms.abi_encode(), &long(10), &long(9), &sized(&signature)]);
    let call = createSessionJobCall { terms: terms.clone(), deposit: U256::from(10), quote: quote.clone() };
    assert_eq!(calls::encode("createSessionJob", &words).unwrap(), call.abi_encode());

    let head = B256::repeat_byte(3);
    let voucher = SignedVoucher { inputTokens: 1, outputTokens: 2, head, signature: Bytes::new() };
    let close = SignedClose { inputTokens: 1, outputTokens: 2, deadline: 3, signature: signature.to_vec().into() };
    let words = stream(&[
        &terms.abi_encode(),
        &long(1),
        &long(2),
        head.as_slice(),
        &sized(&[]),
        &long(1),
        &long(2),
        &long(3),
        &sized(&signature),
    ]);
    let call = completeSessionWithCloseCall { terms: terms.clone(), voucher, close };
    assert_eq!(calls::encode("completeSessionWithClose", &words).unwrap(), call.abi_encode());

    let request = SignedCloseRequest { inputTokens: 1, outputTokens: 2, deadline: 0, signature: Bytes::new() };
    let words = stream(&[&terms.abi_encode(), &long(1), &long(2), &long(0), &sized(&[])]);
    let call = cancelSessionCall { terms, request };
    assert_eq!(calls::encode("cancelSession", &words).unwrap(), call.abi_encode());
}

#[test]
fn nested_structs_with_bytes_are_as_alloy_encodes_them() {
    let terms = terms();
    let authorization = Authorization {
        funding: Funding::Authorization,
        deadline: 1,
        orderSignature: Bytes::from_static(b"a contract wallet's signature of any length"),
        validAfter: U256::from(2),
        validBefore: U256::from(3),
        fundingSignature: Bytes::from_static(&[4; 65]),
        quote: SignedQuote { validUntil: 5, signature: Bytes::new() },
    };
    let words = stream(&[
        &terms.abi_encode(),
        &long(10),
        &long(2),
        &long(1),
        &sized(&authorization.orderSignature),
        &long(2),
        &long(3),
        &sized(&authorization.fundingSignature),
        &long(5),
        &sized(&[]),
    ]);
    let call = createSessionJobForCall { terms, deposit: U256::from(10), authorization };
    assert_eq!(calls::encode("createSessionJobFor", &words).unwrap(), call.abi_encode());
}

#[test]
fn values_that_do_not_fit_are_refused() {
    let token = Address::repeat_byte(1);
    let good = withdrawBalanceCall { token, amount: U256::MAX, to: token };
    assert_eq!(calls::encode("withdrawBalance", &good.abi_encode()[4..]).unwrap(), good.abi_encode());
    let too_long = stream(&[&good.abi_encode()[4..], &[0]]);
    let mut wide = good.abi_encode()[4..].to_vec();
    wide[0] = 1;
    for (words, code) in [(wide, Code::Overflow), (too_long, Code::InvalidValue), (vec![0; 31], Code::InvalidValue)] {
        assert_eq!(calls::encode("withdrawBalance", &words).unwrap_err().code(), code);
    }
    assert_eq!(calls::encode("nothing", &[]).unwrap_err().code(), Code::InvalidValue);
}

#[test]
fn the_bits_of_a_type_bound_its_values() {
    let word = |value: U256| B256::from(value);
    for bits in [8, 16, 32, 40, 64, 96, 128, 256_usize] {
        let ty = format!("uint{bits}");
        assert!(fits(&ty, word(U256::MAX >> (256 - bits))), "{ty}");
        assert_eq!(fits(&ty, word(U256::MAX)), bits == 256, "{ty}");
        if bits < 256 {
            assert!(!fits(&ty, word(U256::from(1) << bits)), "{ty}");
        }
    }
    assert!(fits("bool", word(U256::from(1))) && !fits("bool", word(U256::from(2))));
    assert!(!fits("int8", word(U256::from(1))), "a type nobody knows");
}

fn result(name: &str, data: &[u8]) -> Result<Vec<u8>, Error> {
    calls::decode(name, data)
}

#[test]
fn results_are_read_as_alloy_writes_them() {
    let nodes = vec![Address::repeat_byte(1), Address::repeat_byte(2)];
    let data = nodesCall::abi_encode_returns(&nodes);
    let expected = stream(&[&long(2), &nodes[0].abi_encode(), &nodes[1].abi_encode()]);
    assert_eq!(result("nodes", &data).unwrap(), expected);

    let price =
        ModelPrice { modelId: B256::repeat_byte(1), token: Address::repeat_byte(2), inputPrice: 3, outputPrice: 4 };
    let data = pricesOfCall::abi_encode_returns(&vec![price.clone(), price.clone()]);
    assert_eq!(result("pricesOf", &data).unwrap(), stream(&[&long(2), &price.abi_encode(), &price.abi_encode()]));

    let node = NodeInfo {
        signer: Address::repeat_byte(1),
        stake: alloy_primitives::aliases::U96::from(2),
        unbondingUntil: 3,
        active: true,
        publicKey: Bytes::from_static(&[4; 33]),
        apiUrl: "ws://host".into(),
        metadata: "{}".into(),
    };
    let data = nodeOfCall::abi_encode_returns(&node);
    let fixed = stream(&[&node.signer.abi_encode(), &long(2), &long(3), &long(1)]);
    let expected = stream(&[&fixed, &sized(&[4; 33]), &sized(b"ws://host"), &sized(b"{}")]);
    assert_eq!(result("nodeOf", &data).unwrap(), expected);

    for end in 0..data.len() {
        let cut = result("nodeOf", &data[..end]);
        // Padding behind the last string may be missing; nothing else may.
        assert!(cut.as_ref().is_err_and(|error| error.code() == Code::RpcInvalid) || cut == Ok(expected.clone()));
    }
}

#[test]
fn results_of_fixed_size_are_read_as_alloy_writes_them() {
    let u96 = alloy_primitives::aliases::U96::from;
    let details = SessionDetails {
        status: Status::Active,
        deposit: u96(2),
        settled: u96(3),
        closingAt: alloy_primitives::aliases::U40::from(4),
        extensionHours: 5,
        fromBalance: true,
        held: u96(7),
    };
    let data = getSessionDetailsCall::abi_encode_returns(&details);
    assert_eq!(result("getSessionDetails", &data).unwrap(), data);
    let number = U256::from;
    let metrics = SessionMetrics {
        sessionId: U256::MAX,
        status: Status::TimedOut,
        hostPaid: number(3),
        feePaid: number(4),
        unspent: number(5),
        expiresAt: u64::MAX,
        timeoutAt: 7,
        cancellationFee: number(8),
    };
    let data = getSessionMetricsCall::abi_encode_returns(&metrics);
    assert_eq!(result("getSessionMetrics", &data).unwrap(), data);
    let limits = SessionRequirements {
        accepted: true,
        paused: false,
        minDeposit: u96(3),
        maxDeposit: alloy_primitives::aliases::U96::MAX,
        feeBps: u16::MAX,
        maxDuration: u64::MAX,
        minGrace: u32::MAX,
        maxGrace: u32::MAX,
        maxCancelBps: u16::MAX,
    };
    let data = getSessionRequirementsCall::abi_encode_returns(&limits);
    assert_eq!(result("getSessionRequirements", &data).unwrap(), data);
    let data = canHostProcessSessionCall::abi_encode_returns(&Reason::Paused);
    assert_eq!(result("canHostProcessSession", &data).unwrap(), data);
}

#[test]
fn results_that_lie_are_refused() {
    let lies: [Vec<u8>; 4] = [
        // A list that is not there, one longer than the data, an offset beyond it, an element that is no address.
        long(32),
        stream(&[&long(32), &long(64), &long(1)]),
        stream(&[&U256::MAX.abi_encode(), &long(0)]),
        stream(&[&long(32), &long(1), &U256::MAX.abi_encode()]),
    ];
    for lie in lies {
        assert_eq!(result("nodes", &lie).unwrap_err().code(), Code::RpcInvalid);
    }
}
