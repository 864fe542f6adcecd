// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IJobMarketplace} from "../../src/interfaces/IJobMarketplace.sol";
import {IPaymentEscrow} from "../../src/interfaces/IPaymentEscrow.sol";
import {vm} from "../utils/Vm.sol";
import {JobMarketplaceTest, Oracle} from "./JobMarketplaceTest.sol";

contract JobMarketplaceHostsTest is JobMarketplaceTest {
    Oracle private oracle;

    function setUp() public override {
        super.setUp();
        oracle = new Oracle();
        vm.startPrank(owner);
        jobs.setReputation(address(oracle));
        jobs.setProofSystem(address(oracle));
        vm.stopPrank();
    }

    /* CLAIMING */

    function test_RevertWhen_NotOpen() external {
        uint256[9] memory ids = oneOfEach();
        for (uint256 i = 0; i < 9; i++) {
            if (i == 1) continue;
            expectWrongStatus(ids[i]);
            vm.prank(host);
            jobs.claimJob(ids[i]);
        }
    }

    function test_RevertWhen_HostIsTheRenter() external {
        fund(host);
        vm.startPrank(host);
        uint256 jobId = jobs.postJob(details(), requirements(), address(token), PAYMENT);
        expectWrongHost(host);
        jobs.claimJob(jobId);
        vm.stopPrank();
    }

    function testFuzz_RevertWhen_HostDoesNotOffer(address caller) external {
        vm.assume(caller != host && caller != other && caller != renter);
        uint256 jobId = post();
        expectNotOffered(caller);
        vm.prank(caller);
        jobs.claimJob(jobId);
    }

    function test_RevertWhen_HostIsLeaving() external {
        uint256 jobId = post();
        vm.startPrank(host);
        registry.unregister();
        expectNotOffered(host);
        jobs.claimJob(jobId);
        vm.stopPrank();
    }

    function testFuzz_RevertWhen_CallerIsNotTheSigner(address caller) external {
        vm.assume(caller != host && caller != signer);
        uint256 jobId = post();
        expectUnauthorized(caller);
        vm.prank(caller);
        jobs.claimJobFor(jobId, host);
    }

    function test_RevertWhen_ItIsForAnother() external {
        IJobMarketplace.JobRequirements memory r = requirements();
        r.host = other;
        uint256 jobId = post(r);
        expectWrongHost(host);
        vm.prank(host);
        jobs.claimJob(jobId);
        vm.prank(other);
        jobs.claimJob(jobId);
        assertEq(jobs.jobOf(jobId).host, other);
    }

    function test_RevertWhen_ControllerIsSuspicious() external {
        address controller = makeAddr("controller");
        assertTrue(fab.transfer(controller, 3000e18));
        vm.prank(controller);
        fab.approve(address(registry), 3000e18);
        address[3] memory farm = [makeAddr("farm 1"), makeAddr("farm 2"), makeAddr("farm 3")];
        for (uint256 i = 0; i < 3; i++) {
            uint256 before = post();
            vm.prank(farm[i]);
            registry.approveController(controller);
            vm.prank(controller);
            registry.registerControlled(farm[i], signer, "https://farm.example", "", publicKey(), offers());
            if (i == 2) break;
            vm.prank(farm[i]);
            jobs.claimJob(before);
        }
        uint256 jobId = post();
        vm.expectRevert(
            abi.encodeWithSelector(IJobMarketplace.JobMarketplace_SuspiciousController.selector, controller)
        );
        vm.prank(farm[0]);
        jobs.claimJob(jobId);

        IJobMarketplace.JobRequirements memory r = requirements();
        r.host = farm[0];
        jobId = post(r);
        vm.prank(farm[0]);
        jobs.claimJob(jobId);
    }

    function testFuzz_RevertWhen_MemoryIsTooLittle(uint16 has, uint16 needs) external {
        needs = uint16(bound(needs, 1, 128));
        has = uint16(bound(has, 0, 200));
        vm.prank(host);
        registry.advertise("eu", has, new bytes32[](0));
        IJobMarketplace.JobRequirements memory r = requirements();
        r.minGpuMemory = needs;
        uint256 jobId = post(r);
        if (has < needs) {
            vm.expectRevert(abi.encodeWithSelector(IJobMarketplace.JobMarketplace_TooLittleMemory.selector, has, needs));
        }
        vm.prank(host);
        jobs.claimJob(jobId);
    }

    function testFuzz_RevertWhen_ReputationIsTooLow(uint256 score, uint32 needs) external {
        vm.assume(needs != 0);
        oracle.setReputation(host, score);
        IJobMarketplace.JobRequirements memory r = requirements();
        r.minReputation = needs;
        uint256 jobId = post(r);
        if (score < needs) {
            vm.expectRevert(
                abi.encodeWithSelector(IJobMarketplace.JobMarketplace_TooLittleReputation.selector, score, needs)
            );
        }
        vm.prank(host);
        jobs.claimJob(jobId);
    }

    function test_RevertWhen_NobodyAnswersForReputations() external {
        IJobMarketplace.JobRequirements memory r = requirements();
        r.minReputation = 1;
        uint256 jobId = post(r);
        vm.prank(owner);
        jobs.setReputation(address(0));
        vm.expectRevert(IJobMarketplace.JobMarketplace_Unavailable.selector);
        vm.prank(host);
        jobs.claimJob(jobId);
    }

    function testFuzz_ClaimsUntilTheDeadline(uint256 elapsed, bool bySigner) external {
        uint256 jobId = post();
        skip(bound(elapsed, 0, TIME));
        vm.expectEmit(address(jobs));
        emit IJobMarketplace.JobClaimed(jobId, host);
        vm.expectEmit(address(escrow));
        emit IPaymentEscrow.EscrowAssigned(jobId, host);
        vm.prank(bySigner ? signer : host);
        jobs.claimJobFor(jobId, host);
        assertEq(jobs.jobOf(jobId).host, host);
        assertStatus(jobId, IJobMarketplace.JobStatus.Claimed);
    }

    /* SUBMITTING AND FAILING */

    function test_RevertWhen_NotClaimed() external {
        uint256[9] memory ids = oneOfEach();
        vm.startPrank(host);
        for (uint256 i = 0; i < 9; i++) {
            if (i == 2) continue;
            expectWrongStatus(ids[i]);
            jobs.submitResult(ids[i], RESULT);
            expectWrongStatus(ids[i]);
            jobs.failJob(ids[i]);
        }
        skip(TIME + 1);
        expectWrongStatus(ids[2]);
        jobs.submitResult(ids[2], RESULT);
        vm.stopPrank();
    }

    function testFuzz_RevertWhen_CallerIsNotTheHost(address caller) external {
        vm.assume(caller != host && caller != signer);
        uint256 jobId = claimed();
        vm.startPrank(caller);
        expectUnauthorized(caller);
        jobs.submitResult(jobId, RESULT);
        expectUnauthorized(caller);
        jobs.failJob(jobId);
        vm.stopPrank();
    }

    function test_RevertWhen_ResultIsZero() external {
        uint256 jobId = claimed();
        vm.expectRevert(IJobMarketplace.JobMarketplace_ZeroId.selector);
        vm.prank(host);
        jobs.submitResult(jobId, bytes32(0));
    }

    function testFuzz_RevertWhen_NotProven(bytes32 result) external {
        vm.assume(result != bytes32(0) && result != RESULT);
        IJobMarketplace.JobRequirements memory r = requirements();
        r.requiresProof = true;
        uint256 jobId = post(r);
        vm.startPrank(host);
        jobs.claimJob(jobId);
        oracle.prove(jobId, result);
        vm.expectRevert(abi.encodeWithSelector(IJobMarketplace.JobMarketplace_NotProven.selector, jobId, RESULT));
        jobs.submitResult(jobId, RESULT);
        jobs.submitResult(jobId, result);
        vm.stopPrank();
    }

    function test_RevertWhen_NobodyAnswersForProofs() external {
        IJobMarketplace.JobRequirements memory r = requirements();
        r.requiresProof = true;
        uint256 jobId = post(r);
        vm.prank(owner);
        jobs.setProofSystem(address(0));
        vm.startPrank(host);
        jobs.claimJob(jobId);
        vm.expectRevert(IJobMarketplace.JobMarketplace_Unavailable.selector);
        jobs.submitResult(jobId, RESULT);
        vm.stopPrank();
    }

    function testFuzz_SubmitsUntilTheDeadline(uint256 elapsed, bool bySigner, bool left) external {
        uint256 jobId = claimed();
        skip(bound(elapsed, 0, TIME));
        if (left) {
            vm.prank(host);
            registry.unregister();
        }
        vm.expectEmit(address(jobs));
        emit IJobMarketplace.JobSubmitted(jobId, host, RESULT);
        vm.expectEmit(address(escrow));
        emit IPaymentEscrow.EscrowDelivered(jobId, uint40(timestamp() + 3 days));
        vm.prank(bySigner && !left ? signer : host);
        jobs.submitResult(jobId, RESULT);
        assertEq(jobs.jobOf(jobId).result, RESULT);
        assertStatus(jobId, IJobMarketplace.JobStatus.Submitted);
    }

    function testFuzz_Fails(bool bySigner) external {
        uint256 jobId = claimed();
        vm.expectEmit(address(jobs));
        emit IJobMarketplace.JobFailed(jobId, host);
        vm.prank(bySigner ? signer : host);
        jobs.failJob(jobId);
        assertStatus(jobId, IJobMarketplace.JobStatus.Failed);
        assertEq(owed(renter, address(token)), PAYMENT);
    }

    /* RELEASING */

    function testFuzz_RevertWhen_ReleasedByAnother(address caller) external {
        vm.assume(caller != renter);
        uint256 jobId = submitted();
        expectUnauthorized(caller);
        vm.prank(caller);
        jobs.releasePayment(jobId);
    }

    function test_RevertWhen_NotSubmitted() external {
        uint256[9] memory ids = oneOfEach();
        vm.startPrank(renter);
        expectUnauthorized(renter);
        jobs.releasePayment(ids[0]);
        for (uint256 i = 1; i < 9; i++) {
            if (i == 3) continue;
            expectWrongStatus(ids[i]);
            jobs.releasePayment(ids[i]);
        }
        vm.stopPrank();
    }

    function test_ReleasePaysTheHost() external {
        uint256 jobId = submitted();
        vm.prank(renter);
        jobs.releasePayment(jobId);
        assertEq(owed(host, address(token)), 8.5e6);
        assertEq(escrow.feesOf(address(token)), 1.5e6);
        assertStatus(jobId, IJobMarketplace.JobStatus.Completed);
    }

    function test_RevertWhen_ReleasingNoneOrTooMany() external {
        expectOutOfRange(0, 1, 100);
        jobs.releasePayments(new uint256[](0));
        expectOutOfRange(101, 1, 100);
        jobs.releasePayments(new uint256[](101));
    }

    function test_BatchSkipsWhatCannotBeReleased() external {
        uint256[9] memory ids = oneOfEach();
        uint256[] memory list = new uint256[](12);
        for (uint256 i = 0; i < 9; i++) {
            list[i] = ids[i];
        }
        list[9] = submitted();
        list[10] = list[9];
        fund(stranger);
        vm.prank(stranger);
        list[11] = jobs.postJob(details(), requirements(), address(token), PAYMENT);
        vm.startPrank(host);
        jobs.claimJob(list[11]);
        jobs.submitResult(list[11], RESULT);
        vm.stopPrank();
        uint256 before = owed(host, address(token));

        vm.expectEmit(address(jobs));
        emit IJobMarketplace.ReleaseSkipped(list[10], 10);
        vm.prank(renter);
        bool[] memory released = jobs.releasePayments(list);
        for (uint256 i = 0; i < 12; i++) {
            assertEq(released[i], i == 3 || i == 9, vm.toString(i));
        }
        assertEq(owed(host, address(token)) - before, 2 * 8.5e6);
        assertStatus(list[11], IJobMarketplace.JobStatus.Submitted);
    }
}
