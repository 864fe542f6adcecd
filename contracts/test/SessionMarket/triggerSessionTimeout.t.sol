// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {vm} from "../utils/Vm.sol";
import {SessionMarketTest} from "./utils/SessionMarketTest.sol";

contract TriggerSessionTimeoutTest is SessionMarketTest {
    function test_RevertGiven_SessionIsNotActive() external {
        ISessionMarket.Terms memory t = coinTerms();
        expectNotActive(t, ISessionMarket.Status.None);
        market.triggerSessionTimeout(t);
        open(t);
        timeOut(t);
        expectNotActive(t, ISessionMarket.Status.TimedOut);
        market.triggerSessionTimeout(t);
    }

    function test_RevertWhen_ExpiryAndGraceHaveNotPassed() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        extend(t, 0, 3);
        uint256 timeoutAt = t.expiresAt + 3 hours + t.grace;
        vm.warp(timeoutAt - 1);
        expectNotOver(timeoutAt);
        market.triggerSessionTimeout(t);
        skip(1);
        times(t, 0, 0);
    }

    function test_RevertWhen_GraceAfterCancellationHasNotPassed() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        cancel(t, 0, 0);
        uint256 timeoutAt = timestamp() + t.grace;
        skip(t.grace - 1);
        expectNotOver(timeoutAt);
        market.triggerSessionTimeout(t);
        skip(1);
        times(t, 0, 0);
    }

    function test_GivenRenterLeftEarlyAndATenthWasSettled() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        cancel(t, 0, 100_000_000); // exactly a tenth
        uint256 fee = 0.9 ether * uint256(CANCEL_BPS) / 10_000;
        assertEq(market.getSessionMetrics(t).cancellationFee, fee, "announced");
        skip(t.grace);
        times(t, 0.1 ether + fee, fee);
    }

    function test_GivenRenterLeftEarlyAndLessWasSettled() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        cancel(t, 0, 99_999_999);
        skip(t.grace);
        times(t, 0.099_999_999 ether, 0);
    }

    function test_GivenATenthWasSettledAfterRenterLeft() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        cancel(t, 0, 0);
        market.settle(t, voucherFor(t, 0, 500_000_000));
        skip(t.grace);
        uint256 fee = 0.5 ether * uint256(CANCEL_BPS) / 10_000;
        times(t, 0.5 ether + fee, fee);
    }

    function test_GivenRenterLeftAfterExpiry() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        vm.warp(t.expiresAt);
        cancel(t, 0, 500_000_000);
        skip(t.grace);
        times(t, 0.5 ether, 0);
    }

    function test_GivenNobodyLeft() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        market.settle(t, voucherFor(t, 0, 500_000_000));
        vm.warp(t.expiresAt + t.grace);
        times(t, 0.5 ether, 0);
    }

    function test_GivenTermsHaveNoCancellationFee() external {
        ISessionMarket.Terms memory t = coinTerms();
        t.cancelBps = 0;
        open(t);
        cancel(t, 0, 500_000_000);
        skip(t.grace);
        times(t, 0.5 ether, 0);
    }

    function test_GivenDepositIsSpent() external {
        ISessionMarket.Terms memory t = tokenTerms();
        open(t);
        cancel(t, 0, type(uint64).max);
        skip(t.grace);
        times(t, TOKEN_DEPOSIT, 0);
    }

    /// forge-config: default.fuzz.runs = 128
    function testFuzz_PaysOnlyTheFeeAgreed(uint64 outputTokens, uint16 cancelBps, uint256 amount) external {
        ISessionMarket.Terms memory t = tokenTerms();
        t.cancelBps = uint16(bound(cancelBps, 0, 500));
        amount = bound(amount, TOKEN_MIN, TOKEN_MAX);
        open(t, amount);
        outputTokens = uint64(bound(outputTokens, 0, 2e12));
        cancel(t, 0, outputTokens);
        uint256 gross = grossOf(t, 0, outputTokens);
        uint256 settled = gross < amount ? gross : amount;
        uint256 fee = settled * 10 >= amount ? (amount - settled) * t.cancelBps / 10_000 : 0;
        uint256 wallet = token.balanceOf(renter);
        skip(t.grace);
        vm.expectEmit(address(market));
        emit ISessionMarket.SessionJobTimedOut(idOf(t), settled + fee, amount - settled - fee, fee);
        market.triggerSessionTimeout(t);
        assertEq(token.balanceOf(renter) - wallet, amount - settled - fee, "refund");
        assertEq(feeOf(host, address(token)), (settled + fee) * FEE_BPS / 10_000, "market fee");
    }

    function times(ISessionMarket.Terms memory t, uint256 settled, uint256 fee) private {
        uint256 before = holding(t.token, renter);
        uint256 refund = depositIn(t.token) - settled;
        vm.expectEmit(address(market));
        emit ISessionMarket.SessionJobTimedOut(idOf(t), settled, refund, fee);
        vm.prank(stranger);
        market.triggerSessionTimeout(t);
        assertEq(holding(t.token, renter) - before, refund, "refund");
        assertEq(netOf(host, t.token) + feeOf(host, t.token), settled, "earned");
        assertStatus(t, ISessionMarket.Status.TimedOut);
        assertEq(details(t).deposit, settled, "deposit");
        assertEq(details(t).closingAt, 0, "closingAt");
    }

    function expectNotOver(uint256 timeoutAt) private {
        vm.expectRevert(abi.encodeWithSelector(ISessionMarket.SessionMarket_NotOver.selector, timeoutAt));
    }
}
