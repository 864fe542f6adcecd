// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IStaking} from "../../src/interfaces/IStaking.sol";
import {vm} from "../utils/Vm.sol";
import {StakingTest} from "./StakingTest.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

contract StakingStakeTest is StakingTest {
    function test_RevertWhen_AmountIsZero() external {
        vm.expectRevert(IStaking.Staking_ZeroAmount.selector);
        stake(alice, 0);
    }

    function testFuzz_RevertWhen_AmountDoesNotFit(uint256 amount) external {
        amount = bound(amount, uint256(type(uint96).max) + 1, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 96, amount));
        stake(alice, amount);
    }

    function testFuzz_RevertWhen_AllowanceDoesNotCoverIt(uint256 amount) external {
        amount = bound(amount, 1, type(uint96).max);
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(staking), 0, amount)
        );
        stake(stranger, amount);
    }

    function testFuzz_TakesTheTierOfTheAmount(uint256 amount) external {
        amount = bound(amount, 1, WALLET);
        (uint8 tier, uint256 lock,,) = tierFor(amount);
        vm.expectEmit(address(staking));
        emit IStaking.Staked(alice, amount, amount, tier, timestamp() + lock);
        stake(alice, amount);
        checkPosition(amount, timestamp() + lock);
        assertEq(fab.balanceOf(alice), WALLET - amount);
        assertEq(fab.balanceOf(address(staking)), amount);
    }

    /// @notice Worked numbers: each tier at its least amount, and a unit below.
    function test_MultipliersAreExact() external view {
        uint256[5] memory least = [uint256(0), 5000e18, 10_000e18, 50_000e18, 100_000e18];
        for (uint8 i = 0; i < 5; i++) {
            assertEq(staking.tierOf(least[i]), i);
            if (i != 0) assertEq(staking.tierOf(least[i] - 1), i - 1);
        }
    }

    function test_PlatinumVotesTwice() external {
        stake(alice, 100_000e18);
        stake(bob, 4000e18);
        assertEq(staking.positionOf(alice).weight, 150_000e18 * 10_000);
        assertEq(staking.positionOf(alice).votes, 200_000e18);
        assertEq(staking.positionOf(bob).weight, 2000e18 * 10_000);
        assertEq(staking.positionOf(bob).votes, 2000e18);
    }

    function testFuzz_ToppingUpLocksAnew(uint256 first, uint256 second, uint256 elapsed) external {
        first = bound(first, 1, WALLET - 1);
        second = bound(second, 1, WALLET - first);
        stake(alice, first);
        uint256 lockedUntil = staking.positionOf(alice).lockedUntil;
        skip(bound(elapsed, 0, 2 * 365 days));
        (, uint256 lock,,) = tierFor(first + second);
        uint256 until = timestamp() + lock > lockedUntil ? timestamp() + lock : lockedUntil;
        stake(alice, second);
        checkPosition(first + second, until);
    }

    /// @notice A smaller stake keeps the longer lock, though it reaches a lower tier.
    function test_NoLockGetsShorter() external {
        stake(alice, 100_000e18);
        uint256 until = timestamp() + 365 days;
        unstakeEarly(alice, 95_000e18);
        stake(alice, 1);
        checkPosition(5000e18 + 1, until);
    }

    function test_CompoundRevertsWithoutReward() external {
        stake(alice, 1e18);
        vm.expectRevert(IStaking.Staking_ZeroAmount.selector);
        vm.prank(alice);
        staking.compound();
    }

    function testFuzz_CompoundStakesTheReward(uint256 amount) external {
        amount = bound(amount, 1e6, 100_000e18);
        stake(alice, 9000e18);
        reward(address(fab), amount);
        skip(PERIOD);
        uint256 due = staking.claimable(alice, address(fab));
        assertApproxEqAbs(due, amount, 1);
        uint256 held = fab.balanceOf(address(staking));
        vm.expectEmit(address(staking));
        emit IStaking.RewardPaid(alice, address(fab), address(staking), due);
        vm.prank(alice);
        assertEq(staking.compound(), due);

        (, uint256 lock,,) = tierFor(9000e18 + due);
        checkPosition(9000e18 + due, timestamp() + lock);
        assertEq(fab.balanceOf(address(staking)), held);
        assertEq(staking.distribute(address(fab)), 0);
        assertEq(staking.claimable(alice, address(fab)), 0);
    }

    /// @dev Everything that alice's stake decides, when it is the only one.
    function checkPosition(uint256 amount, uint256 lockedUntil) private view {
        (uint8 tier,, uint256 rewardBps, uint256 votesBps) = tierFor(amount);
        IStaking.Position memory position = staking.positionOf(alice);
        assertEq(position.amount, amount);
        assertEq(position.lockedUntil, lockedUntil);
        assertEq(position.tier, tier);
        assertEq(position.weight, amount * rewardBps);
        assertEq(position.votes, amount * votesBps / 10_000);
        assertEq(votes.getVotes(alice), position.votes);
        assertEq(staking.totalWeight(), position.weight);
        assertEq(staking.totalStaked(), amount);
    }
}
