// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IJobMarketplace} from "../../src/interfaces/IJobMarketplace.sol";
import {IPaymentEscrow} from "../../src/interfaces/IPaymentEscrow.sol";
import {FeeOnTransferToken} from "../tokens/FeeOnTransferToken.sol";
import {vm} from "../utils/Vm.sol";
import {JobMarketplaceTest, Oracle} from "./JobMarketplaceTest.sol";

contract JobMarketplacePostJobTest is JobMarketplaceTest {
    /* REFUSED */

    function test_RevertWhen_AnIdIsZero() external {
        IJobMarketplace.JobDetails memory d = details();
        d.modelId = bytes32(0);
        vm.expectRevert(IJobMarketplace.JobMarketplace_ZeroId.selector);
        send(d, requirements());
        d = details();
        d.prompt = bytes32(0);
        vm.expectRevert(IJobMarketplace.JobMarketplace_ZeroId.selector);
        send(d, requirements());
    }

    function testFuzz_RevertWhen_TokensAreOutOfRange(uint32 maxTokens) external {
        maxTokens = maxTokens % 2 == 0 ? 0 : uint32(bound(maxTokens, 1_000_001, type(uint32).max));
        IJobMarketplace.JobDetails memory d = details();
        d.maxTokens = maxTokens;
        expectOutOfRange(maxTokens, 1, 1_000_000);
        send(d, requirements());
    }

    function testFuzz_RevertWhen_TemperatureIsOutOfRange(uint16 temperature) external {
        IJobMarketplace.JobDetails memory d = details();
        d.temperature = uint16(bound(temperature, 2001, type(uint16).max));
        expectOutOfRange(d.temperature, 0, 2000);
        send(d, requirements());
    }

    function testFuzz_RevertWhen_MemoryIsOutOfRange(uint16 memory_) external {
        IJobMarketplace.JobRequirements memory r = requirements();
        r.minGpuMemory = uint16(bound(memory_, 129, type(uint16).max));
        expectOutOfRange(r.minGpuMemory, 0, 128);
        send(details(), r);
    }

    function testFuzz_RevertWhen_TimeIsOutOfRange(uint32 maxTime) external {
        vm.assume(maxTime < 60 || maxTime > 365 days);
        IJobMarketplace.JobRequirements memory r = requirements();
        r.maxTime = maxTime;
        expectOutOfRange(maxTime, 60, 365 days);
        send(details(), r);
    }

    function testFuzz_RevertWhen_PaymentIsOutOfRange(uint256 payment) external {
        vm.assume(payment < 0.8e6 || payment > 1_000_000e6);
        expectOutOfRange(payment, 0.8e6, 1_000_000e6);
        vm.prank(renter);
        jobs.postJob(details(), requirements(), address(token), payment);
    }

    function testFuzz_RevertWhen_TokenIsNotAccepted(address asset, uint256 payment) external {
        vm.assume(asset != COIN && asset != address(token));
        expectOutOfRange(payment, 1, 0);
        vm.prank(renter);
        jobs.postJob(details(), requirements(), asset, payment);
    }

    function test_RevertWhen_NobodyAnswers() external {
        IJobMarketplace.JobRequirements memory r = requirements();
        r.minReputation = 1;
        vm.expectRevert(IJobMarketplace.JobMarketplace_Unavailable.selector);
        send(details(), r);
        r = requirements();
        r.requiresProof = true;
        vm.expectRevert(IJobMarketplace.JobMarketplace_Unavailable.selector);
        send(details(), r);
    }

    function test_RevertWhen_ItIsForTheRenterItself() external {
        IJobMarketplace.JobRequirements memory r = requirements();
        r.host = renter;
        expectWrongHost(renter);
        send(details(), r);
    }

    function test_RevertWhen_ItsHostDoesNotOfferTheModel() external {
        IJobMarketplace.JobRequirements memory r = requirements();
        r.host = stranger;
        expectNotOffered(stranger);
        send(details(), r);
        r.host = host;
        IJobMarketplace.JobDetails memory d = details();
        d.modelId = keccak256("another");
        expectNotOffered(host);
        send(d, r);
        vm.prank(host);
        registry.unregister();
        expectNotOffered(host);
        send(details(), r);
    }

    function testFuzz_RevertWhen_CoinIsWrong(uint256 sent, bool withToken) external {
        sent = bound(sent, withToken ? 1 : 0, 1000 ether);
        vm.assume(sent != 1 ether);
        uint256 expected = withToken ? 0 : 1 ether;
        vm.expectRevert(abi.encodeWithSelector(IJobMarketplace.JobMarketplace_WrongValue.selector, sent, expected));
        vm.prank(renter);
        jobs.postJob{value: sent}(details(), requirements(), withToken ? address(token) : COIN, 1 ether);
    }

    function test_RevertWhen_TokenDeliversLess() external {
        FeeOnTransferToken greedy = new FeeOnTransferToken(6, 100);
        greedy.mint(renter, 1000e6);
        vm.prank(owner);
        jobs.setPaymentLimits(address(greedy), IJobMarketplace.PaymentLimits(1, 1000e6));
        vm.startPrank(renter);
        greedy.approve(address(jobs), 1000e6);
        vm.expectPartialRevert(IJobMarketplace.JobMarketplace_TokenShortfall.selector);
        jobs.postJob(details(), requirements(), address(greedy), 1000e6);
        vm.stopPrank();
    }

    /* POSTED */

    function testFuzz_LocksThePayment(
        uint256 payment,
        bool coin,
        IJobMarketplace.JobDetails memory d,
        IJobMarketplace.JobRequirements memory r
    ) external {
        payment = coin ? bound(payment, 0.0002 ether, 1000 ether) : bound(payment, 0.8e6, 1_000_000e6);
        (address asset, uint256 sent) = coin ? (COIN, payment) : (address(token), 0);
        d.maxTokens = uint32(bound(d.maxTokens, 1, 1_000_000));
        d.temperature = uint16(bound(d.temperature, 0, 2000));
        r.maxTime = uint32(bound(r.maxTime, 60, 365 days));
        r.minGpuMemory = uint16(bound(r.minGpuMemory, 0, 128));
        r.host = r.maxTime % 2 == 0 ? address(0) : host;
        d.modelId = r.host == address(0) ? d.modelId | bytes32(uint256(1)) : MODEL;
        d.prompt |= bytes32(uint256(1));
        answer();
        uint40 deadline = uint40(timestamp() + r.maxTime);

        vm.expectEmit(address(jobs));
        emit IJobMarketplace.JobPosted(1, renter, d.modelId, asset, payment, deadline, d, r);
        vm.prank(renter);
        uint256 jobId = jobs.postJob{value: sent}(d, r, asset, payment);

        assertEq(jobId, 1);
        assertJob(jobs.jobOf(jobId), d.modelId, asset, payment, deadline, r);
        assertEq(coin ? address(escrow).balance : token.balanceOf(address(escrow)), payment);
        assertEq(address(jobs).balance + token.balanceOf(address(jobs)), 0);
        assertEq(token.allowance(address(jobs), address(escrow)), 0);
    }

    /// @dev The escrow's ids are everybody's; a job is only what was posted here.
    function test_EscrowsOfOthersAreNoJobs() external {
        vm.deal(stranger, 1 ether);
        vm.prank(stranger);
        uint256 id = escrow.createEscrow{value: 1 ether}(renter, COIN, 1 ether, uint40(timestamp() + 1 days));
        IJobMarketplace.Job memory none;
        assertEq(abi.encode(jobs.jobOf(id)), abi.encode(none));
        expectUnauthorized(renter);
        vm.prank(renter);
        jobs.cancelJob(id);
        expectWrongStatus(id);
        vm.prank(host);
        jobs.claimJob(id);
    }

    /* BATCHES */

    function test_RevertWhen_BatchIsEmptyOrTooLong() external {
        expectOutOfRange(0, 1, 100);
        jobs.postJobs(new IJobMarketplace.Posting[](0));
        expectOutOfRange(101, 1, 100);
        jobs.postJobs(new IJobMarketplace.Posting[](101));
    }

    function testFuzz_RevertWhen_BatchCoinIsWrong(uint256 sent) external {
        IJobMarketplace.Posting[] memory postings = batch(6);
        sent = bound(sent, 0, 10 ether);
        vm.assume(sent != 3 ether);
        vm.expectPartialRevert(IJobMarketplace.JobMarketplace_WrongValue.selector);
        vm.prank(renter);
        jobs.postJobs{value: sent}(postings);
    }

    function test_RevertWhen_OneOfABatchIsRefused() external {
        IJobMarketplace.Posting[] memory postings = batch(6);
        postings[5].details.maxTokens = 0;
        expectOutOfRange(0, 1, 1_000_000);
        vm.prank(renter);
        jobs.postJobs{value: 3 ether}(postings);
        assertEq(escrow.escrowCount(), 0);
    }

    function testFuzz_PostsABatch(uint256 count) external {
        count = bound(count, 1, 100);
        uint256 coin = (count + 1) / 2 * 1 ether;
        vm.prank(renter);
        uint256[] memory ids = jobs.postJobs{value: coin}(batch(count));
        assertEq(ids.length, count);
        for (uint256 i = 0; i < count; i++) {
            assertEq(ids[i], i + 1);
            assertEq(jobs.jobOf(ids[i]).token, i % 2 == 0 ? COIN : address(token));
            assertStatus(ids[i], IJobMarketplace.JobStatus.Open);
        }
        assertEq(address(escrow).balance, coin);
        assertEq(token.balanceOf(address(escrow)), count / 2 * PAYMENT);
    }

    /* CANCELLING */

    function testFuzz_RevertWhen_CancelledByAnother(address caller) external {
        vm.assume(caller != renter);
        uint256 jobId = post();
        expectUnauthorized(caller);
        vm.prank(caller);
        jobs.cancelJob(jobId);
    }

    function test_RevertWhen_CancelledTooLate() external {
        uint256[9] memory ids = oneOfEach();
        vm.startPrank(renter);
        expectUnauthorized(renter);
        jobs.cancelJob(ids[0]);
        for (uint256 i = 2; i < 8; i++) {
            expectWrongStatus(ids[i]);
            jobs.cancelJob(ids[i]);
        }
        vm.stopPrank();
    }

    function testFuzz_CancelsWhatNobodyClaimed(uint256 elapsed) external {
        uint256 jobId = post();
        skip(bound(elapsed, 0, 1000 days));
        vm.expectEmit(address(jobs));
        emit IJobMarketplace.JobCancelled(jobId);
        vm.expectEmit(address(escrow));
        emit IPaymentEscrow.EscrowRefunded(jobId, renter, PAYMENT, true);
        vm.prank(renter);
        jobs.cancelJob(jobId);
        assertStatus(jobId, IJobMarketplace.JobStatus.Cancelled);
        assertEq(owed(renter, address(token)), PAYMENT);
    }

    /* INTERNAL */

    function send(IJobMarketplace.JobDetails memory d, IJobMarketplace.JobRequirements memory r) private {
        vm.prank(renter);
        jobs.postJob(d, r, address(token), PAYMENT);
    }

    /// @dev Coin and token in turn.
    function batch(uint256 count) private view returns (IJobMarketplace.Posting[] memory postings) {
        postings = new IJobMarketplace.Posting[](count);
        for (uint256 i = 0; i < count; i++) {
            (address asset, uint256 payment) = i % 2 == 0 ? (COIN, 1 ether) : (address(token), PAYMENT);
            postings[i] = IJobMarketplace.Posting(details(), requirements(), asset, payment);
        }
    }

    function answer() private {
        Oracle oracle = new Oracle();
        vm.startPrank(owner);
        jobs.setReputation(address(oracle));
        jobs.setProofSystem(address(oracle));
        vm.stopPrank();
    }

    function assertJob(
        IJobMarketplace.Job memory job,
        bytes32 modelId,
        address asset,
        uint256 payment,
        uint40 deadline,
        IJobMarketplace.JobRequirements memory r
    ) private view {
        assertEq(uint256(job.status), uint256(IJobMarketplace.JobStatus.Open));
        assertEq(job.renter, renter);
        assertEq(job.host, address(0));
        assertEq(job.token, asset);
        assertEq(job.payment, payment);
        assertEq(job.deadline, deadline);
        assertEq(job.modelId, modelId);
        assertEq(job.result, bytes32(0));
        r.maxTime = 0;
        assertEq(abi.encode(job.requirements), abi.encode(r));
    }
}
