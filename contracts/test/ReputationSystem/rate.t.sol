// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IReputationSystem} from "../../src/interfaces/IReputationSystem.sol";
import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {vm} from "../utils/Vm.sol";
import {ReputationSystemTest} from "./ReputationSystemTest.sol";

contract ReputationSystemRateTest is ReputationSystemTest {
    bytes32 private constant FEEDBACK = keccak256("feedback");

    function test_RevertWhen_WorkDoesNotCount() external {
        uint256 jobId = submitted();
        expectNotFinished(workId(jobId));
        rate(jobId, 5);
        ISessionMarket.Terms memory t = session(0);
        expectTooSmall(0, MIN_VALUE);
        vm.prank(renter);
        reputation.rateSession(same(t), 5, FEEDBACK);
    }

    /// @dev People who never bought, and the host itself, rate nothing.
    function testFuzz_RevertWhen_CallerIsNotTheRenter(address caller, bool itself) external {
        caller = itself ? host : caller;
        vm.assume(caller != renter);
        uint256 jobId = completed();
        ISessionMarket.Terms memory t = session(2e6);
        expectNotSlasherOrRenter(caller);
        vm.prank(caller);
        reputation.rateJob(jobId, 5, FEEDBACK);
        expectNotSlasherOrRenter(caller);
        vm.prank(caller);
        reputation.rateSession(same(t), 5, FEEDBACK);
    }

    function testFuzz_RevertWhen_RatingIsOutOfRange(uint8 rating) external {
        vm.assume(rating == 0 || rating > 5);
        uint256 jobId = completed();
        vm.expectRevert(abi.encodeWithSelector(IReputationSystem.ReputationSystem_OutOfRange.selector, rating, 1, 5));
        rate(jobId, rating);
    }

    function test_RevertWhen_RatedBefore() external {
        uint256 jobId = completed();
        rate(jobId, 5);
        vm.expectRevert(abi.encodeWithSelector(IReputationSystem.ReputationSystem_AlreadyRated.selector, workId(jobId)));
        rate(jobId, 1);
        vm.expectRevert(
            abi.encodeWithSelector(IReputationSystem.ReputationSystem_AlreadyRecorded.selector, workId(jobId))
        );
        reputation.recordJob(jobId);
    }

    function testFuzz_StarsAreWorth(uint8 rating, bool recordedBefore, bool success) external {
        rating = uint8(bound(rating, 1, 5));
        uint256 jobId = success ? completed() : failed();
        uint256 before = success ? 110 : 80;
        if (recordedBefore) reputation.recordJob(jobId);
        uint256 points = before;
        if (rating == 5) points += 4;
        if (rating == 4) points += 2;
        if (rating == 1) points -= 5;
        vm.expectEmit(address(reputation));
        emit IReputationSystem.HostRated(workId(jobId), host, renter, rating, FEEDBACK, uint32(points));
        rate(jobId, rating);
        assertPoints(host, points);
        IReputationSystem.HostRecord memory r = reputation.recordOf(host);
        assertEq(r.ratings, 1);
        assertEq(r.ratingSum, rating);
        assertEq(uint256(r.successes) + r.failures, 1);
        (bool recorded, bool rated) = reputation.workState(workId(jobId));
        assertTrue(recorded && rated);
    }

    function test_StarsForASession() external {
        ISessionMarket.Terms memory t = session(2e6);
        vm.prank(renter);
        reputation.rateSession(same(t), 4, FEEDBACK);
        assertPoints(host, 112);
    }

    function testFuzz_WorkThatGaveNoPointsIsRatedForNone(uint8 rating) external {
        rate(completed(), 5);
        uint256 second = completed();
        rate(second, uint8(bound(rating, 1, 5)));
        assertPoints(host, 114);
        assertEq(reputation.recordOf(host).ratings, 2);
    }

    /// @dev A host that buys from itself through a second address pays the fee for its points, and gets few of them: here
    /// fifty jobs in a day, fifty times fifteen percent, for fourteen points.
    function test_SelfDealingIsDear() external {
        for (uint256 i = 0; i < 50; i++) {
            rate(completed(), 5);
        }
        assertPoints(host, 114);
        assertEq(escrow.feesOf(address(token)), 50 * PAYMENT * FEE_BPS / 10_000);
    }

    /// forge-config: default.isolate = true
    function test_Gas() external {
        reputation.recordJob(completed());
        skip(1 days);
        uint256 jobId = completed();
        rate(jobId, 5);
        vm.snapshotGasLastCall("ReputationSystem", "rate a job not counted before");
    }

    function rate(uint256 jobId, uint8 rating) private {
        vm.prank(renter);
        reputation.rateJob(jobId, rating, FEEDBACK);
    }
}
