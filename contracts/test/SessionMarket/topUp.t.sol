// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {vm} from "../utils/Vm.sol";
import {SessionMarketTest} from "./utils/SessionMarketTest.sol";

contract TopUpTest is SessionMarketTest {
    function test_RevertGiven_SessionIsNotActive() external {
        ISessionMarket.Terms memory t = coinTerms();
        expectNotActive(t, ISessionMarket.Status.None);
        give(t, 1);
        open(t);
        timeOut(t);
        expectNotActive(t, ISessionMarket.Status.TimedOut);
        give(t, 1);
    }

    function test_RevertWhen_DepositIsAboveLimit() external {
        ISessionMarket.Terms memory t = tokenTerms();
        open(t);
        uint256 room = TOKEN_MAX - TOKEN_DEPOSIT;
        vm.expectRevert(
            abi.encodeWithSelector(ISessionMarket.SessionMarket_DepositOutOfRange.selector, room + 1, 0, room)
        );
        give(t, room + 1);
        give(t, room);
        assertEq(details(t).deposit, TOKEN_MAX, "deposit");
        vm.expectRevert(abi.encodeWithSelector(ISessionMarket.SessionMarket_DepositOutOfRange.selector, 1, 0, 0));
        give(t, 1);
    }

    function test_RevertWhen_ValueIsWrong() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        vm.expectRevert(abi.encodeWithSelector(ISessionMarket.SessionMarket_WrongValue.selector, 2, 1));
        vm.prank(stranger);
        market.topUp{value: 2}(t, 1);
    }

    /// forge-config: default.fuzz.runs = 128
    function testFuzz_AddsToTheDepositAndTouchesNoClock(bool coin, uint256 amount, bool closing) external {
        ISessionMarket.Terms memory t = coin ? coinTerms() : tokenTerms();
        uint256 id = open(t);
        if (closing) cancel(t, 0, 0);
        ISessionMarket.SessionDetails memory before = details(t);
        amount = bound(amount, 0, coin ? 999 ether : 999_900e6);
        skip(10 minutes);
        vm.expectEmit(address(market));
        emit ISessionMarket.SessionToppedUp(id, stranger, amount);
        give(t, amount);
        ISessionMarket.SessionDetails memory d = details(t);
        assertEq(d.deposit, before.deposit + amount, "deposit");
        assertEq(d.closingAt, before.closingAt, "closingAt");
        assertEq(d.extensionHours, before.extensionHours, "hours");
        uint256 wallet = holding(t.token, renter);
        timeOut(t);
        assertEq(holding(t.token, renter) - wallet, before.deposit + amount, "a gift to the renter");
    }

    function give(ISessionMarket.Terms memory t, uint256 amount) private {
        vm.prank(stranger);
        market.topUp{value: t.token == COIN ? amount : 0}(t, amount);
    }
}
