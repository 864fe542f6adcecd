// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../interfaces/ISessionMarket.sol";

/// @title MessageLib
/// @notice EIP-712 struct hashes of everything the market reads a signature over.
/// @dev The market adds its domain. `vectors/messages.json` pins the digests.
library MessageLib {
    /// @dev Members of a session's terms, in order.
    string private constant TERMS_TYPE = "Terms(address renter,address host,address hostSigner,address voucherSigner,"
        "address token,bytes32 modelId,uint128 inputPrice,uint128 outputPrice,uint64 expiresAt,uint32 grace,"
        "uint16 feeBps,uint16 cancelBps,uint128 proofCap,uint256 salt)";

    bytes32 internal constant TERMS_TYPEHASH = keccak256(bytes(TERMS_TYPE));
    bytes32 internal constant ORDER_TYPEHASH =
        keccak256(bytes(string.concat("Order(Terms terms,uint256 deposit,uint64 deadline)", TERMS_TYPE)));
    bytes32 internal constant VOUCHER_TYPEHASH =
        keccak256("Voucher(uint256 sessionId,uint64 inputTokens,uint64 outputTokens,bytes32 head)");
    bytes32 internal constant CLOSE_TYPEHASH =
        keccak256("Close(uint256 sessionId,uint64 inputTokens,uint64 outputTokens,uint64 deadline)");
    bytes32 internal constant CLOSE_REQUEST_TYPEHASH =
        keccak256("CloseRequest(uint256 sessionId,uint64 inputTokens,uint64 outputTokens,uint64 deadline)");
    bytes32 internal constant QUOTE_TYPEHASH = keccak256("Quote(uint256 sessionId,uint64 validUntil)");

    /// @dev Fourteen static words.
    uint256 private constant TERMS_SIZE = 14 * 32;

    /// @notice Struct hash of the terms; its digest is the session's id.
    /// @dev Terms are static, so their calldata is their EIP-712 encoding and is hashed as it lies. Stray high bits only
    /// lead to an id that nobody can open, because opening decodes every member for its event.
    function hashTerms(ISessionMarket.Terms calldata terms) internal pure returns (bytes32 hash) {
        bytes32 typeHash = TERMS_TYPEHASH;
        uint256 size = TERMS_SIZE;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typeHash)
            calldatacopy(add(free, 0x20), terms, size)
            hash := keccak256(free, add(size, 0x20))
        }
    }

    /// @notice Struct hash of the renter's consent to an opening.
    function hashOrder(bytes32 termsHash, uint256 amount, uint64 deadline) internal pure returns (bytes32) {
        return keccak256(abi.encode(ORDER_TYPEHASH, termsHash, amount, deadline));
    }

    /// @notice Struct hash of counts that the renter accepted.
    function hashVoucher(uint256 id, uint64 inputTokens, uint64 outputTokens, bytes32 head)
        internal
        pure
        returns (bytes32)
    {
        return _hashCounts(VOUCHER_TYPEHASH, id, inputTokens, outputTokens, head);
    }

    /// @notice Struct hash of the host's consent to end at these counts.
    function hashClose(uint256 id, uint64 inputTokens, uint64 outputTokens, uint64 deadline)
        internal
        pure
        returns (bytes32)
    {
        return _hashCounts(CLOSE_TYPEHASH, id, inputTokens, outputTokens, bytes32(uint256(deadline)));
    }

    /// @notice Struct hash of the renter's wish to end at these counts.
    function hashCloseRequest(uint256 id, uint64 inputTokens, uint64 outputTokens, uint64 deadline)
        internal
        pure
        returns (bytes32)
    {
        return _hashCounts(CLOSE_REQUEST_TYPEHASH, id, inputTokens, outputTokens, bytes32(uint256(deadline)));
    }

    /// @notice Struct hash of the host's consent to terms below its floors.
    function hashQuote(uint256 id, uint64 validUntil) internal pure returns (bytes32) {
        return keccak256(abi.encode(QUOTE_TYPEHASH, id, validUntil));
    }

    /// @dev The three messages about counts have one shape. In assembly, since this runs for every voucher.
    function _hashCounts(bytes32 typeHash, uint256 id, uint64 inputTokens, uint64 outputTokens, bytes32 last)
        private
        pure
        returns (bytes32 hash)
    {
        uint256 inputs = inputTokens;
        uint256 outputs = outputTokens;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typeHash)
            mstore(add(free, 0x20), id)
            mstore(add(free, 0x40), inputs)
            mstore(add(free, 0x60), outputs)
            mstore(add(free, 0x80), last)
            hash := keccak256(free, 0xa0)
        }
    }
}
