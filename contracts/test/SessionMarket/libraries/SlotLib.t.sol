// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../../../src/interfaces/ISessionMarket.sol";
import {Earnings} from "../../../src/libraries/EarningsLib.sol";
import {Slot, SlotLib} from "../../../src/libraries/SlotLib.sol";
import {Test} from "../../utils/Test.sol";
import {vm} from "../../utils/Vm.sol";
import {Harness} from "./Harness.sol";

/// @notice The packed words: a session's slot and an account's earnings.
contract SlotLibTest is Test {
    Harness internal harness;

    function setUp() external {
        harness = new Harness();
    }

    /* SLOT */

    function testFuzz_MembersDoNotTouchEachOther(
        uint96 locked,
        uint96 settled,
        uint40 closingAt,
        uint16 hours_,
        bool fromBalance,
        bool early
    ) external pure {
        Slot slot = SlotLib.opened(locked, fromBalance);
        slot = slot.extended(hours_).withSettled(settled).cancelled(closingAt, early);
        assertEq(slot.locked(), locked, "locked");
        assertEq(slot.settled(), settled, "settled");
        assertEq(slot.closingAt(), closingAt, "closingAt");
        assertEq(slot.extensionHours(), hours_, "hours");
        assertEq(slot.fromBalance(), fromBalance, "fromBalance");
        assertEq(slot.leftEarly(), early, "leftEarly");
        assertTrue(slot.requestsRevoked(), "requestsRevoked");
        assertTrue(slot.isActive(), "active");

        slot = slot.extended(0);
        assertEq(slot.closingAt(), 0, "closingAt ends");
        assertFalse(slot.leftEarly(), "leftEarly ends");
        slot = slot.cancelled(closingAt, early).ended(ISessionMarket.Status.TimedOut);
        assertEq(slot.locked(), settled, "locked at the end");
        assertEq(slot.settled(), settled, "settled at the end");
        assertEq(slot.closingAt(), 0, "closingAt at the end");
        assertEq(slot.fromBalance(), fromBalance, "fromBalance at the end");
        assertEq(uint256(slot.status()), uint256(ISessionMarket.Status.TimedOut), "status at the end");
        assertFalse(slot.isActive(), "inactive");
        assertTrue(slot.isUsed(), "used");
    }

    function test_FreshSlotIsUnused() external pure {
        assertFalse(Slot.wrap(0).isUsed(), "used");
        assertFalse(Slot.wrap(0).isActive(), "active");
        assertTrue(SlotLib.invalidated().isUsed(), "invalidated");
        assertFalse(SlotLib.invalidated().isActive(), "invalidated");
        assertFalse(SlotLib.opened(1, false).requestsRevoked(), "requestsRevoked");
    }

    function testFuzz_RevertWhen_MemberDoesNotFit(uint256 value) external {
        Slot slot = SlotLib.opened(1, false);
        value = bound(value, uint256(type(uint96).max) + 1, type(uint256).max);
        bytes memory tooLarge = abi.encodeWithSelector(ISessionMarket.SessionMarket_AmountTooLarge.selector, value);
        vm.expectRevert(tooLarge);
        harness.opened(value, true);
        vm.expectRevert(tooLarge);
        harness.withLocked(slot, value);
        vm.expectRevert(tooLarge);
        harness.withSettled(slot, value);
        vm.expectRevert(tooLarge);
        harness.cancelled(slot, value, true);
        vm.expectRevert(tooLarge);
        harness.extended(slot, value);
    }

    /* EARNINGS */

    function testFuzz_EarningsAdd(uint128 net, uint128 fee, uint128 moreNet, uint128 moreFee) external pure {
        moreNet = uint128(bound(moreNet, 0, type(uint128).max - net));
        moreFee = uint128(bound(moreFee, 0, type(uint128).max - fee));
        Earnings earnings = Earnings.wrap(0).plus(net, fee).plus(moreNet, moreFee);
        assertEq(earnings.net(), net + moreNet, "net");
        assertEq(earnings.fee(), fee + moreFee, "fee");
        assertEq(earnings.withoutNet().net(), 0, "withoutNet");
        assertEq(earnings.withoutNet().fee(), fee + moreFee, "withoutNet leaves the fee");
        assertEq(earnings.withoutFee().fee(), 0, "withoutFee");
        assertEq(earnings.withoutFee().net(), net + moreNet, "withoutFee leaves the net");
    }

    function testFuzz_RevertWhen_EarningsDoNotFit(uint128 more) external {
        Earnings earnings = Earnings.wrap(0).plus(type(uint128).max, type(uint128).max);
        more = uint128(bound(more, 1, type(uint128).max));
        bytes memory tooLarge = abi.encodeWithSelector(
            ISessionMarket.SessionMarket_AmountTooLarge.selector, uint256(type(uint128).max) + more
        );
        vm.expectRevert(tooLarge);
        harness.plus(earnings, more, 0);
        vm.expectRevert(tooLarge);
        harness.plus(earnings, 0, more);
    }
}
