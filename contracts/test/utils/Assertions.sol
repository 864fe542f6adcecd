// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {vm} from "./Vm.sol";

/// @title Assertions
/// @notice Comparisons that end the test with both values in the message. Values are compared here first: a call to the
/// cheatcodes costs a hundred times as much, and invariants make millions of them.
abstract contract Assertions {
    function assertTrue(bool condition) internal pure {
        if (!condition) vm.assertTrue(condition);
    }

    function assertTrue(bool condition, string memory message) internal pure {
        if (!condition) vm.assertTrue(condition, message);
    }

    function assertFalse(bool condition) internal pure {
        if (condition) vm.assertFalse(condition);
    }

    function assertFalse(bool condition, string memory message) internal pure {
        if (condition) vm.assertFalse(condition, message);
    }

    function assertApproxEqAbs(uint256 left, uint256 right, uint256 maxDelta) internal pure {
        vm.assertApproxEqAbs(left, right, maxDelta);
    }

    function assertEq(bool left, bool right) internal pure {
        if (left != right) vm.assertEq(left, right);
    }

    function assertEq(bool left, bool right, string memory message) internal pure {
        if (left != right) vm.assertEq(left, right, message);
    }

    function assertEq(uint256 left, uint256 right) internal pure {
        if (left != right) vm.assertEq(left, right);
    }

    function assertEq(uint256 left, uint256 right, string memory message) internal pure {
        if (left != right) vm.assertEq(left, right, message);
    }

    function assertEq(int256 left, int256 right) internal pure {
        if (left != right) vm.assertEq(left, right);
    }

    function assertEq(address left, address right) internal pure {
        if (left != right) vm.assertEq(left, right);
    }

    function assertEq(address left, address right, string memory message) internal pure {
        if (left != right) vm.assertEq(left, right, message);
    }

    function assertEq(bytes32 left, bytes32 right) internal pure {
        if (left != right) vm.assertEq(left, right);
    }

    function assertEq(bytes32 left, bytes32 right, string memory message) internal pure {
        if (left != right) vm.assertEq(left, right, message);
    }

    function assertEq(string memory left, string memory right) internal pure {
        vm.assertEq(left, right);
    }

    function assertEq(string memory left, string memory right, string memory message) internal pure {
        vm.assertEq(left, right, message);
    }

    function assertEq(bytes memory left, bytes memory right) internal pure {
        vm.assertEq(left, right);
    }

    function assertEq(bytes memory left, bytes memory right, string memory message) internal pure {
        vm.assertEq(left, right, message);
    }

    function assertEq(uint256[] memory left, uint256[] memory right) internal pure {
        vm.assertEq(left, right);
    }

    function assertEq(address[] memory left, address[] memory right) internal pure {
        vm.assertEq(left, right);
    }

    function assertEq(bytes32[] memory left, bytes32[] memory right) internal pure {
        vm.assertEq(left, right);
    }

    function assertNotEq(uint256 left, uint256 right) internal pure {
        if (left == right) vm.assertNotEq(left, right);
    }

    function assertNotEq(address left, address right) internal pure {
        if (left == right) vm.assertNotEq(left, right);
    }

    function assertNotEq(bytes32 left, bytes32 right) internal pure {
        if (left == right) vm.assertNotEq(left, right);
    }

    function assertLt(uint256 left, uint256 right) internal pure {
        if (left >= right) vm.assertLt(left, right);
    }

    function assertLt(uint256 left, uint256 right, string memory message) internal pure {
        if (left >= right) vm.assertLt(left, right, message);
    }

    function assertLe(uint256 left, uint256 right) internal pure {
        if (left > right) vm.assertLe(left, right);
    }

    function assertLe(uint256 left, uint256 right, string memory message) internal pure {
        if (left > right) vm.assertLe(left, right, message);
    }

    function assertGt(uint256 left, uint256 right) internal pure {
        if (left <= right) vm.assertGt(left, right);
    }

    function assertGt(uint256 left, uint256 right, string memory message) internal pure {
        if (left <= right) vm.assertGt(left, right, message);
    }

    function assertGe(uint256 left, uint256 right) internal pure {
        if (left < right) vm.assertGe(left, right);
    }

    function assertGe(uint256 left, uint256 right, string memory message) internal pure {
        if (left < right) vm.assertGe(left, right, message);
    }
}
