// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {vm} from "../utils/Vm.sol";
import {FabTokenTest, IFullFabToken} from "./FabTokenTest.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

contract FabTokenMintTest is FabTokenTest {
    uint256 private constant CAP = SUPPLY / 50;

    function testFuzz_RevertWhen_CallerIsNotOwner(address caller) external {
        vm.assume(caller != governance);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller));
        vm.prank(caller);
        fab.mint(stranger, 1);
    }

    function testFuzz_RevertWhen_AboveTheCap(uint256 first, uint256 second) external {
        first = bound(first, 0, CAP);
        second = bound(second, CAP - first + 1, type(uint256).max);
        mint(first);
        expectCapExceeded(second, CAP - first);
        mint(second);
    }

    function testFuzz_MintsWithinTheCap(uint256 first, uint256 second) external {
        first = bound(first, 0, CAP);
        second = bound(second, 0, CAP - first);
        assertEq(fab.mintable(), CAP);
        vm.expectEmit(address(fab));
        emit IFullFabToken.Minted(stranger, first, CAP - first);
        vm.expectEmit(address(fab));
        emit IFullFabToken.Transfer(address(0), stranger, first);
        mint(first);
        assertEq(fab.mintable(), CAP - first);

        vm.expectEmit(address(fab));
        emit IFullFabToken.Minted(stranger, second, CAP - first - second);
        mint(second);
        assertEq(fab.balanceOf(stranger), first + second);
        assertEq(fab.totalSupply(), SUPPLY + first + second);
        assertEq(fab.mintable(), CAP - first - second);
    }

    function testFuzz_GivenLessThanAYear_TheCapStays(uint256 elapsed, uint256 burnt) external {
        mint(CAP);
        skip(bound(elapsed, 0, YEAR - 1));
        assertEq(fab.mintable(), 0);
        // Burning what was minted makes no room for more.
        vm.prank(holder);
        fab.burn(bound(burnt, 0, SUPPLY));
        assertEq(fab.mintable(), 0);
        expectCapExceeded(1, 0);
        mint(1);
    }

    function testFuzz_GivenAYear_TheCapIsOfTheSupplyOfNow(uint256 elapsed, uint256 burnt) external {
        mint(CAP);
        skip(bound(elapsed, YEAR, 100 * YEAR));
        burnt = bound(burnt, 0, SUPPLY);
        vm.prank(holder);
        fab.burn(burnt);
        uint256 cap = (SUPPLY + CAP - burnt) / 50;
        assertEq(fab.mintable(), cap);
        mint(cap);
        assertEq(fab.mintable(), 0);
    }

    /// @notice A late mint moves the renewal: two allowances never fall into one year.
    function test_NoYearSeesTwoAllowances() external {
        mint(1);
        skip(YEAR - 1);
        mint(CAP - 1);
        skip(1);
        expectCapExceeded(1, 0);
        mint(1);
        skip(YEAR - 2);
        assertEq(fab.mintable(), 0);
        skip(1);
        assertEq(fab.mintable(), (SUPPLY + CAP) / 50);
    }

    function test_OwnershipMovesWhenAccepted() external {
        vm.prank(governance);
        fab.transferOwnership(stranger);
        assertEq(fab.owner(), governance);
        assertEq(fab.pendingOwner(), stranger);
        vm.prank(stranger);
        fab.acceptOwnership();
        assertEq(fab.owner(), stranger);
    }

    /// forge-config: default.isolate = true
    function test_Gas() external {
        mint(1);
        vm.prank(governance);
        fab.mint(stranger, 1);
        vm.snapshotGasLastCall("FabToken", "mint");
    }

    function expectCapExceeded(uint256 amount, uint256 available) private {
        vm.expectRevert(abi.encodeWithSelector(IFullFabToken.FabToken_MintCapExceeded.selector, amount, available));
    }
}
