// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ICircuitBreaker} from "../../src/interfaces/ICircuitBreaker.sol";
import {IGovernanceTimelock, IPausable} from "../../src/interfaces/IGovernance.sol";
import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {BreakerHarness} from "../CircuitBreaker/BreakerHarness.sol";
import {Deploy} from "../utils/Deploy.sol";
import {vm} from "../utils/Vm.sol";
import {GovernanceTest} from "./GovernanceTest.sol";
import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

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

    function pauseNow(address target) private {
        vm.prank(emergency);
        timelock.executeEmergencyAction("pause", target);
    }

    function expectNoEmergency() private {
        vm.expectRevert(abi.encodeWithSelector(IGovernanceTimelock.Timelock_NoEmergency.selector, address(market)));
    }
}
