// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {BareToken, BoolToken} from "./BareToken.sol";

/// @title BlacklistToken
/// @notice Refuses to move money from or to the accounts on its list, as USDC does.
contract BlacklistToken is BoolToken {
    /// @notice Whether an account is on the list.
    mapping(address account => bool) public blacklisted;

    error BlacklistToken_Blacklisted(address account);

    constructor(uint8 decimals_) BareToken(decimals_) {}

    /// @notice Puts `account` on the list, or takes it off.
    function setBlacklisted(address account, bool listed) external {
        blacklisted[account] = listed;
    }

    function _move(address from, address to, uint256 amount) internal override {
        if (blacklisted[from]) revert BlacklistToken_Blacklisted(from);
        if (blacklisted[to]) revert BlacklistToken_Blacklisted(to);
        super._move(from, to, amount);
    }
}
