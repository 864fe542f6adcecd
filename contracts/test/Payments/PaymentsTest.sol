// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ICircuitBreaker} from "../../src/interfaces/ICircuitBreaker.sol";
import {IPayments} from "../../src/interfaces/IPayments.sol";
import {DevToken} from "../tokens/DevToken.sol";
import {Deploy} from "../utils/Deploy.sol";
import {Test} from "../utils/Test.sol";
import {vm} from "../utils/Vm.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice A payer with coin and dollars, and somebody to pay.
abstract contract PaymentsTest is Test {
    address internal constant COIN = address(0);
    uint256 internal constant START = 1_800_000_000;

    IPayments internal payments;
    DevToken internal usd;

    address internal owner;
    address internal guardian;
    address internal payer;
    address internal payee;
    address internal stranger;

    function setUp() public virtual {
        vm.warp(START);
        (owner, guardian, stranger) = (makeAddr("owner"), makeAddr("guardian"), makeAddr("stranger"));
        (payer, payee) = (makeAddr("payer"), makeAddr("payee"));
        payments = Deploy.payments(owner, guardian, ICircuitBreaker.BreakerSettings(5, 10 minutes, 3, 10));
        usd = new DevToken("Dollar", "USD", 6);
        usd.mint(payer, type(uint128).max);
        vm.deal(payer, type(uint128).max);
        vm.prank(payer);
        usd.approve(address(payments), type(uint256).max);
    }

    function create(address token, uint128 amount, uint40 start, uint40 end) internal returns (uint256) {
        vm.prank(payer);
        return payments.createStream{value: token == COIN ? amount : 0}(payee, token, amount, start, end);
    }

    function withdrawStream(uint256 id) internal returns (uint256) {
        vm.prank(payee);
        return payments.withdrawStream(id, payee);
    }

    function cancel(address by, uint256 id) internal returns (uint256) {
        vm.prank(by);
        return payments.cancelStream(id);
    }

    function holding(address token, address account) internal view returns (uint256) {
        return token == COIN ? account.balance : IERC20(token).balanceOf(account);
    }

    function tokenOf(bool coin) internal view returns (address) {
        return coin ? COIN : address(usd);
    }
}
