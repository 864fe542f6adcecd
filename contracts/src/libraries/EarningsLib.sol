// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../interfaces/ISessionMarket.sol";

/// @notice What an account earned in a token, in one word, from high bits to low:
/// the market's fee in what it was paid u128 | what it can withdraw u128.
type Earnings is uint256;

using EarningsLib for Earnings global;

/// @title EarningsLib
/// @notice Reads earnings, and makes changed copies of them. What does not fit its place is an error.
library EarningsLib {
    uint256 private constant FEE_AT = 128;

    /// @notice Base units that the account can withdraw.
    function net(Earnings earnings) internal pure returns (uint128) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint128(Earnings.unwrap(earnings));
    }

    /// @notice Base units that go to the fee recipient.
    function fee(Earnings earnings) internal pure returns (uint128) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint128(Earnings.unwrap(earnings) >> FEE_AT);
    }

    /// @notice With this much more of each.
    function plus(Earnings earnings, uint256 net_, uint256 fee_) internal pure returns (Earnings) {
        net_ += net(earnings);
        fee_ += fee(earnings);
        if (net_ > type(uint128).max) revert ISessionMarket.SessionMarket_AmountTooLarge(net_);
        if (fee_ > type(uint128).max) revert ISessionMarket.SessionMarket_AmountTooLarge(fee_);
        return Earnings.wrap(fee_ << FEE_AT | net_);
    }

    /// @notice With nothing to withdraw, and the fee as it was.
    function withoutNet(Earnings earnings) internal pure returns (Earnings) {
        return Earnings.wrap(Earnings.unwrap(earnings) >> FEE_AT << FEE_AT);
    }

    /// @notice With no fee, and as much to withdraw as before.
    function withoutFee(Earnings earnings) internal pure returns (Earnings) {
        return Earnings.wrap(net(earnings));
    }
}
