// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ICircuitBreaker} from "../../src/interfaces/ICircuitBreaker.sol";
import {Test} from "../utils/Test.sol";
import {vm} from "../utils/Vm.sol";
import {BreakerHarness} from "./BreakerHarness.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

contract CircuitBreakerTest is Test {
    address private constant TOKEN = address(0x05D);
    uint256 private constant START = 1_800_000_000;

    BreakerHarness private breaker;
    address private owner;
    address private guardian;
    address private stranger;

    function setUp() external {
        vm.warp(START);
        (owner, guardian, stranger) = (makeAddr("owner"), makeAddr("guardian"), makeAddr("stranger"));
        breaker = new BreakerHarness(owner, guardian, standard());
        vm.prank(owner);
        breaker.setPaymentLimit(TOKEN, 1000);
        skip(1 days);
    }

    /* WHO MAY DO WHAT */

    function testFuzz_RevertWhen_CallerIsNeitherGuardianNorOwner(address caller) external {
        vm.assume(caller != guardian && caller != owner);
        bytes memory unauthorized = abi.encodeWithSelector(ICircuitBreaker.Breaker_Unauthorized.selector, caller);
        vm.startPrank(caller);
        vm.expectRevert(unauthorized);
        breaker.setCircuitBreakerLevel(1);
        vm.expectRevert(unauthorized);
        breaker.emergencyPause("");
        vm.expectRevert(unauthorized);
        breaker.pauseFunction(breaker.post.selector);
        vm.expectRevert(unauthorized);
        breaker.unpauseFunction(breaker.post.selector);
    }

    function testFuzz_RevertWhen_CallerIsNotOwner(address caller) external {
        vm.assume(caller != owner);
        bytes memory unauthorized = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller);
        vm.startPrank(caller);
        vm.expectRevert(unauthorized);
        breaker.pause();
        vm.expectRevert(unauthorized);
        breaker.unpause();
        vm.expectRevert(unauthorized);
        breaker.setPaymentLimit(TOKEN, 0);
        vm.expectRevert(unauthorized);
        breaker.setBreakerSettings(standard());
        vm.expectRevert(unauthorized);
        breaker.setGuardian(caller);
    }

    function test_Describes() external {
        assertEq(breaker.guardian(), guardian);
        assertEq(breaker.paymentLimit(TOKEN), 1000);
        assertEq(abi.encode(breaker.breakerSettings()), abi.encode(standard()));
        vm.expectEmit(address(breaker));
        emit ICircuitBreaker.GuardianSet(stranger);
        vm.prank(owner);
        breaker.setGuardian(stranger);
        assertEq(breaker.guardian(), stranger);
    }

    function test_RevertWhen_ASettingIsOutOfBounds() external {
        ICircuitBreaker.BreakerSettings memory s = standard();
        s.failures = 0;
        expectOutOfRange(s, 0, 1, 64);
        s.failures = 65;
        expectOutOfRange(s, 65, 1, 64);
        s = standard();
        s.window = 1 minutes - 1;
        expectOutOfRange(s, s.window, 1 minutes, 1 days);
        s = standard();
        s.perHour = 65;
        expectOutOfRange(s, 65, 1, 64);
        s = standard();
        s.perMinute = 11;
        expectOutOfRange(s, 11, 1, 10);
    }

    /* LEVELS */

    function test_RevertWhen_TheLevelIsBad() external {
        expectBadLevel(4, 0);
        expectBadLevel(0, 0);
        set(2);
        skip(1 days);
        expectBadLevel(0, 2);
        set(3);
        skip(1 days);
        expectBadLevel(1, 3);
    }

    function testFuzz_StepsDownOnceAnHour(uint256 early) external {
        early = bound(early, 0, 1 hours - 1);
        for (uint8 level = 3; level != 0; level--) {
            if (level == 3) set(3);
            uint256 changed = timestamp();
            vm.warp(changed + early);
            vm.expectRevert(abi.encodeWithSelector(ICircuitBreaker.Breaker_Cooldown.selector, changed + 1 hours));
            set(level - 1);
            vm.warp(changed + 1 hours);
            vm.expectEmit(address(breaker));
            emit ICircuitBreaker.BreakerLevelSet(level - 1, level);
            set(level - 1);
        }
        assertEq(breaker.circuitBreakerLevel(), 0);
    }

    function test_PauseAndUnpause() external {
        vm.startPrank(owner);
        breaker.unpause();
        assertEq(breaker.circuitBreakerLevel(), 0);
        breaker.pause();
        assertEq(breaker.circuitBreakerLevel(), 3);
        breaker.unpause();
        assertEq(breaker.circuitBreakerLevel(), 2);
        vm.stopPrank();
        vm.expectEmit(address(breaker));
        emit ICircuitBreaker.BreakerStopped(guardian, "exploit");
        vm.prank(guardian);
        breaker.emergencyPause("exploit");
        assertEq(breaker.circuitBreakerLevel(), 3);
    }

    /* ENTRANCES */

    function testFuzz_GivenLevelZero_EntrancesAreOpen(uint8 calls) external {
        for (uint256 i = 0; i < calls; i++) {
            breaker.post();
        }
        breaker.claim();
        assertEq(breaker.entered(), uint256(calls) + 1);
    }

    function test_GivenLevelOne_ThreeAMinute() external {
        set(1);
        breaker.post();
        skip(20);
        breaker.post();
        breaker.post();
        expectTooFast(address(this), timestamp() + 40);
        breaker.post();
        breaker.claim(); // not throttled
        vm.prank(stranger);
        breaker.post(); // each account for itself
        skip(39);
        expectTooFast(address(this), timestamp() + 1);
        breaker.post();
        skip(1);
        breaker.post();
        expectTooFast(address(this), timestamp() + 20);
        breaker.post();
    }

    function test_GivenLevelOne_TenAnHour() external {
        set(1);
        uint256 first = timestamp();
        for (uint256 i = 0; i < 10; i++) {
            breaker.post();
            skip(30);
        }
        expectTooFast(address(this), first + 1 hours);
        breaker.post();
        vm.warp(first + 1 hours - 1);
        expectTooFast(address(this), first + 1 hours);
        breaker.post();
        vm.warp(first + 1 hours);
        breaker.post();
        expectTooFast(address(this), first + 1 hours + 30);
        breaker.post();
    }

    /// @notice No minute and no hour ever sees more than the limits, wherever it begins.
    function testFuzz_NoSpanSeesMore(uint256 seed) external {
        set(1);
        uint256[] memory times = new uint256[](40);
        uint256 calls;
        for (uint256 i = 0; i < 40; i++) {
            skip(uint256(keccak256(abi.encode(seed, i))) % 150);
            (bool ok,) = address(breaker).call(abi.encodeCall(breaker.post, ()));
            if (!ok) continue;
            times[calls++] = timestamp();
            if (calls > 3) assertGe(times[calls - 1], times[calls - 4] + 1 minutes);
            if (calls > 10) assertGe(times[calls - 1], times[calls - 11] + 1 hours);
        }
        assertGe(calls, 3);
    }

    function test_GivenLevelTwo_NamedFunctionsAreStopped() external {
        vm.expectEmit(address(breaker));
        emit ICircuitBreaker.FunctionPauseSet(breaker.claim.selector, true);
        vm.prank(guardian);
        breaker.pauseFunction(breaker.claim.selector);
        breaker.claim();
        set(2);
        expectStopped(breaker.claim.selector, 2);
        breaker.claim();
        breaker.post();
        vm.prank(guardian);
        breaker.unpauseFunction(breaker.claim.selector);
        breaker.claim();
        assertFalse(breaker.isFunctionPaused(breaker.claim.selector));
    }

    function test_GivenLevelThree_AllEntrancesAreStopped() external {
        set(3);
        expectStopped(breaker.claim.selector, 3);
        breaker.claim();
        expectStopped(breaker.post.selector, 3);
        breaker.post();
        breaker.withdraw();
        assertEq(breaker.left(), 1);
    }

    /* TRIPS */

    function testFuzz_FiveFailuresInTenMinutesTrip(uint256 span) external {
        span = bound(span, 0, 10 minutes - 1);
        fail(4);
        skip(span);
        vm.expectEmit(address(breaker));
        emit ICircuitBreaker.BreakerTripped(ICircuitBreaker.Cause.Failures, 1);
        fail(1);
        assertEq(breaker.circuitBreakerLevel(), 1);
        // The count begins anew.
        fail(4);
        assertEq(breaker.circuitBreakerLevel(), 1);
        fail(1);
        assertEq(breaker.circuitBreakerLevel(), 2);
        fail(50);
        assertEq(breaker.circuitBreakerLevel(), 2);
        ICircuitBreaker.BreakerMetrics memory metrics = breaker.getCircuitBreakerMetrics();
        assertEq(metrics.failures, 60);
        assertEq(metrics.trips, 12);
        assertEq(metrics.level, 2);
        assertEq(metrics.lastIncident, timestamp());
        assertEq(metrics.changedAt, timestamp());
        assertEq(metrics.stoppedTime, 0);
    }

    function testFuzz_FailuresFurtherApartDoNot(uint256 span) external {
        span = bound(span, 10 minutes, 365 days);
        fail(4);
        skip(span);
        fail(4);
        assertEq(breaker.circuitBreakerLevel(), 0);
    }

    function testFuzz_ALargePaymentIsTakenAndTrips(uint256 amount) external {
        amount = bound(amount, 1001, type(uint256).max);
        breaker.pay(TOKEN, 1000);
        breaker.pay(address(0), amount); // no limit
        assertEq(breaker.circuitBreakerLevel(), 0);
        vm.expectEmit(address(breaker));
        emit ICircuitBreaker.BreakerTripped(ICircuitBreaker.Cause.Payment, 1);
        breaker.pay(TOKEN, amount);
        breaker.pay(TOKEN, amount);
        breaker.pay(TOKEN, amount);
        assertEq(breaker.circuitBreakerLevel(), 2);
        assertEq(breaker.entered(), 5);
    }

    /* TIME */

    function test_AStopEndsAfterSevenDays() external {
        set(2);
        skip(3 days);
        set(3);
        skip(3 days);
        set(2);
        set(3); // to and fro does not begin it anew
        skip(1 days - 1);
        expectStopped(breaker.claim.selector, 3);
        breaker.claim();
        skip(1);
        assertEq(breaker.circuitBreakerLevel(), 1);
        breaker.claim();
        assertEq(breaker.stoppedTime(), 7 days);
        skip(100 days);
        assertEq(breaker.stoppedTime(), 7 days);
        set(3);
        skip(1 days);
        assertEq(breaker.stoppedTime(), 8 days);
        set(2);
        skip(1 days);
        set(1);
        skip(1 days);
        assertEq(breaker.stoppedTime(), 9 days);
    }

    function testFuzz_ADeadlineIsPutOffByTheStops(uint256 before, uint256 stop) external {
        before = bound(before, 0, 7 days);
        stop = bound(stop, 0, 10 days);
        set(3);
        skip(before);
        uint64 then = breaker.stoppedTime();
        skip(stop);
        uint256 stops = before + stop < 7 days ? stop : 7 days - before;
        assertEq(breaker.extended(START, then), START + stops);
    }

    function test_ADeadlineIsPutOffByThirtyDaysAtMost() external {
        for (uint256 i = 0; i < 5; i++) {
            set(3);
            skip(7 days);
        }
        assertEq(breaker.stoppedTime(), 35 days);
        assertEq(breaker.extended(START, 0), START + 30 days);
        assertEq(breaker.extended(START, 28 days), START + 7 days);
    }

    /* HELPERS */

    function standard() private pure returns (ICircuitBreaker.BreakerSettings memory) {
        return ICircuitBreaker.BreakerSettings({failures: 5, window: 10 minutes, perMinute: 3, perHour: 10});
    }

    function set(uint8 level) private {
        vm.prank(guardian);
        breaker.setCircuitBreakerLevel(level);
    }

    function fail(uint256 times) private {
        for (uint256 i = 0; i < times; i++) {
            breaker.fail();
        }
    }

    function expectStopped(bytes4 selector, uint8 level) private {
        vm.expectRevert(abi.encodeWithSelector(ICircuitBreaker.Breaker_Stopped.selector, selector, level));
    }

    function expectTooFast(address account, uint256 retryAt) private {
        vm.expectRevert(abi.encodeWithSelector(ICircuitBreaker.Breaker_TooFast.selector, account, retryAt));
    }

    function expectBadLevel(uint8 level, uint8 current) private {
        vm.expectRevert(abi.encodeWithSelector(ICircuitBreaker.Breaker_BadLevel.selector, level, current));
        set(level);
    }

    function expectOutOfRange(ICircuitBreaker.BreakerSettings memory s, uint256 value, uint256 min, uint256 max)
        private
    {
        vm.expectRevert(abi.encodeWithSelector(ICircuitBreaker.Breaker_OutOfRange.selector, value, min, max));
        vm.prank(owner);
        breaker.setBreakerSettings(s);
    }
}
