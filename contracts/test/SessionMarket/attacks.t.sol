// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {Deploy} from "../utils/Deploy.sol";
import {vm} from "../utils/Vm.sol";
import {Messages} from "./utils/Messages.sol";
import {SessionMarketTest} from "./utils/SessionMarketTest.sol";

/// @notice Attacks on the money, by number; those with hostile tokens and wallets are in hostile.t.sol.
contract AttacksTest is SessionMarketTest {
    uint256 internal constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    /* 1: AN INLINE DEPOSIT IS NOT A BALANCE */

    function test_1_InlineDepositCannotBeWithdrawn() external {
        vm.prank(stranger);
        market.deposit{value: 5 ether}(COIN, 5 ether);
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        expectInsufficient(0, COIN_DEPOSIT);
        vm.prank(renter);
        market.withdrawBalance(COIN, COIN_DEPOSIT, renter);
        expectInsufficient(0, 1);
        vm.prank(renter);
        market.withdraw(COIN, renter);
        uint256 before = renter.balance;
        timeOut(t);
        assertEq(renter.balance - before, COIN_DEPOSIT, "once");
        assertEq(address(market).balance, 5 ether, "the stranger's is all there");
    }

    /* 2: HOSTS THAT ARE NONE */

    function test_2_NoEntranceTakesAHostThatIsNone() external {
        ISessionMarket.Terms memory t = tokenTerms();
        t.host = address(0);
        noEntrance(t, ISessionMarket.Reason.BadTerms);
        t.host = stranger;
        noEntrance(t, ISessionMarket.Reason.HostInactive);
        vm.prank(host);
        registry.unregister();
        noEntrance(tokenTerms(), ISessionMarket.Reason.HostInactive);
    }

    function noEntrance(ISessionMarket.Terms memory t, ISessionMarket.Reason reason) private {
        expectRefused(reason);
        open(t);
        ISessionMarket.Authorization memory a;
        a.deadline = uint64(timestamp());
        a.orderSignature = sign(renterKey, Messages.order(t, TOKEN_DEPOSIT, a.deadline));
        a.quote = quoteFor(t);
        for (uint256 funding; funding < 3; ++funding) {
            a.funding = ISessionMarket.Funding(funding);
            expectRefused(reason);
            market.createSessionJobFor(t, TOKEN_DEPOSIT, a);
        }
    }

    /* 3: SIGNATURES */

    function test_3_MalformedSignatures() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        ISessionMarket.SignedVoucher memory v = voucherFor(t, 10, 10);
        (bytes32 r, bytes32 s, uint8 v_) = split(v.signature);

        rejects(t, v, "");
        rejects(t, v, abi.encodePacked(r, s));
        rejects(t, v, abi.encodePacked(r, s, v_, uint8(0)));
        rejects(t, v, abi.encodePacked(r, ORDER - uint256(s), v_ == 27 ? uint8(28) : uint8(27))); // high s
        rejects(t, v, abi.encodePacked(r, s, v_ - 27));
        rejects(t, v, abi.encodePacked(r, s, v_ + 27));
        rejects(t, v, abi.encodePacked(bytes32(0), s, v_));
        rejects(t, v, new bytes(65));
        v.signature = abi.encodePacked(r, s, v_);
        market.settle(t, v);
    }

    function test_3_ZeroAddressSignsNothing() external {
        ISessionMarket.Terms memory t = coinTerms();
        t.voucherSigner = address(0);
        expectRefused(ISessionMarket.Reason.BadTerms);
        open(t);
    }

    function test_3_ReplayInAnotherSession() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        ISessionMarket.Terms memory other = coinTerms();
        other.salt = 2;
        open(other);
        ISessionMarket.SignedVoucher memory v = voucherFor(t, 10, 10);
        expectBadSignature();
        market.settle(other, v);
        ISessionMarket.SignedClose memory c = closeFor(t, 10, 10);
        expectBadSignature();
        vm.prank(renter);
        market.completeSessionWithClose(other, noVoucher(), c);
        ISessionMarket.SignedCloseRequest memory r = requestBy(renterKey, t, 10, 10);
        expectBadSignature();
        market.cancelSession(other, r);
    }

    function test_3_ReplayInAnotherContract() external {
        ISessionMarket.Terms memory t = coinTerms();
        ISessionMarket other = Deploy.sessionMarket(owner, address(registry), prover, treasury, FEE_BPS);
        vm.prank(owner);
        other.setTokenLimits(COIN, COIN_MIN, COIN_MAX);
        vm.prank(renter);
        other.createSessionJob{value: 1 ether}(t, 1 ether, noQuote());
        ISessionMarket.SignedVoucher memory v = voucherFor(t, 10, 10);
        expectBadSignature();
        other.settle(t, v);
    }

    function test_3_ReplayOnAnotherChain() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        ISessionMarket.SignedVoucher memory v = voucherFor(t, 10, 10);
        vm.chainId(8453); // the chain forked: the session's id is another there, and so is the voucher's digest
        vm.expectPartialRevert(ISessionMarket.SessionMarket_NotActive.selector);
        market.settle(t, v);
        t.salt = 5;
        open(t);
        expectBadSignature();
        market.settle(t, v);
    }

    function test_3_OrderOpensOnce() external {
        vm.prank(renter);
        market.deposit(address(token), 500e6);
        ISessionMarket.Terms memory t = tokenTerms();
        ISessionMarket.Authorization memory a;
        a.deadline = uint64(timestamp() + 365 days);
        a.orderSignature = sign(renterKey, Messages.order(t, TOKEN_DEPOSIT, a.deadline));
        market.createSessionJobFor(t, TOKEN_DEPOSIT, a);
        bytes memory used = abi.encodeWithSelector(ISessionMarket.SessionMarket_IdUsed.selector, idOf(t));
        vm.expectRevert(used);
        market.createSessionJobFor(t, TOKEN_DEPOSIT, a);
        vm.prank(host);
        market.completeSession(t, noVoucher());
        vm.expectRevert(used);
        market.createSessionJobFor(t, TOKEN_DEPOSIT, a);
    }

    function rejects(ISessionMarket.Terms memory t, ISessionMarket.SignedVoucher memory v, bytes memory bad) private {
        v.signature = bad;
        expectBadSignature();
        market.settle(t, v);
    }

    function split(bytes memory signature_) private pure returns (bytes32 r, bytes32 s, uint8 v) {
        assembly ("memory-safe") {
            r := mload(add(signature_, 0x20))
            s := mload(add(signature_, 0x40))
            v := byte(0, mload(add(signature_, 0x60)))
        }
    }

    /* 4: VOUCHERS */

    function test_4_VouchersNeverGoBackwardsOrBeyondTheDeposit() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        market.settle(t, voucherFor(t, 0, 2000));
        ISessionMarket.SignedVoucher memory v = voucherFor(t, 0, 1000);
        vm.expectPartialRevert(ISessionMarket.SessionMarket_NothingToSettle.selector);
        market.settle(t, v);
        market.settle(t, voucherFor(t, 0, type(uint64).max));
        assertEq(details(t).settled, COIN_DEPOSIT, "no more than the deposit");
        assertEq(netOf(host, COIN) + feeOf(host, COIN), COIN_DEPOSIT, "earned");
    }

    function test_4_IdsNeverRecur() external {
        ISessionMarket.Terms memory t = coinTerms();
        uint256 id = open(t);
        ISessionMarket.SignedVoucher memory v = voucherFor(t, 0, 2000);
        vm.prank(host);
        market.completeSession(t, noVoucher());
        vm.expectRevert(abi.encodeWithSelector(ISessionMarket.SessionMarket_IdUsed.selector, id));
        open(t);
        expectNotActive(t, ISessionMarket.Status.Completed);
        market.settle(t, v);
    }

    /* 5: RACES */

    function test_5_TimeoutRacesSettle() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        vm.warp(t.expiresAt + t.grace);
        market.settle(t, voucherFor(t, 0, 100_000_000)); // the voucher came first: it is paid
        market.triggerSessionTimeout(t);
        assertEq(details(t).settled, 0.1 ether, "settled");
        ISessionMarket.SignedVoucher memory late = voucherFor(t, 0, 200_000_000);
        expectNotActive(t, ISessionMarket.Status.TimedOut);
        market.settle(t, late);
    }

    function test_5_CancellationLeftArmedAfterExtension() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        ISessionMarket.SignedCloseRequest memory r = requestBy(voucherSignerKey, t, 0, 100_000_000);
        market.cancelSession(t, r);
        skip(t.grace - 1);
        extend(t, 100 ether, 1);
        skip(2);
        vm.expectPartialRevert(ISessionMarket.SessionMarket_NotOver.selector);
        market.triggerSessionTimeout(t);
        vm.warp(r.deadline);
        expectUnauthorized(host);
        vm.prank(host);
        market.cancelSession(t, r); // nor can the request be used again
        assertEq(details(t).closingAt, 0, "closingAt");
    }

    function test_5_RequestKeptBackUntilAfterExtension() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        ISessionMarket.SignedCloseRequest memory r = requestBy(renterKey, t, 0, 100_000_000);
        cancel(t, 0, 100_000_000);
        extend(t, 100 ether, 1);
        expectUnauthorized(host);
        vm.prank(host);
        market.cancelSession(t, r);
    }

    function test_5_StaleClose() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        ISessionMarket.SignedClose memory c = closeFor(t, 0, 10);
        market.settle(t, voucherFor(t, 0, 2000)); // more was served and paid
        skip(10 minutes + 1);
        vm.expectRevert(abi.encodeWithSelector(ISessionMarket.SessionMarket_Expired.selector, c.deadline));
        vm.prank(renter);
        market.completeSessionWithClose(t, noVoucher(), c);
    }

    function test_5_SettleFrontRunsCloseAndComplete() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        ISessionMarket.SignedVoucher memory v = voucherFor(t, 10, 10);
        vm.prank(stranger);
        market.settle(t, v);
        vm.prank(host);
        market.completeSessionWithClose(t, v, closeFor(t, 10, 10));
        t.salt = 6;
        open(t);
        v = voucherFor(t, 10, 10);
        vm.prank(stranger);
        market.settle(t, v);
        vm.prank(host);
        market.completeSession(t, v);
        assertStatus(t, ISessionMarket.Status.Completed);
    }

    function test_5_PermitTakenForOtherTerms() external {
        // The permit is in the mempool and its allowance in place: without the renter's Order it opens nothing.
        ISessionMarket.Terms memory t = tokenTerms();
        ISessionMarket.Terms memory evil = tokenTerms();
        evil.voucherSigner = stranger;
        ISessionMarket.Authorization memory a;
        a.funding = ISessionMarket.Funding.Permit;
        a.deadline = uint64(timestamp());
        a.orderSignature = sign(renterKey, Messages.order(t, TOKEN_DEPOSIT, a.deadline));
        expectBadSignature();
        vm.prank(stranger);
        market.createSessionJobFor(evil, TOKEN_DEPOSIT, a);
        evil = tokenTerms();
        evil.outputPrice = 6e12;
        expectBadSignature();
        vm.prank(stranger);
        market.createSessionJobFor(evil, TOKEN_DEPOSIT, a);
        expectBadSignature();
        vm.prank(stranger);
        market.createSessionJobFor(t, TOKEN_DEPOSIT * 2, a);
        market.createSessionJobFor(t, TOKEN_DEPOSIT, a);
    }

    /* 9: FEES */

    function test_9_FeeAtItsCapAndChangedMidway() external {
        vm.prank(owner);
        market.setFee(3000);
        ISessionMarket.Terms memory t = coinTerms();
        t.feeBps = 3000;
        open(t);
        market.settle(t, voucherFor(t, 0, 333_333_333));
        vm.startPrank(owner);
        market.setFee(0);
        market.setFeeRecipient(stranger);
        vm.stopPrank();
        ISessionMarket.SignedVoucher memory v = voucherFor(t, 0, 777_777_777);
        vm.prank(host);
        market.completeSession(t, v);
        uint256 paid = 0.777_777_777 ether;
        assertEq(feeOf(host, COIN), paid * 3000 / 10_000, "fee");
        address[] memory hosts = new address[](1);
        hosts[0] = host;
        uint256 before = stranger.balance;
        market.sweepFees(hosts, COIN);
        market.sweepFees(hosts, COIN);
        assertEq(stranger.balance - before, paid * 3000 / 10_000, "swept once, to the new recipient");
        vm.prank(host);
        market.withdraw(COIN, host);
        assertEq(address(market).balance, 0, "nothing lost");
    }

    /* 11: WHO CAN LOSE WHAT */

    function test_11_HostClaimsWorkNeverAccepted() external {
        ISessionMarket.Terms memory t = coinTerms();
        uint256 id = open(t);
        ISessionMarket.SignedVoucher memory v = voucherBy(hostSignerKey, id, 0, 1_000_000_000);
        expectBadSignature();
        vm.prank(host);
        market.completeSession(t, v);
        uint256 before = renter.balance;
        vm.prank(host);
        market.completeSession(t, noVoucher());
        assertEq(renter.balance - before, COIN_DEPOSIT, "without a voucher the host gets nothing");
    }

    function test_11_RenterLeavesJustBeforeAVoucher() external {
        ISessionMarket.Terms memory t = coinTerms();
        t.cancelBps = 0;
        open(t);
        ISessionMarket.SignedVoucher memory v = voucherFor(t, 0, 900_000_000);
        cancel(t, 0, 0);
        skip(t.grace - 1);
        market.settle(t, v);
        timeOut(t);
        assertEq(netOf(host, COIN) + feeOf(host, COIN), 0.9 ether, "the voucher is paid all the same");
    }

    function test_11_BothVanish() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        uint256 before = renter.balance;
        skip(3650 days);
        vm.prank(stranger);
        market.triggerSessionTimeout(t);
        assertEq(renter.balance - before, COIN_DEPOSIT, "all of it");
    }

    /* 12: STRAY COIN AND DUST */

    function test_12_StrayCoinIsRefused() external {
        vm.startPrank(stranger);
        (bool ok,) = address(market).call{value: 1}("");
        assertFalse(ok, "plain");
        (ok,) = address(market).call{value: 1}(hex"12345678");
        assertFalse(ok, "with data");
        (ok,) = address(market).call{value: 1}(abi.encodeCall(market.settleBatch, (new ISessionMarket.Settlement[](0))));
        assertFalse(ok, "to a call that takes none");
        vm.stopPrank();
    }

    function test_12_ForcedCoinChangesNothing() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        vm.deal(address(market), address(market).balance + 7 ether); // as a self-destruct would
        token.mint(address(market), 7e6);
        uint256 before = renter.balance;
        timeOut(t);
        assertEq(renter.balance - before, COIN_DEPOSIT, "refund");
        assertEq(address(market).balance, 7 ether, "nobody's");
        t = tokenTerms();
        open(t);
        assertEq(details(t).deposit, TOKEN_DEPOSIT, "deposit");
    }

    function test_12_DustIsBelowTheMinimum() external {
        vm.expectPartialRevert(ISessionMarket.SessionMarket_DepositOutOfRange.selector);
        open(coinTerms(), 1);
        vm.expectPartialRevert(ISessionMarket.SessionMarket_DepositOutOfRange.selector);
        open(tokenTerms(), 1);
    }

    /* 13: SMALL PRICES */

    function test_13_SixCentsPerMillionDoNotVanish() external {
        ISessionMarket.Terms memory t = tokenTerms();
        (t.inputPrice, t.outputPrice) = (60_000, 60_000);
        vm.prank(renter);
        market.createSessionJob(t, TOKEN_DEPOSIT, quoteFor(t));
        // One token is worth 0.06 base units. Settled token by token, nothing is lost to rounding.
        uint256 settlements;
        for (uint64 n = 1; n <= 200; ++n) {
            (bool ok,) = address(market).call(abi.encodeCall(market.settle, (t, voucherFor(t, n, n))));
            if (ok) settlements++;
        }
        assertEq(details(t).settled, 200 * 120_000 / 1e6, "settled");
        assertEq(settlements, 24, "one for each base unit");
        assertEq(feeOf(host, address(token)), uint256(24) * FEE_BPS / 10_000, "fee");
    }

    /* 14: PAUSE IN THE MIDDLE OF EVERYTHING */

    function test_14_PauseStopsOpeningsAndNothingElse() external {
        ISessionMarket.Terms[5] memory t;
        for (uint256 i; i < 5; ++i) {
            t[i] = tokenTerms();
            t[i].salt = i;
            t[i].proofCap = 10e6;
            open(t[i]);
        }
        vm.startPrank(prover);
        market.hold(t[0], 2e6);
        vm.stopPrank();
        vm.startPrank(owner);
        market.pause();
        market.setTokenLimits(address(token), 0, 0);
        market.setFee(0);
        vm.stopPrank();
        vm.prank(host);
        registry.unregister();

        market.settle(t[0], voucherFor(t[0], 0, 10_000_000));
        ISessionMarket.Settlement[] memory items = new ISessionMarket.Settlement[](1);
        items[0] = ISessionMarket.Settlement(t[1], voucherFor(t[1], 0, 10_000_000));
        assertReason(market.settleBatch(items)[0], ISessionMarket.Reason.Ok);
        vm.startPrank(prover);
        market.hold(t[1], 2e6);
        market.payHeld(t[0], 1e6);
        market.release(t[0], 1e6);
        vm.stopPrank();
        extend(t[2], 0, 1);
        cancel(t[2], 0, 0);
        vm.prank(host);
        market.completeSession(t[0], noVoucher());
        ISessionMarket.SignedClose memory c = closeFor(t[1], 0, 10_000_000);
        vm.prank(renter);
        market.completeSessionWithClose(t[1], noVoucher(), c);
        timeOut(t[2]);
        timeOut(t[3]);
        vm.prank(host);
        market.withdraw(address(token), host);
        address[] memory hosts = new address[](1);
        hosts[0] = host;
        market.sweepFees(hosts, address(token));
        vm.prank(prover);
        market.release(t[1], 2e6);
        timeOut(t[4]);
        assertEq(token.balanceOf(address(market)), 0, "everybody has left");
    }
}
