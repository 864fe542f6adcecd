// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ICircuitBreaker} from "../../src/interfaces/ICircuitBreaker.sol";
import {IJobMarketplace} from "../../src/interfaces/IJobMarketplace.sol";
import {IPullPayments} from "../../src/interfaces/IPullPayments.sol";
import {vm} from "../utils/Vm.sol";
import {JobMarketplaceTest} from "./JobMarketplaceTest.sol";

/// @notice A job's whole life, and what becomes of the money when one party, or both, fall silent.
contract JobMarketplaceLifecycleTest is JobMarketplaceTest {
    function test_HappyPath() external {
        uint256 jobId = submitted();
        vm.prank(renter);
        jobs.releasePayment(jobId);
        vm.prank(host);
        IPullPayments(address(escrow)).withdraw(address(token), host);
        escrow.sweepFees(address(token));
        assertEq(token.balanceOf(host), 8.5e6);
        assertEq(token.balanceOf(treasury), 1.5e6);
        assertEq(token.balanceOf(address(escrow)), 0);
    }

    function test_NobodyClaims_AnyoneRefunds() external {
        uint256 jobId = post();
        skip(TIME + 1);
        vm.prank(stranger);
        escrow.refundEscrow(jobId);
        assertStatus(jobId, IJobMarketplace.JobStatus.Cancelled);
        assertRefunded();
    }

    function test_HostFallsSilent_AnyoneRefunds() external {
        uint256 jobId = claimed();
        skip(TIME + 1);
        vm.prank(stranger);
        escrow.refundEscrow(jobId);
        assertStatus(jobId, IJobMarketplace.JobStatus.Failed);
        assertRefunded();
    }

    function test_RenterFallsSilent_AnyoneReleases() external {
        uint256 jobId = submitted();
        skip(3 days);
        vm.prank(stranger);
        escrow.releaseEscrow(jobId);
        assertStatus(jobId, IJobMarketplace.JobStatus.Completed);
        assertEq(owed(host, address(token)), 8.5e6);
    }

    function test_ArbiterFallsSilent_AnyoneRefunds() external {
        uint256 jobId = submitted();
        vm.prank(renter);
        escrow.disputeEscrow(jobId);
        skip(30 days);
        vm.prank(stranger);
        escrow.refundEscrow(jobId);
        assertStatus(jobId, IJobMarketplace.JobStatus.Failed);
        assertRefunded();
    }

    function test_BothAgree() external {
        uint256 jobId = submitted();
        vm.prank(host);
        escrow.agreeToRefund(jobId);
        vm.prank(renter);
        escrow.agreeToRefund(jobId);
        assertStatus(jobId, IJobMarketplace.JobStatus.Cancelled);
        assertRefunded();
    }

    /// @dev A pause stops posting and claiming; jobs in flight go on to every end.
    function test_PauseStopsNoExit() external {
        uint256[5] memory ids = [claimed(), post(), claimed(), claimed(), submitted()];
        vm.startPrank(owner);
        ICircuitBreaker(address(jobs)).pause();
        jobs.setPaymentLimits(address(token), IJobMarketplace.PaymentLimits(0, 0));
        vm.stopPrank();
        vm.startPrank(host);
        jobs.submitResult(ids[0], RESULT);
        jobs.failJob(ids[2]);
        jobs.submitResult(ids[3], RESULT);
        vm.stopPrank();
        vm.startPrank(renter);
        jobs.releasePayment(ids[0]);
        jobs.cancelJob(ids[1]);
        escrow.disputeEscrow(ids[4]);
        vm.stopPrank();
        skip(30 days);
        escrow.releaseEscrow(ids[3]);
        escrow.refundEscrow(ids[4]);
        assertEq(owed(renter, address(token)), 3 * PAYMENT);
        assertEq(owed(host, address(token)), 2 * 8.5e6);
    }

    function assertRefunded() private {
        assertEq(owed(renter, address(token)), PAYMENT);
        uint256 before = token.balanceOf(renter);
        vm.prank(renter);
        IPullPayments(address(escrow)).withdraw(address(token), renter);
        assertEq(token.balanceOf(renter) - before, PAYMENT);
        assertEq(token.balanceOf(address(escrow)), 0);
    }
}
