// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {BareToken} from "./BareToken.sol";

/// @title NoReturnToken
/// @notice Returns nothing from any call, and refuses to change an allowance that is not zero, as USDT does.
contract NoReturnToken is BareToken {
    error NoReturnToken_AllowanceNotZero();

    constructor(uint8 decimals_) BareToken(decimals_) {}

    /// @notice Lets `spender` take `amount`.
    function approve(address spender, uint256 amount) external {
        if (amount != 0 && allowance[msg.sender][spender] != 0) revert NoReturnToken_AllowanceNotZero();
        allowance[msg.sender][spender] = amount;
    }

    /// @notice Moves `amount` to `to`.
    function transfer(address to, uint256 amount) external {
        _move(msg.sender, to, amount);
    }

    /// @notice Moves `amount` of `from`'s to `to`.
    function transferFrom(address from, address to, uint256 amount) external {
        _spend(from, amount);
        _move(from, to, amount);
    }
}
