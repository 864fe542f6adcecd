// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {INodeRegistry} from "../../src/interfaces/INodeRegistry.sol";
import {vm} from "../utils/Vm.sol";
import {NodeRegistryTest} from "./NodeRegistryTest.sol";

contract NodeRegistryRemovePriceTest is NodeRegistryTest {
    function test_RevertWhen_CallerIsNotRegistered() external {
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_NotRegistered.selector, alice));
        remove(alice, MODEL_A, COIN);
    }

    function test_RevertWhen_CallerIsLeaving() external {
        register(alice, three());
        unregister(alice);
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_NotRegistered.selector, alice));
        remove(alice, MODEL_A, COIN);
    }

    function test_RevertWhen_NotOffered() external {
        register(alice, three());
        register(bob, one(MODEL_B, COIN, 1, 1));
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_NoOffer.selector, MODEL_B, COIN));
        remove(alice, MODEL_B, COIN);
    }

    function test_RevertWhen_RemovedBefore() external {
        register(alice, three());
        remove(alice, MODEL_B, USD);
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_NoOffer.selector, MODEL_B, USD));
        remove(alice, MODEL_B, USD);
    }

    function test_StaysListedWhileOfferedInAnotherToken() external {
        register(alice, three());
        vm.expectEmit(address(registry));
        emit INodeRegistry.ModelPriceSet(alice, MODEL_A, COIN, 0, 0);
        remove(alice, MODEL_A, COIN);
        assertNoOffer(alice, MODEL_A, COIN);
        assertOffer(alice, MODEL_A, USD, 3, 4);
        assertOffer(alice, MODEL_B, USD, 5, 6);
        assertHosts(registry.nodesByModel(MODEL_A, 0, 10), alice);

        remove(alice, MODEL_A, USD);
        assertHosts(registry.nodesByModel(MODEL_A, 0, 10));
        assertHosts(registry.nodesByModel(MODEL_B, 0, 10), alice);
        assertHosts(registry.nodes(0, 10), alice);
    }

    function test_TakesNoOtherHostOffTheList() external {
        register(alice, three());
        register(bob, three());
        register(carol, three());
        remove(alice, MODEL_B, USD);
        assertHosts(registry.nodesByModel(MODEL_B, 0, 10), carol, bob);
        remove(carol, MODEL_B, USD);
        assertHosts(registry.nodesByModel(MODEL_B, 0, 10), bob);
        remove(bob, MODEL_B, USD);
        assertHosts(registry.nodesByModel(MODEL_B, 0, 10));
        assertOffer(carol, MODEL_A, USD, 3, 4);
    }

    function testFuzz_RemovesInAnyOrder(uint256 seed) external {
        INodeRegistry.ModelPrice[] memory prices = many(8);
        register(alice, prices);
        for (uint256 left = prices.length; left > 0; left--) {
            uint256 index = uint256(keccak256(abi.encode(seed, left))) % left;
            bytes32 modelId = prices[index].modelId;
            prices[index] = prices[left - 1];
            remove(alice, modelId, COIN);

            assertNoOffer(alice, modelId, COIN);
            assertHosts(registry.nodesByModel(modelId, 0, 10));
            assertEq(registry.pricesOf(alice, 0, 10).length, left - 1);
            for (uint256 i = 0; i < left - 1; i++) {
                assertOffer(alice, prices[i].modelId, COIN, 1, 2);
            }
        }
        setPrices(alice, many(8));
        assertEq(registry.pricesOf(alice, 0, 10).length, 8);
    }

    /// forge-config: default.isolate = true
    function test_Gas() external {
        register(alice, three());
        register(bob, three());
        vm.prank(alice);
        registry.removePrice(MODEL_A, COIN);
        vm.snapshotGasLastCall("NodeRegistry", "removePrice, model stays offered");
        vm.prank(alice);
        registry.removePrice(MODEL_B, USD);
        vm.snapshotGasLastCall("NodeRegistry", "removePrice, model gone");
    }

    function remove(address host, bytes32 modelId, address token) private {
        vm.prank(host);
        registry.removePrice(modelId, token);
    }
}
