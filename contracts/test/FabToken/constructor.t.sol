// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Deploy} from "../utils/Deploy.sol";
import {vm} from "../utils/Vm.sol";
import {FabTokenTest} from "./FabTokenTest.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

contract FabTokenConstructorTest is FabTokenTest {
    function test_RevertWhen_OwnerIsZero() external {
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableInvalidOwner.selector, address(0)));
        Deploy.fabToken(address(0), holder);
    }

    function test_RevertWhen_HolderIsZero() external {
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InvalidReceiver.selector, address(0)));
        Deploy.fabToken(governance, address(0));
    }

    function test_GivesTheHolderTheSupply() external view {
        assertEq(fab.INITIAL_SUPPLY(), SUPPLY);
        assertEq(fab.totalSupply(), SUPPLY);
        assertEq(fab.balanceOf(holder), SUPPLY);
    }

    function test_Describes() external view {
        assertEq(fab.name(), "Fabstir");
        assertEq(fab.symbol(), "FAB");
        assertEq(fab.decimals(), 18);
        assertEq(fab.owner(), governance);
    }
}
