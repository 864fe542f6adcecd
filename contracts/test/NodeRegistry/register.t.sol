// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {INodeRegistry} from "../../src/interfaces/INodeRegistry.sol";
import {vm} from "../utils/Vm.sol";
import {NodeRegistryTest} from "./NodeRegistryTest.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

contract NodeRegistryRegisterTest is NodeRegistryTest {
    function test_RevertWhen_CallerIsActive() external {
        register(alice, none());
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_AlreadyRegistered.selector, alice));
        register(alice, none());
    }

    function test_RevertWhen_SignerIsZero() external {
        vm.expectRevert(INodeRegistry.NodeRegistry_ZeroAddress.selector);
        vm.prank(alice);
        registry.register(address(0), URL, METADATA, key(), none());
    }

    function test_RevertWhen_UrlIsEmpty() external {
        expectBadLength(0, 512);
        vm.prank(alice);
        registry.register(signer, "", METADATA, key(), none());
    }

    function test_RevertWhen_UrlIsTooLong() external {
        string memory url = text(513);
        expectBadLength(513, 512);
        vm.prank(alice);
        registry.register(signer, url, METADATA, key(), none());
    }

    function test_RevertWhen_MetadataIsTooLong() external {
        string memory metadata = text(MAX_METADATA + 1);
        expectBadLength(MAX_METADATA + 1, MAX_METADATA);
        vm.prank(alice);
        registry.register(signer, URL, metadata, key(), none());
    }

    function testFuzz_RevertWhen_PublicKeyIsNot33Bytes(bytes calldata publicKey) external {
        vm.assume(publicKey.length != 33);
        vm.expectRevert(INodeRegistry.NodeRegistry_BadPublicKey.selector);
        vm.prank(alice);
        registry.register(signer, URL, METADATA, publicKey, none());
    }

    function testFuzz_RevertWhen_PublicKeyIsNotCompressed(bytes1 prefix, bytes32 x) external {
        vm.assume(prefix != 0x02 && prefix != 0x03);
        vm.expectRevert(INodeRegistry.NodeRegistry_BadPublicKey.selector);
        vm.prank(alice);
        registry.register(signer, URL, METADATA, abi.encodePacked(prefix, x), none());
    }

    function test_RevertWhen_PricesAreRefused() external {
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_ZeroPrice.selector, MODEL_A));
        register(alice, one(MODEL_A, COIN, 1, 0));
    }

    function test_RevertWhen_AllowanceIsTooSmall() external {
        vm.prank(alice);
        fab.approve(address(registry), MIN_STAKE - 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector, address(registry), MIN_STAKE - 1, MIN_STAKE
            )
        );
        register(alice, none());
    }

    function test_TakesTheStakeAndLists() external {
        vm.expectEmit(address(registry));
        emit INodeRegistry.NodeRegistered(alice, signer, MIN_STAKE, URL, METADATA);
        vm.expectEmit(address(registry));
        emit INodeRegistry.ModelPriceSet(alice, MODEL_A, COIN, 7, 8);
        register(alice, one(MODEL_A, COIN, 7, 8));

        assertEq(fab.balanceOf(alice), WALLET - MIN_STAKE);
        assertEq(fab.balanceOf(address(registry)), MIN_STAKE);
        INodeRegistry.NodeInfo memory info = registry.nodeOf(alice);
        assertEq(info.signer, signer);
        assertEq(info.stake, MIN_STAKE);
        assertEq(info.unbondingUntil, 0);
        assertTrue(info.active);
        assertEq(info.publicKey, key());
        assertEq(info.apiUrl, URL);
        assertEq(info.metadata, METADATA);
        assertHosts(registry.nodes(0, 10), alice);
        assertHosts(registry.nodesByModel(MODEL_A, 0, 10), alice);
        assertOffer(alice, MODEL_A, COIN, 7, 8);
    }

    function testFuzz_StoresWhatTheHostPublishes(
        address signer_,
        uint256 urlLength,
        uint256 metadataLength,
        bool odd,
        bytes32 x
    ) external {
        vm.assume(signer_ != address(0));
        string memory url = text(bound(urlLength, 1, 512));
        string memory metadata = text(bound(metadataLength, 0, MAX_METADATA));
        bytes memory publicKey = abi.encodePacked(odd ? bytes1(0x03) : bytes1(0x02), x);
        vm.prank(alice);
        registry.register(signer_, url, metadata, publicKey, none());

        INodeRegistry.NodeInfo memory info = registry.nodeOf(alice);
        assertEq(info.signer, signer_);
        assertEq(info.apiUrl, url);
        assertEq(info.metadata, metadata);
        assertEq(info.publicKey, publicKey);
    }

    function test_TwoHostsMayShareASigner() external {
        register(alice, one(MODEL_A, COIN, 1, 2));
        register(bob, one(MODEL_A, COIN, 3, 4));
        assertOffer(alice, MODEL_A, COIN, 1, 2);
        assertOffer(bob, MODEL_A, COIN, 3, 4);
    }

    function test_GivenStakeStillHere_TakesNothing() external {
        register(alice, three());
        vm.prank(alice);
        registry.addStake(5e18);
        unregister(alice);
        vm.expectEmit(address(registry));
        emit INodeRegistry.NodeRegistered(alice, signer, MIN_STAKE + 5e18, URL, METADATA);
        register(alice, one(MODEL_B, COIN, 9, 9));

        assertEq(fab.balanceOf(alice), WALLET - MIN_STAKE - 5e18);
        INodeRegistry.NodeInfo memory info = registry.nodeOf(alice);
        assertEq(info.stake, MIN_STAKE + 5e18);
        assertEq(info.unbondingUntil, 0);
        assertTrue(info.active);
        assertOldOffersAreGone();
    }

    function test_GivenPaidOut_TakesTheStakeAgain() external {
        register(alice, three());
        unregister(alice);
        withdraw(alice);
        assertEq(fab.balanceOf(alice), WALLET);
        register(alice, one(MODEL_B, COIN, 9, 9));

        assertEq(fab.balanceOf(alice), WALLET - MIN_STAKE);
        assertEq(registry.nodeOf(alice).stake, MIN_STAKE);
        assertOldOffersAreGone();
    }

    /// forge-config: default.isolate = true
    function test_Gas() external {
        register(bob, three());
        vm.prank(alice);
        registry.register(signer, URL, METADATA, key(), none());
        vm.snapshotGasLastCall("NodeRegistry", "register, no prices");
        vm.prank(carol);
        registry.register(signer, URL, METADATA, key(), three());
        vm.snapshotGasLastCall("NodeRegistry", "register, three prices");
    }

    function assertOldOffersAreGone() private view {
        assertNoOffer(alice, MODEL_A, COIN);
        assertNoOffer(alice, MODEL_A, USD);
        assertNoOffer(alice, MODEL_B, USD);
        assertOffer(alice, MODEL_B, COIN, 9, 9);
        assertEq(registry.pricesOf(alice, 0, 10).length, 1);
        assertHosts(registry.nodes(0, 10), alice);
        assertHosts(registry.nodesByModel(MODEL_A, 0, 10));
        assertHosts(registry.nodesByModel(MODEL_B, 0, 10), alice);
    }

    function expectBadLength(uint256 length, uint256 max) private {
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_BadLength.selector, length, max));
    }
}
