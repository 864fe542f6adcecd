// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IBuyback} from "../../src/interfaces/IBuyback.sol";
import {ICircuitBreaker} from "../../src/interfaces/ICircuitBreaker.sol";
import {IGovernanceTimelock, IPausable} from "../../src/interfaces/IGovernance.sol";
import {INodeRegistry} from "../../src/interfaces/INodeRegistry.sol";
import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {IStaking} from "../../src/interfaces/IStaking.sol";
import {Uniswap, WrappedCoin} from "../Buyback/Uniswap.sol";
import {BreakerHarness} from "../CircuitBreaker/BreakerHarness.sol";
import {IFullFabToken} from "../FabToken/FabTokenTest.sol";
import {Deploy} from "../utils/Deploy.sol";
import {vm} from "../utils/Vm.sol";
import {GovernanceTest} from "./GovernanceTest.sol";
import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";

contract GovernanceEmergencyTest is GovernanceTest {
    bytes32 private constant EMERGENCY_ROLE = keccak256("EMERGENCY_ROLE");

    BreakerHarness private breaker;

    function setUp() public override {
        super.setUp();
        ICircuitBreaker.BreakerSettings memory settings = ICircuitBreaker.BreakerSettings(5, 10 minutes, 3, 10);
        breaker = new BreakerHarness(address(timelock), stranger, settings);
    }

    /* THE TIMELOCK */

    function testFuzz_RevertWhen_TheDelayIsOutOfBounds(uint256 delay) external {
        vm.assume(delay < 1 days || delay > 30 days);
        vm.expectRevert(
            abi.encodeWithSelector(IGovernanceTimelock.Timelock_OutOfRange.selector, delay, 1 days, 30 days)
        );
        Deploy.timelock(delay, address(0));
    }

    function test_TheDelayChangesByProposal() external {
        pass(address(timelock), abi.encodeCall(TimelockController.updateDelay, (5 days)));
        assertEq(TimelockController(payable(address(timelock))).getMinDelay(), 5 days);
        uint256 id = propose(address(timelock), abi.encodeCall(TimelockController.updateDelay, (1 hours)));
        carry(id);
        skip(5 days);
        vm.expectRevert(
            abi.encodeWithSelector(IGovernanceTimelock.Timelock_OutOfRange.selector, 1 hours, 1 days, 30 days)
        );
        governance.execute(id);
    }

    /* EMERGENCIES */

    function testFuzz_RevertWhen_CallerLacksTheRole(address caller) external {
        vm.assume(caller != emergency);
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, caller, EMERGENCY_ROLE)
        );
        vm.prank(caller);
        timelock.executeEmergencyAction("pause", address(market));
    }

    function test_RevertWhen_TheActionIsAnother() external {
        vm.expectRevert(abi.encodeWithSelector(IGovernanceTimelock.Timelock_UnknownAction.selector, "unpause"));
        vm.prank(emergency);
        timelock.executeEmergencyAction("unpause", address(market));
    }

    function test_PausesAtOnceAndExitsStayOpen() external {
        vm.prank(address(timelock));
        market.setTokenLimits(COIN, 1, 1 ether);
        vm.deal(alice, 1 ether);
        vm.startPrank(alice);
        market.deposit{value: 1 ether}(COIN, 1 ether);
        vm.stopPrank();
        vm.expectEmit(address(timelock));
        emit IGovernanceTimelock.EmergencyPaused(address(market), emergency, timestamp() + 7 days);
        vm.expectEmit(address(market));
        emit ISessionMarket.Paused();
        pauseNow(address(market));
        assertTrue(market.getSessionRequirements(COIN).paused);
        vm.prank(alice);
        market.withdrawBalance(COIN, 1 ether, alice);
        assertEq(alice.balance, 1 ether);

        pauseNow(address(breaker));
        assertEq(breaker.circuitBreakerLevel(), 3);
        breaker.withdraw();
    }

    function testFuzz_RevertGiven_PausedOrResting(uint256 elapsed) external {
        elapsed = bound(elapsed, 0, 14 days - 1);
        uint256 start = timestamp();
        pauseNow(address(market));
        skip(elapsed);
        bytes memory resting = abi.encodeWithSelector(IGovernanceTimelock.Timelock_Resting.selector, start + 14 days);
        if (elapsed >= 7 days) timelock.endEmergency(address(market));
        vm.expectRevert(resting);
        pauseNow(address(market));
        vm.warp(start + 14 days);
        pauseNow(address(market));
    }

    function testFuzz_OnlyTheRoleEndsItEarly(address caller, uint256 elapsed) external {
        vm.assume(caller != emergency);
        elapsed = bound(elapsed, 0, 7 days - 1);
        uint256 start = timestamp();
        pauseNow(address(market));
        skip(elapsed);
        vm.expectRevert(abi.encodeWithSelector(IGovernanceTimelock.Timelock_NotOver.selector, start + 7 days));
        vm.prank(caller);
        timelock.endEmergency(address(market));

        vm.prank(emergency);
        timelock.endEmergency(address(market));
        assertFalse(market.getSessionRequirements(COIN).paused);
        (uint256 until, bool active) = timelock.emergencyOf(address(market));
        assertEq(until, timestamp());
        assertFalse(active);
    }

    function test_AnyoneEndsItWhenItsTimeIsOver() external {
        pauseNow(address(market));
        skip(7 days);
        vm.expectEmit(address(timelock));
        emit IGovernanceTimelock.EmergencyEnded(address(market), stranger);
        vm.prank(stranger);
        timelock.endEmergency(address(market));
        assertFalse(market.getSessionRequirements(COIN).paused);
        expectNoEmergency();
        timelock.endEmergency(address(market));
    }

    function testFuzz_WhatGovernanceDecidesTakesItsPlace(bool pause) external {
        uint256 id = propose(
            address(market), pause ? abi.encodeCall(IPausable.pause, ()) : abi.encodeCall(IPausable.unpause, ())
        );
        carry(id);
        pauseNow(address(market));
        governance.execute(id);
        assertEq(market.getSessionRequirements(COIN).paused, pause);
        skip(7 days);
        expectNoEmergency();
        timelock.endEmergency(address(market));
    }

    function test_TheRoleCanDoNothingElse() external {
        TimelockController controller = TimelockController(payable(address(timelock)));
        vm.startPrank(emergency);
        vm.expectRevert();
        controller.schedule(address(market), 0, "", 0, 0, 2 days);
        vm.expectRevert();
        controller.cancel(0);
        vm.expectRevert();
        controller.grantRole(EMERGENCY_ROLE, stranger);
        vm.expectRevert();
        market.pause();
        vm.expectRevert();
        market.setFee(0);
    }

    /* WHO SETS WHAT */

    /// @notice Every function of every contract that sets something.
    function testFuzz_EveryParameterIsTheTimelocksAlone(address caller) external {
        vm.assume(caller != address(timelock) && caller != address(0));
        address router = Uniswap.router(Uniswap.factory(), address(new WrappedCoin()));
        IBuyback.Settings memory s = IBuyback.Settings(5000, 500, 30 minutes, 1 days);
        address buyback = address(Deploy.buyback(address(fab), address(staking), router, address(timelock), s));
        address next = Deploy.buybackImplementation(address(fab), address(staking), router);

        check(caller, address(fab), abi.encodeCall(IFullFabToken.mint, (alice, 1)));
        check(caller, address(market), abi.encodeCall(ISessionMarket.pause, ()));
        check(caller, address(market), abi.encodeCall(ISessionMarket.unpause, ()));
        check(caller, address(market), abi.encodeCall(ISessionMarket.setFee, (1)));
        check(caller, address(market), abi.encodeCall(ISessionMarket.setFeeRecipient, (alice)));
        check(caller, address(market), abi.encodeCall(ISessionMarket.setTokenLimits, (COIN, 1, 2)));
        check(caller, address(registry), abi.encodeCall(INodeRegistry.setSlasher, (alice, true)));
        check(caller, address(registry), abi.encodeCall(INodeRegistry.setSuspicionThreshold, (3)));
        check(caller, address(registry), abi.encodeCall(INodeRegistry.setSlashRules, (registry.slashRules())));
        check(caller, address(staking), abi.encodeCall(IStaking.addRewardToken, (COIN)));
        check(caller, buyback, abi.encodeCall(IBuyback.setRoute, (COIN, IBuyback.Route(0, 0, 0))));
        check(caller, buyback, abi.encodeCall(IBuyback.setSettings, (s)));
        check(caller, buyback, abi.encodeCall(IBuyback.setKeeper, (alice, true)));
        check(caller, buyback, abi.encodeCall(UUPSUpgradeable.upgradeToAndCall, (next, "")));
    }

    function check(address caller, address target, bytes memory call) private {
        vm.prank(caller);
        (bool ok,) = target.call(call);
        assertFalse(ok, "by a stranger");
        vm.prank(address(timelock));
        (ok,) = target.call(call);
        assertTrue(ok, "by the timelock");
    }

    function pauseNow(address target) private {
        vm.prank(emergency);
        timelock.executeEmergencyAction("pause", target);
    }

    function expectNoEmergency() private {
        vm.expectRevert(abi.encodeWithSelector(IGovernanceTimelock.Timelock_NoEmergency.selector, address(market)));
    }
}
