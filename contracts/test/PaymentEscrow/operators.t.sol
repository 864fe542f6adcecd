// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IPaymentEscrow} from "../../src/interfaces/IPaymentEscrow.sol";
import {IPullPayments} from "../../src/interfaces/IPullPayments.sol";
import {FeeOnTransferToken} from "../tokens/FeeOnTransferToken.sol";
import {vm} from "../utils/Vm.sol";
import {PaymentEscrowTest} from "./PaymentEscrowTest.sol";

contract PaymentEscrowOperatorsTest is PaymentEscrowTest {
    /* CREATING */

    function test_RevertWhen_RenterIsZero() external {
        vm.expectRevert(IPaymentEscrow.PaymentEscrow_ZeroAddress.selector);
        escrow.createEscrow(address(0), COIN, 1, uint40(timestamp() + 1));
    }

    function testFuzz_RevertWhen_AmountIsOutOfRange(uint256 amount) external {
        amount = amount == 0 ? 0 : bound(amount, uint256(type(uint96).max) + 1, type(uint256).max);
        expectOutOfRange(amount, 1, type(uint96).max);
        escrow.createEscrow(renter, address(token), amount, uint40(timestamp() + 1));
    }

    function testFuzz_RevertWhen_DeadlineIsOutOfRange(uint40 deadline) external {
        vm.assume(deadline <= timestamp() || deadline > timestamp() + 366 days);
        expectOutOfRange(deadline, timestamp() + 1, timestamp() + 366 days);
        escrow.createEscrow(renter, COIN, 1, deadline);
    }

    function testFuzz_RevertWhen_CoinIsWrong(uint96 amount, uint96 sent, bool withToken) external {
        vm.assume(amount != 0 && sent != (withToken ? 0 : amount));
        vm.deal(address(this), sent);
        uint256 expected = withToken ? 0 : amount;
        vm.expectRevert(abi.encodeWithSelector(IPullPayments.PullPayments_WrongValue.selector, sent, expected));
        escrow.createEscrow{value: sent}(renter, withToken ? address(token) : COIN, amount, uint40(timestamp() + 1));
    }

    function test_RevertWhen_TokenDeliversLess() external {
        FeeOnTransferToken greedy = new FeeOnTransferToken(6, 100);
        greedy.mint(operator, 1000e6);
        vm.startPrank(operator);
        greedy.approve(address(escrow), 1000e6);
        vm.expectPartialRevert(IPullPayments.PullPayments_TokenShortfall.selector);
        escrow.createEscrow(renter, address(greedy), 1000e6, uint40(timestamp() + 1));
        vm.stopPrank();
    }

    function testFuzz_LocksTheAmount(uint256 amount, bool coin, uint40 time, uint16 feeBps) external {
        amount = bound(amount, 1, type(uint96).max);
        feeBps = uint16(bound(feeBps, 0, 3000));
        uint40 deadline = uint40(timestamp() + bound(time, 1, 366 days));
        address asset = coin ? COIN : address(token);
        vm.prank(owner);
        escrow.setFee(feeBps);

        vm.expectEmit(address(escrow));
        emit IPaymentEscrow.EscrowCreated(1, operator, renter, asset, amount, deadline);
        vm.prank(operator);
        uint256 id = escrow.createEscrow{value: coin ? amount : 0}(renter, asset, amount, deadline);
        vm.prank(owner);
        escrow.setFee(0);

        assertEq(id, 1);
        assertEq(escrow.escrowCount(), 1);
        IPaymentEscrow.EscrowDetails memory d = escrow.escrowOf(id);
        assertEq(d.operator, operator);
        assertEq(d.renter, renter);
        assertEq(d.host, address(0));
        assertEq(d.token, asset);
        assertEq(d.amount, amount);
        assertEq(d.feeBps, feeBps);
        assertEq(d.deadline, deadline);
        assertEq(d.clock, 0);
        assertFalse(d.renterAgrees || d.hostAgrees);
        assertStatus(id, IPaymentEscrow.Status.Locked);
        assertEq(coin ? address(escrow).balance : token.balanceOf(address(escrow)), amount);
    }

    /* ASSIGNING, DELIVERING, ABANDONING */

    function testFuzz_RevertWhen_CallerIsNotTheOperator(address caller, uint256 id) external {
        vm.assume(caller != operator && caller != address(0));
        uint256 known = assigned();
        id = id % 2 == 0 ? known : id;
        vm.startPrank(caller);
        expectUnauthorized(caller);
        escrow.assignHost(id, caller);
        expectUnauthorized(caller);
        escrow.markDelivered(id);
        expectUnauthorized(caller);
        escrow.abandonEscrow(id);
        vm.stopPrank();
    }

    function test_RevertWhen_NotLocked() external {
        uint256[7] memory ids = oneOfEach();
        vm.startPrank(operator);
        for (uint256 i = 2; i < 7; i++) {
            expectWrongStatus(ids[i]);
            escrow.assignHost(ids[i], host);
            expectWrongStatus(ids[i]);
            escrow.markDelivered(ids[i]);
            expectWrongStatus(ids[i]);
            escrow.abandonEscrow(ids[i]);
        }
        vm.stopPrank();
    }

    function testFuzz_RevertWhen_TooLate(uint256 late) external {
        uint256 id = assigned();
        uint256 deadline = timestamp() + TIME;
        vm.warp(deadline + bound(late, 1, 1000 days));
        vm.startPrank(operator);
        expectTooLate(deadline);
        escrow.assignHost(id, host);
        expectTooLate(deadline);
        escrow.markDelivered(id);
        escrow.abandonEscrow(id);
        vm.stopPrank();
        assertStatus(id, IPaymentEscrow.Status.Refunded);
    }

    function test_RevertWhen_HostIsWrong() external {
        uint256 id = create(COIN, 1);
        vm.startPrank(operator);
        vm.expectRevert(IPaymentEscrow.PaymentEscrow_ZeroAddress.selector);
        escrow.assignHost(id, address(0));
        expectWrongHost(id, address(0));
        escrow.markDelivered(id);
        escrow.assignHost(id, host);
        expectWrongHost(id, host);
        escrow.assignHost(id, stranger);
        vm.stopPrank();
    }

    function testFuzz_DeliversUntilTheDeadline(address host_, uint40 window, uint256 elapsed) external {
        vm.assume(host_ != address(0));
        window = uint40(bound(window, 1 hours, 30 days));
        vm.prank(owner);
        escrow.setWindows(window, ARBITRATION);
        uint256 id = create(COIN, 1 ether);
        vm.startPrank(operator);
        vm.expectEmit(address(escrow));
        emit IPaymentEscrow.EscrowAssigned(id, host_);
        escrow.assignHost(id, host_);
        assertEq(escrow.escrowOf(id).host, host_);

        skip(bound(elapsed, 0, TIME));
        uint40 releaseAt = uint40(timestamp() + window);
        vm.expectEmit(address(escrow));
        emit IPaymentEscrow.EscrowDelivered(id, releaseAt);
        escrow.markDelivered(id);
        vm.stopPrank();
        assertEq(escrow.escrowOf(id).clock, releaseAt);
        assertStatus(id, IPaymentEscrow.Status.Delivered);
    }

    function testFuzz_AbandoningRefunds(uint256 amount, bool withHost) external {
        amount = bound(amount, 1, type(uint96).max);
        uint256 id = create(COIN, amount);
        vm.startPrank(operator);
        if (withHost) escrow.assignHost(id, host);
        vm.expectEmit(address(escrow));
        emit IPaymentEscrow.EscrowRefunded(id, renter, amount, !withHost);
        escrow.abandonEscrow(id);
        vm.stopPrank();
        assertEq(payments.withdrawable(renter, COIN), amount);
        assertStatus(id, withHost ? IPaymentEscrow.Status.Refunded : IPaymentEscrow.Status.Cancelled);
    }
}
