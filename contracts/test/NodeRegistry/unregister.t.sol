// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {INodeRegistry} from "../../src/interfaces/INodeRegistry.sol";
import {vm} from "../utils/Vm.sol";
import {NodeRegistryTest} from "./NodeRegistryTest.sol";

contract NodeRegistryUnregisterTest is NodeRegistryTest {
    function test_RevertWhen_CallerIsNotRegistered() external {
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_NotRegistered.selector, alice));
        unregister(alice);
    }

    function test_RevertWhen_CallerIsLeaving() external {
        register(alice, three());
        unregister(alice);
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_NotRegistered.selector, alice));
        unregister(alice);
    }

    function testFuzz_LeavesAtOnce(uint256 now_) external {
        register(alice, three());
        vm.warp(bound(now_, timestamp(), timestamp() + 100 * 365 days));
        uint64 until = uint64(timestamp()) + UNBONDING;
        vm.expectEmit(address(registry));
        emit INodeRegistry.NodeUnregistered(alice, until);
        unregister(alice);

        INodeRegistry.NodeInfo memory info = registry.nodeOf(alice);
        assertFalse(info.active);
        assertEq(info.unbondingUntil, until);
        assertEq(info.stake, MIN_STAKE);
        assertEq(info.apiUrl, URL);
        assertEq(fab.balanceOf(address(registry)), MIN_STAKE);
        (address offeredBy, uint128 input, uint128 output) = registry.offerOf(alice, MODEL_A, COIN);
        assertEq(offeredBy, address(0));
        assertEq(uint256(input) + output, 0);
        assertEq(registry.pricesOf(alice, 0, 10).length, 0);
        assertEq(registry.nodeCount(), 0);
        assertHosts(registry.nodes(0, 10));
        assertHosts(registry.nodesByModel(MODEL_A, 0, 10));
        assertHosts(registry.nodesByModel(MODEL_B, 0, 10));
    }

    function test_TakesNoOtherHostOffTheLists() external {
        register(alice, three());
        register(bob, three());
        register(carol, one(MODEL_A, COIN, 1, 1));
        unregister(alice);
        assertHosts(registry.nodes(0, 10), carol, bob);
        assertHosts(registry.nodesByModel(MODEL_A, 0, 10), carol, bob);
        assertHosts(registry.nodesByModel(MODEL_B, 0, 10), bob);
        unregister(bob);
        assertHosts(registry.nodes(0, 10), carol);
        assertHosts(registry.nodesByModel(MODEL_A, 0, 10), carol);
        assertHosts(registry.nodesByModel(MODEL_B, 0, 10));
        assertOffer(carol, MODEL_A, COIN, 1, 1);
    }

    function test_KeepsTheIndexesOfHostsThatCameBack() external {
        register(alice, three());
        register(bob, three());
        unregister(alice);
        register(alice, three());
        // Alice now takes Bob's place, by the position of her second registration.
        unregister(bob);
        assertHosts(registry.nodesByModel(MODEL_A, 0, 10), alice);
        unregister(alice);
        assertHosts(registry.nodesByModel(MODEL_A, 0, 10));
        assertHosts(registry.nodes(0, 10));
    }

    /// forge-config: default.isolate = true
    function test_Gas() external {
        register(alice, three());
        register(bob, three());
        vm.prank(alice);
        registry.unregister();
        vm.snapshotGasLastCall("NodeRegistry", "unregister, three offers");
    }

    /// forge-config: default.isolate = true
    function test_GasIsBounded() external {
        register(alice, many(64));
        register(bob, many(64));
        vm.prank(alice);
        registry.unregister();
        // An ordinary transaction anywhere: a twentieth of what one may use on Ethereum (EIP-7825).
        assertLt(vm.snapshotGasLastCall("NodeRegistry", "unregister, 64 offers"), 1_700_000);
    }
}
