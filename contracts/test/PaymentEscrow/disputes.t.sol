// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IPaymentEscrow} from "../../src/interfaces/IPaymentEscrow.sol";
import {vm} from "../utils/Vm.sol";
import {PaymentEscrowTest} from "./PaymentEscrowTest.sol";

contract PaymentEscrowDisputesTest is PaymentEscrowTest {
    /* DISPUTING */

    function test_RevertWhen_NotDelivered() external {
        uint256[7] memory ids = oneOfEach();
        for (uint256 i = 0; i < 7; i++) {
            if (i == 2) continue;
            expectWrongStatus(ids[i]);
            vm.prank(renter);
            escrow.disputeEscrow(ids[i]);
        }
    }

    function testFuzz_RevertWhen_CallerIsNoParty(address caller) external {
        vm.assume(caller != renter && caller != host);
        uint256 id = delivered();
        expectUnauthorized(caller);
        vm.prank(caller);
        escrow.disputeEscrow(id);
    }

    function testFuzz_RevertWhen_WindowIsOver(uint256 late) external {
        uint256 id = delivered();
        uint256 until = timestamp() + WINDOW;
        vm.warp(until + bound(late, 0, 1000 days));
        expectTooLate(until);
        vm.prank(renter);
        escrow.disputeEscrow(id);
    }

    function testFuzz_WaitsForTheArbiter(uint256 elapsed, uint40 period, bool byHost) external {
        uint256 id = delivered();
        period = uint40(bound(period, 1 days, 90 days));
        vm.prank(owner);
        escrow.setWindows(WINDOW, period);
        skip(bound(elapsed, 0, WINDOW - 1));
        uint40 refundAt = uint40(timestamp() + period);
        address party = byHost ? host : renter;
        vm.expectEmit(address(escrow));
        emit IPaymentEscrow.EscrowDisputed(id, party, refundAt);
        vm.prank(party);
        escrow.disputeEscrow(id);
        assertEq(escrow.escrowOf(id).clock, refundAt);
        assertStatus(id, IPaymentEscrow.Status.Disputed);
    }

    /* RESOLVING */

    function testFuzz_RevertWhen_CallerIsNotTheArbiter(address caller) external {
        vm.assume(caller != arbiter);
        uint256 id = disputed();
        expectUnauthorized(caller);
        vm.prank(caller);
        escrow.resolveDispute(id, host);
    }

    function test_RevertWhen_ArbiterWasReplaced() external {
        uint256 id = disputed();
        vm.prank(owner);
        escrow.setArbiter(stranger);
        expectUnauthorized(arbiter);
        vm.prank(arbiter);
        escrow.resolveDispute(id, host);
        vm.prank(stranger);
        escrow.resolveDispute(id, host);
    }

    function test_RevertWhen_NotDisputed() external {
        uint256[7] memory ids = oneOfEach();
        for (uint256 i = 0; i < 7; i++) {
            if (i == 3) continue;
            expectWrongStatus(ids[i]);
            vm.prank(arbiter);
            escrow.resolveDispute(ids[i], host);
        }
    }

    function testFuzz_RevertWhen_PeriodIsOver(uint256 late) external {
        uint256 id = disputed();
        uint256 until = timestamp() + ARBITRATION;
        vm.warp(until + bound(late, 0, 1000 days));
        expectTooLate(until);
        vm.prank(arbiter);
        escrow.resolveDispute(id, host);
    }

    function testFuzz_RevertWhen_WinnerIsNoParty(address winner) external {
        vm.assume(winner != renter && winner != host);
        uint256 id = disputed();
        expectWrongHost(id, winner);
        vm.prank(arbiter);
        escrow.resolveDispute(id, winner);
    }

    function test_HostWins() external {
        uint256 id = disputed();
        vm.expectEmit(address(escrow));
        emit IPaymentEscrow.DisputeResolved(id, host);
        vm.expectEmit(address(escrow));
        emit IPaymentEscrow.EscrowReleased(id, host, AMOUNT - fee(AMOUNT), fee(AMOUNT));
        vm.prank(arbiter);
        escrow.resolveDispute(id, host);
        assertStatus(id, IPaymentEscrow.Status.Released);
    }

    function test_RenterWins() external {
        uint256 id = disputed();
        vm.expectEmit(address(escrow));
        emit IPaymentEscrow.DisputeResolved(id, renter);
        vm.expectEmit(address(escrow));
        emit IPaymentEscrow.EscrowRefunded(id, renter, AMOUNT, false);
        vm.prank(arbiter);
        escrow.resolveDispute(id, renter);
        assertStatus(id, IPaymentEscrow.Status.Refunded);
        assertEq(escrow.feesOf(address(token)), 0);
    }
}
