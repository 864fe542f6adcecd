// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IReputationSystem} from "../../src/interfaces/IReputationSystem.sol";
import {Deploy} from "../utils/Deploy.sol";
import {vm} from "../utils/Vm.sol";
import {ReputationSystemTest} from "./ReputationSystemTest.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";

/// @notice What an upgradeable contract has besides its own calls.
interface IUpgradeable {
    function initialize(address owner) external;
    function upgradeToAndCall(address implementation, bytes calldata data) external payable;
}

contract ReputationSystemGovernanceTest is ReputationSystemTest {
    function test_RevertWhen_Initializing() external {
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        IUpgradeable(address(reputation)).initialize(stranger);
        address code = implementation();
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        IUpgradeable(code).initialize(stranger);
        vm.expectRevert(IReputationSystem.ReputationSystem_ZeroAddress.selector);
        Deploy.proxy(code, abi.encodeCall(IUpgradeable.initialize, (address(0))));
    }

    function test_Defaults() external view {
        IReputationSystem.Rules memory r = reputation.rules();
        IReputationSystem.Rules memory expected =
            IReputationSystem.Rules(100, 10, 20, 4, 2, 5, 500, 30 days, 1 days, 150, 1000);
        assertEq(abi.encode(r), abi.encode(expected));
        assertEq(reputation.jobs(), address(jobs));
        assertEq(reputation.sessions(), address(market));
        assertEq(reputation.minValueOf(address(token)), MIN_VALUE);
        assertEq(Ownable(address(reputation)).owner(), owner);
        assertTrue(reputation.isSlasher(slasher));
        assertFalse(reputation.isSlasher(owner));
    }

    function testFuzz_RevertWhen_CallerIsNotTheOwner(address caller) external {
        vm.assume(caller != owner);
        IReputationSystem.Rules memory r = reputation.rules();
        bytes memory notOwner = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller);
        address code = implementation();
        vm.startPrank(caller);
        vm.expectRevert(notOwner);
        reputation.setRules(r);
        vm.expectRevert(notOwner);
        reputation.setSources(caller, caller);
        vm.expectRevert(notOwner);
        reputation.setMinValue(COIN, 0);
        vm.expectRevert(notOwner);
        reputation.setSlasher(caller, true);
        vm.expectRevert(notOwner);
        IUpgradeable(address(reputation)).upgradeToAndCall(code, "");
        vm.stopPrank();
    }

    function testFuzz_RevertWhen_ARuleIsOutOfRange(uint16 points, uint16 bps, uint32 seconds_) external {
        points = uint16(bound(points, 1001, type(uint16).max));
        bps = uint16(bound(bps, 5001, type(uint16).max));
        for (uint256 i = 0; i < 10; i++) {
            IReputationSystem.Rules memory r = reputation.rules();
            if (i == 0) r.start = points;
            if (i == 1) r.success = points;
            if (i == 2) r.failure = points;
            if (i == 3) r.rated5 = points;
            if (i == 4) r.rated4 = points;
            if (i == 5) r.rated1 = points;
            if (i == 6) r.decayBps = bps;
            if (i == 7) r.decayPeriod = uint32(bound(seconds_, 0, 1 days - 1));
            if (i == 8) r.pairInterval = uint32(bound(seconds_, 30 days + 1, type(uint32).max));
            if (i == 9) r.incentiveBps = bps;
            vm.expectPartialRevert(IReputationSystem.ReputationSystem_OutOfRange.selector);
            vm.prank(owner);
            reputation.setRules(r);
        }
    }

    function test_RulesTakeEffectAtOnce() external {
        IReputationSystem.Rules memory r = reputation.rules();
        (r.start, r.success, r.failure, r.pairInterval) = (50, 7, 1, 0);
        vm.expectEmit(address(reputation));
        emit IReputationSystem.RulesSet(r);
        vm.prank(owner);
        reputation.setRules(r);
        reputation.recordJob(completed());
        reputation.recordJob(completed());
        reputation.recordJob(failed());
        assertPoints(host, 63);
        assertPoints(other, 50);
    }

    function testFuzz_TheRest(address jobs_, address sessions_, address asset, uint256 min, address account) external {
        vm.startPrank(owner);
        vm.expectEmit(address(reputation));
        emit IReputationSystem.SourcesSet(jobs_, sessions_);
        reputation.setSources(jobs_, sessions_);
        vm.expectEmit(address(reputation));
        emit IReputationSystem.MinValueSet(asset, min);
        reputation.setMinValue(asset, min);
        vm.expectEmit(address(reputation));
        emit IReputationSystem.SlasherSet(account, true);
        reputation.setSlasher(account, true);
        reputation.setSlasher(account, false);
        vm.stopPrank();
        assertEq(reputation.jobs(), jobs_);
        assertEq(reputation.sessions(), sessions_);
        assertEq(reputation.minValueOf(asset), min);
        assertFalse(reputation.isSlasher(account));
    }

    function test_UpgradeKeepsEverything() external {
        succeed(host, 3);
        bytes memory before = abi.encode(reputation.recordOf(host), reputation.rules(), owner);
        address code = implementation();
        vm.prank(owner);
        IUpgradeable(address(reputation)).upgradeToAndCall(code, "");
        assertEq(
            abi.encode(reputation.recordOf(host), reputation.rules(), Ownable(address(reputation)).owner()), before
        );
        succeed(host, 1);
        assertPoints(host, 140);
    }

    function implementation() private returns (address) {
        return Deploy.reputationSystemImplementation();
    }
}
