// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {INodeRegistry} from "../../src/interfaces/INodeRegistry.sol";
import {vm} from "../utils/Vm.sol";
import {NodeRegistryTest} from "./NodeRegistryTest.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

contract NodeRegistryAddStakeTest is NodeRegistryTest {
    function test_RevertWhen_CallerIsNotRegistered() external {
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_NotRegistered.selector, alice));
        add(alice, 1);
    }

    function test_RevertWhen_CallerIsLeaving() external {
        register(alice, none());
        unregister(alice);
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_NotRegistered.selector, alice));
        add(alice, 1);
    }

    function testFuzz_RevertWhen_AmountExceeds96Bits(uint256 amount) external {
        amount = bound(amount, uint256(type(uint96).max) + 1, type(uint256).max);
        register(alice, none());
        vm.expectRevert(abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 96, amount));
        add(alice, amount);
    }

    function test_RevertWhen_StakeWouldExceed96Bits() external {
        register(alice, none());
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        add(alice, type(uint96).max);
    }

    function test_RevertWhen_WalletIsTooSmall() external {
        register(alice, none());
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientBalance.selector, alice, WALLET - MIN_STAKE, WALLET - MIN_STAKE + 1
            )
        );
        add(alice, WALLET - MIN_STAKE + 1);
    }

    function testFuzz_AddsToTheStake(uint256 amount) external {
        amount = bound(amount, 0, WALLET - MIN_STAKE);
        register(alice, none());
        vm.expectEmit(address(registry));
        emit INodeRegistry.StakeAdded(alice, amount, MIN_STAKE + amount);
        add(alice, amount);
        assertEq(registry.nodeOf(alice).stake, MIN_STAKE + amount);
        assertEq(fab.balanceOf(address(registry)), MIN_STAKE + amount);
        assertEq(fab.balanceOf(alice), WALLET - MIN_STAKE - amount);
    }

    /// forge-config: default.isolate = true
    function test_Gas() external {
        register(alice, none());
        vm.prank(alice);
        registry.addStake(1e18);
        vm.snapshotGasLastCall("NodeRegistry", "addStake");
    }

    function add(address host, uint256 amount) private {
        vm.prank(host);
        registry.addStake(amount);
    }
}
