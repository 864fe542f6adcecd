// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Assertions} from "./Assertions.sol";
import {vm} from "./Vm.sol";

/// @title Test
/// @notice What every test contract here starts from: assertions, accounts, bounded fuzz inputs, and the getters by
/// which Foundry's invariant runner asks what to call.
abstract contract Test is Assertions {
    /// @notice Functions of a contract that the invariant runner may call.
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    /// @notice Marks the contract as a test for Foundry.
    bool public constant IS_TEST = true;

    address[] private _targetContracts;
    address[] private _excludedSenders;
    FuzzSelector[] private _targetSelectors;

    /* ACCOUNTS */

    /// @dev A private key and its address, derived from and labelled with `name`.
    function makeAccount(string memory name) internal returns (address account, uint256 key) {
        // Far below the order of secp256k1, and never zero.
        key = (uint256(keccak256(bytes(name))) >> 8) | 1;
        account = vm.addr(key);
        vm.label(account, name);
    }

    /// @dev The address of `makeAccount(name)`.
    function makeAddr(string memory name) internal returns (address account) {
        (account,) = makeAccount(name);
    }

    /// @dev 65 bytes r, s, v over `digest`.
    function signature(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    /* FUZZ INPUTS */

    /// @dev `x` if it lies in [`min`, `max`], else a value that does and depends on `x`.
    function bound(uint256 x, uint256 min, uint256 max) internal pure returns (uint256) {
        vm.assertLe(min, max, "bound: empty range");
        if (x >= min && x <= max) return x;
        uint256 size;
        unchecked {
            size = max - min + 1; // zero when the range is every uint256, but then `x` is in it
        }
        return min + x % size;
    }

    /* TIME */

    /// @dev The clock. The optimizer may keep an older `block.timestamp` across `vm.warp`; this call it cannot.
    function timestamp() internal view returns (uint256) {
        return vm.getBlockTimestamp();
    }

    /// @dev Moves the clock on.
    function skip(uint256 duration) internal {
        vm.warp(vm.getBlockTimestamp() + duration);
    }

    /* INVARIANT TARGETS */

    function targetContract(address target) internal {
        _targetContracts.push(target);
    }

    function targetSelectors(address target, bytes4[] memory selectors) internal {
        _targetSelectors.push(FuzzSelector(target, selectors));
    }

    function excludeSender(address sender) internal {
        _excludedSenders.push(sender);
    }

    /// @notice Read by the invariant runner.
    function targetContracts() external view returns (address[] memory) {
        return _targetContracts;
    }

    /// @notice Read by the invariant runner.
    function targetSelectors() external view returns (FuzzSelector[] memory) {
        return _targetSelectors;
    }

    /// @notice Read by the invariant runner.
    function excludeSenders() external view returns (address[] memory) {
        return _excludedSenders;
    }
}
