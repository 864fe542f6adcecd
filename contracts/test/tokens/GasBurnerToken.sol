// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {BareToken, BoolToken} from "./BareToken.sol";

/// @title GasBurnerToken
/// @notice Burns all the gas it is given when it pays a chosen account.
contract GasBurnerToken is BoolToken {
    /// @notice Whether paying the account burns everything.
    mapping(address account => bool) public burning;

    constructor(uint8 decimals_) BareToken(decimals_) {}

    /// @notice Makes payments to `account` burn everything, or no longer.
    function setBurning(address account, bool burning_) external {
        burning[account] = burning_;
    }

    function _move(address from, address to, uint256 amount) internal override {
        if (burning[to]) {
            // INVALID consumes all gas that was forwarded.
            assembly ("memory-safe") {
                invalid()
            }
        }
        super._move(from, to, amount);
    }
}
