// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {INodeRegistry} from "../../src/interfaces/INodeRegistry.sol";
import {vm} from "../utils/Vm.sol";
import {NodeRegistryTest} from "./NodeRegistryTest.sol";

contract NodeRegistryViewsTest is NodeRegistryTest {
    /* OFFERS */

    function testFuzz_OfferOfStrangersIsZero(address host, bytes32 modelId, address token) external view {
        (address offeredBy, uint128 input, uint128 output) = registry.offerOf(host, modelId, token);
        assertEq(offeredBy, address(0));
        assertEq(uint256(input) + output, 0);
    }

    function test_OfferNotMadeHasTheSigner() external {
        register(alice, three());
        assertOffer(alice, MODEL_B, COIN, 0, 0);
    }

    function test_OfferTakesTwoSlots() external {
        register(alice, three());
        vm.record();
        registry.offerOf(alice, MODEL_B, USD);
        (bytes32[] memory reads,) = vm.accesses(address(registry));
        for (uint256 i = 0; i < reads.length; i++) {
            assertTrue(reads[i] == reads[0] || reads[i] == reads[reads.length - 1], "a third slot");
        }
        assertOffer(alice, MODEL_B, USD, 5, 6);
    }

    /// forge-config: default.isolate = true
    function test_Gas() external {
        register(alice, three());
        registry.offerOf(alice, MODEL_B, USD);
        vm.snapshotGasLastCall("NodeRegistry", "offerOf");
    }

    function testFuzz_NodeOfStrangersIsZero(address host) external view {
        INodeRegistry.NodeInfo memory empty;
        assertEq(abi.encode(registry.nodeOf(host)), abi.encode(empty));
    }

    /* PAGES */

    function testFuzz_RevertWhen_PageIsTooLarge(uint256 limit) external {
        limit = bound(limit, 257, type(uint256).max);
        register(alice, none());
        bytes memory tooMany = abi.encodeWithSelector(INodeRegistry.NodeRegistry_TooMany.selector, limit, 256);
        vm.expectRevert(tooMany);
        registry.nodes(0, limit);
        vm.expectRevert(tooMany);
        registry.nodesByModel(MODEL_A, 0, limit);
        vm.expectRevert(tooMany);
        registry.pricesOf(alice, 0, limit);
    }

    function testFuzz_NothingPastTheEnd(uint256 offset) external {
        register(alice, one(MODEL_A, COIN, 1, 1));
        offset = bound(offset, 1, type(uint256).max);
        assertHosts(registry.nodes(offset, 256));
        assertHosts(registry.nodesByModel(MODEL_A, offset, 256));
        assertEq(registry.pricesOf(alice, offset, 256).length, 0);
    }

    function testFuzz_PagesHoldEverythingOnce(uint256 count, uint256 limit) external {
        count = bound(count, 1, 12);
        limit = bound(limit, 1, 13);
        for (uint256 i = 0; i < count; i++) {
            address host = address(uint160(0xb057 + i));
            fund(host);
            register(host, one(MODEL_A, COIN, 1, 1));
        }
        assertEq(registry.nodeCount(), count);
        for (uint256 offset = 0; offset < count; offset += limit) {
            address[] memory hosts = registry.nodes(offset, limit);
            assertEq(hosts.length, offset + limit > count ? count - offset : limit);
            for (uint256 i = 0; i < hosts.length; i++) {
                assertEq(hosts[i], address(uint160(0xb057 + offset + i)));
            }
            assertEq(abi.encode(registry.nodesByModel(MODEL_A, offset, limit)), abi.encode(hosts));
        }
    }

    function testFuzz_PricesPaged(uint256 count, uint256 limit) external {
        count = bound(count, 1, 20);
        limit = bound(limit, 1, 21);
        INodeRegistry.ModelPrice[] memory prices = many(count);
        register(alice, prices);
        for (uint256 offset = 0; offset < count; offset += limit) {
            INodeRegistry.ModelPrice[] memory page = registry.pricesOf(alice, offset, limit);
            assertEq(page.length, offset + limit > count ? count - offset : limit);
            for (uint256 i = 0; i < page.length; i++) {
                assertEq(abi.encode(page[i]), abi.encode(prices[offset + i]));
            }
        }
    }
}
