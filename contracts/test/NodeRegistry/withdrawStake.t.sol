// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {INodeRegistry} from "../../src/interfaces/INodeRegistry.sol";
import {vm} from "../utils/Vm.sol";
import {NodeRegistryTest} from "./NodeRegistryTest.sol";

contract NodeRegistryWithdrawStakeTest is NodeRegistryTest {
    function test_RevertWhen_RecipientIsZero() external {
        register(alice, none());
        unregister(alice);
        skip(UNBONDING);
        vm.expectRevert(INodeRegistry.NodeRegistry_ZeroAddress.selector);
        vm.prank(alice);
        registry.withdrawStake(address(0));
    }

    function test_RevertWhen_NeverRegistered() external {
        expectNotUnbonding();
        vm.prank(alice);
        registry.withdrawStake(alice);
    }

    function test_RevertWhen_Active() external {
        register(alice, none());
        expectNotUnbonding();
        vm.prank(alice);
        registry.withdrawStake(alice);
    }

    function test_RevertWhen_ActiveAgain() external {
        register(alice, none());
        unregister(alice);
        register(alice, none());
        skip(UNBONDING);
        expectNotUnbonding();
        vm.prank(alice);
        registry.withdrawStake(alice);
    }

    function test_RevertWhen_PaidOut() external {
        register(bob, none());
        register(alice, none());
        unregister(alice);
        withdraw(alice);
        expectNotUnbonding();
        vm.prank(alice);
        registry.withdrawStake(alice);
    }

    function testFuzz_RevertWhen_Unbonding(uint256 elapsed) external {
        elapsed = bound(elapsed, 0, UNBONDING - 1);
        register(alice, none());
        unregister(alice);
        uint256 until = timestamp() + UNBONDING;
        skip(elapsed);
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_Unbonding.selector, until));
        vm.prank(alice);
        registry.withdrawStake(alice);
    }

    function testFuzz_PaysTheWholeStake(uint256 added, uint256 late) external {
        added = bound(added, 0, WALLET - MIN_STAKE);
        register(bob, none());
        register(alice, three());
        vm.prank(alice);
        registry.addStake(added);
        unregister(alice);
        skip(UNBONDING + bound(late, 0, 10 * 365 days));

        vm.expectEmit(address(registry));
        emit INodeRegistry.StakeWithdrawn(alice, carol, MIN_STAKE + added);
        vm.prank(alice);
        registry.withdrawStake(carol);

        assertEq(fab.balanceOf(carol), WALLET + MIN_STAKE + added);
        assertEq(fab.balanceOf(alice), WALLET - MIN_STAKE - added);
        assertEq(fab.balanceOf(address(registry)), MIN_STAKE);
        INodeRegistry.NodeInfo memory info = registry.nodeOf(alice);
        INodeRegistry.NodeInfo memory empty;
        assertEq(abi.encode(info), abi.encode(empty));
    }

    /// forge-config: default.isolate = true
    function test_Gas() external {
        register(bob, none());
        register(alice, three());
        unregister(alice);
        skip(UNBONDING);
        vm.prank(alice);
        registry.withdrawStake(alice);
        vm.snapshotGasLastCall("NodeRegistry", "withdrawStake");
    }

    function expectNotUnbonding() private {
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_NotUnbonding.selector, alice));
    }
}
