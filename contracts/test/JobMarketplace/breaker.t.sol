// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ICircuitBreaker} from "../../src/interfaces/ICircuitBreaker.sol";
import {IJobMarketplace} from "../../src/interfaces/IJobMarketplace.sol";
import {vm} from "../utils/Vm.sol";
import {JobMarketplaceTest} from "./JobMarketplaceTest.sol";

/// @notice The entrances ask the circuit breaker, each in its way.
contract JobMarketplaceBreakerTest is JobMarketplaceTest {
    ICircuitBreaker private breaker;

    function setUp() public override {
        super.setUp();
        breaker = ICircuitBreaker(address(jobs));
    }

    function test_SetUp() external view {
        assertEq(breaker.guardian(), guardian);
        ICircuitBreaker.BreakerSettings memory s = breaker.breakerSettings();
        assertEq(s.failures, 5);
        assertEq(s.window, 10 minutes);
        assertEq(s.perMinute, 3);
        assertEq(s.perHour, 10);
        assertEq(breaker.circuitBreakerLevel(), 0);
    }

    function test_RevertWhen_EverythingIsStopped() external {
        uint256 jobId = post();
        setLevel(3);
        IJobMarketplace.Posting[] memory postings = batch(1);
        expectStopped(IJobMarketplace.postJob.selector, 3);
        post();
        expectStopped(IJobMarketplace.postJobs.selector, 3);
        jobs.postJobs(postings);
        vm.startPrank(host);
        expectStopped(IJobMarketplace.claimJob.selector, 3);
        jobs.claimJob(jobId);
        expectStopped(IJobMarketplace.claimJobFor.selector, 3);
        jobs.claimJobFor(jobId, host);
        vm.stopPrank();
        vm.prank(renter);
        jobs.cancelJob(jobId);
        assertStatus(jobId, IJobMarketplace.JobStatus.Cancelled);
    }

    function test_RevertWhen_ItIsNamed() external {
        uint256 jobId = post();
        vm.prank(guardian);
        breaker.pauseFunction(IJobMarketplace.postJob.selector);
        setLevel(2);
        expectStopped(IJobMarketplace.postJob.selector, 2);
        post();
        vm.prank(host);
        jobs.claimJob(jobId);
    }

    /// @dev Three a minute and ten an hour, and no way around it by batches.
    function test_RevertWhen_PostingTooFast() external {
        setLevel(1);
        for (uint256 i = 0; i < 9; i += 3) {
            for (uint256 j = 0; j < 3; j++) {
                post();
            }
            expectTooFast(timestamp() + 1 minutes);
            post();
            skip(1 minutes);
        }
        vm.prank(renter);
        jobs.postJobs(batch(1));
        expectTooFast(timestamp() - 3 minutes + 1 hours);
        post();
        skip(1 hours);
        expectOutOfRange(2, 1, 1);
        vm.prank(renter);
        jobs.postJobs(batch(2));
        post();
    }

    function test_FailuresTripIt() external {
        for (uint256 i = 0; i < 5; i++) {
            assertEq(breaker.circuitBreakerLevel(), 0);
            uint256 jobId = claimed();
            vm.prank(host);
            jobs.failJob(jobId);
        }
        assertEq(breaker.circuitBreakerLevel(), 1);
        assertEq(breaker.getCircuitBreakerMetrics().failures, 5);
    }

    function test_ALargePaymentTripsIt() external {
        vm.prank(owner);
        breaker.setPaymentLimit(address(token), PAYMENT - 1);
        uint256 jobId = post();
        assertEq(breaker.circuitBreakerLevel(), 1);
        assertStatus(jobId, IJobMarketplace.JobStatus.Open);
    }

    function setLevel(uint8 level) private {
        vm.prank(guardian);
        breaker.setCircuitBreakerLevel(level);
    }

    function batch(uint256 count) private view returns (IJobMarketplace.Posting[] memory postings) {
        postings = new IJobMarketplace.Posting[](count);
        for (uint256 i = 0; i < count; i++) {
            postings[i] = IJobMarketplace.Posting(details(), requirements(), address(token), PAYMENT);
        }
    }

    function expectStopped(bytes4 selector, uint8 level) private {
        vm.expectRevert(abi.encodeWithSelector(ICircuitBreaker.Breaker_Stopped.selector, selector, level));
    }

    function expectTooFast(uint256 retryAt) private {
        vm.expectRevert(abi.encodeWithSelector(ICircuitBreaker.Breaker_TooFast.selector, renter, retryAt));
    }
}
