// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {BareToken, BoolToken} from "./BareToken.sol";

/// @title RebasingToken
/// @notice Every balance is scaled by one factor, which anyone can change: holdings grow and shrink without transfers.
/// @dev `_balances` are shares; amounts are shares times `factor` / 1e18, rounded down.
contract RebasingToken is BoolToken {
    /// @notice Base units per share, times 1e18.
    uint256 public factor = 1e18;

    constructor(uint8 decimals_) BareToken(decimals_) {}

    /// @notice Scales every balance to `factor_` / 1e18 of its shares.
    function rebase(uint256 factor_) external {
        factor = factor_;
    }

    /// @inheritdoc BareToken
    function balanceOf(address account) public view override returns (uint256) {
        return _balances[account] * factor / 1e18;
    }

    function _move(address from, address to, uint256 amount) internal override {
        super._move(from, to, amount * 1e18 / factor);
    }
}
