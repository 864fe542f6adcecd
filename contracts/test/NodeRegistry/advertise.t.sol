// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {INodeRegistry} from "../../src/interfaces/INodeRegistry.sol";
import {Deploy} from "../utils/Deploy.sol";
import {vm} from "../utils/Vm.sol";
import {NodeRegistryTest} from "./NodeRegistryTest.sol";

contract NodeRegistryAdvertiseTest is NodeRegistryTest {
    function test_RevertWhen_CallerIsNotActive() external {
        expectNotRegistered();
        advertise(alice, "eu", capabilities(1));
        register(alice, none());
        unregister(alice);
        expectNotRegistered();
        advertise(alice, "eu", capabilities(1));
    }

    function testFuzz_RevertWhen_ThereAreTooMany(uint256 count) external {
        count = bound(count, 17, 200);
        register(alice, none());
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_TooMany.selector, count, 16));
        advertise(alice, "eu", capabilities(count));
    }

    function testFuzz_RevertWhen_OneIsThereTwice(uint256 count, uint256 first, uint256 second) external {
        count = bound(count, 2, 16);
        second = bound(second, 1, count - 1);
        first = bound(first, 0, second - 1);
        bytes32[] memory list = capabilities(count);
        list[second] = list[first];
        register(alice, none());
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_DuplicateCapability.selector, list[first]));
        advertise(alice, "eu", list);
    }

    function testFuzz_ListsTheHost(bytes32 region, uint16 gpuMemory, uint256 count) external {
        count = bound(count, 0, 16);
        bytes32[] memory list = capabilities(count);
        register(alice, none());
        vm.expectEmit(address(registry));
        emit INodeRegistry.NodeAdvertised(alice, region, gpuMemory, list);
        vm.prank(alice);
        registry.advertise(region, gpuMemory, list);

        INodeRegistry.Advertisement memory advertised = registry.advertisementOf(alice);
        assertEq(advertised.region, region);
        assertEq(advertised.gpuMemory, gpuMemory);
        assertEq(advertised.capabilities, list);
        assertEq(registry.gpuMemoryOf(alice), gpuMemory);
        if (region != bytes32(0)) assertHosts(registry.nodesByRegion(region, 0, 10), alice);
        assertHosts(registry.nodesByRegion(bytes32(0), 0, 10));
        for (uint256 i = 0; i < count; i++) {
            assertHosts(registry.nodesByCapability(list[i], 0, 10), alice);
        }
        assertHosts(registry.nodesByCapability(bytes32(count + 1), 0, 10));
    }

    function test_ReplacesWhatWasAdvertised() external {
        register(alice, none());
        register(bob, none());
        advertise(alice, "eu", capabilities(3));
        advertise(bob, "eu", capabilities(3));
        advertise(alice, "us", capabilities(1));
        assertHosts(registry.nodesByRegion("eu", 0, 10), bob);
        assertHosts(registry.nodesByRegion("us", 0, 10), alice);
        assertHosts(registry.nodesByCapability(bytes32(uint256(1)), 0, 10), bob, alice);
        assertHosts(registry.nodesByCapability(bytes32(uint256(2)), 0, 10), bob);
    }

    function test_NothingComesBackWithTheHost() external {
        register(alice, none());
        advertise(alice, "eu", capabilities(16));
        unregister(alice);
        assertHosts(registry.nodesByRegion("eu", 0, 10));
        for (uint256 i = 0; i < 16; i++) {
            assertHosts(registry.nodesByCapability(bytes32(i + 1), 0, 10));
        }
        register(alice, none());
        INodeRegistry.Advertisement memory empty;
        assertEq(abi.encode(registry.advertisementOf(alice)), abi.encode(empty));
        assertEq(registry.gpuMemoryOf(alice), 0);
        assertHosts(registry.nodesByRegion("eu", 0, 10));
        advertise(alice, "eu", capabilities(1));
        assertHosts(registry.nodesByRegion("eu", 0, 10), alice);
    }

    function testFuzz_RevertWhen_PageIsTooLarge(uint256 limit) external {
        limit = bound(limit, 257, type(uint256).max);
        bytes memory tooMany = abi.encodeWithSelector(INodeRegistry.NodeRegistry_TooMany.selector, limit, 256);
        vm.expectRevert(tooMany);
        registry.nodesByCapability("a", 0, limit);
        vm.expectRevert(tooMany);
        registry.nodesByRegion("a", 0, limit);
        vm.expectRevert(tooMany);
        registry.nodesByController(alice, 0, limit);
    }

    function testFuzz_PagesHoldEverythingOnce(uint256 count, uint256 limit) external {
        count = bound(count, 1, 9);
        limit = bound(limit, 1, 10);
        for (uint256 i = 0; i < count; i++) {
            address host = address(uint160(0xb057 + i));
            registerControlled(carol, host, none());
            advertise(host, "eu", capabilities(1));
        }
        for (uint256 offset = 0; offset < count; offset += limit) {
            address[] memory hosts = registry.nodesByCapability(bytes32(uint256(1)), offset, limit);
            assertEq(hosts.length, offset + limit > count ? count - offset : limit);
            for (uint256 i = 0; i < hosts.length; i++) {
                assertEq(hosts[i], address(uint160(0xb057 + offset + i)));
            }
            assertEq(abi.encode(registry.nodesByRegion("eu", offset, limit)), abi.encode(hosts));
            assertEq(abi.encode(registry.nodesByController(carol, offset, limit)), abi.encode(hosts));
        }
    }

    /* MANY HOSTS */

    function test_TakingOneOfTenThousandOffTouchesAsMuchStorageAsOfThree() external {
        registry = Deploy.nodeRegistry(owner, address(fab), 1e18, UNBONDING, MAX_METADATA);
        INodeRegistry.ModelPrice[] memory prices = three();
        bytes32[] memory list = capabilities(2);
        vm.prank(carol);
        fab.approve(address(registry), type(uint256).max);
        assertTrue(fab.transfer(carol, 100_000e18));
        crowd(0, 3, prices, list);
        uint256 few = storageTouchedByLeaving(address(uint160(0xb057 + 1)));
        crowd(3, 10_000, prices, list);
        assertEq(registry.nodeCount(), 9999);
        assertEq(storageTouchedByLeaving(address(uint160(0xb057 + 5000))), few);
        assertEq(registry.nodeCount(), 9998);
    }

    /// forge-config: default.isolate = true
    function test_GasDoesNotDependOnMetadata() external {
        register(alice, three());
        registry.offerOf(alice, MODEL_A, USD);
        uint256 short = vm.lastCallGas().gasTotalUsed;
        string memory long = text(MAX_METADATA);
        vm.prank(alice);
        registry.update(signer, text(512), long, key());
        registry.offerOf(alice, MODEL_A, USD);
        assertEq(vm.lastCallGas().gasTotalUsed, short, "offerOf");
        registry.gpuMemoryOf(alice);
        registry.controllerOf(alice);
    }

    /// forge-config: default.isolate = true
    function test_Gas() external {
        register(alice, none());
        advertise(alice, "eu", capabilities(4));
        vm.snapshotGasLastCall("NodeRegistry", "advertise, four capabilities");
        registry.gpuMemoryOf(alice);
        vm.snapshotGasLastCall("NodeRegistry", "gpuMemoryOf");
    }

    /// forge-config: default.isolate = true
    function test_GasIsBounded() external {
        register(alice, many(64));
        register(bob, many(64));
        advertise(alice, "eu", capabilities(16));
        advertise(bob, "eu", capabilities(16));
        vm.prank(alice);
        registry.unregister();
        // An ordinary transaction anywhere: an eighth of what one may use on Ethereum (EIP-7825).
        assertLt(vm.snapshotGasLastCall("NodeRegistry", "unregister, everything advertised"), 2_100_000);
    }

    /* INTERNAL */

    /// @dev Hosts `first` to `end`, all alike, all Carol's.
    function crowd(uint256 first, uint256 end, INodeRegistry.ModelPrice[] memory prices, bytes32[] memory list)
        private
    {
        vm.pauseGasMetering(); // more than a test is given
        for (uint256 i = first; i < end; i++) {
            address host = address(uint160(0xb057 + i));
            registerControlled(carol, host, prices);
            vm.prank(host);
            registry.advertise("eu", 80, list);
        }
        vm.resumeGasMetering();
    }

    function storageTouchedByLeaving(address host) private returns (uint256) {
        vm.record();
        vm.prank(host);
        registry.unregister();
        (bytes32[] memory reads, bytes32[] memory writes) = vm.accesses(address(registry));
        return reads.length + writes.length;
    }

    function expectNotRegistered() private {
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_NotRegistered.selector, alice));
    }
}
