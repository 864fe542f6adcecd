// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IJobMarketplace} from "../../../src/interfaces/IJobMarketplace.sol";
import {IPaymentEscrow} from "../../../src/interfaces/IPaymentEscrow.sol";
import {IPullPayments} from "../../../src/interfaces/IPullPayments.sol";
import {DevToken} from "../../tokens/DevToken.sol";
import {Test} from "../../utils/Test.sol";
import {vm} from "../../utils/Vm.sol";

/// @notice Random moves of two renters, two hosts, the arbiter, the owner and strangers, in coin and in a token, on jobs and
/// on an escrow made by hand beside them. No move may revert.
contract JobsHandler is Test {
    /// @notice Most jobs of a run.
    uint256 public constant MAX_JOBS = 24;
    bytes32 public constant MODEL = keccak256("model");
    address internal constant COIN = address(0);

    IJobMarketplace internal immutable jobs;
    IPaymentEscrow internal immutable escrow;
    DevToken internal immutable token;
    address internal immutable owner;
    address internal immutable arbiter;

    address[2] public renters;
    address[2] public hosts;

    /// @notice What came in and went out over the escrow's life.
    mapping(address asset => uint256) public paidIn;
    mapping(address asset => uint256) public paidOut;
    /// @notice Fees that were due when money was released, and what of it was swept.
    mapping(address asset => uint256) public fees;
    mapping(address asset => uint256) public swept;

    constructor(IJobMarketplace jobs_, DevToken token_, address owner_, address arbiter_) {
        (jobs, token, owner, arbiter) = (jobs_, token_, owner_, arbiter_);
        escrow = IPaymentEscrow(jobs_.escrow());
        for (uint256 i = 0; i < 2; i++) {
            hosts[i] = makeAddr(string.concat("host", vm.toString(i)));
            renters[i] = makeAddr(string.concat("renter", vm.toString(i)));
            vm.deal(renters[i], 1e9 ether);
            token_.mint(renters[i], 1e18);
            vm.startPrank(renters[i]);
            token_.approve(address(jobs_), type(uint256).max);
            token_.approve(address(escrow), type(uint256).max);
            vm.stopPrank();
        }
    }

    /* MOVES: JOBS */

    function post(uint256 seed, uint256 amount, uint32 time) external {
        if (full()) return;
        (address renter, address asset) = (renters[seed & 1], assets()[seed >> 1 & 1]);
        amount = asset == COIN ? bound(amount, 0.0002 ether, 2 ether) : bound(amount, 0.8e6, 200e6);
        IJobMarketplace.JobRequirements memory r;
        r.maxTime = uint32(bound(time, 60, 2 days));
        if (seed & 4 != 0) r.host = hosts[seed >> 3 & 1];
        paidIn[asset] += amount;
        vm.prank(renter);
        jobs.postJob{value: asset == COIN ? amount : 0}(details(), r, asset, amount);
    }

    /// @dev A renter that makes an escrow itself is its operator as well.
    function createByHand(uint256 seed, uint256 amount) external {
        if (full()) return;
        (address renter, address asset) = (renters[seed & 1], assets()[seed >> 1 & 1]);
        amount = bound(amount, 1, asset == COIN ? 2 ether : 200e6);
        paidIn[asset] += amount;
        vm.startPrank(renter);
        uint256 id = escrow.createEscrow{value: asset == COIN ? amount : 0}(
            renters[1 - (seed & 1)], asset, amount, uint40(timestamp() + 1 hours)
        );
        if (seed & 4 != 0) escrow.assignHost(id, hosts[seed >> 3 & 1]);
        if (seed & 12 == 12) escrow.markDelivered(id);
        vm.stopPrank();
    }

    function claim(uint256 seed) external {
        (uint256 id, bool found) = pickJob(seed, IJobMarketplace.JobStatus.Open);
        if (!found) return;
        address wanted = jobs.jobOf(id).requirements.host;
        vm.prank(wanted == address(0) ? hosts[seed >> 100 & 1] : wanted);
        jobs.claimJob(id);
    }

    function submit(uint256 seed, bytes32 result) external {
        (uint256 id, bool found) = pickJob(seed, IJobMarketplace.JobStatus.Claimed);
        if (!found || result == bytes32(0)) return;
        vm.prank(jobs.jobOf(id).host);
        jobs.submitResult(id, result);
    }

    function fail(uint256 seed) external {
        (uint256 id, bool found) = pickJob(seed, IJobMarketplace.JobStatus.Claimed);
        if (!found || seed % 3 != 0) return;
        vm.prank(jobs.jobOf(id).host);
        jobs.failJob(id);
    }

    function cancel(uint256 seed) external {
        (uint256 id, bool found) = pickJob(seed, IJobMarketplace.JobStatus.Open);
        if (!found || seed % 3 != 0) return;
        vm.prank(jobs.jobOf(id).renter);
        jobs.cancelJob(id);
    }

    /// @dev Whatever there is, twice over: the batch takes what it can.
    function releaseMany(uint256 seed) external {
        uint256 count = escrow.escrowCount();
        if (count == 0) return;
        uint256[] memory ids = new uint256[](4);
        for (uint256 i = 0; i < 4; i++) {
            ids[i] = (seed >> 16 * (i / 2)) % count + 1;
        }
        vm.prank(renters[seed >> 200 & 1]);
        bool[] memory released = jobs.releasePayments(ids);
        for (uint256 i = 0; i < 4; i++) {
            if (released[i]) noteFee(ids[i]);
        }
    }

    /* MOVES: ESCROWS */

    function release(uint256 seed) external {
        (uint256 id, bool found) = pick(seed, IPaymentEscrow.Status.Delivered);
        if (!found) return;
        bool over = timestamp() >= escrow.escrowOf(id).clock;
        vm.prank(over && seed & 1 << 200 != 0 ? address(0xBEEF) : escrow.escrowOf(id).renter);
        escrow.releaseEscrow(id);
        noteFee(id);
    }

    function refund(uint256 seed) external {
        bool locked = seed & 1 << 200 != 0;
        (uint256 id, bool found) = pick(seed, locked ? IPaymentEscrow.Status.Locked : IPaymentEscrow.Status.Disputed);
        if (!found) return;
        IPaymentEscrow.EscrowDetails memory d = escrow.escrowOf(id);
        if (timestamp() < (locked ? d.deadline + 1 : d.clock)) return;
        escrow.refundEscrow(id);
    }

    function agree(uint256 seed) external {
        IPaymentEscrow.Status status = IPaymentEscrow.Status(1 + seed % 3);
        (uint256 id, bool found) = pick(seed, status);
        if (!found) return;
        IPaymentEscrow.EscrowDetails memory d = escrow.escrowOf(id);
        if (d.host == address(0)) return;
        vm.prank(seed & 1 << 200 != 0 ? d.renter : d.host);
        escrow.agreeToRefund(id);
    }

    function dispute(uint256 seed) external {
        (uint256 id, bool found) = pick(seed, IPaymentEscrow.Status.Delivered);
        if (!found) return;
        IPaymentEscrow.EscrowDetails memory d = escrow.escrowOf(id);
        if (timestamp() >= d.clock) return;
        vm.prank(seed & 1 << 200 != 0 ? d.renter : d.host);
        escrow.disputeEscrow(id);
    }

    function resolve(uint256 seed) external {
        (uint256 id, bool found) = pick(seed, IPaymentEscrow.Status.Disputed);
        if (!found) return;
        IPaymentEscrow.EscrowDetails memory d = escrow.escrowOf(id);
        if (timestamp() >= d.clock) return;
        bool hostWins = seed & 1 << 200 != 0;
        vm.prank(arbiter);
        escrow.resolveDispute(id, hostWins ? d.host : d.renter);
        if (hostWins) noteFee(id);
    }

    /* MOVES: THE REST */

    function withdraw(uint256 seed) external {
        address account = seed & 1 == 0 ? renters[seed >> 1 & 1] : hosts[seed >> 1 & 1];
        address[2] memory both = assets();
        address[] memory list = new address[](2);
        for (uint256 i = 0; i < 2; i++) {
            list[i] = both[i];
            paidOut[both[i]] += payments().withdrawable(account, both[i]);
        }
        vm.prank(account);
        payments().withdrawMany(list, address(0xBEEF));
    }

    function sweep(uint256 seed) external {
        address asset = assets()[seed & 1];
        uint256 amount = escrow.feesOf(asset);
        (paidOut[asset], swept[asset]) = (paidOut[asset] + amount, swept[asset] + amount);
        escrow.sweepFees(asset);
    }

    function govern(uint16 feeBps, uint40 window, uint40 period) external {
        vm.startPrank(owner);
        escrow.setFee(uint16(bound(feeBps, 0, 3000)));
        escrow.setWindows(uint40(bound(window, 1 hours, 3 days)), uint40(bound(period, 1 days, 10 days)));
        vm.stopPrank();
    }

    function wait(uint256 duration) external {
        skip(bound(duration, 1, 12 hours));
    }

    /* READING */

    function assets() public view returns (address[2] memory) {
        return [COIN, address(token)];
    }

    function payments() public view returns (IPullPayments) {
        return IPullPayments(address(escrow));
    }

    /* INTERNAL */

    function full() private view returns (bool) {
        return escrow.escrowCount() == MAX_JOBS;
    }

    function details() private pure returns (IJobMarketplace.JobDetails memory d) {
        (d.modelId, d.prompt, d.maxTokens) = (MODEL, keccak256("prompt"), 100);
    }

    function noteFee(uint256 id) private {
        IPaymentEscrow.EscrowDetails memory d = escrow.escrowOf(id);
        fees[d.token] += uint256(d.amount) * d.feeBps / 10_000;
    }

    /// @dev The first escrow from `seed` on in this status.
    function pick(uint256 seed, IPaymentEscrow.Status status) private view returns (uint256 id, bool found) {
        uint256 count = escrow.escrowCount();
        for (uint256 i = 0; i < count; i++) {
            id = (seed % count + i) % count + 1;
            if (escrow.escrowOf(id).status == status) return (id, true);
        }
    }

    function pickJob(uint256 seed, IJobMarketplace.JobStatus status) private view returns (uint256 id, bool found) {
        uint256 count = escrow.escrowCount();
        for (uint256 i = 0; i < count; i++) {
            id = (seed % count + i) % count + 1;
            if (jobs.jobOf(id).status == status) return (id, true);
        }
    }
}
