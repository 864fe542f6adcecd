// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IPaymentEscrow} from "../../src/interfaces/IPaymentEscrow.sol";
import {IPullPayments} from "../../src/interfaces/IPullPayments.sol";
import {BlacklistToken} from "../tokens/BlacklistToken.sol";
import {FalseReturnToken} from "../tokens/FalseReturnToken.sol";
import {NoReturnToken} from "../tokens/NoReturnToken.sol";
import {ReentrantToken} from "../tokens/ReentrantToken.sol";
import {vm} from "../utils/Vm.sol";
import {PaymentEscrowTest} from "./PaymentEscrowTest.sol";
import {Errors} from "@openzeppelin/contracts/utils/Errors.sol";

/// @notice Takes coin by asking for more of it.
contract Greedy {
    IPullPayments private immutable payments;
    uint256 public attempts;

    constructor(IPullPayments payments_) {
        payments = payments_;
    }

    function withdraw() external {
        payments.withdraw(address(0), address(this));
    }

    receive() external payable {
        attempts++;
        try payments.withdraw(address(0), address(this)) {} catch {}
    }
}

contract PaymentEscrowPaymentsTest is PaymentEscrowTest {
    function test_RevertWhen_RecipientIsZero() external {
        vm.expectRevert(IPullPayments.PullPayments_ZeroAddress.selector);
        payments.withdraw(COIN, address(0));
        vm.expectRevert(IPullPayments.PullPayments_ZeroAddress.selector);
        payments.withdrawMany(new address[](1), address(0));
    }

    function testFuzz_RevertWhen_CallerHasNothing(address caller, address asset) external {
        vm.expectRevert(abi.encodeWithSelector(IPullPayments.PullPayments_NothingToWithdraw.selector, caller, asset));
        vm.prank(caller);
        payments.withdraw(asset, stranger);
    }

    function testFuzz_PaysEverythingOnce(uint256 amount, bool coin) external {
        amount = bound(amount, 1, type(uint96).max);
        address asset = coin ? COIN : address(token);
        refunded(asset, amount);
        vm.expectEmit(address(escrow));
        emit IPullPayments.Withdrawn(renter, asset, stranger, amount);
        vm.prank(renter);
        payments.withdraw(asset, stranger);
        assertEq(coin ? stranger.balance : token.balanceOf(stranger), amount);
        assertEq(payments.withdrawable(renter, asset), 0);
        vm.expectRevert(abi.encodeWithSelector(IPullPayments.PullPayments_NothingToWithdraw.selector, renter, asset));
        vm.prank(renter);
        payments.withdraw(asset, stranger);
    }

    function test_PaysManyAndPassesOverNothing() external {
        refunded(COIN, 1 ether);
        refunded(address(token), 5e6);
        address[] memory assets = new address[](4);
        (assets[0], assets[1], assets[2], assets[3]) = (address(token), COIN, address(0xDEAD), address(token));
        vm.prank(renter);
        payments.withdrawMany(assets, stranger);
        assertEq(stranger.balance, 1 ether);
        assertEq(token.balanceOf(stranger), 5e6);
    }

    function test_RevertWhen_RecipientRefusesCoin() external {
        refunded(COIN, 1 ether);
        vm.expectRevert(Errors.FailedCall.selector);
        vm.prank(renter);
        payments.withdraw(COIN, address(this)); // cannot receive
        assertEq(payments.withdrawable(renter, COIN), 1 ether);
    }

    function test_GreedyRecipientIsPaidOnce() external {
        Greedy greedy = new Greedy(payments);
        renter = address(greedy);
        refunded(COIN, 1 ether);
        refunded(COIN, 1 ether);
        renter = stranger;
        refunded(COIN, 5 ether);
        greedy.withdraw();
        assertEq(address(greedy).balance, 2 ether);
        assertEq(greedy.attempts(), 1);
        assertEq(address(escrow).balance, 5 ether);
    }

    /* TOKENS */

    function test_RevertWhen_TokenAnswersFalse() external {
        FalseReturnToken liar = new FalseReturnToken(6);
        liar.mint(operator, 1e6);
        vm.startPrank(operator);
        liar.approve(address(escrow), 1e6);
        uint256 id = escrow.createEscrow(renter, address(liar), 1e6, uint40(timestamp() + 1));
        escrow.abandonEscrow(id);
        vm.stopPrank();
        liar.setRefusing(true);
        vm.expectRevert();
        vm.prank(renter);
        payments.withdraw(address(liar), renter);
        assertEq(payments.withdrawable(renter, address(liar)), 1e6);
    }

    function test_TokenThatReturnsNothing() external {
        NoReturnToken quiet = new NoReturnToken(6);
        quiet.mint(operator, 1e6);
        vm.startPrank(operator);
        quiet.approve(address(escrow), 1e6);
        uint256 id = escrow.createEscrow(renter, address(quiet), 1e6, uint40(timestamp() + 1));
        escrow.abandonEscrow(id);
        vm.stopPrank();
        vm.prank(renter);
        payments.withdraw(address(quiet), renter);
        assertEq(quiet.balanceOf(renter), 1e6);
    }

    /// @dev A host on a token's block list keeps nobody else from being paid, and can be paid elsewhere.
    function test_BlockedHostIsPaidElsewhere() external {
        BlacklistToken strict = new BlacklistToken(6);
        strict.mint(operator, 1000e6);
        vm.startPrank(operator);
        strict.approve(address(escrow), 1000e6);
        uint256 id = escrow.createEscrow(renter, address(strict), 1000e6, uint40(timestamp() + 1));
        escrow.assignHost(id, host);
        escrow.markDelivered(id);
        vm.stopPrank();
        strict.setBlacklisted(host, true);
        vm.prank(renter);
        escrow.releaseEscrow(id);
        escrow.sweepFees(address(strict));
        assertEq(strict.balanceOf(treasury), 150e6);
        vm.prank(host);
        payments.withdraw(address(strict), stranger);
        assertEq(strict.balanceOf(stranger), 850e6);
    }

    /// @dev A token that calls back while its arrival is measured cannot pass one payment for two.
    function test_TokenThatCallsBack() external {
        ReentrantToken hooked = new ReentrantToken(6);
        hooked.mint(operator, 10e6);
        vm.prank(operator);
        hooked.approve(address(escrow), 10e6);
        uint40 deadline = uint40(timestamp() + 1);
        hooked.arm(
            address(escrow), abi.encodeCall(IPaymentEscrow.createEscrow, (renter, address(hooked), 1e6, deadline))
        );
        vm.prank(operator);
        uint256 id = escrow.createEscrow(renter, address(hooked), 1e6, deadline);
        assertFalse(hooked.succeeded());
        assertEq(escrow.escrowCount(), id);
        assertEq(hooked.balanceOf(address(escrow)), 1e6);
    }

    /* FEES */

    function test_SweepingNothingDoesNothing() external {
        vm.recordLogs();
        escrow.sweepFees(COIN);
        assertEq(vm.getRecordedLogs().length, 0);
    }

    function testFuzz_SweepsToTheRecipientOfTheDay(bool rotate) external {
        released();
        address recipient = treasury;
        if (rotate) {
            recipient = stranger;
            vm.prank(owner);
            escrow.setFeeRecipient(stranger);
        }
        vm.expectEmit(address(escrow));
        emit IPaymentEscrow.FeesSwept(address(token), recipient, fee(AMOUNT));
        escrow.sweepFees(address(token));
        escrow.sweepFees(address(token));
        assertEq(token.balanceOf(recipient), fee(AMOUNT));
        assertEq(escrow.feesOf(address(token)), 0);
        assertEq(token.balanceOf(address(escrow)), AMOUNT - fee(AMOUNT));
    }

    function refunded(address asset, uint256 amount) private {
        uint256 id = create(asset, amount);
        vm.prank(operator);
        escrow.abandonEscrow(id);
    }
}
