// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ICircuitBreaker} from "../../src/interfaces/ICircuitBreaker.sol";
import {IPayments} from "../../src/interfaces/IPayments.sol";
import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {BareToken} from "../tokens/BareToken.sol";
import {FeeOnTransferToken} from "../tokens/FeeOnTransferToken.sol";
import {vm} from "../utils/Vm.sol";
import {PaymentsTest} from "./PaymentsTest.sol";

contract PaymentsStreamsTest is PaymentsTest {
    uint40 private constant NOW = 1_800_000_000;

    /* CREATE */

    function test_RevertWhen_RecipientOrAmountIsZero() external {
        vm.expectRevert(IPayments.Payments_ZeroAddress.selector);
        payments.createStream(address(0), COIN, 1, 0, NOW + 1);
        vm.expectRevert(IPayments.Payments_ZeroAmount.selector);
        payments.createStream(payee, COIN, 0, 0, NOW + 1);
    }

    function testFuzz_RevertWhen_TimesAreBad(uint40 start, uint40 end) external {
        vm.assume(start != 0);
        vm.assume(start < NOW || end <= start || uint256(end) - start > 10 * 365 days);
        vm.expectRevert(abi.encodeWithSelector(IPayments.Payments_BadTimes.selector, start, end));
        create(address(usd), 1, start, end);
    }

    function testFuzz_RevertWhen_TheValueIsWrong(uint128 amount, uint128 sent) external {
        amount = uint128(bound(amount, 1, type(uint128).max));
        vm.assume(sent != amount);
        vm.deal(address(this), type(uint128).max);
        vm.expectRevert(abi.encodeWithSelector(IPayments.Payments_WrongValue.selector, sent, amount));
        payments.createStream{value: sent}(payee, COIN, amount, 0, NOW + 1);
        vm.expectRevert(abi.encodeWithSelector(IPayments.Payments_WrongValue.selector, 1, 0));
        payments.createStream{value: 1}(payee, address(usd), amount, 0, NOW + 1);
    }

    function test_RevertWhen_TheTokenArrivesShort() external {
        FeeOnTransferToken token = new FeeOnTransferToken(6, 100);
        BareToken(address(token)).mint(payer, 1000);
        vm.prank(payer);
        (bool ok,) = address(token).call(abi.encodeWithSignature("approve(address,uint256)", payments, 1000));
        assertTrue(ok);
        vm.expectPartialRevert(ISessionMarket.SessionMarket_TokenShortfall.selector);
        create(address(token), 1000, 0, NOW + 1);
    }

    function test_RevertGiven_TheBreakerIsAtThree() external {
        stop();
        vm.expectRevert(
            abi.encodeWithSelector(ICircuitBreaker.Breaker_Stopped.selector, payments.createStream.selector, 3)
        );
        create(COIN, 1, 0, NOW + 1);
    }

    function test_GivenALargeAmount_TheBreakerTrips() external {
        ICircuitBreaker breaker = ICircuitBreaker(address(payments));
        vm.prank(owner);
        breaker.setPaymentLimit(COIN, 100);
        create(COIN, 100, 0, NOW + 1);
        assertEq(breaker.circuitBreakerLevel(), 0);
        uint256 id = create(COIN, 101, 0, NOW + 1);
        assertEq(breaker.circuitBreakerLevel(), 1);
        assertEq(payments.streamOf(id).amount, 101);
    }

    function testFuzz_TakesTheMoney(uint128 amount, uint40 delay, uint40 length, bool coin) external {
        amount = uint128(bound(amount, 1, type(uint128).max));
        delay = uint40(bound(delay, 0, 365 days));
        length = uint40(bound(length, 1, 10 * 365 days));
        (uint40 start, uint40 end) = (NOW + delay, NOW + delay + length);
        vm.expectEmit(address(payments));
        emit IPayments.StreamCreated(1, payer, payee, tokenOf(coin), amount, start, end);
        assertEq(create(tokenOf(coin), amount, delay == 0 ? 0 : start, end), 1);
        assertEq(payments.streamCount(), 1);
        assertEq(holding(tokenOf(coin), address(payments)), amount);
        IPayments.Stream memory expected = IPayments.Stream(payer, payee, tokenOf(coin), amount, 0, start, end, false);
        assertEq(abi.encode(payments.streamOf(1)), abi.encode(expected));
    }

    /* WITHDRAW */

    function test_RevertWhen_ThereIsNoSuchStream() external {
        bytes memory unknown = abi.encodeWithSelector(IPayments.Payments_UnknownStream.selector, 1);
        vm.expectRevert(unknown);
        withdrawStream(1);
        vm.expectRevert(unknown);
        cancel(payer, 1);
        vm.expectRevert(unknown);
        payments.streamOf(1);
        vm.expectRevert(unknown);
        payments.flowedOf(1);
    }

    function testFuzz_RevertWhen_NotTheRecipient(address caller) external {
        vm.assume(caller != payee);
        uint256 id = create(COIN, 100, 0, NOW + 100);
        skip(1);
        vm.expectRevert(abi.encodeWithSelector(IPayments.Payments_Unauthorized.selector, caller));
        vm.prank(caller);
        payments.withdrawStream(id, caller == address(0) ? payee : caller);
        vm.expectRevert(IPayments.Payments_ZeroAddress.selector);
        vm.prank(payee);
        payments.withdrawStream(id, address(0));
    }

    function test_RevertWhen_NothingHasFlowed() external {
        uint256 id = create(COIN, 100, NOW + 10, NOW + 110);
        vm.expectRevert(IPayments.Payments_Nothing.selector);
        withdrawStream(id);
        skip(10);
        vm.expectRevert(IPayments.Payments_Nothing.selector);
        withdrawStream(id);
        skip(1);
        assertEq(withdrawStream(id), 1);
        vm.expectRevert(IPayments.Payments_Nothing.selector);
        withdrawStream(id);
    }

    /// @notice Whenever and however often it is taken, it adds up to what has flowed.
    function testFuzz_PaysWhatHasFlowed(uint128 amount, uint40 length, uint40 first, uint40 second, bool coin)
        external
    {
        amount = uint128(bound(amount, 1, type(uint128).max));
        length = uint40(bound(length, 1, 10 * 365 days));
        first = uint40(bound(first, 0, 2 * uint256(length)));
        second = uint40(bound(second, 0, 2 * uint256(length)));
        uint256 id = create(tokenOf(coin), amount, 0, NOW + length);
        stop(); // exits never ask
        uint256 taken;
        for (uint256 i = 0; i < 2; i++) {
            skip(i == 0 ? first : second);
            uint256 elapsed = timestamp() - START;
            uint256 flowed = elapsed >= length ? amount : uint256(amount) * elapsed / length;
            assertEq(payments.flowedOf(id), flowed);
            if (flowed > taken) assertEq(withdrawStream(id), flowed - taken);
            taken = flowed;
            assertEq(holding(tokenOf(coin), payee), taken);
            assertEq(payments.streamOf(id).withdrawn, taken);
        }
    }

    /* CANCEL */

    function testFuzz_RevertWhen_CancelledByAStranger(address caller) external {
        vm.assume(caller != payee && caller != payer);
        uint256 id = create(COIN, 100, 0, NOW + 100);
        vm.expectRevert(abi.encodeWithSelector(IPayments.Payments_Unauthorized.selector, caller));
        cancel(caller, id);
    }

    function test_RevertWhen_TheStreamIsOver() external {
        uint256 id = create(COIN, 100, 0, NOW + 100);
        cancel(payer, id);
        vm.expectRevert(abi.encodeWithSelector(IPayments.Payments_Over.selector, id));
        cancel(payer, id);
        id = create(COIN, 100, 0, NOW + 100);
        skip(100);
        vm.expectRevert(abi.encodeWithSelector(IPayments.Payments_Over.selector, id));
        cancel(payer, id);
    }

    function testFuzz_ToTheLastUnit(uint128 amount, uint40 delay, uint40 length, uint40 elapsed, bool byPayee)
        external
    {
        amount = uint128(bound(amount, 1, type(uint128).max));
        delay = uint40(bound(delay, 0, 365 days));
        length = uint40(bound(length, 1, 10 * 365 days));
        elapsed = uint40(bound(elapsed, 0, uint256(delay) + length - 1));
        uint256 id = create(address(usd), amount, NOW + delay, NOW + delay + length);
        stop();
        skip(elapsed);
        uint256 flowed = elapsed <= delay ? 0 : uint256(amount) * (elapsed - delay) / length;
        address by = byPayee ? payee : payer;
        vm.expectEmit(address(payments));
        emit IPayments.StreamCancelled(id, by, flowed, amount - flowed);
        assertEq(cancel(by, id), amount - flowed);
        assertEq(payments.balanceOf(payer, address(usd)), amount - flowed);
        assertEq(payments.flowedOf(id), flowed); // it is the recipient's at once,
        skip(length);
        assertEq(payments.flowedOf(id), flowed); // and flows no more
        if (flowed != 0) withdrawStream(id);
        if (flowed != amount) {
            vm.prank(payer);
            assertEq(payments.withdraw(address(usd), payer), amount - flowed);
        }
        assertEq(usd.balanceOf(payee), flowed);
        assertEq(usd.balanceOf(payer), type(uint128).max - flowed);
        assertEq(usd.balanceOf(address(payments)), 0);
    }

    /// forge-config: default.isolate = true
    function test_Gas() external {
        create(address(usd), 100e6, 0, NOW + 1000);
        uint256 id = create(address(usd), 100e6, 0, NOW + 1000);
        vm.snapshotGasLastCall("Payments", "createStream, token");
        skip(10);
        withdrawStream(id);
        skip(10);
        withdrawStream(id);
        vm.snapshotGasLastCall("Payments", "withdrawStream, token");
        cancel(payer, id);
        vm.snapshotGasLastCall("Payments", "cancelStream");
    }

    function stop() private {
        vm.prank(guardian);
        ICircuitBreaker(address(payments)).setCircuitBreakerLevel(3);
    }
}
