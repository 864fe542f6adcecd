// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {INodeRegistry} from "../../src/interfaces/INodeRegistry.sol";
import {vm} from "../utils/Vm.sol";
import {NodeRegistryTest} from "./NodeRegistryTest.sol";

contract NodeRegistryUpdateTest is NodeRegistryTest {
    function test_RevertWhen_CallerIsNotRegistered() external {
        expectNotRegistered();
        vm.prank(alice);
        registry.update(signer, URL, METADATA, key());
    }

    function test_RevertWhen_CallerIsLeaving() external {
        register(alice, none());
        unregister(alice);
        expectNotRegistered();
        vm.prank(alice);
        registry.update(signer, URL, METADATA, key());
    }

    function test_RevertWhen_AnArgumentIsRefused() external {
        register(alice, none());
        vm.expectRevert(INodeRegistry.NodeRegistry_ZeroAddress.selector);
        vm.prank(alice);
        registry.update(address(0), URL, METADATA, key());
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_BadLength.selector, 0, 512));
        vm.prank(alice);
        registry.update(signer, "", METADATA, key());
        vm.expectRevert(INodeRegistry.NodeRegistry_BadPublicKey.selector);
        vm.prank(alice);
        registry.update(signer, URL, METADATA, "");
    }

    function testFuzz_ReplacesWhatIsPublished(address newSigner, uint256 urlLength, uint256 metadataLength, bytes32 x)
        external
    {
        vm.assume(newSigner != address(0));
        string memory url = text(bound(urlLength, 1, 512));
        string memory metadata = text(bound(metadataLength, 0, MAX_METADATA));
        bytes memory publicKey = abi.encodePacked(bytes1(0x03), x);
        register(alice, one(MODEL_A, COIN, 7, 8));

        vm.expectEmit(address(registry));
        emit INodeRegistry.NodeUpdated(alice, newSigner, publicKey, url, metadata);
        vm.prank(alice);
        registry.update(newSigner, url, metadata, publicKey);

        INodeRegistry.NodeInfo memory info = registry.nodeOf(alice);
        assertEq(info.signer, newSigner);
        assertEq(info.apiUrl, url);
        assertEq(info.metadata, metadata);
        assertEq(info.publicKey, publicKey);
        assertEq(info.stake, MIN_STAKE);
        assertTrue(info.active);
        (address offeredBy,, uint128 outputPrice) = registry.offerOf(alice, MODEL_A, COIN);
        assertEq(offeredBy, newSigner);
        assertEq(outputPrice, 8);
    }

    /// forge-config: default.isolate = true
    function test_Gas() external {
        register(alice, three());
        vm.prank(alice);
        registry.update(bob, URL, METADATA, key());
        vm.snapshotGasLastCall("NodeRegistry", "update, another signer");
    }

    function expectNotRegistered() private {
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_NotRegistered.selector, alice));
    }
}
