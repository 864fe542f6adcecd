// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {vm} from "../utils/Vm.sol";
import {FabTokenTest} from "./FabTokenTest.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

contract FabTokenBurnTest is FabTokenTest {
    function testFuzz_RevertWhen_BalanceIsTooSmall(uint256 amount) external {
        amount = bound(amount, SUPPLY + 1, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, holder, SUPPLY, amount));
        vm.prank(holder);
        fab.burn(amount);
    }

    function testFuzz_RevertWhen_AllowanceIsTooSmall(uint256 allowed, uint256 amount) external {
        allowed = bound(allowed, 0, SUPPLY - 1);
        amount = bound(amount, allowed + 1, SUPPLY);
        vm.prank(holder);
        fab.approve(stranger, allowed);
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, stranger, allowed, amount)
        );
        vm.prank(stranger);
        fab.burnFrom(holder, amount);
    }

    function testFuzz_Burns(uint256 own, uint256 others) external {
        own = bound(own, 0, SUPPLY);
        others = bound(others, 0, SUPPLY - own);
        vm.startPrank(holder);
        fab.burn(own);
        fab.approve(stranger, SUPPLY);
        vm.stopPrank();
        vm.prank(stranger);
        fab.burnFrom(holder, others);
        assertEq(fab.balanceOf(holder), SUPPLY - own - others);
        assertEq(fab.totalSupply(), SUPPLY - own - others);
        assertEq(fab.allowance(holder, stranger), SUPPLY - others);
    }

    /// forge-config: default.isolate = true
    function test_Gas() external {
        vm.prank(holder);
        fab.burn(1);
        vm.snapshotGasLastCall("FabToken", "burn");
        vm.prank(holder);
        fab.transfer(governance, 1e18);
        vm.prank(holder);
        fab.transfer(governance, 1e18);
        vm.snapshotGasLastCall("FabToken", "transfer, no delegates");
    }
}
