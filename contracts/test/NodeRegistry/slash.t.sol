// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {INodeRegistry} from "../../src/interfaces/INodeRegistry.sol";
import {IERC20Full} from "../utils/IERC20Full.sol";
import {vm} from "../utils/Vm.sol";
import {NodeRegistryTest} from "./NodeRegistryTest.sol";

contract NodeRegistrySlashTest is NodeRegistryTest {
    function testFuzz_RevertWhen_CallerIsNoSlasher(address caller) external {
        vm.assume(caller != slasher);
        register(alice, none());
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_Unauthorized.selector, caller));
        vm.prank(caller);
        registry.slash(alice, 1, "reason");
    }

    function testFuzz_RevertWhen_AmountIsOutOfRange(uint256 amount) external {
        vm.assume(amount == 0 || amount > MIN_STAKE / 2);
        register(alice, none());
        expectOutOfRange(amount, MIN_STAKE / 2);
        slash(alice, amount);
    }

    function testFuzz_RevertWhen_HostIsAStranger(address host, uint256 amount) external {
        expectOutOfRange(amount, 0);
        slash(host, amount);
    }

    function testFuzz_RevertWhen_SlashedShortlyBefore(uint256 elapsed) external {
        elapsed = bound(elapsed, 0, 24 hours - 1);
        register(alice, none());
        slash(alice, 1);
        uint256 notBefore = timestamp() + 24 hours;
        skip(elapsed);
        expectTooSoon(notBefore);
        slash(alice, 1);
    }

    function test_RevertWhen_SlashedShortlyBeforeComingBack() external {
        INodeRegistry.SlashRules memory rules = registry.slashRules();
        rules.interval = 30 days;
        vm.prank(owner);
        registry.setSlashRules(rules);
        register(alice, none());
        slash(alice, 1);
        uint256 notBefore = timestamp() + 30 days;
        unregister(alice);
        withdraw(alice);
        register(alice, none());
        expectTooSoon(notBefore);
        slash(alice, 1);
    }

    function test_SlashesAgainAfterTheInterval() external {
        register(alice, none());
        slash(alice, 100e18);
        skip(24 hours);
        slash(alice, 450e18);
        assertEq(registry.nodeOf(alice).stake, 450e18);
    }

    function testFuzz_BurnsAndTouchesNoOtherStake(uint256 amount, uint256 added) external {
        added = bound(added, 0, WALLET - MIN_STAKE - 1);
        amount = bound(amount, 1, (MIN_STAKE + added) / 2);
        register(alice, none());
        register(bob, none());
        vm.prank(alice);
        registry.addStake(added);
        uint256 supply = IERC20Full(address(fab)).totalSupply();

        vm.expectEmit(address(registry));
        emit INodeRegistry.NodeSlashed(alice, amount, MIN_STAKE + added - amount, "reason");
        slash(alice, amount);

        assertEq(IERC20Full(address(fab)).totalSupply(), supply - amount);
        assertEq(fab.balanceOf(address(registry)), 2 * MIN_STAKE + added - amount);
        assertEq(registry.nodeOf(alice).stake, MIN_STAKE + added - amount);
        assertEq(registry.nodeOf(bob).stake, MIN_STAKE);
        assertTrue(registry.nodeOf(alice).active);
        vm.prank(alice);
        registry.addStake(1);
    }

    function testFuzz_SlashesUntilPaidOut(uint256 elapsed, uint256 amount) external {
        amount = bound(amount, 1, MIN_STAKE / 2);
        register(alice, none());
        unregister(alice);
        uint256 until = timestamp() + UNBONDING;
        skip(bound(elapsed, 0, 365 days));
        slash(alice, amount);
        assertEq(registry.nodeOf(alice).unbondingUntil, until, "the slash moves no clock");
        withdraw(alice);
        assertEq(fab.balanceOf(alice), WALLET - amount);
        skip(24 hours);
        expectOutOfRange(1, 0);
        slash(alice, 1);
    }

    function test_BelowTheFloor_HostLeavesAndComesBack() external {
        register(alice, three());
        register(bob, three());
        advertise(alice, "eu", capabilities(2));
        for (uint256 i = 0; i < 3; i++) {
            slash(alice, registry.nodeOf(alice).stake / 2);
            skip(24 hours);
        }
        assertTrue(registry.nodeOf(alice).active, "125 FAB are left");

        uint64 until = uint64(timestamp() + UNBONDING);
        vm.expectEmit(address(registry));
        emit INodeRegistry.NodeUnregistered(alice, until);
        slash(alice, 25e18 + 1);
        INodeRegistry.NodeInfo memory info = registry.nodeOf(alice);
        assertFalse(info.active);
        assertEq(info.stake, 100e18 - 1);
        assertEq(info.unbondingUntil, until);
        assertHosts(registry.nodes(0, 10), bob);
        assertHosts(registry.nodesByModel(MODEL_A, 0, 10), bob);
        assertHosts(registry.nodesByRegion("eu", 0, 10));
        assertHosts(registry.nodesByCapability(bytes32(uint256(1)), 0, 10));
        (address offeredBy,,) = registry.offerOf(alice, MODEL_A, COIN);
        assertEq(offeredBy, address(0));

        register(alice, three());
        assertEq(registry.nodeOf(alice).stake, MIN_STAKE);
        assertEq(fab.balanceOf(alice), WALLET - MIN_STAKE - (900e18 + 1), "it brought what was missing");
    }

    function test_AtTheFloor_HostStays() external {
        register(alice, none());
        for (uint256 i = 0; i < 3; i++) {
            slash(alice, registry.nodeOf(alice).stake / 2);
            skip(24 hours);
        }
        slash(alice, 25e18);
        assertEq(registry.nodeOf(alice).stake, 100e18);
        assertTrue(registry.nodeOf(alice).active);
    }

    /// forge-config: default.isolate = true
    function test_Gas() external {
        register(alice, three());
        register(bob, three());
        slash(alice, 1e18);
        vm.snapshotGasLastCall("NodeRegistry", "slash");
    }

    function expectOutOfRange(uint256 amount, uint256 max) private {
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_OutOfRange.selector, amount, 1, max));
    }

    function expectTooSoon(uint256 notBefore) private {
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_SlashTooSoon.selector, alice, notBefore));
    }
}
