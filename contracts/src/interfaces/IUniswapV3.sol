// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title ISwapRouter02
/// @notice What the buyback calls on Uniswap's SwapRouter02.
interface ISwapRouter02 {
    /// @notice One exact-input swap through one pool.
    struct ExactInputSingleParams {
        address tokenIn;
        address tokenOut;
        uint24 fee;
        address recipient;
        uint256 amountIn;
        uint256 amountOutMinimum;
        uint160 sqrtPriceLimitX96;
    }

    /// @notice Swaps; coin sent along is wrapped if `tokenIn` is its wrapper.
    function exactInputSingle(ExactInputSingleParams calldata params) external payable returns (uint256 amountOut);

    /// @notice Where its pools come from.
    function factory() external view returns (address);

    /// @notice The wrapped coin.
    // solhint-disable-next-line func-name-mixedcase
    function WETH9() external view returns (address);
}

/// @title IUniswapV3Factory
/// @notice What the buyback calls on Uniswap's factory.
interface IUniswapV3Factory {
    /// @notice The pool of two tokens with a fee in hundredths of a basis point; zero if there is none.
    function getPool(address tokenA, address tokenB, uint24 fee) external view returns (address pool);
}

/// @title IUniswapV3Pool
/// @notice What the buyback reads of a Uniswap pool.
interface IUniswapV3Pool {
    /// @notice Cumulative ticks as of so many seconds ago; reverts if the pool does not remember that far back.
    function observe(uint32[] calldata secondsAgos)
        external
        view
        returns (int56[] memory tickCumulatives, uint160[] memory secondsPerLiquidityCumulativeX128s);
}
