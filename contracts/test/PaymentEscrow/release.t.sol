// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IPaymentEscrow} from "../../src/interfaces/IPaymentEscrow.sol";
import {vm} from "../utils/Vm.sol";
import {PaymentEscrowTest} from "./PaymentEscrowTest.sol";

contract PaymentEscrowReleaseTest is PaymentEscrowTest {
    /* RELEASING */

    function test_RevertWhen_Ended() external {
        uint256[7] memory ids = oneOfEach();
        address[4] memory callers = [renter, host, operator, stranger];
        for (uint256 i = 0; i < 7; i++) {
            if (i > 0 && i < 4) continue;
            for (uint256 c = 0; c < 4; c++) {
                vm.startPrank(callers[c]);
                expectWrongStatus(ids[i]);
                escrow.releaseEscrow(ids[i]);
                expectWrongStatus(ids[i]);
                escrow.refundEscrow(ids[i]);
                expectWrongStatus(ids[i]);
                escrow.agreeToRefund(ids[i]);
                vm.stopPrank();
            }
        }
    }

    function test_RevertWhen_RenterReleasesToNobody() external {
        uint256 id = create(COIN, 1 ether);
        expectWrongHost(id, address(0));
        vm.prank(renter);
        escrow.releaseEscrow(id);
    }

    function test_RenterReleasesWhenever() external {
        uint256[3] memory ids = [assigned(), delivered(), disputed()];
        for (uint256 i = 0; i < 3; i++) {
            vm.prank(renter);
            escrow.releaseEscrow(ids[i]);
            assertStatus(ids[i], IPaymentEscrow.Status.Released);
            assertEq(payments.withdrawable(host, address(token)), (i + 1) * (AMOUNT - fee(AMOUNT)));
        }
    }

    function testFuzz_RevertWhen_NotDelivered(address caller) external {
        vm.assume(caller != renter);
        uint256[3] memory ids = [create(COIN, 1), assigned(), disputed()];
        skip(100 days);
        for (uint256 i = 0; i < 3; i++) {
            expectWrongStatus(ids[i]);
            vm.prank(caller);
            escrow.releaseEscrow(ids[i]);
        }
    }

    function test_OperatorReleasesWhatIsDelivered() external {
        uint256 id = delivered();
        vm.prank(operator);
        escrow.releaseEscrow(id);
        assertStatus(id, IPaymentEscrow.Status.Released);
    }

    function testFuzz_RevertWhen_WindowIsOpen(address caller, uint256 elapsed) external {
        vm.assume(caller != renter && caller != operator);
        uint256 id = delivered();
        uint256 releaseAt = timestamp() + WINDOW;
        skip(bound(elapsed, 0, WINDOW - 1));
        expectNotYet(releaseAt);
        vm.prank(caller);
        escrow.releaseEscrow(id);
    }

    function testFuzz_AnyoneReleasesAfterTheWindow(address caller, uint256 amount, uint256 late) external {
        amount = bound(amount, 1, type(uint96).max);
        uint256 id = create(address(token), amount);
        vm.startPrank(operator);
        escrow.assignHost(id, host);
        escrow.markDelivered(id);
        vm.stopPrank();
        vm.prank(owner);
        escrow.setFee(3000); // too late for this one
        skip(WINDOW + bound(late, 0, 1000 days));

        vm.expectEmit(address(escrow));
        emit IPaymentEscrow.EscrowReleased(id, host, amount - fee(amount), fee(amount));
        vm.prank(caller);
        escrow.releaseEscrow(id);
        assertEq(payments.withdrawable(host, address(token)), amount - fee(amount));
        assertEq(escrow.feesOf(address(token)), fee(amount));
        assertEq(payments.withdrawable(renter, address(token)), 0);
    }

    /* REFUNDING */

    function test_RevertWhen_RefundingDeliveredWork() external {
        uint256 id = delivered();
        skip(100 days);
        expectWrongStatus(id);
        escrow.refundEscrow(id);
    }

    function testFuzz_RevertWhen_ItsTimeIsNotOver(uint256 elapsed) external {
        uint256 id = assigned();
        uint256 second = disputed();
        (uint256 deadline, uint256 refundAt) = (timestamp() + TIME, timestamp() + ARBITRATION);
        uint256 start = timestamp();
        vm.warp(start + bound(elapsed, 0, TIME));
        expectNotYet(deadline + 1);
        escrow.refundEscrow(id);
        vm.warp(start + bound(elapsed, 0, ARBITRATION - 1));
        expectNotYet(refundAt);
        escrow.refundEscrow(second);
    }

    function testFuzz_AnyoneRefundsAfterwards(address caller, uint256 amount, bool withHost) external {
        amount = bound(amount, 1, type(uint96).max);
        uint256 id = create(COIN, amount);
        if (withHost) {
            vm.prank(operator);
            escrow.assignHost(id, host);
        }
        skip(TIME + 1);
        vm.expectEmit(address(escrow));
        emit IPaymentEscrow.EscrowRefunded(id, renter, amount, !withHost);
        vm.prank(caller);
        escrow.refundEscrow(id);
        assertEq(payments.withdrawable(renter, COIN), amount);
        assertEq(escrow.feesOf(COIN), 0);
    }

    function test_AnyoneRefundsWhatTheArbiterLeftUndecided() external {
        uint256 id = disputed();
        skip(ARBITRATION);
        escrow.refundEscrow(id);
        assertStatus(id, IPaymentEscrow.Status.Refunded);
        assertEq(payments.withdrawable(renter, address(token)), AMOUNT);
    }

    /* AGREEING */

    function testFuzz_RevertWhen_CallerIsNoParty(address caller) external {
        vm.assume(caller != renter && caller != host);
        uint256 id = delivered();
        expectUnauthorized(caller);
        vm.prank(caller);
        escrow.agreeToRefund(id);
    }

    function testFuzz_BothAgree(bool renterFirst, uint256 which) external {
        uint256[3] memory ids = [assigned(), delivered(), disputed()];
        uint256 id = ids[which % 3];
        IPaymentEscrow.Status before = status(id);
        (address first, address second) = renterFirst ? (renter, host) : (host, renter);
        vm.expectEmit(address(escrow));
        emit IPaymentEscrow.RefundAgreed(id, first);
        vm.prank(first);
        escrow.agreeToRefund(id);
        assertStatus(id, before);
        assertEq(escrow.escrowOf(id).renterAgrees, renterFirst);
        assertEq(escrow.escrowOf(id).hostAgrees, !renterFirst);
        vm.prank(first);
        escrow.agreeToRefund(id);
        assertStatus(id, before);

        vm.expectEmit(address(escrow));
        emit IPaymentEscrow.EscrowRefunded(id, renter, AMOUNT, true);
        vm.prank(second);
        escrow.agreeToRefund(id);
        assertStatus(id, IPaymentEscrow.Status.Cancelled);
        assertEq(payments.withdrawable(renter, address(token)), AMOUNT);
    }

    function test_OneWhoIsBothAgreesWithItself() external {
        uint256 id = create(COIN, 1 ether);
        vm.prank(operator);
        escrow.assignHost(id, renter);
        vm.prank(renter);
        escrow.agreeToRefund(id);
        assertStatus(id, IPaymentEscrow.Status.Cancelled);
    }
}
