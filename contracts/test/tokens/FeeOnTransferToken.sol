// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {BareToken, BoolToken} from "./BareToken.sol";

/// @title FeeOnTransferToken
/// @notice Burns a share of every transfer, so less arrives than was sent.
contract FeeOnTransferToken is BoolToken {
    /// @notice Share burned, in hundredths of a percent. May be zero at first, as USDT's is.
    uint256 public feeBps;

    constructor(uint8 decimals_, uint256 feeBps_) BareToken(decimals_) {
        feeBps = feeBps_;
    }

    /// @notice Sets the share burned.
    function setFee(uint256 feeBps_) external {
        feeBps = feeBps_;
    }

    function _move(address from, address to, uint256 amount) internal override {
        super._move(from, to, amount);
        uint256 fee = amount * feeBps / 10_000;
        _balances[to] -= fee;
        totalSupply -= fee;
    }
}
