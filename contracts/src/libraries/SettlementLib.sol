// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title SettlementLib
/// @notice What a session owes, in exact integers. The direction of rounding is in the name.
/// @dev Amounts are token base units. `fabstir-core` computes the same; both run `vectors/settlement.json`.
library SettlementLib {
    /// @notice Prices are per this many LLM tokens.
    uint256 internal constant TOKENS_PER_PRICE = 1_000_000;

    /// @notice Shares are in basis points of this.
    uint256 internal constant BPS = 10_000;

    /// @notice What cumulative counts are worth, in the renter's favour.
    /// @dev Rounds once, over the sum: two products of 64 by 128 bits and their sum fit 256 bits.
    function grossDown(uint64 inputTokens, uint64 outputTokens, uint128 inputPrice, uint128 outputPrice)
        internal
        pure
        returns (uint256)
    {
        unchecked {
            return (uint256(inputTokens) * inputPrice + uint256(outputTokens) * outputPrice) / TOKENS_PER_PRICE;
        }
    }

    /// @notice What of `gross` the deposit can pay.
    function paidUpTo(uint256 gross, uint256 locked) internal pure returns (uint256) {
        return gross < locked ? gross : locked;
    }

    /// @notice The market's part of everything paid so far. Callers credit the difference of two such figures, so the
    /// total does not depend on how often a session was settled.
    function feeDown(uint96 cumulativePaid, uint16 feeBps) internal pure returns (uint256) {
        unchecked {
            return uint256(cumulativePaid) * feeBps / BPS; // 96 by 16 bits
        }
    }

    /// @notice What a renter who left early pays of the deposit it did not spend.
    function cancellationFeeDown(uint256 unspent, uint16 cancelBps) internal pure returns (uint256) {
        return unspent * cancelBps / BPS;
    }
}
