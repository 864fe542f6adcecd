// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {INodeRegistry} from "../../src/interfaces/INodeRegistry.sol";
import {vm} from "../utils/Vm.sol";
import {NodeRegistryTest} from "./NodeRegistryTest.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

contract NodeRegistryGovernanceTest is NodeRegistryTest {
    function testFuzz_RevertWhen_CallerIsNotTheOwner(address caller) external {
        vm.assume(caller != owner);
        INodeRegistry.SlashRules memory rules = registry.slashRules();
        vm.startPrank(caller);
        expectNotOwner(caller);
        registry.setSlasher(caller, true);
        expectNotOwner(caller);
        registry.setSlashRules(rules);
        expectNotOwner(caller);
        registry.setSuspicionThreshold(2);
        vm.stopPrank();
    }

    function test_Defaults() external view {
        INodeRegistry.SlashRules memory rules = registry.slashRules();
        assertEq(rules.maxBps, 5000);
        assertEq(rules.interval, 24 hours);
        assertEq(rules.floor, 100e18);
        assertEq(registry.suspicionThreshold(), 3);
        assertFalse(registry.isSlasher(owner));
    }

    function testFuzz_SlashersComeAndGo(address account) external {
        vm.assume(account != slasher);
        register(alice, none());
        vm.expectEmit(address(registry));
        emit INodeRegistry.SlasherSet(account, true);
        vm.prank(owner);
        registry.setSlasher(account, true);
        assertTrue(registry.isSlasher(account));
        vm.prank(account);
        registry.slash(alice, 1, "");
        vm.prank(owner);
        registry.setSlasher(account, false);
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_Unauthorized.selector, account));
        vm.prank(account);
        registry.slash(alice, 1, "");
    }

    function testFuzz_RulesWithinTheirBounds(uint16 maxBps, uint32 interval, uint96 floor) external {
        INodeRegistry.SlashRules memory rules = INodeRegistry.SlashRules(
            uint16(bound(maxBps, 1, 5000)),
            uint32(bound(interval, 1 hours, 30 days)),
            uint96(bound(floor, 0, MIN_STAKE))
        );
        vm.expectEmit(address(registry));
        emit INodeRegistry.SlashRulesSet(rules);
        vm.prank(owner);
        registry.setSlashRules(rules);
        assertEq(abi.encode(registry.slashRules()), abi.encode(rules));

        register(alice, none());
        uint256 most = MIN_STAKE * rules.maxBps / 10_000;
        slash(alice, most);
        assertEq(registry.nodeOf(alice).active, MIN_STAKE - most >= rules.floor);
    }

    function testFuzz_RevertWhen_AShareIsOutOfRange(uint16 maxBps) external {
        vm.assume(maxBps == 0 || maxBps > 5000);
        expectOutOfRange(maxBps, 1, 5000);
        setRules(INodeRegistry.SlashRules(maxBps, 24 hours, 0));
    }

    function testFuzz_RevertWhen_AnIntervalIsOutOfRange(uint32 interval) external {
        vm.assume(interval < 1 hours || interval > 30 days);
        expectOutOfRange(interval, 1 hours, 30 days);
        setRules(INodeRegistry.SlashRules(5000, interval, 0));
    }

    function testFuzz_RevertWhen_AFloorIsOutOfRange(uint96 floor) external {
        floor = uint96(bound(floor, MIN_STAKE + 1, type(uint96).max));
        expectOutOfRange(floor, 0, MIN_STAKE);
        setRules(INodeRegistry.SlashRules(5000, 24 hours, floor));
    }

    function testFuzz_ThresholdWithinItsBounds(uint32 hosts) external {
        vm.prank(owner);
        if (hosts < 2 || hosts > 1000) {
            expectOutOfRange(hosts, 2, 1000);
            registry.setSuspicionThreshold(hosts);
            return;
        }
        vm.expectEmit(address(registry));
        emit INodeRegistry.SuspicionThresholdSet(hosts);
        registry.setSuspicionThreshold(hosts);
        assertEq(registry.suspicionThreshold(), hosts);
    }

    function setRules(INodeRegistry.SlashRules memory rules) private {
        vm.prank(owner);
        registry.setSlashRules(rules);
    }

    function expectNotOwner(address caller) private {
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller));
    }

    function expectOutOfRange(uint256 value, uint256 min, uint256 max) private {
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_OutOfRange.selector, value, min, max));
    }
}
