// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IPaymentEscrow} from "../../src/interfaces/IPaymentEscrow.sol";
import {Deploy} from "../utils/Deploy.sol";
import {vm} from "../utils/Vm.sol";
import {PaymentEscrowTest} from "./PaymentEscrowTest.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

contract PaymentEscrowGovernanceTest is PaymentEscrowTest {
    function test_Defaults() external view {
        assertEq(escrow.feeBps(), FEE_BPS);
        assertEq(escrow.feeRecipient(), treasury);
        assertEq(escrow.arbiter(), arbiter);
        assertEq(escrow.disputeWindow(), WINDOW);
        assertEq(escrow.arbitrationPeriod(), ARBITRATION);
        assertEq(Ownable(address(escrow)).owner(), owner);
    }

    function testFuzz_RevertWhen_CallerIsNotTheOwner(address caller) external {
        vm.assume(caller != owner);
        vm.startPrank(caller);
        bytes memory notOwner = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller);
        vm.expectRevert(notOwner);
        escrow.setFee(0);
        vm.expectRevert(notOwner);
        escrow.setFeeRecipient(caller);
        vm.expectRevert(notOwner);
        escrow.setArbiter(caller);
        vm.expectRevert(notOwner);
        escrow.setWindows(1 hours, 1 days);
        vm.stopPrank();
    }

    function test_RevertWhen_AnArgumentIsRefused() external {
        vm.expectRevert(IPaymentEscrow.PaymentEscrow_ZeroAddress.selector);
        Deploy.paymentEscrow(owner, address(0), treasury, FEE_BPS);
        vm.expectRevert(IPaymentEscrow.PaymentEscrow_ZeroAddress.selector);
        Deploy.paymentEscrow(owner, arbiter, address(0), FEE_BPS);
        expectOutOfRange(3001, 0, 3000);
        Deploy.paymentEscrow(owner, arbiter, treasury, 3001);
    }

    function testFuzz_Fee(uint16 feeBps) external {
        vm.prank(owner);
        if (feeBps > 3000) {
            expectOutOfRange(feeBps, 0, 3000);
            escrow.setFee(feeBps);
            return;
        }
        vm.expectEmit(address(escrow));
        emit IPaymentEscrow.FeeSet(feeBps);
        escrow.setFee(feeBps);
        assertEq(escrow.feeBps(), feeBps);
    }

    function testFuzz_Addresses(address account) external {
        vm.startPrank(owner);
        if (account == address(0)) vm.expectRevert(IPaymentEscrow.PaymentEscrow_ZeroAddress.selector);
        escrow.setFeeRecipient(account);
        if (account == address(0)) vm.expectRevert(IPaymentEscrow.PaymentEscrow_ZeroAddress.selector);
        escrow.setArbiter(account);
        vm.stopPrank();
        if (account == address(0)) return;
        assertEq(escrow.feeRecipient(), account);
        assertEq(escrow.arbiter(), account);
    }

    function test_RevertWhen_AddressesAreZero() external {
        vm.startPrank(owner);
        vm.expectRevert(IPaymentEscrow.PaymentEscrow_ZeroAddress.selector);
        escrow.setFeeRecipient(address(0));
        vm.expectRevert(IPaymentEscrow.PaymentEscrow_ZeroAddress.selector);
        escrow.setArbiter(address(0));
        vm.stopPrank();
    }

    function testFuzz_Windows(uint40 window, uint40 period) external {
        uint256 id = delivered();
        uint40 releaseAt = uint40(timestamp() + WINDOW);
        vm.startPrank(owner);
        if (window < 1 hours || window > 30 days) {
            expectOutOfRange(window, 1 hours, 30 days);
            escrow.setWindows(window, 1 days);
            window = uint40(bound(window, 1 hours, 30 days));
        }
        if (period < 1 days || period > 90 days) {
            expectOutOfRange(period, 1 days, 90 days);
            escrow.setWindows(window, period);
            period = uint40(bound(period, 1 days, 90 days));
        }
        vm.expectEmit(address(escrow));
        emit IPaymentEscrow.WindowsSet(window, period);
        escrow.setWindows(window, period);
        vm.stopPrank();
        assertEq(escrow.disputeWindow(), window);
        assertEq(escrow.arbitrationPeriod(), period);
        assertEq(escrow.escrowOf(id).clock, releaseAt, "what was delivered keeps its clock");
    }
}
