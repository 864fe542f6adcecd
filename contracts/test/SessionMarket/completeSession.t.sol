// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {vm} from "../utils/Vm.sol";
import {SessionMarketTest} from "./utils/SessionMarketTest.sol";

contract CompleteSessionTest is SessionMarketTest {
    function test_RevertGiven_SessionWasNeverOpened() external {
        ISessionMarket.Terms memory t = coinTerms();
        expectNotActive(t, ISessionMarket.Status.None);
        vm.prank(host);
        market.completeSession(t, noVoucher());
    }

    function test_RevertGiven_SessionHasEnded() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        timeOut(t);
        expectNotActive(t, ISessionMarket.Status.TimedOut);
        vm.prank(host);
        market.completeSession(t, noVoucher());
    }

    function test_RevertWhen_CallerIsNotTheHostOrItsSigner() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        ISessionMarket.SignedVoucher memory v = voucherFor(t, 1, 1);
        expectUnauthorized(renter);
        vm.prank(renter);
        market.completeSession(t, v);
        expectUnauthorized(stranger);
        vm.prank(stranger);
        market.completeSession(t, v);
        expectUnauthorized(owner);
        vm.prank(owner);
        market.completeSession(t, noVoucher());
    }

    function test_RevertWhen_VoucherIsBad() external {
        ISessionMarket.Terms memory t = coinTerms();
        uint256 id = open(t);
        ISessionMarket.SignedVoucher memory v = voucherBy(hostSignerKey, id, 1, 1);
        expectBadSignature();
        vm.prank(host);
        market.completeSession(t, v);
    }

    function test_RevertWhen_VoucherIsBadAndAddsNothing() external {
        ISessionMarket.Terms memory t = coinTerms();
        uint256 id = open(t);
        ISessionMarket.SignedVoucher memory v = voucherBy(hostSignerKey, id, 0, 0);
        expectBadSignature();
        vm.prank(host);
        market.completeSession(t, v);
    }

    function test_WhenVoucherWasSettledFirst() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        ISessionMarket.SignedVoucher memory v = voucherFor(t, 100, 200);
        vm.prank(stranger);
        market.settle(t, v);
        completes(t, host, v, grossOf(t, 100, 200));
    }

    function test_WhenVoucherIsOlderThanTheSettledOne() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        market.settle(t, voucherFor(t, 100, 200));
        completes(t, hostSigner, voucherFor(t, 50, 100), grossOf(t, 100, 200));
    }

    function test_WhenVoucherAddsSomething() external {
        ISessionMarket.Terms memory t = tokenTerms();
        open(t);
        market.settle(t, voucherFor(t, 100, 200));
        completes(t, hostSigner, voucherFor(t, 1000, 20_000), grossOf(t, 1000, 20_000));
    }

    function test_WhenNoVoucherIsGiven() external {
        ISessionMarket.Terms memory t = tokenTerms();
        open(t);
        completes(t, host, noVoucher(), 0);
    }

    function test_WhenDepositIsSpent() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        completes(t, host, voucherFor(t, 0, type(uint64).max), COIN_DEPOSIT);
    }

    function test_WhenCancellationIsPending() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        cancel(t, 0, 0);
        completes(t, host, voucherFor(t, 0, 900_000_000), grossOf(t, 0, 900_000_000));
        assertEq(details(t).closingAt, 0, "closingAt");
    }

    /// forge-config: default.fuzz.runs = 128
    function testFuzz_EveryUnitIsPaid(bool coin, uint64 inputTokens, uint64 outputTokens, uint256 amount) external {
        ISessionMarket.Terms memory t = coin ? coinTerms() : tokenTerms();
        amount = coin ? bound(amount, COIN_MIN, COIN_MAX) : bound(amount, TOKEN_MIN, TOKEN_MAX);
        uint256 before = holding(t.token, renter);
        open(t, amount);
        ISessionMarket.SignedVoucher memory v = voucherFor(t, inputTokens, outputTokens);
        vm.prank(host);
        market.completeSession(t, v);
        uint256 gross = grossOf(t, inputTokens, outputTokens);
        uint256 paid = gross < amount ? gross : amount;
        assertEq(before - holding(t.token, renter), paid, "renter");
        assertEq(feeOf(host, t.token), paid * FEE_BPS / 10_000, "fee");
        assertEq(netOf(host, t.token), paid - paid * FEE_BPS / 10_000, "net");
        assertEq(holding(t.token, address(market)), paid, "market");
    }

    function completes(
        ISessionMarket.Terms memory t,
        address caller,
        ISessionMarket.SignedVoucher memory v,
        uint256 settled
    ) private {
        uint256 before = holding(t.token, renter);
        uint256 refund = depositIn(t.token) - settled;
        vm.expectEmit(address(market));
        emit ISessionMarket.SessionJobCompleted(idOf(t), settled, refund);
        vm.prank(caller);
        market.completeSession(t, v);
        assertEq(holding(t.token, renter) - before, refund, "refund");
        assertEq(netOf(host, t.token) + feeOf(host, t.token), settled, "earned");
        assertStatus(t, ISessionMarket.Status.Completed);
        assertEq(details(t).deposit, settled, "deposit");
        assertEq(details(t).settled, settled, "settled");
    }
}
