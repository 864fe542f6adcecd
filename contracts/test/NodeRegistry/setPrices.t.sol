// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {INodeRegistry} from "../../src/interfaces/INodeRegistry.sol";
import {vm} from "../utils/Vm.sol";
import {NodeRegistryTest} from "./NodeRegistryTest.sol";

contract NodeRegistrySetPricesTest is NodeRegistryTest {
    function test_RevertWhen_CallerIsNotRegistered() external {
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_NotRegistered.selector, alice));
        setPrices(alice, none());
    }

    function test_RevertWhen_CallerIsLeaving() external {
        register(alice, none());
        unregister(alice);
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_NotRegistered.selector, alice));
        setPrices(alice, three());
    }

    function test_RevertWhen_OutputPriceIsZero() external {
        register(alice, none());
        INodeRegistry.ModelPrice[] memory prices = three();
        prices[2].outputPrice = 0;
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_ZeroPrice.selector, MODEL_B));
        setPrices(alice, prices);
    }

    function testFuzz_RevertWhen_AnOfferComesTwice(uint256 first, uint256 second) external {
        register(alice, none());
        INodeRegistry.ModelPrice[] memory prices = many(12);
        first = bound(first, 0, 10);
        second = bound(second, first + 1, 11);
        (prices[second].modelId, prices[second].token) = (prices[first].modelId, prices[first].token);
        vm.expectRevert(
            abi.encodeWithSelector(INodeRegistry.NodeRegistry_Duplicate.selector, prices[first].modelId, COIN)
        );
        setPrices(alice, prices);
    }

    function test_RevertWhen_ListIsTooLong() external {
        register(alice, none());
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_TooMany.selector, 65, 64));
        setPrices(alice, many(65));
    }

    function test_RevertWhen_HostWouldHaveTooMany() external {
        register(alice, many(63));
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_TooMany.selector, 66, 64));
        setPrices(alice, three());
    }

    function test_TakesTheMostAllowedAndReplacesThem() external {
        register(alice, many(64));
        INodeRegistry.ModelPrice[] memory prices = many(64);
        prices[63].inputPrice = 0;
        prices[63].outputPrice = 99;
        setPrices(alice, prices);
        assertEq(registry.pricesOf(alice, 0, 100).length, 64);
        assertOffer(alice, prices[0].modelId, COIN, 1, 2);
        assertOffer(alice, prices[63].modelId, COIN, 0, 99);
    }

    function test_ListsTheHostWithEachModelOnce() external {
        register(alice, none());
        register(bob, one(MODEL_A, USD, 1, 1));
        setPrices(alice, three());
        setPrices(alice, three());
        assertHosts(registry.nodesByModel(MODEL_A, 0, 10), bob, alice);
        assertHosts(registry.nodesByModel(MODEL_B, 0, 10), alice);
        assertEq(registry.pricesOf(alice, 0, 10).length, 3);
    }

    function testFuzz_SetsAndReplaces(uint128 input, uint128 output, uint128 newInput, uint128 newOutput) external {
        vm.assume(output != 0 && newOutput != 0);
        register(alice, three());
        vm.expectEmit(address(registry));
        emit INodeRegistry.ModelPriceSet(alice, MODEL_B, COIN, input, output);
        setPrices(alice, one(MODEL_B, COIN, input, output));
        assertOffer(alice, MODEL_B, COIN, input, output);

        vm.expectEmit(address(registry));
        emit INodeRegistry.ModelPriceSet(alice, MODEL_B, COIN, newInput, newOutput);
        setPrices(alice, one(MODEL_B, COIN, newInput, newOutput));
        assertOffer(alice, MODEL_B, COIN, newInput, newOutput);
        assertOffer(alice, MODEL_B, USD, 5, 6);
    }

    /// forge-config: default.isolate = true
    function test_Gas() external {
        register(bob, three());
        register(alice, none());
        vm.prank(alice);
        registry.setPrices(one(MODEL_A, COIN, 1, 2));
        vm.snapshotGasLastCall("NodeRegistry", "setPrices, one new");
        vm.prank(alice);
        registry.setPrices(one(MODEL_A, COIN, 3, 4));
        vm.snapshotGasLastCall("NodeRegistry", "setPrices, one changed");
    }
}
