// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {BareToken, BoolToken} from "./BareToken.sol";

/// @title ReentrantToken
/// @notice Calls whatever it was told to in the middle of its next transfer, once, as a token with hooks lets others do.
contract ReentrantToken is BoolToken {
    /// @notice Whom the next transfer calls; zero for nobody.
    address public target;
    /// @notice With what.
    bytes public data;
    /// @notice Whether the last such call succeeded.
    bool public succeeded;
    /// @notice What it returned.
    bytes public returned;
    /// @notice Number of such calls made.
    uint256 public calls;

    constructor(uint8 decimals_) BareToken(decimals_) {}

    /// @notice Arms one call, made by this contract before the balances of the next transfer change.
    function arm(address target_, bytes calldata data_) external {
        target = target_;
        data = data_;
    }

    function _move(address from, address to, uint256 amount) internal override {
        address callee = target;
        if (callee != address(0)) {
            target = address(0);
            calls++;
            (succeeded, returned) = callee.call(data);
        }
        super._move(from, to, amount);
    }
}
