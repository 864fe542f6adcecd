// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {vm} from "../utils/Vm.sol";
import {StakingTest} from "./StakingTest.sol";

/// @notice What mined transactions cost with three reward tokens, recorded in `snapshots/Staking.json`.
contract StakingGasTest is StakingTest {
    /// forge-config: default.isolate = true
    function test_Life() external {
        stake(bob, 1e18);
        for (uint256 i = 0; i < 3; i++) {
            reward(staking.rewardTokens()[i], 1e6);
            vm.snapshotGasLastCall("Staking", "distribute");
        }
        stake(alice, 1e18);
        vm.snapshotGasLastCall("Staking", "stake, first");
        skip(1 days);
        stake(alice, 10_000e18);
        vm.snapshotGasLastCall("Staking", "stake, on top");
        reward(address(fab), 7e18);
        skip(1 days);
        vm.prank(alice);
        staking.compound();
        vm.snapshotGasLastCall("Staking", "compound");
        address[] memory tokens = staking.rewardTokens();
        skip(1 days);
        vm.prank(alice);
        staking.claim(tokens, alice);
        vm.snapshotGasLastCall("Staking", "claim, three tokens");
        unstakeEarly(alice, 1e18);
        vm.snapshotGasLastCall("Staking", "unstakeEarly");
        skip(365 days);
        unstake(alice, 1e18);
        vm.snapshotGasLastCall("Staking", "unstake");
    }
}
