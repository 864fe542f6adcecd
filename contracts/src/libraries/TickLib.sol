// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title TickLib
/// @notice Prices from Uniswap V3's ticks: at tick t a unit of token0 is worth 1.0001^t units of token1.
library TickLib {
    /// @notice Beyond this the power has too few bits left to be exact; prices there are above 2^57 or below its inverse.
    error TickLib_OutOfRange(int256 tick);

    int256 private constant MAX_TICK = 400_000;

    /// @dev 2^128 / 1.0001, rounded down.
    uint256 private constant INVERSE_BASE = (uint256(1) << 128) * 10_000 / 10_001;

    /// @notice `amount` of token0 in token1 at `tick`, to within a part in 2^50, and rounded.
    /// @dev Powers of the inverse base, since those fit 128 bits: by squaring, one bit of the exponent after the other.
    function worth(uint256 amount, int256 tick) internal pure returns (uint256) {
        if (tick > MAX_TICK || tick < -MAX_TICK) revert TickLib_OutOfRange(tick);
        // forge-lint: disable-next-line(unsafe-typecast)
        uint256 exponent = uint256(tick < 0 ? -tick : tick);
        uint256 power = uint256(1) << 128;
        for (uint256 square = INVERSE_BASE; exponent != 0; exponent >>= 1) {
            if (exponent & 1 == 1) power = (power * square) >> 128;
            square = (square * square) >> 128;
        }
        return tick < 0 ? Math.mulDiv(amount, power, 1 << 128) : Math.mulDiv(amount, 1 << 128, power);
    }
}
