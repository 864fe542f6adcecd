// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {INodeRegistry} from "../../src/interfaces/INodeRegistry.sol";
import {vm} from "../utils/Vm.sol";
import {NodeRegistryTest} from "./NodeRegistryTest.sol";

/// @notice Carol controls, Alice and Bob are hosts.
contract NodeRegistryControllersTest is NodeRegistryTest {
    function testFuzz_ApprovalIsRecorded(address controller) external {
        register(alice, none());
        vm.expectEmit(address(registry));
        emit INodeRegistry.ControllerApproved(alice, controller);
        vm.prank(alice);
        registry.approveController(controller);
        assertEq(registry.approvedController(alice), controller);
        assertEq(registry.controllerOf(alice), address(0));
    }

    function testFuzz_RevertWhen_HostDidNotApprove(address host, address controller) external {
        vm.assume(controller != address(0));
        expectUnauthorized(controller);
        vm.prank(controller);
        registry.registerControlled(host, signer, URL, METADATA, key(), none());
    }

    function test_RevertWhen_ApprovalWasTakenBack() external {
        vm.startPrank(alice);
        registry.approveController(carol);
        registry.approveController(address(0));
        vm.stopPrank();
        expectUnauthorized(carol);
        vm.prank(carol);
        registry.registerControlled(alice, signer, URL, METADATA, key(), none());
    }

    function test_RevertWhen_HostIsActive() external {
        registerControlled(carol, alice, none());
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_AlreadyRegistered.selector, alice));
        vm.prank(carol);
        registry.registerControlled(alice, signer, URL, METADATA, key(), none());
    }

    function test_RevertWhen_StakeOfTheHostIsStillHere() external {
        register(alice, none());
        unregister(alice);
        vm.prank(alice);
        registry.approveController(carol);
        expectControlled(address(0));
        vm.prank(carol);
        registry.registerControlled(alice, signer, URL, METADATA, key(), none());
    }

    function test_RevertWhen_StakeOfAnEarlierControllerIsStillHere() external {
        registerControlled(carol, alice, none());
        unregister(alice);
        vm.prank(alice);
        registry.approveController(bob);
        expectControlled(carol);
        vm.prank(bob);
        registry.registerControlled(alice, signer, URL, METADATA, key(), none());
    }

    function test_RegistersWithTheControllersStake() external {
        vm.prank(alice);
        registry.approveController(carol);
        vm.expectEmit(address(registry));
        emit INodeRegistry.NodeRegistered(alice, signer, MIN_STAKE, URL, METADATA);
        vm.expectEmit(address(registry));
        emit INodeRegistry.NodeControlled(alice, carol, 1);
        vm.expectEmit(address(registry));
        emit INodeRegistry.ModelPriceSet(alice, MODEL_A, COIN, 7, 8);
        vm.prank(carol);
        registry.registerControlled(alice, signer, URL, METADATA, key(), one(MODEL_A, COIN, 7, 8));

        assertEq(fab.balanceOf(alice), WALLET);
        assertEq(fab.balanceOf(carol), WALLET - MIN_STAKE);
        assertEq(registry.controllerOf(alice), carol);
        assertHosts(registry.nodesByController(carol, 0, 10), alice);
        assertHosts(registry.nodesByModel(MODEL_A, 0, 10), alice);
        assertOffer(alice, MODEL_A, COIN, 7, 8);
        setPrices(alice, one(MODEL_A, COIN, 9, 9));
        assertOffer(alice, MODEL_A, COIN, 9, 9);
    }

    function test_TakesOnlyWhatIsMissingOfItsOwnStake() external {
        registerControlled(carol, alice, none());
        slash(alice, 200e18);
        unregister(alice);
        vm.prank(carol);
        registry.registerControlled(alice, signer, URL, METADATA, key(), none());
        assertEq(fab.balanceOf(carol), WALLET - MIN_STAKE - 200e18);
        assertEq(registry.nodeOf(alice).stake, MIN_STAKE);
        assertHosts(registry.nodesByController(carol, 0, 10), alice);

        unregister(alice);
        vm.prank(carol);
        registry.registerControlled(alice, signer, URL, METADATA, key(), none());
        assertEq(fab.balanceOf(carol), WALLET - MIN_STAKE - 200e18, "nothing is missing");
    }

    function test_RevertWhen_HostTakesTheControllersStake() external {
        registerControlled(carol, alice, none());
        unregister(alice);
        skip(UNBONDING);
        expectControlled(carol);
        vm.prank(alice);
        registry.withdrawStake(alice);
        expectControlled(carol);
        register(alice, none());
    }

    function testFuzz_RevertWhen_CallerIsNotTheController(address caller) external {
        vm.assume(caller != carol);
        registerControlled(carol, alice, none());
        expectUnauthorized(caller);
        vm.prank(caller);
        registry.unregisterControlled(alice);
        expectUnauthorized(caller);
        vm.prank(caller);
        registry.withdrawControlledStake(alice, caller);
    }

    function test_RevertWhen_NothingToLeaveOrWithdraw() external {
        registerControlled(carol, alice, none());
        vm.startPrank(carol);
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_NotUnbonding.selector, alice));
        registry.withdrawControlledStake(alice, carol);
        registry.unregisterControlled(alice);
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_NotRegistered.selector, alice));
        registry.unregisterControlled(alice);
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_Unbonding.selector, timestamp() + UNBONDING));
        registry.withdrawControlledStake(alice, carol);
        skip(UNBONDING);
        vm.expectRevert(INodeRegistry.NodeRegistry_ZeroAddress.selector);
        registry.withdrawControlledStake(alice, address(0));
        vm.stopPrank();
    }

    function testFuzz_StakeComesBackToTheController(uint256 added, bool byHost) external {
        added = bound(added, 0, WALLET - MIN_STAKE);
        registerControlled(carol, alice, three());
        vm.prank(alice);
        registry.addStake(added);
        vm.prank(byHost ? alice : carol);
        if (byHost) registry.unregister();
        else registry.unregisterControlled(alice);
        assertHosts(registry.nodesByController(carol, 0, 10));
        assertEq(registry.controllerOf(alice), carol, "until it is paid out");
        skip(UNBONDING);

        vm.expectEmit(address(registry));
        emit INodeRegistry.StakeWithdrawn(alice, bob, MIN_STAKE + added);
        vm.prank(carol);
        registry.withdrawControlledStake(alice, bob);
        assertEq(fab.balanceOf(bob), WALLET + MIN_STAKE + added);
        assertEq(registry.controllerOf(alice), address(0));
        register(alice, none());
    }

    function test_ManyHostsMakeAControllerSuspicious() external {
        address[3] memory hosts = [alice, bob, signer];
        for (uint256 i = 0; i < 3; i++) {
            assertFalse(registry.isSuspiciousController(carol));
            registerControlled(carol, hosts[i], none());
        }
        assertTrue(registry.isSuspiciousController(carol));
        unregister(bob);
        assertFalse(registry.isSuspiciousController(carol));
        assertHosts(registry.nodesByController(carol, 0, 10), alice, signer);
        vm.prank(owner);
        registry.setSuspicionThreshold(2);
        assertTrue(registry.isSuspiciousController(carol));
    }

    /// forge-config: default.isolate = true
    function test_Gas() external {
        vm.prank(alice);
        registry.approveController(carol);
        vm.snapshotGasLastCall("NodeRegistry", "approveController");
        vm.prank(carol);
        registry.registerControlled(alice, signer, URL, METADATA, key(), none());
        vm.snapshotGasLastCall("NodeRegistry", "registerControlled, no prices");
        vm.prank(carol);
        registry.unregisterControlled(alice);
        vm.snapshotGasLastCall("NodeRegistry", "unregisterControlled, no prices");
        skip(UNBONDING);
        vm.prank(carol);
        registry.withdrawControlledStake(alice, carol);
        vm.snapshotGasLastCall("NodeRegistry", "withdrawControlledStake");
    }

    function expectUnauthorized(address caller) private {
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_Unauthorized.selector, caller));
    }

    function expectControlled(address controller) private {
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_Controlled.selector, alice, controller));
    }
}
