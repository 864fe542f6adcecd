// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../../../src/interfaces/ISessionMarket.sol";
import {Earnings} from "../../../src/libraries/EarningsLib.sol";
import {MessageLib} from "../../../src/libraries/MessageLib.sol";
import {SignatureLib} from "../../../src/libraries/SignatureLib.sol";
import {Slot, SlotLib} from "../../../src/libraries/SlotLib.sol";

/// @title Harness
/// @notice The libraries' internal functions, callable with calldata and with reverts that a test can expect.
contract Harness {
    function hashTerms(ISessionMarket.Terms calldata terms) external pure returns (bytes32) {
        return MessageLib.hashTerms(terms);
    }

    function recover(bytes32 digest, bytes calldata signature) external pure returns (address) {
        return SignatureLib.recover(digest, signature);
    }

    function isValidERC1271(address account, bytes32 digest, bytes calldata signature) external view returns (bool) {
        return SignatureLib.isValidERC1271(account, digest, signature);
    }

    function plus(Earnings earnings, uint256 net, uint256 fee) external pure returns (Earnings) {
        return earnings.plus(net, fee);
    }

    function opened(uint256 amount, bool fromBalance) external pure returns (Slot) {
        return SlotLib.opened(amount, fromBalance);
    }

    function withLocked(Slot slot, uint256 amount) external pure returns (Slot) {
        return slot.withLocked(amount);
    }

    function withSettled(Slot slot, uint256 amount) external pure returns (Slot) {
        return slot.withSettled(amount);
    }

    function cancelled(Slot slot, uint256 closingAt, bool early) external pure returns (Slot) {
        return slot.cancelled(closingAt, early);
    }

    function extended(Slot slot, uint256 hours_) external pure returns (Slot) {
        return slot.extended(hours_);
    }
}
