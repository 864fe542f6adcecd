// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {vm} from "../utils/Vm.sol";
import {ContractWallet} from "./utils/ContractWallet.sol";
import {Messages} from "./utils/Messages.sol";
import {SessionMarketTest} from "./utils/SessionMarketTest.sol";

contract CancelSessionTest is SessionMarketTest {
    function test_RevertGiven_SessionIsNotActive() external {
        ISessionMarket.Terms memory t = coinTerms();
        expectNotActive(t, ISessionMarket.Status.None);
        cancel(t, 0, 0);
        open(t);
        timeOut(t);
        expectNotActive(t, ISessionMarket.Status.TimedOut);
        cancel(t, 0, 0);
    }

    function test_RevertGiven_RenterHasExtended() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        ISessionMarket.SignedCloseRequest memory r = requestBy(voucherSignerKey, t, 1, 1);
        extend(t, 0, 1);
        expectUnauthorized(stranger);
        vm.prank(stranger);
        market.cancelSession(t, r);
        cancel(t, 1, 1);
        assertEq(details(t).closingAt, timestamp() + t.grace, "the renter itself still can");
    }

    function test_RevertWhen_RequestHasExpired() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        ISessionMarket.SignedCloseRequest memory r = requestBy(renterKey, t, 1, 1);
        vm.warp(r.deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(ISessionMarket.SessionMarket_Expired.selector, r.deadline));
        market.cancelSession(t, r);
    }

    function test_RevertWhen_RequestIsByAnotherKey() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        refuses(t, requestBy(hostSignerKey, t, 1, 1));
        refuses(t, requestBy(strangerKey, t, 1, 1));
        ISessionMarket.SignedCloseRequest memory unsigned = requestAt(1, 1);
        unsigned.deadline = type(uint64).max;
        refuses(t, unsigned);
    }

    function test_RevertWhen_RequestIsTampered() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        ISessionMarket.SignedCloseRequest memory r = requestBy(renterKey, t, 1, 1);
        r.outputTokens = 2;
        refuses(t, r);
        r = requestBy(renterKey, t, 1, 1);
        r.deadline += 1;
        refuses(t, r);
    }

    function test_WhenRequestIsByRenter() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        cancels(t, stranger, requestBy(renterKey, t, 10, 10));
    }

    function test_WhenRequestIsByVoucherSigner() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        cancels(t, host, requestBy(voucherSignerKey, t, 10, 10));
    }

    function test_WhenRequestIsByAContract() external {
        ContractWallet wallet = new ContractWallet();
        vm.deal(address(wallet), 1 ether);
        ISessionMarket.Terms memory t = coinTerms();
        t.renter = address(wallet);
        wallet.execute(address(market), 1 ether, abi.encodeCall(market.createSessionJob, (t, 1 ether, noQuote())));
        ISessionMarket.SignedCloseRequest memory r = requestBy(strangerKey, t, 10, 10);
        refuses(t, r);
        bytes32 structHash = Messages.closeRequest(idOf(t), 10, 10, r.deadline);
        wallet.approve(Messages.digest(address(market), structHash), r.signature);
        cancels(t, stranger, r);
    }

    function test_RevertGiven_CancellationIsPending() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        cancel(t, 0, 0);
        uint256 closingAt = timestamp() + t.grace;
        skip(10);
        vm.expectRevert(abi.encodeWithSelector(ISessionMarket.SessionMarket_AlreadyClosing.selector, closingAt));
        cancel(t, 0, 0);
        ISessionMarket.SignedCloseRequest memory r = requestBy(voucherSignerKey, t, 1, 1);
        vm.expectRevert(abi.encodeWithSelector(ISessionMarket.SessionMarket_AlreadyClosing.selector, closingAt));
        market.cancelSession(t, r);
    }

    function test_RevertGiven_TimeIsOver() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        vm.warp(t.expiresAt + t.grace);
        vm.expectRevert(
            abi.encodeWithSelector(ISessionMarket.SessionMarket_Over.selector, uint256(t.expiresAt) + t.grace)
        );
        cancel(t, 0, 0);
    }

    function test_WhenRenterCancels() external {
        ISessionMarket.Terms memory t = tokenTerms();
        open(t);
        cancels(t, renter, requestAt(10_000, 10_000));
    }

    function test_WhenCountsAddNothing() external {
        ISessionMarket.Terms memory t = tokenTerms();
        open(t);
        market.settle(t, voucherFor(t, 10_000, 10_000));
        cancel(t, 5000, 10_000);
        assertEq(details(t).settled, grossOf(t, 10_000, 10_000), "settled");
        assertEq(details(t).closingAt, timestamp() + t.grace, "closingAt");
    }

    function test_WhenExpiryHasPassed() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        vm.warp(t.expiresAt + 60);
        cancel(t, 0, 0);
        assertEq(details(t).closingAt, t.expiresAt + t.grace, "no later than without");
    }

    function testFuzz_GraceEndsNoLaterThanWithoutCancellation(uint256 when, uint32 grace) external {
        ISessionMarket.Terms memory t = coinTerms();
        t.grace = uint32(bound(grace, 15 minutes, 7 days));
        open(t);
        uint256 last = uint256(t.expiresAt) + t.grace;
        vm.warp(bound(when, timestamp(), last - 1));
        cancel(t, 0, 0);
        uint256 closingAt = details(t).closingAt;
        assertEq(closingAt, timestamp() + t.grace < last ? timestamp() + t.grace : last, "closingAt");
        assertEq(market.getSessionMetrics(t).timeoutAt, closingAt, "timeoutAt");
        assertGt(closingAt, timestamp(), "vouchers have time");
    }

    function refuses(ISessionMarket.Terms memory t, ISessionMarket.SignedCloseRequest memory r) private {
        expectBadSignature();
        vm.prank(stranger);
        market.cancelSession(t, r);
    }

    function cancels(ISessionMarket.Terms memory t, address caller, ISessionMarket.SignedCloseRequest memory r)
        private
    {
        uint256 paid = grossOf(t, r.inputTokens, r.outputTokens);
        vm.expectEmit(address(market));
        emit ISessionMarket.SessionSettled(idOf(t), r.inputTokens, r.outputTokens, bytes32(0), paid);
        vm.expectEmit(address(market));
        emit ISessionMarket.SessionJobCancelled(idOf(t), uint64(timestamp() + t.grace));
        vm.prank(caller);
        market.cancelSession(t, r);
        assertEq(details(t).settled, paid, "settled");
        assertEq(details(t).closingAt, timestamp() + t.grace, "closingAt");
        assertStatus(t, ISessionMarket.Status.Active);
        market.settle(t, voucherFor(t, r.inputTokens + 10, r.outputTokens + 10));
    }
}
