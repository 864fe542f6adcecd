// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {vm} from "../utils/Vm.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @notice The calls on Uniswap V3 that only tests make.
interface IFactory {
    function createPool(address tokenA, address tokenB, uint24 fee) external returns (address);
}

interface IPool {
    function initialize(uint160 sqrtPriceX96) external;
    function mint(address recipient, int24 tickLower, int24 tickUpper, uint128 amount, bytes calldata data) external;
    function swap(address recipient, bool zeroForOne, int256 amount, uint160 sqrtPriceLimitX96, bytes calldata data)
        external
        returns (int256 amount0, int256 amount1);
    function increaseObservationCardinalityNext(uint16 next) external;
    function slot0() external view returns (uint160 sqrtPriceX96, int24 tick, uint16, uint16, uint16, uint8, bool);
    function token0() external view returns (address);
    function token1() external view returns (address);
}

/// @notice The coin, wrapped.
contract WrappedCoin is ERC20("Wrapped Ether", "WETH") {
    receive() external payable {
        deposit();
    }

    function deposit() public payable {
        _mint(msg.sender, msg.value);
    }

    function withdraw(uint256 amount) external {
        _burn(msg.sender, amount);
        payable(msg.sender).transfer(amount);
    }
}

/// @notice Somebody with both tokens, who provides liquidity and moves the price.
contract Trader {
    function provide(IPool pool, uint128 liquidity) external {
        pool.mint(address(this), -887_220, 887_220, liquidity, "");
    }

    /// @dev Spends `amount` of token0 or token1, whatever the price.
    function trade(IPool pool, bool zeroForOne, uint256 amount) external {
        uint160 limit = zeroForOne ? 4_295_128_740 : 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_341;
        pool.swap(address(this), zeroForOne, int256(amount), limit, "");
    }

    function uniswapV3MintCallback(uint256 amount0, uint256 amount1, bytes calldata) external {
        _pay(int256(amount0), int256(amount1));
    }

    function uniswapV3SwapCallback(int256 amount0, int256 amount1, bytes calldata) external {
        _pay(amount0, amount1);
    }

    function _pay(int256 amount0, int256 amount1) private {
        if (amount0 > 0) IERC20(IPool(msg.sender).token0()).transfer(msg.sender, uint256(amount0));
        if (amount1 > 0) IERC20(IPool(msg.sender).token1()).transfer(msg.sender, uint256(amount1));
    }
}

/// @title Uniswap
/// @notice Puts Uniswap V3 itself on the chain, from the bytecode in its npm packages.
library Uniswap {
    string private constant FACTORY =
        "node_modules/@uniswap/v3-core/artifacts/contracts/UniswapV3Factory.sol/UniswapV3Factory.json";
    string private constant ROUTER =
        "node_modules/@uniswap/swap-router-contracts/artifacts/contracts/SwapRouter02.sol/SwapRouter02.json";

    function factory() internal returns (IFactory) {
        return IFactory(vm.deployCode(FACTORY, ""));
    }

    function router(IFactory factory_, address weth) internal returns (address) {
        return vm.deployCode(ROUTER, abi.encode(address(0), factory_, address(0), weth));
    }

    /// @dev A pool of `a` and `b` in which `amountA` of one is worth `amountB` of the other, with liquidity of as much.
    function pool(IFactory factory_, address a, address b, uint256 amountA, uint256 amountB, Trader trader)
        internal
        returns (IPool made)
    {
        made = IPool(factory_.createPool(a, b, 3000));
        (uint256 amount0, uint256 amount1) = a < b ? (amountA, amountB) : (amountB, amountA);
        made.initialize(uint160(Math.sqrt(Math.mulDiv(amount1, 1 << 192, amount0))));
        made.increaseObservationCardinalityNext(16);
        trader.provide(made, uint128(Math.sqrt(amount0 * amount1)));
    }
}
