// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {BareToken, BoolToken} from "./BareToken.sol";

/// @title ReturndataBombToken
/// @notice Reverts with as much returndata as it was told to when it pays a chosen account: a caller that copies all of
/// it runs out of gas.
contract ReturndataBombToken is BoolToken {
    /// @notice Bytes returned when paying the account; zero for an honest transfer.
    mapping(address account => uint256) public bomb;

    constructor(uint8 decimals_) BareToken(decimals_) {}

    /// @notice Makes payments to `account` revert with `size` bytes.
    function setBomb(address account, uint256 size) external {
        bomb[account] = size;
    }

    function _move(address from, address to, uint256 amount) internal override {
        uint256 size = bomb[to];
        if (size != 0) {
            assembly ("memory-safe") {
                // Memory that was never written reads as zeros; only its expansion is paid for.
                revert(0, size)
            }
        }
        super._move(from, to, amount);
    }
}
