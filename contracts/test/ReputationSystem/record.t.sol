// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IJobMarketplace} from "../../src/interfaces/IJobMarketplace.sol";
import {IReputationSystem} from "../../src/interfaces/IReputationSystem.sol";
import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {Messages} from "../SessionMarket/utils/Messages.sol";
import {vm} from "../utils/Vm.sol";
import {ReputationSystemTest} from "./ReputationSystemTest.sol";

contract ReputationSystemRecordTest is ReputationSystemTest {
    /* JOBS */

    function test_RevertWhen_JobIsNotFinished() external {
        uint256[9] memory ids = oneOfEach();
        for (uint256 i = 0; i < 9; i++) {
            if (i == 5 || i == 6) continue;
            expectNotFinished(workId(ids[i]));
            reputation.recordJob(ids[i]);
        }
        vm.prank(owner);
        reputation.setSources(address(0), address(0));
        expectNotFinished(reputation.workIdOf(address(0), ids[5]));
        reputation.recordJob(ids[5]);
    }

    function testFuzz_RevertWhen_JobIsWorthTooLittle(uint256 min) external {
        uint256 jobId = completed();
        min = min % 2 == 0 ? 0 : bound(min, PAYMENT + 1, type(uint256).max);
        vm.prank(owner);
        reputation.setMinValue(address(token), min);
        expectTooSmall(PAYMENT, min);
        reputation.recordJob(jobId);
    }

    function test_RevertWhen_JobWasCountedBefore() external {
        uint256 jobId = completed();
        reputation.recordJob(jobId);
        vm.expectRevert(
            abi.encodeWithSelector(IReputationSystem.ReputationSystem_AlreadyRecorded.selector, workId(jobId))
        );
        reputation.recordJob(jobId);
        assertPoints(host, 110);
    }

    function testFuzz_ASuccessGives(address caller) external {
        assertPoints(host, 100);
        uint256 jobId = completed();
        vm.expectEmit(address(reputation));
        emit IReputationSystem.OutcomeRecorded(workId(jobId), host, renter, true, true, 110);
        vm.prank(caller);
        reputation.recordJob(jobId);
        assertPoints(host, 110);
        IReputationSystem.HostRecord memory r = reputation.recordOf(host);
        assertEq(r.points, 110);
        assertEq(r.lastActive, timestamp());
        assertEq(r.successes, 1);
        assertEq(r.failures, 0);
        (bool recorded, bool rated) = reputation.workState(workId(jobId));
        assertTrue(recorded && !rated);
    }

    function testFuzz_OneSuccessADayOfOneRenterCounts(uint256 elapsed) external {
        reputation.recordJob(completed());
        uint256 start = timestamp();
        elapsed = bound(elapsed, 0, 1 days - 1);
        skip(elapsed);
        uint256 second = completed();
        vm.expectEmit(address(reputation));
        emit IReputationSystem.OutcomeRecorded(workId(second), host, renter, true, false, 110);
        reputation.recordJob(second);
        assertEq(reputation.recordOf(host).successes, 2);

        fund(stranger);
        (renter, stranger) = (stranger, renter);
        reputation.recordJob(completed());
        assertPoints(host, 120);
        (renter, stranger) = (stranger, renter);
        vm.warp(start + 1 days);
        reputation.recordJob(completed());
        assertPoints(host, 130);
    }

    function test_AFailureTakes() external {
        uint256 jobId = failed();
        vm.expectEmit(address(reputation));
        emit IReputationSystem.OutcomeRecorded(workId(jobId), host, renter, false, true, 80);
        reputation.recordJob(jobId);
        assertEq(reputation.recordOf(host).failures, 1);
        for (uint256 i = 0; i < 5; i++) {
            reputation.recordJob(failed());
        }
        assertPoints(host, 0);
        reputation.recordJob(completed());
        assertPoints(host, 10);
    }

    function test_TheOtherFailures() external {
        uint256 late = claimed();
        uint256 lost = submitted();
        vm.prank(renter);
        escrow.disputeEscrow(lost);
        vm.prank(arbiter);
        escrow.resolveDispute(lost, renter);
        skip(TIME + 1);
        expectNotFinished(workId(late)); // until somebody asks for the refund
        reputation.recordJob(late);
        escrow.refundEscrow(late);
        reputation.recordJob(late);
        reputation.recordJob(lost);
        assertPoints(host, 60);
    }

    /// @dev What a job requires is what the real system answers.
    function test_JobsThatRequireReputation() external {
        IJobMarketplace.JobRequirements memory r = requirements();
        r.minReputation = 101;
        uint256 jobId = post(r);
        vm.expectRevert(abi.encodeWithSelector(IJobMarketplace.JobMarketplace_TooLittleReputation.selector, 100, 101));
        vm.prank(host);
        jobs.claimJob(jobId);
        reputation.recordJob(completed());
        vm.prank(host);
        jobs.claimJob(jobId);
    }

    /* SESSIONS */

    function test_RevertWhen_SessionIsNotFinished() external {
        ISessionMarket.Terms memory t = terms();
        bytes32 id = reputation.workIdOf(address(market), market.sessionIdOf(t));
        expectNotFinished(id);
        reputation.recordSession(same(t));
        open(t);
        expectNotFinished(id);
        reputation.recordSession(same(t));
        ISessionMarket.Terms memory void = terms();
        vm.prank(renter);
        market.invalidate(void);
        expectNotFinished(reputation.workIdOf(address(market), market.sessionIdOf(void)));
        reputation.recordSession(same(void));
        t = session(2e6);
        vm.prank(owner);
        reputation.setSources(address(jobs), address(0));
        expectNotFinished(bytes32(0));
        reputation.recordSession(same(t));
    }

    function testFuzz_RevertWhen_TooLittleWasPaid(uint64 paid) external {
        paid = uint64(bound(paid, 0, MIN_VALUE - 1));
        ISessionMarket.Terms memory t = session(paid);
        expectTooSmall(paid, MIN_VALUE);
        reputation.recordSession(same(t));
    }

    function test_ACompletedSessionIsASuccess() external {
        ISessionMarket.Terms memory t = session(2e6);
        bytes32 id = reputation.workIdOf(address(market), market.sessionIdOf(t));
        vm.expectEmit(address(reputation));
        emit IReputationSystem.OutcomeRecorded(id, host, renter, true, true, 110);
        reputation.recordSession(same(t));
        vm.expectRevert(abi.encodeWithSelector(IReputationSystem.ReputationSystem_AlreadyRecorded.selector, id));
        reputation.recordSession(same(t));
    }

    function test_ATimedOutSessionIsASuccessIfSomethingWasPaid() external {
        ISessionMarket.Terms memory t = terms();
        open(t);
        ISessionMarket.SignedVoucher memory v;
        v.outputTokens = 5e6;
        bytes32 structHash = Messages.voucher(market.sessionIdOf(t), 0, v.outputTokens, v.head);
        v.signature = signature(voucherKey, Messages.digest(address(market), structHash));
        market.settle(t, v);
        skip(2 days);
        market.triggerSessionTimeout(t);
        reputation.recordSession(same(t));
        assertPoints(host, 110);
    }

    /// @dev Terms that are not to the letter those of the session name another one, which nobody ever opened.
    function testFuzz_RevertWhen_TermsAreForged(address forged) external {
        ISessionMarket.Terms memory t = session(2e6);
        vm.assume(forged != t.host);
        t.host = forged;
        expectNotFinished(reputation.workIdOf(address(market), market.sessionIdOf(t)));
        reputation.recordSession(same(t));
    }

    /// forge-config: default.isolate = true
    function test_Gas() external {
        reputation.recordJob(completed());
        vm.snapshotGasLastCall("ReputationSystem", "record a job, host unknown");
        skip(1 days);
        reputation.recordJob(completed());
        vm.snapshotGasLastCall("ReputationSystem", "record a job");
        skip(1 days);
        reputation.recordSession(same(session(2e6)));
        vm.snapshotGasLastCall("ReputationSystem", "record a session");
    }
}
