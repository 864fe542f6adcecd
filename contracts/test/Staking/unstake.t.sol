// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IStaking} from "../../src/interfaces/IStaking.sol";
import {vm} from "../utils/Vm.sol";
import {StakingTest} from "./StakingTest.sol";

contract StakingUnstakeTest is StakingTest {
    function test_RevertWhen_AmountIsZero() external {
        stake(alice, 1);
        vm.expectRevert(IStaking.Staking_ZeroAmount.selector);
        unstake(alice, 0);
    }

    function test_RevertWhen_RecipientIsZero() external {
        stake(alice, 1);
        vm.expectRevert(IStaking.Staking_ZeroAddress.selector);
        vm.prank(alice);
        staking.unstake(1, address(0));
    }

    function testFuzz_RevertWhen_MoreThanStaked(uint256 staked, uint256 amount) external {
        staked = bound(staked, 1, 5000e18 - 1);
        amount = bound(amount, staked + 1, type(uint256).max);
        stake(alice, staked);
        vm.expectRevert(abi.encodeWithSelector(IStaking.Staking_Insufficient.selector, staked, amount));
        unstake(alice, amount);
    }

    function testFuzz_RevertGiven_Locked(uint256 staked, uint256 elapsed) external {
        staked = bound(staked, 5000e18, WALLET);
        stake(alice, staked);
        uint256 until = staking.positionOf(alice).lockedUntil;
        skip(bound(elapsed, 0, until - timestamp() - 1));
        vm.expectRevert(abi.encodeWithSelector(IStaking.Staking_Locked.selector, until));
        unstake(alice, 1);
    }

    function testFuzz_GivenUnlocked_PaysAllOfIt(uint256 staked, uint256 amount, bool early) external {
        staked = bound(staked, 1, WALLET);
        amount = bound(amount, 1, staked);
        stake(alice, staked);
        vm.warp(staking.positionOf(alice).lockedUntil);
        (uint8 tier,,,) = tierFor(staked - amount);
        vm.expectEmit(address(staking));
        emit IStaking.Unstaked(alice, stranger, amount, 0, staked - amount, tier);
        vm.prank(alice);
        if (early) staking.unstakeEarly(amount, stranger);
        else staking.unstake(amount, stranger);
        assertEq(fab.balanceOf(stranger), amount);
        assertEq(staking.totalStaked(), staked - amount);
    }

    function testFuzz_WhenAPartLeaves_TheRestHasItsOwnTier(uint256 staked, uint256 amount) external {
        staked = bound(staked, 1, WALLET);
        amount = bound(amount, 1, staked);
        stake(alice, staked);
        uint256 until = staking.positionOf(alice).lockedUntil;
        unstakeEarly(alice, amount);
        (uint8 tier,, uint256 rewardBps, uint256 votesBps) = tierFor(staked - amount);
        IStaking.Position memory position = staking.positionOf(alice);
        assertEq(position.tier, tier);
        assertEq(position.lockedUntil, until);
        assertEq(position.weight, (staked - amount) * rewardBps);
        assertEq(votes.getVotes(alice), (staked - amount) * votesBps / 10_000);
    }

    function testFuzz_GivenLocked_TheCostGoesToThoseWhoStay(uint256 staked, uint256 amount) external {
        staked = bound(staked, 5000e18, WALLET);
        amount = bound(amount, 1, staked);
        uint256 cost = (amount + 9) / 10;
        stake(alice, staked);
        stake(bob, 1e18);
        vm.expectEmit(address(staking));
        emit IStaking.RewardAdded(address(fab), cost, timestamp() + PERIOD);
        unstakeEarly(alice, amount);
        assertEq(fab.balanceOf(alice), WALLET - staked + amount - cost);
        assertEq(staking.rewardState(address(fab)).undistributed, cost);

        // What stays of alice's stake shares in it as well.
        skip(PERIOD);
        uint256 due = staking.claimable(bob, address(fab)) + staking.claimable(alice, address(fab));
        assertApproxEqAbs(due, cost, 2);
        uint256 share = cost * staking.positionOf(bob).weight / staking.totalWeight();
        assertApproxEqAbs(staking.claimable(bob, address(fab)), share, 1);
    }

    function test_WhenNobodyStays_TheCostWaits() external {
        stake(alice, 50_000e18);
        unstakeEarly(alice, 50_000e18);
        assertEq(fab.balanceOf(address(staking)), 5000e18);
        skip(365 days);
        stake(bob, 1e18);
        skip(PERIOD);
        assertApproxEqAbs(claim(bob, address(fab)), 5000e18, 1);
    }
}
