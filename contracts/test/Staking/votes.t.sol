// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Deploy} from "../utils/Deploy.sol";
import {vm} from "../utils/Vm.sol";
import {StakingTest} from "./StakingTest.sol";
import {IERC5805} from "@openzeppelin/contracts/interfaces/IERC5805.sol";

/// @notice The errors of VotingPower, whose code is compiled apart.
interface IVotingPowerErrors {
    error VotingPower_ClockMismatch();
    error VotingPower_DelegateAtTheSource();
}

contract BlockClock {
    function CLOCK_MODE() external pure returns (string memory) {
        return "mode=blocknumber&from=default";
    }
}

contract StakingVotesTest is StakingTest {
    IERC5805 private power;

    function setUp() public override {
        super.setUp();
        power = Deploy.votingPower(address(fab), address(staking));
    }

    function testFuzz_VotesFollowTheDelegation(uint256 first, uint256 second, uint256 left) external {
        first = bound(first, 1, WALLET - 1);
        second = bound(second, 1, WALLET - first);
        left = bound(left, 1, first + second);
        assertEq(votes.delegates(alice), alice);
        stake(alice, first);
        assertEq(votes.getVotes(alice), votesOf(first));

        vm.prank(alice);
        votes.delegate(bob);
        assertEq(votes.delegates(alice), bob);
        stake(alice, second);
        unstakeEarly(alice, left);
        assertEq(votes.getVotes(alice), 0);
        assertEq(votes.getVotes(bob), votesOf(first + second - left));

        vm.prank(alice);
        votes.delegate(address(0));
        assertEq(votes.delegates(alice), alice);
        assertEq(votes.getVotes(bob), 0);
        assertEq(votes.getVotes(alice), votesOf(first + second - left));
    }

    function testFuzz_PowerIsBalanceAndStake(uint256 staked, uint256 elapsed) external {
        staked = bound(staked, 1, WALLET);
        elapsed = bound(elapsed, 1, 365 days);
        vm.prank(alice);
        IERC5805(address(fab)).delegate(alice);
        skip(elapsed);
        stake(alice, staked);
        skip(1);
        uint256 start = 1_800_000_000;
        assertEq(power.getVotes(alice), WALLET - staked + votesOf(staked));
        assertEq(power.getPastVotes(alice, start + elapsed - 1), WALLET);
        assertEq(power.getPastVotes(alice, start + elapsed), WALLET - staked + votesOf(staked));
        assertEq(power.getPastTotalSupply(start + elapsed), 1_000_000e18);
        assertEq(votes.getPastTotalSupply(start + elapsed), votesOf(staked));
        assertEq(power.delegates(alice), alice);
        assertEq(power.clock(), timestamp());
        assertEq(power.CLOCK_MODE(), "mode=timestamp");
    }

    function test_RevertWhen_ClocksDiffer() external {
        address other = address(new BlockClock());
        vm.expectRevert(IVotingPowerErrors.VotingPower_ClockMismatch.selector);
        Deploy.votingPower(address(fab), other);
    }

    function test_RevertWhen_AskedToDelegate() external {
        vm.expectRevert(IVotingPowerErrors.VotingPower_DelegateAtTheSource.selector);
        power.delegate(bob);
        vm.expectRevert(IVotingPowerErrors.VotingPower_DelegateAtTheSource.selector);
        power.delegateBySig(bob, 0, 0, 0, 0, 0);
    }

    function votesOf(uint256 amount) private pure returns (uint256) {
        (,,, uint256 bps) = tierFor(amount);
        return amount * bps / 10_000;
    }
}
