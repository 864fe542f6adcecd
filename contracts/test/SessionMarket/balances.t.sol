// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {vm} from "../utils/Vm.sol";
import {ContractWallet} from "./utils/ContractWallet.sol";
import {SessionMarketTest} from "./utils/SessionMarketTest.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

contract BalancesTest is SessionMarketTest {
    /* DEPOSIT */

    function test_RevertWhen_DepositedTokenIsNotAccepted() external {
        accept(address(token), 0, 0);
        expectRefused(ISessionMarket.Reason.TokenNotAccepted);
        vm.prank(renter);
        market.deposit(address(token), 1);
    }

    function test_RevertWhen_DepositedValueIsWrong() external {
        vm.startPrank(renter);
        vm.expectRevert(abi.encodeWithSelector(ISessionMarket.SessionMarket_WrongValue.selector, 2, 1));
        market.deposit{value: 2}(COIN, 1);
        vm.expectRevert(abi.encodeWithSelector(ISessionMarket.SessionMarket_WrongValue.selector, 1, 0));
        market.deposit{value: 1}(address(token), 1);
        vm.stopPrank();
    }

    function test_RevertWhen_DepositCannotBePulled() external {
        vm.expectPartialRevert(IERC20Errors.ERC20InsufficientAllowance.selector);
        vm.prank(host);
        market.deposit(address(token), 1);
    }

    function testFuzz_Deposits(uint256 coins, uint256 tokens) external {
        coins = bound(coins, 0, 10_000 ether);
        tokens = bound(tokens, 0, 10_000_000e6);
        vm.startPrank(renter);
        vm.expectEmit(address(market));
        emit ISessionMarket.BalanceDeposited(renter, COIN, coins);
        market.deposit{value: coins}(COIN, coins);
        vm.expectEmit(address(market));
        emit ISessionMarket.BalanceDeposited(renter, address(token), tokens);
        market.deposit(address(token), tokens);
        vm.stopPrank();
        assertEq(market.balanceOf(renter, COIN), coins, "coin");
        assertEq(market.balanceOf(renter, address(token)), tokens, "token");
        assertEq(address(market).balance, coins, "held coin");
        assertEq(token.balanceOf(address(market)), tokens, "held token");
    }

    /* WITHDRAW BALANCE */

    function test_RevertWhen_BalanceGoesToZero() external {
        prefund();
        vm.expectRevert(ISessionMarket.SessionMarket_ZeroAddress.selector);
        vm.prank(renter);
        market.withdrawBalance(COIN, 1, address(0));
    }

    function test_RevertWhen_BalanceIsShort() external {
        prefund();
        expectInsufficient(5 ether, 5 ether + 1);
        vm.prank(renter);
        market.withdrawBalance(COIN, 5 ether + 1, renter);
        expectInsufficient(0, 1);
        vm.prank(stranger);
        market.withdrawBalance(COIN, 1, stranger);
    }

    function test_RevertWhen_RecipientRefusesBalance() external {
        prefund();
        ContractWallet wallet = new ContractWallet();
        wallet.setMood(ContractWallet.Mood.Rejecting);
        vm.expectRevert(
            abi.encodeWithSelector(ISessionMarket.SessionMarket_TransferFailed.selector, COIN, address(wallet))
        );
        vm.prank(renter);
        market.withdrawBalance(COIN, 1 ether, address(wallet));
    }

    function testFuzz_WithdrawsBalance(uint256 amount) external {
        prefund();
        amount = bound(amount, 0, 5 ether);
        uint256 before = stranger.balance;
        vm.expectEmit(address(market));
        emit ISessionMarket.BalanceWithdrawn(renter, COIN, stranger, amount);
        vm.prank(renter);
        market.withdrawBalance(COIN, amount, stranger);
        assertEq(stranger.balance - before, amount, "paid");
        assertEq(market.balanceOf(renter, COIN), 5 ether - amount, "left");
    }

    function test_WithdrawsTokenBalance() external {
        prefund();
        vm.prank(renter);
        market.withdrawBalance(address(token), 5e6, host);
        assertEq(token.balanceOf(host), 5e6, "paid");
        assertEq(market.balanceOf(renter, address(token)), 0, "left");
    }

    function test_WithdrawsBalanceOfATokenNoLongerAccepted() external {
        prefund();
        accept(address(token), 0, 0);
        vm.prank(renter);
        market.withdrawBalance(address(token), 5e6, renter);
        assertEq(market.balanceOf(renter, address(token)), 0, "left");
    }

    /* DELEGATES */

    function test_RevertWhen_DelegateIsZero() external {
        vm.expectRevert(ISessionMarket.SessionMarket_ZeroAddress.selector);
        market.authorizeDelegate(address(0), COIN, 1, 1);
    }

    function testFuzz_AuthorizesDelegate(uint96 cap, uint64 expiry) external {
        vm.startPrank(renter);
        market.authorizeDelegate(delegate, COIN, 77, 88);
        vm.expectEmit(address(market));
        emit ISessionMarket.DelegateAuthorized(renter, delegate, COIN, cap, expiry);
        market.authorizeDelegate(delegate, COIN, cap, expiry);
        vm.stopPrank();
        (uint96 cap_, uint64 expiry_) = market.delegateOf(renter, delegate, COIN);
        assertEq(cap_, cap, "cap");
        assertEq(expiry_, expiry, "expiry");
    }

    function prefund() private {
        vm.startPrank(renter);
        market.deposit{value: 5 ether}(COIN, 5 ether);
        market.deposit(address(token), 5e6);
        vm.stopPrank();
    }
}
