// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../../../src/interfaces/ISessionMarket.sol";

/// @title Messages
/// @notice EIP-712 digests written out a second time, so that the tests do not sign whatever the contract hashes.
library Messages {
    string internal constant TERMS =
        "Terms(address renter,address host,address hostSigner,address voucherSigner,address token,bytes32 modelId,uint128 inputPrice,uint128 outputPrice,uint64 expiresAt,uint32 grace,uint16 feeBps,uint16 cancelBps,uint128 proofCap,uint256 salt)";

    function digest(address market, bytes32 structHash) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Fabstir"),
                keccak256("1"),
                block.chainid,
                market
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function terms(ISessionMarket.Terms memory t) internal pure returns (bytes32) {
        bytes memory head = abi.encode(
            keccak256(bytes(TERMS)), t.renter, t.host, t.hostSigner, t.voucherSigner, t.token, t.modelId, t.inputPrice
        );
        bytes memory tail = abi.encode(t.outputPrice, t.expiresAt, t.grace, t.feeBps, t.cancelBps, t.proofCap, t.salt);
        return keccak256(bytes.concat(head, tail));
    }

    function order(ISessionMarket.Terms memory t, uint256 amount, uint64 deadline) internal pure returns (bytes32) {
        bytes32 typeHash =
            keccak256(abi.encodePacked("Order(Terms terms,uint256 deposit,uint64 deadline)", bytes(TERMS)));
        return keccak256(abi.encode(typeHash, terms(t), amount, deadline));
    }

    function voucher(uint256 id, uint64 inputTokens, uint64 outputTokens, bytes32 head)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(
            abi.encode(
                keccak256("Voucher(uint256 sessionId,uint64 inputTokens,uint64 outputTokens,bytes32 head)"),
                id,
                inputTokens,
                outputTokens,
                head
            )
        );
    }

    function close(uint256 id, uint64 inputTokens, uint64 outputTokens, uint64 deadline)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(
            abi.encode(
                keccak256("Close(uint256 sessionId,uint64 inputTokens,uint64 outputTokens,uint64 deadline)"),
                id,
                inputTokens,
                outputTokens,
                deadline
            )
        );
    }

    function closeRequest(uint256 id, uint64 inputTokens, uint64 outputTokens, uint64 deadline)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(
            abi.encode(
                keccak256("CloseRequest(uint256 sessionId,uint64 inputTokens,uint64 outputTokens,uint64 deadline)"),
                id,
                inputTokens,
                outputTokens,
                deadline
            )
        );
    }

    function quote(uint256 id, uint64 validUntil) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256("Quote(uint256 sessionId,uint64 validUntil)"), id, validUntil));
    }
}
