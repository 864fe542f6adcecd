// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../interfaces/ISessionMarket.sol";

/// @notice A session's state in one word, from high bits to low:
/// deposit u96 | settled u96 | closingAt u40 | extension u16 | flags u5 | status u3. Zero is a session never seen.
type Slot is uint256;

using SlotLib for Slot global;

/// @title SlotLib
/// @notice Reads a slot, and makes changed copies of it. What does not fit its place is an error.
library SlotLib {
    uint256 private constant LOCKED_AT = 160;
    uint256 private constant SETTLED_AT = 64;
    uint256 private constant CLOSING_AT = 24;
    uint256 private constant EXTENSION_AT = 8;

    uint256 private constant STATUS_MASK = 0x07;
    uint256 private constant FROM_BALANCE = 0x08;
    uint256 private constant LEFT_EARLY = 0x10;
    uint256 private constant REQUESTS_REVOKED = 0x20;

    /// @dev All but the deposit, `closingAt` and the status.
    uint256 private constant KEPT_AT_THE_END =
        uint256(type(uint96).max) << SETTLED_AT | uint256(type(uint16).max) << EXTENSION_AT | 0xff & ~STATUS_MASK;

    /* READING */

    /// @notice What the session is doing.
    function status(Slot slot) internal pure returns (ISessionMarket.Status) {
        return ISessionMarket.Status(Slot.unwrap(slot) & STATUS_MASK);
    }

    /// @notice Whether it can be settled and ended.
    function isActive(Slot slot) internal pure returns (bool) {
        return Slot.unwrap(slot) & STATUS_MASK == uint256(ISessionMarket.Status.Active);
    }

    /// @notice Whether the id was opened or invalidated before.
    function isUsed(Slot slot) internal pure returns (bool) {
        return Slot.unwrap(slot) != 0;
    }

    /// @notice The deposit: base units locked in all.
    function locked(Slot slot) internal pure returns (uint96) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint96(Slot.unwrap(slot) >> LOCKED_AT);
    }

    /// @notice Base units paid so far, fee included.
    function settled(Slot slot) internal pure returns (uint96) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint96(Slot.unwrap(slot) >> SETTLED_AT);
    }

    /// @notice Base units of the deposit that are not settled.
    function unspent(Slot slot) internal pure returns (uint256) {
        return uint256(locked(slot)) - settled(slot);
    }

    /// @notice When a pending cancellation ends the grace period; zero without one.
    function closingAt(Slot slot) internal pure returns (uint40) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint40(Slot.unwrap(slot) >> CLOSING_AT);
    }

    /// @notice Hours added to the terms' expiry.
    function extensionHours(Slot slot) internal pure returns (uint16) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint16(Slot.unwrap(slot) >> EXTENSION_AT);
    }

    /// @notice Whether refunds go to the renter's balance.
    function fromBalance(Slot slot) internal pure returns (bool) {
        return Slot.unwrap(slot) & FROM_BALANCE != 0;
    }

    /// @notice Whether the renter cancelled alone before expiry.
    function leftEarly(Slot slot) internal pure returns (bool) {
        return Slot.unwrap(slot) & LEFT_EARLY != 0;
    }

    /// @notice Whether signed CloseRequests count no more.
    function requestsRevoked(Slot slot) internal pure returns (bool) {
        return Slot.unwrap(slot) & REQUESTS_REVOKED != 0;
    }

    /* CHANGING */

    /// @notice A session just opened.
    function opened(uint256 amount, bool fromBalance_) internal pure returns (Slot) {
        uint256 flags = fromBalance_ ? FROM_BALANCE : 0;
        return withLocked(Slot.wrap(uint256(ISessionMarket.Status.Active) | flags), amount);
    }

    /// @notice The tombstone of an id that must never open.
    function invalidated() internal pure returns (Slot) {
        return Slot.wrap(uint256(ISessionMarket.Status.Invalidated));
    }

    /// @notice With another deposit.
    function withLocked(Slot slot, uint256 amount) internal pure returns (Slot) {
        return _with(slot, LOCKED_AT, type(uint96).max, amount);
    }

    /// @notice With another amount paid.
    function withSettled(Slot slot, uint256 amount) internal pure returns (Slot) {
        return _with(slot, SETTLED_AT, type(uint96).max, amount);
    }

    /// @notice With a cancellation pending.
    function cancelled(Slot slot, uint256 closingAt_, bool early) internal pure returns (Slot) {
        uint256 flags = early ? LEFT_EARLY : 0;
        return _with(Slot.wrap(Slot.unwrap(slot) | flags), CLOSING_AT, type(uint40).max, closingAt_);
    }

    /// @notice With another extension, no cancellation pending, and every CloseRequest revoked.
    function extended(Slot slot, uint256 hours_) internal pure returns (Slot) {
        uint256 word = Slot.unwrap(slot) & ~LEFT_EARLY | REQUESTS_REVOKED;
        slot = _with(Slot.wrap(word), CLOSING_AT, type(uint40).max, 0);
        return _with(slot, EXTENSION_AT, type(uint16).max, hours_);
    }

    /// @notice Over: nothing is locked that was not paid, and no cancellation pends.
    function ended(Slot slot, ISessionMarket.Status status_) internal pure returns (Slot) {
        uint256 kept = Slot.unwrap(slot) & KEPT_AT_THE_END;
        return Slot.wrap(uint256(settled(slot)) << LOCKED_AT | kept | uint256(status_));
    }

    function _with(Slot slot, uint256 shift, uint256 max, uint256 value) private pure returns (Slot) {
        if (value > max) revert ISessionMarket.SessionMarket_AmountTooLarge(value);
        return Slot.wrap(Slot.unwrap(slot) & ~(max << shift) | value << shift);
    }
}
