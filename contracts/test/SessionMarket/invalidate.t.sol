// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {vm} from "../utils/Vm.sol";
import {Messages} from "./utils/Messages.sol";
import {SessionMarketTest} from "./utils/SessionMarketTest.sol";

contract InvalidateTest is SessionMarketTest {
    function test_RevertWhen_CallerIsNotRenter() external {
        expectUnauthorized(stranger);
        vm.prank(stranger);
        market.invalidate(coinTerms());
    }

    function test_RevertGiven_IdIsOpen() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        expectIdUsed(t);
        assertStatus(t, ISessionMarket.Status.Active);
    }

    function test_RevertGiven_IdHasEnded() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        timeOut(t);
        expectIdUsed(t);
    }

    function test_RevertGiven_IdIsInvalidated() external {
        ISessionMarket.Terms memory t = coinTerms();
        vm.prank(renter);
        market.invalidate(t);
        expectIdUsed(t);
    }

    function testFuzz_GivenIdIsUnused(uint256 salt) external {
        ISessionMarket.Terms memory t = tokenTerms();
        t.salt = salt;
        vm.expectEmit(address(market));
        emit ISessionMarket.SessionInvalidated(idOf(t));
        vm.prank(renter);
        market.invalidate(t);
        assertStatus(t, ISessionMarket.Status.Invalidated);

        bytes memory used = abi.encodeWithSelector(ISessionMarket.SessionMarket_IdUsed.selector, idOf(t));
        vm.expectRevert(used);
        open(t);
        vm.prank(renter);
        market.deposit(address(token), TOKEN_DEPOSIT);
        ISessionMarket.Authorization memory a;
        a.deadline = uint64(timestamp());
        a.orderSignature = sign(renterKey, Messages.order(t, TOKEN_DEPOSIT, a.deadline));
        vm.expectRevert(used);
        market.createSessionJobFor(t, TOKEN_DEPOSIT, a);
        expectNotActive(t, ISessionMarket.Status.Invalidated);
        market.triggerSessionTimeout(t);
    }

    function expectIdUsed(ISessionMarket.Terms memory t) private {
        vm.expectRevert(abi.encodeWithSelector(ISessionMarket.SessionMarket_IdUsed.selector, idOf(t)));
        vm.prank(renter);
        market.invalidate(t);
    }
}
