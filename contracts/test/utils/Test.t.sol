// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Test} from "./Test.sol";
import {vm} from "./Vm.sol";

/// @notice The tools are tested as well: a broken `bound` would quietly hollow out every fuzz test.
contract TestTest is Test {
    function testFuzz_BoundStaysInRange(uint256 x, uint256 a, uint256 b) external pure {
        (uint256 min, uint256 max) = a < b ? (a, b) : (b, a);
        uint256 y = bound(x, min, max);
        assertGe(y, min);
        assertLe(y, max);
        if (x >= min && x <= max) assertEq(y, x);
    }

    function test_AccountSigns() external {
        (address account, uint256 key) = makeAccount("alice");
        bytes32 digest = keccak256("digest");
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        assertEq(ecrecover(digest, v, r, s), account);
        assertEq(signature(key, digest), abi.encodePacked(r, s, v));
        assertEq(makeAddr("alice"), account);
        assertNotEq(makeAddr("bob"), account);
    }

    function test_SkipMovesTheClock() external {
        uint256 before = timestamp();
        skip(1 days);
        assertEq(timestamp(), before + 1 days);
    }

    /// @dev Assertions that never fail would make every other test worthless.
    function test_AssertionsFail() external {
        Failing failing = new Failing();
        for (uint256 i = 0; i < 13; i++) {
            (bool passed,) = address(failing).call(abi.encodeCall(Failing.fail, (i)));
            assertFalse(passed, vm.toString(i));
        }
        failing.fail(13); // past the last: nothing fails
    }
}

contract Failing is Test {
    function fail(uint256 which) external pure {
        if (which == 0) assertTrue(false);
        if (which == 1) assertFalse(true);
        if (which == 2) assertEq(uint256(1), 2);
        if (which == 3) assertEq(address(1), address(2));
        if (which == 4) assertEq(bytes32("a"), bytes32("b"));
        if (which == 5) assertEq(true, false);
        if (which == 6) assertEq("a", string("b"));
        if (which == 7) assertNotEq(uint256(1), 1);
        if (which == 8) assertLt(1, 1);
        if (which == 9) assertLe(2, 1);
        if (which == 10) assertGt(1, 1);
        if (which == 11) assertGe(1, 2);
        if (which == 12) assertApproxEqAbs(1, 3, 1);
    }
}
