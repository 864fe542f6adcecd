// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {vm} from "../utils/Vm.sol";
import {Messages} from "./utils/Messages.sol";
import {SessionMarketTest} from "./utils/SessionMarketTest.sol";

contract CompleteSessionWithCloseTest is SessionMarketTest {
    function test_RevertGiven_SessionIsNotActive() external {
        ISessionMarket.Terms memory t = coinTerms();
        ISessionMarket.SignedClose memory c = closeFor(t, 1, 1);
        expectNotActive(t, ISessionMarket.Status.None);
        market.completeSessionWithClose(t, noVoucher(), c);
        open(t);
        vm.prank(host);
        market.completeSession(t, noVoucher());
        expectNotActive(t, ISessionMarket.Status.Completed);
        vm.prank(renter);
        market.completeSessionWithClose(t, noVoucher(), c);
    }

    function test_RevertWhen_CloseHasExpired() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        ISessionMarket.SignedClose memory c = closeFor(t, 1, 1);
        vm.warp(c.deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(ISessionMarket.SessionMarket_Expired.selector, c.deadline));
        vm.prank(renter);
        market.completeSessionWithClose(t, noVoucher(), c);
    }

    function test_RevertWhen_CloseIsByAnotherKey() external {
        ISessionMarket.Terms memory t = coinTerms();
        uint256 id = open(t);
        ISessionMarket.SignedClose memory c = closeFor(t, 1, 1);
        c.signature = sign(voucherSignerKey, Messages.close(id, 1, 1, c.deadline));
        expectBadSignature();
        vm.prank(renter);
        market.completeSessionWithClose(t, noVoucher(), c);
    }

    function test_RevertWhen_CloseIsTampered() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        ISessionMarket.SignedClose memory c = closeFor(t, 10, 10);
        c.outputTokens = 9;
        expectBadSignature();
        vm.prank(renter);
        market.completeSessionWithClose(t, noVoucher(), c);
        c = closeFor(t, 10, 10);
        c.deadline += 1;
        expectBadSignature();
        vm.prank(renter);
        market.completeSessionWithClose(t, noVoucher(), c);
    }

    function test_RevertWhen_CloseIsARequestOrAVoucher() external {
        ISessionMarket.Terms memory t = coinTerms();
        uint256 id = open(t);
        ISessionMarket.SignedClose memory c = closeFor(t, 10, 10);
        c.signature = sign(hostSignerKey, Messages.closeRequest(id, 10, 10, c.deadline));
        expectBadSignature();
        vm.prank(renter);
        market.completeSessionWithClose(t, noVoucher(), c);
        c.signature = sign(hostSignerKey, Messages.voucher(id, 10, 10, bytes32(uint256(c.deadline))));
        expectBadSignature();
        vm.prank(renter);
        market.completeSessionWithClose(t, noVoucher(), c);
    }

    function test_RevertWhen_CountsDiffer() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        differs(t, stranger, voucherFor(t, 10, 11));
        differs(t, stranger, voucherFor(t, 11, 10));
        differs(t, stranger, noVoucher());
        differs(t, host, noVoucher());
        differs(t, renter, voucherFor(t, 9, 10));
    }

    function test_RevertWhen_VoucherIsBad() external {
        ISessionMarket.Terms memory t = coinTerms();
        uint256 id = open(t);
        ISessionMarket.SignedClose memory c = closeFor(t, 10, 10);
        ISessionMarket.SignedVoucher memory v = voucherBy(hostSignerKey, id, 10, 10);
        expectBadSignature();
        vm.prank(stranger);
        market.completeSessionWithClose(t, v, c);
        expectBadSignature();
        vm.prank(renter);
        market.completeSessionWithClose(t, v, c);
        v.signature = "";
        expectBadSignature();
        vm.prank(stranger);
        market.completeSessionWithClose(t, v, c);
    }

    function test_WhenVoucherMatches() external {
        ISessionMarket.Terms memory t = coinTerms();
        uint256 id = open(t);
        vm.expectEmit(address(market));
        emit ISessionMarket.SessionSettled(id, 10, 10, HEAD, grossOf(t, 10, 10));
        completes(t, stranger, voucherFor(t, 10, 10), closeFor(t, 10, 10), grossOf(t, 10, 10));
    }

    function test_WhenVoucherMatchesAndWasSettledFirst() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        market.settle(t, voucherFor(t, 10, 10));
        completes(t, stranger, voucherFor(t, 10, 10), closeFor(t, 10, 10), grossOf(t, 10, 10));
    }

    function test_WhenRenterGivesNoVoucher() external {
        ISessionMarket.Terms memory t = coinTerms();
        uint256 id = open(t);
        vm.expectEmit(address(market));
        emit ISessionMarket.SessionSettled(id, 10, 10, bytes32(0), grossOf(t, 10, 10));
        completes(t, renter, noVoucher(), closeFor(t, 10, 10), grossOf(t, 10, 10));
    }

    function test_WhenRenterGivesMatchingVoucher() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        completes(t, renter, voucherFor(t, 10, 10), closeFor(t, 10, 10), grossOf(t, 10, 10));
    }

    function test_WhenMoreWasSettledThanClosed() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        ISessionMarket.SignedClose memory stale = closeFor(t, 10, 10);
        market.settle(t, voucherFor(t, 20, 20));
        completes(t, renter, noVoucher(), stale, grossOf(t, 20, 20));
    }

    /// forge-config: default.fuzz.runs = 128
    function testFuzz_SettlesForwardOnly(uint64 settledTokens, uint64 closedTokens) external {
        ISessionMarket.Terms memory t = tokenTerms();
        open(t);
        settledTokens = uint64(bound(settledTokens, 2, type(uint64).max));
        market.settle(t, voucherFor(t, 0, settledTokens));
        uint256 larger = settledTokens > closedTokens ? settledTokens : closedTokens;
        uint256 gross = larger * t.outputPrice / 1e6;
        uint256 paid = gross < TOKEN_DEPOSIT ? gross : TOKEN_DEPOSIT;
        completes(t, renter, noVoucher(), closeFor(t, 0, closedTokens), paid);
    }

    function differs(ISessionMarket.Terms memory t, address caller, ISessionMarket.SignedVoucher memory v) private {
        ISessionMarket.SignedClose memory c = closeFor(t, 10, 10);
        vm.expectRevert(ISessionMarket.SessionMarket_CountsDiffer.selector);
        vm.prank(caller);
        market.completeSessionWithClose(t, v, c);
    }

    function completes(
        ISessionMarket.Terms memory t,
        address caller,
        ISessionMarket.SignedVoucher memory v,
        ISessionMarket.SignedClose memory c,
        uint256 settled
    ) private {
        uint256 before = holding(t.token, renter);
        uint256 refund = depositIn(t.token) - settled;
        vm.expectEmit(address(market));
        emit ISessionMarket.SessionJobCompleted(idOf(t), settled, refund);
        vm.prank(caller);
        market.completeSessionWithClose(t, v, c);
        assertEq(holding(t.token, renter) - before, refund, "refund");
        assertEq(netOf(host, t.token) + feeOf(host, t.token), settled, "earned");
        assertStatus(t, ISessionMarket.Status.Completed);
    }
}
