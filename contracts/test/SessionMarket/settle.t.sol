// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {vm} from "../utils/Vm.sol";
import {SessionMarketTest} from "./utils/SessionMarketTest.sol";

contract SettleTest is SessionMarketTest {
    function test_RevertGiven_SessionWasNeverOpened() external {
        ISessionMarket.Terms memory t = coinTerms();
        ISessionMarket.SignedVoucher memory v = voucherFor(t, 1, 1);
        expectNotActive(t, ISessionMarket.Status.None);
        market.settle(t, v);
    }

    function test_RevertGiven_SessionHasEnded() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        vm.prank(host);
        market.completeSession(t, noVoucher());
        ISessionMarket.SignedVoucher memory v = voucherFor(t, 1, 1);
        expectNotActive(t, ISessionMarket.Status.Completed);
        market.settle(t, v);
    }

    function test_RevertGiven_SessionIsInvalidated() external {
        ISessionMarket.Terms memory t = coinTerms();
        vm.prank(renter);
        market.invalidate(t);
        ISessionMarket.SignedVoucher memory v = voucherFor(t, 1, 1);
        expectNotActive(t, ISessionMarket.Status.Invalidated);
        market.settle(t, v);
    }

    function test_RevertWhen_VoucherIsByAnotherKey() external {
        ISessionMarket.Terms memory t = coinTerms();
        uint256 id = open(t);
        refuses(t, voucherBy(renterKey, id, 1, 1));
        refuses(t, voucherBy(hostSignerKey, id, 1, 1));
        refuses(t, voucherBy(strangerKey, id, 1, 1));
    }

    function test_RevertWhen_VoucherIsTampered() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        ISessionMarket.SignedVoucher memory v = voucherFor(t, 10, 10);
        v.outputTokens = 11;
        refuses(t, v);
        v = voucherFor(t, 10, 10);
        v.inputTokens = 11;
        refuses(t, v);
        v = voucherFor(t, 10, 10);
        v.head = keccak256("another head");
        refuses(t, v);
    }

    function test_RevertWhen_VoucherAddsNothing() external {
        ISessionMarket.Terms memory t = coinTerms();
        uint256 id = open(t);
        market.settle(t, voucherFor(t, 100, 200));
        uint256 settled = grossOf(t, 100, 200);
        nothingNew(t, voucherFor(t, 100, 200), id, settled, settled);
        nothingNew(t, voucherFor(t, 100, 199), id, grossOf(t, 100, 199), settled);
        nothingNew(t, voucherFor(t, 0, 0), id, 0, settled);
    }

    function test_RevertWhen_DepositIsExhausted() external {
        ISessionMarket.Terms memory t = coinTerms();
        uint256 id = open(t);
        market.settle(t, voucherFor(t, 0, 2_000_000_000));
        assertEq(details(t).settled, COIN_DEPOSIT, "settled");
        uint256 gross = grossOf(t, 0, 3_000_000_000);
        nothingNew(t, voucherFor(t, 0, 3_000_000_000), id, gross, COIN_DEPOSIT);
    }

    function test_WhenVoucherAddsSomething() external {
        ISessionMarket.Terms memory t = tokenTerms();
        uint256 id = open(t);
        uint256 first = grossOf(t, 1003, 7001);
        uint256 second = grossOf(t, 5003, 17_001);

        vm.expectEmit(address(market));
        emit ISessionMarket.SessionSettled(id, 1003, 7001, HEAD, first);
        vm.prank(stranger);
        market.settle(t, voucherFor(t, 1003, 7001));
        assertEq(netOf(host, address(token)), first - first * FEE_BPS / 10_000, "net");
        assertEq(feeOf(host, address(token)), first * FEE_BPS / 10_000, "fee");

        vm.expectEmit(address(market));
        emit ISessionMarket.SessionSettled(id, 5003, 17_001, HEAD, second - first);
        market.settle(t, voucherFor(t, 5003, 17_001));
        assertEq(netOf(host, address(token)), second - second * FEE_BPS / 10_000, "net after");
        assertEq(feeOf(host, address(token)), second * FEE_BPS / 10_000, "fee after");
        assertEq(details(t).settled, second, "settled");
        assertEq(details(t).deposit, TOKEN_DEPOSIT, "deposit");
    }

    function test_WhenSessionIsOverButNotEnded() external {
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        skip(30 days);
        market.settle(t, voucherFor(t, 10, 10));
        assertEq(details(t).settled, grossOf(t, 10, 10), "settled");
    }

    function test_WhenCountsAreTheLargest() external {
        ISessionMarket.Terms memory t = tokenTerms();
        t.inputPrice = type(uint128).max;
        t.outputPrice = type(uint128).max;
        open(t);
        market.settle(t, voucherFor(t, type(uint64).max, type(uint64).max));
        assertEq(details(t).settled, TOKEN_DEPOSIT, "settled");
    }

    /// forge-config: default.fuzz.runs = 128
    function testFuzz_TotalDoesNotDependOnHowOftenOneSettles(uint64[8] memory inputs, uint64[8] memory outputs)
        external
    {
        ISessionMarket.Terms memory often = tokenTerms();
        ISessionMarket.Terms memory once = tokenTerms();
        once.salt = 1;
        open(often);
        uint256 largest;
        uint64 bestInput;
        uint64 bestOutput;
        for (uint256 i; i < inputs.length; ++i) {
            (uint64 input, uint64 output) =
                (uint64(bound(inputs[i], 0, 200_000_000)), uint64(bound(outputs[i], 0, 100_000_000)));
            uint256 before = details(often).settled;
            (bool ok,) = address(market).call(abi.encodeCall(market.settle, (often, voucherFor(often, input, output))));
            uint256 gross = grossOf(often, input, output);
            uint256 payable_ = gross < TOKEN_DEPOSIT ? gross : TOKEN_DEPOSIT;
            assertEq(ok, payable_ > before, "settled or refused");
            assertGe(details(often).settled, before, "backwards");
            if (gross > largest) (largest, bestInput, bestOutput) = (gross, input, output);
        }
        vm.assume(largest != 0);
        (uint256 net, uint256 fee) = market.earningsOf(host, address(token));
        open(once);
        market.settle(once, voucherFor(once, bestInput, bestOutput));
        (uint256 netTwice, uint256 feeTwice) = market.earningsOf(host, address(token));
        assertEq(netTwice, 2 * net, "net");
        assertEq(feeTwice, 2 * fee, "fee");
        assertEq(details(once).settled, net + fee, "settled");
    }

    function refuses(ISessionMarket.Terms memory t, ISessionMarket.SignedVoucher memory v) private {
        expectBadSignature();
        market.settle(t, v);
    }

    function nothingNew(
        ISessionMarket.Terms memory t,
        ISessionMarket.SignedVoucher memory v,
        uint256 id,
        uint256 gross,
        uint256 settled
    ) private {
        vm.expectRevert(
            abi.encodeWithSelector(ISessionMarket.SessionMarket_NothingToSettle.selector, id, gross, settled)
        );
        market.settle(t, v);
    }
}
