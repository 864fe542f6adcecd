// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IBuyback} from "../../src/interfaces/IBuyback.sol";
import {IUniswapV3Pool} from "../../src/interfaces/IUniswapV3.sol";
import {TickLib} from "../../src/libraries/TickLib.sol";
import {IFullFabToken} from "../FabToken/FabTokenTest.sol";
import {vm} from "../utils/Vm.sol";
import {BuybackTest} from "./BuybackTest.sol";
import {IPool} from "./Uniswap.sol";

contract BuybackBuybackTest is BuybackTest {
    function testFuzz_RevertWhen_CallerIsNoKeeper(address caller) external {
        vm.assume(caller != keeper);
        vm.expectRevert(abi.encodeWithSelector(IBuyback.Buyback_Unauthorized.selector, caller));
        vm.prank(caller);
        buyback.buyback(address(usd), SPENT, 0, timestamp());
    }

    function test_RevertWhen_DeadlinePassed() external {
        vm.expectRevert(abi.encodeWithSelector(IBuyback.Buyback_Expired.selector, timestamp() - 1));
        vm.prank(keeper);
        buyback.buyback(address(usd), SPENT, 0, timestamp() - 1);
    }

    function test_RevertWhen_TokenHasNoRoute() external {
        bytes memory noRoute = abi.encodeWithSelector(IBuyback.Buyback_NoRoute.selector, address(weth));
        vm.expectRevert(noRoute);
        buy(address(weth), 1, 0);
        vm.expectRevert(noRoute);
        buyback.quote(address(weth), 1);
    }

    function testFuzz_RevertWhen_AmountIsOutOfRange(uint256 amount) external {
        vm.assume(amount < 100e6 || amount > 1000e6);
        vm.expectRevert(abi.encodeWithSelector(IBuyback.Buyback_AmountOutOfRange.selector, amount, 100e6, 1000e6));
        buy(address(usd), amount, 0);
    }

    function testFuzz_GivenTheIntervalIsNotOver(uint256 elapsed) external {
        elapsed = bound(elapsed, 0, 1 days - 1);
        uint256 first = timestamp();
        buy(address(usd), 100e6, 0);
        assertEq(buyback.lastAt(address(usd)), first);
        skip(elapsed);
        vm.expectRevert(abi.encodeWithSelector(IBuyback.Buyback_TooEarly.selector, first + 1 days));
        buy(address(usd), 100e6, 0);

        usd.mint(address(buyback), 10_000e6);
        buy(address(usd), 100e6, 0); // by threshold
        buy(COIN, 0.1 ether, 0); // another token, another clock
        vm.warp(timestamp() + 1 days);
        buy(COIN, 0.1 ether, 0); // by schedule
    }

    /// @notice Trades crowd the beginning of the window out of a pool that remembers too little.
    function test_RevertGiven_ThePoolForgot() external {
        for (uint256 i = 0; i < 20; i++) {
            skip(12);
            move(i % 2 == 0, 100e6); // enough for another tick, which the pool remembers
        }
        vm.expectRevert(bytes("OLD"));
        buyback.quote(address(usd), 1e6);
        vm.expectRevert(bytes("OLD"));
        buy(address(usd), SPENT, 0);
    }

    function test_RevertWhen_FewerComeThanTheKeeperAsksFor() external {
        uint256 id = vm.snapshotState();
        uint256 bought = buy(address(usd), SPENT, 0);
        vm.revertToState(id);
        vm.expectRevert(bytes("Too little received"));
        buy(address(usd), SPENT, bought + 1);
        assertEq(buy(address(usd), SPENT, bought), bought);
    }

    /// @notice The mean tick is rounded down on either side of zero, as the pool rounds its own.
    function testFuzz_QuotesTheTimeWeightedPrice(uint256 elapsed, bool up) external {
        move(up, 1000e6);
        skip(bound(elapsed, 1, 30 minutes));
        uint32[] memory ago = new uint32[](2);
        ago[0] = 30 minutes;
        for (uint256 i = 0; i < 2; i++) {
            (address asset, IPool pool) = i == 0 ? (address(usd), usdPool) : (address(weth), coinPool);
            (int56[] memory cumulative,) = IUniswapV3Pool(address(pool)).observe(ago);
            int256 sum = cumulative[1] - cumulative[0];
            int256 mean = (sum - (sum < 0 ? int256(1799) : int256(0))) / 1800;
            uint256 expected = TickLib.worth(1e18, asset < address(fab) ? mean : -mean);
            assertEq(buyback.quote(i == 0 ? asset : COIN, 1e18), expected);
        }
    }

    /// @notice A sandwich: the price is pushed up right before the purchase.
    function test_RevertWhen_ThePriceWasPushedUp() external {
        move(true, 1500e6); // 3 %, and so 6 % in price
        vm.expectRevert(bytes("Too little received"));
        buy(address(usd), 100e6, 0);
        skip(30 minutes); // by then it is the market's
        buy(address(usd), 100e6, 0);
    }

    function test_RevertWhen_ThePriceWasPushedDown() external {
        uint256 expected = buyback.quote(address(usd), 100e6);
        move(false, 2000e6);
        (bool ok, bytes memory reason) = tryBuy(100e6);
        assertFalse(ok);
        assertEq(bytes32(bytes4(reason)), bytes32(IBuyback.Buyback_PriceOff.selector));
        (uint256 bought, uint256 promised) = abi.decode(tail(reason), (uint256, uint256));
        assertEq(promised, expected);
        assertGt(bought, expected * 105 / 100);
    }

    /// @notice Whatever moved the price before, no purchase is more than 5 % off the average.
    function testFuzz_NeverPaysMoreThanFivePercentOff(uint256 dollars, bool up, uint256 amount) external {
        dollars = bound(dollars, 1, 5000e6);
        amount = bound(amount, 100e6, 1000e6);
        uint256 expected = buyback.quote(address(usd), amount);
        move(up, dollars);
        uint256 before = IFullFabToken(address(fab)).totalSupply();
        (bool ok,) = tryBuy(amount);
        if (!ok) return;
        uint256 burned = before - IFullFabToken(address(fab)).totalSupply();
        uint256 bought = burned + fab.balanceOf(address(staking));
        assertGe(bought * 100, expected * 95);
        assertLe(bought * 100, expected * 105);
    }

    function test_BurnsHalfAndSharesHalf() external {
        uint256 expected = buyback.quote(address(usd), SPENT);
        assertApproxEqAbs(expected, 1000e18, 0.1e18);
        uint256 bought = buy(address(usd), SPENT, 0);
        // Its own 1 % and the pool's 0.3 % off.
        assertApproxEqAbs(bought, 987e18, 1e18);
        assertEq(IFullFabToken(address(fab)).totalSupply(), 1_000_000e18 - bought / 2);
        assertEq(fab.balanceOf(address(staking)), bought - bought / 2);
        assertEq(staking.rewardState(address(fab)).received, bought - bought / 2);
        assertEq(usd.balanceOf(address(buyback)), 500e6);
        assertEq(fab.balanceOf(address(buyback)), 0);
        assertEq(usd.allowance(address(buyback), router), 0);
    }

    function test_SpendsTheCoin() external {
        assertApproxEqAbs(buyback.quote(COIN, 0.2 ether), 1000e18, 0.1e18);
        uint256 bought = buy(COIN, 0.2 ether, 0);
        assertApproxEqAbs(bought, 987e18, 1e18);
        assertEq(address(buyback).balance, 0.8 ether);
        assertEq(fab.balanceOf(address(staking)), bought - bought / 2);
    }

    function test_FabThatLayHereGoesTheSameWay() external {
        uint256 id = vm.snapshotState();
        uint256 bought = buy(address(usd), SPENT, 0);
        vm.revertToState(id);
        fab.transfer(address(buyback), 100e18);
        uint256 burned = (bought + 100e18) / 2;
        vm.expectEmit(address(buyback));
        emit IBuyback.BoughtBack(address(usd), SPENT, bought, burned, bought + 100e18 - burned);
        buy(address(usd), SPENT, 0);
        assertEq(fab.balanceOf(address(staking)), bought + 100e18 - burned);
    }

    /// forge-config: default.isolate = true
    function test_Gas() external {
        buy(address(usd), SPENT, 0);
        skip(1 days);
        buy(address(usd), 100e6, 0);
        vm.snapshotGasLastCall("Buyback", "buyback, token");
        buy(COIN, 0.1 ether, 0);
        skip(1 days);
        buy(COIN, 0.1 ether, 0);
        vm.snapshotGasLastCall("Buyback", "buyback, coin");
    }

    function tryBuy(uint256 amount) private returns (bool, bytes memory) {
        vm.prank(keeper);
        return address(buyback).call(abi.encodeCall(buyback.buyback, (address(usd), amount, 0, timestamp())));
    }

    /// @dev What follows the selector.
    function tail(bytes memory data) private pure returns (bytes memory rest) {
        rest = new bytes(data.length - 4);
        for (uint256 i = 0; i < rest.length; i++) {
            rest[i] = data[i + 4];
        }
    }
}
