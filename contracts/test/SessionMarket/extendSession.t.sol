// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {vm} from "../utils/Vm.sol";
import {SessionMarketTest} from "./utils/SessionMarketTest.sol";

contract ExtendSessionTest is SessionMarketTest {
    function test_RevertGiven_SessionIsNotActive() external {
        ISessionMarket.Terms memory t = coinTerms();
        expectNotActive(t, ISessionMarket.Status.None);
        extend(t, 1, 1);
        open(t);
        vm.prank(host);
        market.completeSession(t, noVoucher());
        expectNotActive(t, ISessionMarket.Status.Completed);
        extend(t, 1, 1);
    }

    function test_RevertWhen_CallerIsNotRenter() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        expectUnauthorized(stranger);
        vm.prank(stranger);
        market.extendSession{value: 1}(t, 1, 1);
        expectUnauthorized(host);
        vm.prank(host);
        market.extendSession(t, 0, 1);
    }

    function test_RevertGiven_TimeIsOver() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        vm.warp(t.expiresAt + t.grace - 1);
        extend(t, 1, 0);
        skip(1);
        expectOver(uint256(t.expiresAt) + t.grace);
        extend(t, 1, 1);
    }

    function test_RevertGiven_CancellationHasRunOut() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        cancel(t, 0, 0);
        skip(t.grace);
        expectOver(timestamp());
        extend(t, 1, 1);
    }

    function test_RevertWhen_DurationIsTooLong() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        expectRefused(ISessionMarket.Reason.BadTimes);
        extend(t, 0, 364 * 24 + 1);
        extend(t, 0, 364 * 24);
        expectRefused(ISessionMarket.Reason.BadTimes);
        extend(t, 0, 1);
        skip(1 hours);
        extend(t, 0, 1);
        assertEq(details(t).extensionHours, 364 * 24 + 1, "hours");
    }

    function test_RevertWhen_HoursDoNotFit() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        uint256 total;
        while (total + 364 * 24 <= type(uint16).max) {
            extend(t, 0, 364 * 24);
            total += 364 * 24;
            vm.warp(t.expiresAt + total * 1 hours);
        }
        uint16 left = uint16(type(uint16).max - total);
        expectRefused(ISessionMarket.Reason.BadTimes);
        extend(t, 0, left + 1);
        extend(t, 0, left);
        assertEq(details(t).extensionHours, type(uint16).max, "hours");
    }

    function test_RevertWhen_DepositIsAboveLimit() external {
        ISessionMarket.Terms memory t = tokenTerms();
        t.proofCap = 60e6;
        open(t);
        vm.prank(prover);
        market.hold(t, 60e6);
        expectOutOfRange(TOKEN_MAX - TOKEN_DEPOSIT + 1, TOKEN_MAX - TOKEN_DEPOSIT);
        extend(t, TOKEN_MAX - TOKEN_DEPOSIT + 1, 0);
        extend(t, TOKEN_MAX - TOKEN_DEPOSIT, 0);
        assertEq(details(t).deposit, TOKEN_MAX - 60e6, "deposit");
    }

    function test_RevertWhen_TokenIsNoLongerAccepted() external {
        ISessionMarket.Terms memory t = tokenTerms();
        open(t);
        accept(address(token), 0, 0);
        expectOutOfRange(1, 0);
        extend(t, 1, 0);
        extend(t, 0, 1);
        assertEq(details(t).extensionHours, 1, "time needs no token");
    }

    function test_RevertWhen_ValueIsWrong() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        vm.expectRevert(abi.encodeWithSelector(ISessionMarket.SessionMarket_WrongValue.selector, 2, 3));
        vm.prank(renter);
        market.extendSession{value: 2}(t, 3, 0);
        t = tokenTerms();
        open(t);
        vm.expectRevert(abi.encodeWithSelector(ISessionMarket.SessionMarket_WrongValue.selector, 1, 0));
        vm.prank(renter);
        market.extendSession{value: 1}(t, 3, 0);
    }

    function test_WhenCancellationIsPending() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        cancel(t, 0, 500_000_000); // half of the deposit: a fee would be due
        assertGt(market.getSessionMetrics(t).cancellationFee, 0, "fee");
        extend(t, 1 ether, 2);
        assertEq(details(t).closingAt, 0, "closingAt");
        assertEq(market.getSessionMetrics(t).cancellationFee, 0, "no fee");
        skip(t.grace);
        vm.expectPartialRevert(ISessionMarket.SessionMarket_NotOver.selector);
        market.triggerSessionTimeout(t);
        timeOut(t);
        assertEq(netOf(host, COIN) + feeOf(host, COIN), 0.5 ether, "nothing but the voucher");
    }

    function test_WhenSessionIsFromBalanceMoneyComesFromTheWallet() external {
        ISessionMarket.Terms memory t = tokenTerms();
        open(t);
        uint256 before = token.balanceOf(renter);
        extend(t, 5e6, 1);
        assertEq(before - token.balanceOf(renter), 5e6, "wallet");
    }

    /// forge-config: default.fuzz.runs = 128
    function testFuzz_AddsMoneyAndTime(bool coin, uint256 amount, uint16 hours_, uint256 when) external {
        ISessionMarket.Terms memory t = coin ? coinTerms() : tokenTerms();
        uint256 id = open(t);
        vm.warp(bound(when, timestamp(), uint256(t.expiresAt) + t.grace - 1));
        amount = bound(amount, 0, coin ? 999 ether : 999_900e6);
        hours_ = uint16(bound(hours_, 0, 364 * 24));
        vm.expectEmit(address(market));
        emit ISessionMarket.SessionExtended(id, depositIn(t.token) + amount, hours_);
        extend(t, amount, hours_);
        assertEq(details(t).deposit, depositIn(t.token) + amount, "deposit");
        assertEq(market.getSessionMetrics(t).expiresAt, t.expiresAt + uint256(hours_) * 1 hours, "expiresAt");
        assertEq(holding(t.token, address(market)), depositIn(t.token) + amount, "held");
    }

    function expectOver(uint256 timeoutAt) private {
        vm.expectRevert(abi.encodeWithSelector(ISessionMarket.SessionMarket_Over.selector, timeoutAt));
    }

    function expectOutOfRange(uint256 amount, uint256 max) private {
        vm.expectRevert(abi.encodeWithSelector(ISessionMarket.SessionMarket_DepositOutOfRange.selector, amount, 0, max));
    }
}
