// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @title SignatureLib
/// @notice One accepted form of ECDSA signature, and contract wallets that cannot make a check cost what they like.
library SignatureLib {
    /// @dev Gas for one ERC-1271 answer; enough for a P-256 check in Solidity.
    uint256 internal constant ERC1271_GAS = 500_000;

    /// @dev Half the order of secp256k1: above it `s` is the malleable twin of another signature.
    uint256 private constant MAX_S = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;

    /// @notice The signer, or zero if the signature is not 65 bytes r, s, v with low s and v 27 or 28.
    function recover(bytes32 digest, bytes calldata signature) internal pure returns (address) {
        if (signature.length != 65) return address(0);
        (uint8 v, bytes32 r, bytes32 s) = split(signature);
        // ecrecover answers zero for any other v by itself.
        if (uint256(s) > MAX_S) return address(0);
        return ecrecover(digest, v, r, s);
    }

    /// @notice The parts of a signature known to be 65 bytes long.
    function split(bytes calldata signature) internal pure returns (uint8 v, bytes32 r, bytes32 s) {
        assembly ("memory-safe") {
            r := calldataload(signature.offset)
            s := calldataload(add(signature.offset, 0x20))
            v := byte(0, calldataload(add(signature.offset, 0x40)))
        }
    }

    /// @notice Whether the contract at `account` says that the signature is its own.
    /// @dev Gas is bounded and no more than one word of the answer is read. False for an account without code.
    function isValidERC1271(address account, bytes32 digest, bytes calldata signature)
        internal
        view
        returns (bool valid)
    {
        bytes memory data = abi.encodeCall(IERC1271.isValidSignature, (digest, signature));
        bytes32 magic = bytes32(IERC1271.isValidSignature.selector);
        uint256 gasLimit = ERC1271_GAS;
        assembly ("memory-safe") {
            let ok := staticcall(gasLimit, account, add(data, 0x20), mload(data), 0x00, 0x20)
            valid := and(and(ok, gt(returndatasize(), 0x1f)), eq(mload(0x00), magic))
        }
    }
}
