// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IBuyback} from "../../src/interfaces/IBuyback.sol";
import {IFabToken} from "../../src/interfaces/IFabToken.sol";
import {IStaking} from "../../src/interfaces/IStaking.sol";
import {DevToken} from "../tokens/DevToken.sol";
import {Deploy} from "../utils/Deploy.sol";
import {Test} from "../utils/Test.sol";
import {Tiers} from "../utils/Tiers.sol";
import {vm} from "../utils/Vm.sol";
import {IFactory, IPool, Trader, Uniswap, WrappedCoin} from "./Uniswap.sol";

/// @notice A buyback behind its proxy, on the real Uniswap: FAB at 0.50 dollars and 0.0002 coin, 100,000 FAB deep.
abstract contract BuybackTest is Test {
    address internal constant COIN = address(0);
    uint256 internal constant DEPTH = 100_000e18;
    uint256 internal constant SPENT = 500e6; // about 1,000 FAB, which moves the price by 2 %

    IFabToken internal fab;
    IStaking internal staking;
    IBuyback internal buyback;
    DevToken internal usd;
    WrappedCoin internal weth;
    Trader internal trader;
    address internal router;
    IFactory internal factory;
    IPool internal usdPool;
    IPool internal coinPool;

    address internal governance;
    address internal keeper;
    address internal stranger;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        (governance, keeper, stranger) = (makeAddr("governance"), makeAddr("keeper"), makeAddr("stranger"));
        fab = Deploy.fabToken(governance, address(this));
        staking = Deploy.staking(governance, address(fab), Tiers.standard(), 1000, 7 days);
        (usd, weth, trader) = (new DevToken("Dollar", "USD", 6), new WrappedCoin(), new Trader());
        openMarkets();
        buyback = Deploy.buyback(address(fab), address(staking), router, governance, standard());
        vm.startPrank(governance);
        buyback.setKeeper(keeper, true);
        buyback.setRoute(address(usd), IBuyback.Route(3000, 100e6, 10_000e6));
        buyback.setRoute(COIN, IBuyback.Route(3000, 0.05 ether, 5 ether));
        vm.stopPrank();
        usd.mint(address(buyback), 1000e6);
        vm.deal(address(buyback), 1 ether);
        skip(1 hours);
    }

    function openMarkets() private {
        factory = Uniswap.factory();
        router = Uniswap.router(factory, address(weth));
        fab.transfer(address(trader), 600_000e18);
        usd.mint(address(trader), 1_000_000e6);
        vm.deal(address(this), 1000 ether);
        weth.deposit{value: 1000 ether}();
        weth.transfer(address(trader), 1000 ether);
        usdPool = Uniswap.pool(factory, address(fab), address(usd), DEPTH, 50_000e6, trader);
        coinPool = Uniswap.pool(factory, address(fab), address(weth), DEPTH, 20 ether, trader);
    }

    function standard() internal pure returns (IBuyback.Settings memory) {
        return IBuyback.Settings({burnBps: 5000, maxDeviationBps: 500, window: 30 minutes, interval: 1 days});
    }

    function buy(address token, uint256 amount, uint256 minOut) internal returns (uint256) {
        vm.prank(keeper);
        return buyback.buyback(token, amount, minOut, timestamp());
    }

    /// @dev Somebody buys FAB, or sells as much of it, in the pool of dollars.
    function move(bool up, uint256 dollars) internal {
        bool fabFirst = usdPool.token0() == address(fab);
        trader.trade(usdPool, up != fabFirst, up ? dollars : dollars * 2e12);
    }
}
