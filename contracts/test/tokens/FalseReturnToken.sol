// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {BareToken} from "./BareToken.sol";

/// @title FalseReturnToken
/// @notice Answers false instead of reverting when it cannot move the money, or whenever told to.
contract FalseReturnToken is BareToken {
    /// @notice Whether every transfer is refused.
    bool public refusing;

    constructor(uint8 decimals_) BareToken(decimals_) {}

    /// @notice Refuses every transfer from now on, or no longer.
    function setRefusing(bool refusing_) external {
        refusing = refusing_;
    }

    /// @notice Lets `spender` take `amount`.
    function approve(address spender, uint256 amount) external returns (bool) {
        allowance[msg.sender][spender] = amount;
        return true;
    }

    /// @notice Moves `amount` to `to`, or answers false.
    function transfer(address to, uint256 amount) external returns (bool) {
        return _tryMove(msg.sender, to, amount);
    }

    /// @notice Moves `amount` of `from`'s to `to`, or answers false.
    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        if (allowance[from][msg.sender] < amount) return false;
        if (!_tryMove(from, to, amount)) return false;
        _spend(from, amount);
        return true;
    }

    function _tryMove(address from, address to, uint256 amount) private returns (bool) {
        if (refusing || _balances[from] < amount) return false;
        _move(from, to, amount);
        return true;
    }
}
