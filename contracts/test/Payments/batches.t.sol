// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ICircuitBreaker} from "../../src/interfaces/ICircuitBreaker.sol";
import {IPayments} from "../../src/interfaces/IPayments.sol";
import {BlacklistToken} from "../tokens/BlacklistToken.sol";
import {vm} from "../utils/Vm.sol";
import {PaymentsTest} from "./PaymentsTest.sol";

/// @notice Takes no coin, until it is asked to withdraw it to somebody else.
contract Refuser {
    function withdraw(IPayments payments, address to) external {
        payments.withdraw(address(0), to);
    }
}

/// @notice Tries to be paid again while it is paid.
contract Greedy {
    uint256 public tries;

    receive() external payable {
        tries++;
        (bool ok,) = msg.sender.call(abi.encodeCall(IPayments.withdraw, (address(0), address(this))));
        require(!ok, "paid twice");
    }
}

contract PaymentsBatchesTest is PaymentsTest {
    function test_RevertWhen_ThereAreNoneOrTooMany() external {
        vm.expectRevert(abi.encodeWithSelector(IPayments.Payments_BadBatch.selector, 0));
        payments.payBatch(COIN, new IPayments.Payment[](0));
        vm.expectRevert(abi.encodeWithSelector(IPayments.Payments_BadBatch.selector, 101));
        payments.payBatch(COIN, new IPayments.Payment[](101));
    }

    function test_RevertWhen_APaymentIsBad() external {
        IPayments.Payment[] memory list = batch(3, 10);
        list[2].to = address(0);
        vm.expectRevert(IPayments.Payments_ZeroAddress.selector);
        pay(COIN, list, 30);
        list = batch(3, 10);
        list[1].amount = 0;
        vm.expectRevert(IPayments.Payments_ZeroAmount.selector);
        pay(COIN, list, 20);
        vm.expectRevert(abi.encodeWithSelector(IPayments.Payments_WrongValue.selector, 29, 30));
        pay(COIN, batch(3, 10), 29);
    }

    function test_RevertGiven_TheBreakerStoppedIt() external {
        ICircuitBreaker breaker = ICircuitBreaker(address(payments));
        vm.startPrank(guardian);
        breaker.pauseFunction(IPayments.payBatch.selector);
        breaker.setCircuitBreakerLevel(2);
        vm.stopPrank();
        vm.expectRevert(
            abi.encodeWithSelector(ICircuitBreaker.Breaker_Stopped.selector, IPayments.payBatch.selector, 2)
        );
        pay(COIN, batch(1, 1), 1);
    }

    function testFuzz_PaysEverybody(uint256 count, uint128 amount, bool coin) external {
        count = bound(count, 1, 100);
        amount = uint128(bound(amount, 1, 1e30));
        address token = tokenOf(coin);
        IPayments.Payment[] memory list = batch(count, amount);
        for (uint256 i = 0; i < count; i++) {
            vm.expectEmit(address(payments));
            emit IPayments.Paid(payer, list[i].to, token, amount, list[i].memo, true);
        }
        pay(token, list, coin ? count * amount : 0);
        for (uint256 i = 0; i < count; i++) {
            assertEq(holding(token, list[i].to), amount);
        }
        assertEq(holding(token, address(payments)), 0);
    }

    function test_WhenOneRefusesTheCoin_TheOthersArePaid() external {
        Refuser refuser = new Refuser();
        IPayments.Payment[] memory list = batch(3, 10);
        list[1].to = address(refuser);
        vm.expectEmit(address(payments));
        emit IPayments.Paid(payer, list[0].to, COIN, 10, list[0].memo, true);
        vm.expectEmit(address(payments));
        emit IPayments.Paid(payer, address(refuser), COIN, 10, list[1].memo, false);
        pay(COIN, list, 30);
        assertEq(list[0].to.balance + list[2].to.balance, 20);
        assertEq(payments.balanceOf(address(refuser), COIN), 10);
        refuser.withdraw(payments, stranger);
        assertEq(stranger.balance, 10);
        vm.expectRevert(IPayments.Payments_Nothing.selector);
        refuser.withdraw(payments, stranger);
    }

    function test_WhenATokenRefusesOne_TheOthersArePaid() external {
        BlacklistToken token = new BlacklistToken(6);
        token.mint(payer, 30);
        vm.prank(payer);
        token.approve(address(payments), 30);
        IPayments.Payment[] memory list = batch(3, 10);
        token.setBlacklisted(list[0].to, true);
        pay(address(token), list, 0);
        assertEq(token.balanceOf(list[1].to) + token.balanceOf(list[2].to), 20);
        vm.expectEmit(address(payments));
        emit IPayments.BalanceWithdrawn(list[0].to, address(token), stranger, 10);
        vm.prank(list[0].to);
        assertEq(payments.withdraw(address(token), stranger), 10);
        assertEq(token.balanceOf(stranger), 10);
    }

    function test_WhenOneReenters_ItGetsItsPaymentOnly() external {
        create(COIN, 1000, 0, uint40(START) + 100); // money of others is there
        Greedy greedy = new Greedy();
        IPayments.Payment[] memory list = batch(2, 10);
        list[0].to = address(greedy);
        pay(COIN, list, 20);
        assertEq(greedy.tries(), 1);
        assertEq(address(greedy).balance, 10);
        assertEq(address(payments).balance, 1000);
    }

    function test_RevertWhen_WithdrawingNothingOrToNobody() external {
        vm.expectRevert(IPayments.Payments_Nothing.selector);
        payments.withdraw(COIN, payee);
        vm.expectRevert(IPayments.Payments_ZeroAddress.selector);
        payments.withdraw(COIN, address(0));
    }

    /// forge-config: default.isolate = true
    function test_Gas() external {
        IPayments.Payment[] memory list = batch(10, 10);
        pay(address(usd), list, 0);
        pay(address(usd), list, 0);
        vm.snapshotGasLastCall("Payments", "payBatch, ten in a token");
        pay(COIN, list, 100);
        pay(COIN, list, 100);
        vm.snapshotGasLastCall("Payments", "payBatch, ten in coin");
    }

    function batch(uint256 count, uint128 amount) private pure returns (IPayments.Payment[] memory list) {
        list = new IPayments.Payment[](count);
        for (uint256 i = 0; i < count; i++) {
            list[i] = IPayments.Payment(address(uint160(0x30000 + i)), amount, bytes32(i));
        }
    }

    function pay(address token, IPayments.Payment[] memory list, uint256 value) private {
        vm.prank(payer);
        payments.payBatch{value: value}(token, list);
    }
}
