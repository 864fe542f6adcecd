// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {INodeRegistry} from "../../src/interfaces/INodeRegistry.sol";
import {Deploy} from "../utils/Deploy.sol";
import {vm} from "../utils/Vm.sol";
import {NodeRegistryTest} from "./NodeRegistryTest.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

contract NodeRegistryConstructorTest is NodeRegistryTest {
    function test_RevertWhen_TokenIsZero() external {
        vm.expectRevert(INodeRegistry.NodeRegistry_ZeroAddress.selector);
        Deploy.nodeRegistry(owner, address(0), MIN_STAKE, UNBONDING, MAX_METADATA);
    }

    function testFuzz_RevertWhen_StakeIsOutOfRange(uint256 stake) external {
        vm.assume(stake < 1e18 || stake > 100_000e18);
        expectOutOfRange(stake, 1e18, 100_000e18);
        Deploy.nodeRegistry(owner, address(fab), stake, UNBONDING, MAX_METADATA);
    }

    function testFuzz_RevertWhen_UnbondingIsOutOfRange(uint64 unbonding) external {
        vm.assume(unbonding < 1 hours || unbonding > 90 days);
        expectOutOfRange(unbonding, 1 hours, 90 days);
        Deploy.nodeRegistry(owner, address(fab), MIN_STAKE, unbonding, MAX_METADATA);
    }

    function testFuzz_RevertWhen_MetadataLimitIsOutOfRange(uint256 limit) external {
        vm.assume(limit < 256 || limit > 16_384);
        expectOutOfRange(limit, 256, 16_384);
        Deploy.nodeRegistry(owner, address(fab), MIN_STAKE, UNBONDING, limit);
    }

    function test_RevertWhen_OwnerIsZero() external {
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableInvalidOwner.selector, address(0)));
        Deploy.nodeRegistry(address(0), address(fab), MIN_STAKE, UNBONDING, MAX_METADATA);
    }

    function test_KeepsItsArguments() external view {
        assertEq(Ownable(address(registry)).owner(), owner);
        assertEq(registry.fab(), address(fab));
        assertEq(registry.minStake(), MIN_STAKE);
        assertEq(registry.unbondingPeriod(), UNBONDING);
        assertEq(registry.maxMetadata(), MAX_METADATA);
    }

    function test_BoundsBelongToTheRange() external {
        INodeRegistry low = Deploy.nodeRegistry(owner, address(fab), 1e18, 1 hours, 256);
        assertEq(low.minStake(), 1e18);
        INodeRegistry high = Deploy.nodeRegistry(owner, address(fab), 100_000e18, 90 days, 16_384);
        assertEq(high.unbondingPeriod(), 90 days);
    }

    function expectOutOfRange(uint256 value, uint256 min, uint256 max) private {
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeRegistry_OutOfRange.selector, value, min, max));
    }
}
