// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {vm} from "../utils/Vm.sol";
import {Messages} from "./utils/Messages.sol";
import {SessionMarketTest} from "./utils/SessionMarketTest.sol";

/// @notice Somebody else pays: the sponsor is the renter of record, the friend holds the key that opens and signs.
contract SponsoredSessionTest is SessionMarketTest {
    uint96 private constant ALLOWANCE = 250e6; // two sessions and a half

    address private friend;
    uint256 private friendKey;

    function setUp() public override {
        super.setUp();
        (friend, friendKey) = makeAccount("friend");
        vm.startPrank(renter); // the sponsor
        market.deposit(address(token), 1000e6);
        market.authorizeDelegate(friend, address(token), ALLOWANCE, uint64(timestamp() + 30 days));
        vm.stopPrank();
    }

    /// @notice The whole story; the friend has neither coin nor tokens.
    function test_TheSponsorPaysAndIsRefunded() external {
        ISessionMarket.Terms memory t = sponsoredTerms(1);
        openAsFriend(t);
        assertEq(market.balanceOf(renter, address(token)), 900e6);

        bytes memory signed = sign(friendKey, Messages.voucher(idOf(t), 1_000_000, 50_000_000, HEAD));
        uint256 gross = grossOf(t, 1_000_000, 50_000_000);
        vm.prank(host);
        market.completeSession(t, ISessionMarket.SignedVoucher(1_000_000, 50_000_000, HEAD, signed));
        assertEq(netOf(host, address(token)), gross - gross * FEE_BPS / 10_000);
        assertEq(market.balanceOf(renter, address(token)), 1000e6 - gross);
        assertEq(friend.balance + token.balanceOf(friend), 0);
    }

    function test_RevertWhen_BeyondTheAllowance() external {
        openAsFriend(sponsoredTerms(1));
        openAsFriend(sponsoredTerms(2));
        ISessionMarket.Terms memory t = sponsoredTerms(3);
        ISessionMarket.Authorization memory order = orderFor(t);
        expectInsufficient(50e6, 100e6);
        market.createSessionJobFor(t, TOKEN_DEPOSIT, order);
    }

    function test_RevertWhen_InAnotherTokenOrPastItsExpiry() external {
        vm.prank(renter);
        market.deposit{value: 1 ether}(COIN, 1 ether);
        ISessionMarket.Terms memory t = sponsoredTerms(1);
        (t.token, t.inputPrice, t.outputPrice) = (COIN, 2e14, 1e15);
        ISessionMarket.Authorization memory order = orderFor(t);
        expectNotAuthorized();
        market.createSessionJobFor(t, TOKEN_DEPOSIT * 1e10, order);

        skip(30 days + 1);
        t = sponsoredTerms(1);
        order = orderFor(t);
        expectNotAuthorized();
        market.createSessionJobFor(t, TOKEN_DEPOSIT, order);
    }

    function test_TheFriendTakesNothingOut() external {
        ISessionMarket.Terms memory t = sponsoredTerms(1);
        openAsFriend(t);
        vm.startPrank(friend);
        expectInsufficient(0, 1);
        market.withdrawBalance(address(token), 1, friend);
        expectInsufficient(0, 1);
        market.withdraw(address(token), friend);
        expectUnauthorized(friend);
        market.extendSession(t, 0, 1);
    }

    function test_GivenTheKeyIsRevoked_WhatIsOpenGoesOn() external {
        ISessionMarket.Terms memory t = sponsoredTerms(1);
        openAsFriend(t);
        vm.prank(renter);
        market.authorizeDelegate(friend, address(token), 0, 0);
        ISessionMarket.Terms memory next = sponsoredTerms(2);
        ISessionMarket.Authorization memory order = orderFor(next);
        expectNotAuthorized();
        market.createSessionJobFor(next, TOKEN_DEPOSIT, order);
        bytes memory signed = sign(friendKey, Messages.voucher(idOf(t), 1_000_000, 0, HEAD));
        market.settle(t, ISessionMarket.SignedVoucher(1_000_000, 0, HEAD, signed));
        assertEq(details(t).settled, grossOf(t, 1_000_000, 0));
    }

    function testFuzz_ASponsorAddsToAFriendsOwnSession(uint256 gift) external {
        gift = bound(gift, 1, 1_000_000e6 - TOKEN_DEPOSIT);
        ISessionMarket.Terms memory t = tokenTerms();
        open(t);
        uint256 timeoutAt = market.getSessionMetrics(t).timeoutAt;
        vm.startPrank(stranger);
        market.topUp(t, gift);
        assertEq(details(t).deposit, TOKEN_DEPOSIT + gift);
        assertEq(market.getSessionMetrics(t).timeoutAt, timeoutAt);
        ISessionMarket.SignedCloseRequest memory request;
        request.deadline = type(uint64).max;
        expectBadSignature();
        market.cancelSession(t, request);
    }

    function sponsoredTerms(uint256 salt) private view returns (ISessionMarket.Terms memory t) {
        t = tokenTerms();
        (t.voucherSigner, t.salt) = (friend, salt);
        t.expiresAt = uint64(timestamp() + 1 days);
    }

    function orderFor(ISessionMarket.Terms memory t) private view returns (ISessionMarket.Authorization memory a) {
        uint256 amount = t.token == COIN ? TOKEN_DEPOSIT * 1e10 : TOKEN_DEPOSIT;
        a.funding = ISessionMarket.Funding.Balance;
        a.deadline = uint64(timestamp() + 10 minutes);
        a.orderSignature = sign(friendKey, Messages.order(t, amount, a.deadline));
    }

    function expectNotAuthorized() private {
        vm.expectRevert(abi.encodeWithSelector(ISessionMarket.SessionMarket_DelegateNotAuthorized.selector, friend));
    }

    function openAsFriend(ISessionMarket.Terms memory t) private {
        vm.prank(stranger); // whoever sends it
        market.createSessionJobFor(t, TOKEN_DEPOSIT, orderFor(t));
    }
}
