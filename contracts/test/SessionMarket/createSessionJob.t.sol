// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {vm} from "../utils/Vm.sol";
import {Messages} from "./utils/Messages.sol";
import {SessionMarketTest} from "./utils/SessionMarketTest.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

contract CreateSessionJobTest is SessionMarketTest {
    function test_RevertWhen_CallerIsNotRenter() external {
        ISessionMarket.Terms memory t = coinTerms();
        expectUnauthorized(stranger);
        vm.prank(stranger);
        market.createSessionJob{value: 1 ether}(t, 1 ether, noQuote());
    }

    function test_RevertGiven_Paused() external {
        vm.prank(owner);
        market.pause();
        vm.expectRevert(ISessionMarket.SessionMarket_Paused.selector);
        open(coinTerms());
    }

    function test_RevertGiven_IdIsOpen() external {
        ISessionMarket.Terms memory t = coinTerms();
        expectIdUsed(t, open(t));
    }

    function test_RevertGiven_IdHasEnded() external {
        ISessionMarket.Terms memory t = coinTerms();
        uint256 id = open(t);
        vm.prank(host);
        market.completeSession(t, noVoucher());
        expectIdUsed(t, id);
    }

    function test_RevertGiven_IdIsInvalidated() external {
        ISessionMarket.Terms memory t = coinTerms();
        vm.prank(renter);
        market.invalidate(t);
        expectIdUsed(t, idOf(t));
    }

    function test_RevertWhen_TermsAreBad() external {
        ISessionMarket.Terms memory t = coinTerms();
        t.renter = address(0);
        vm.deal(address(0), 1 ether);
        refusedAs(t, ISessionMarket.Reason.BadTerms);
        t = coinTerms();
        t.host = address(0);
        refusedAs(t, ISessionMarket.Reason.BadTerms);
        t = coinTerms();
        t.hostSigner = address(0);
        refusedAs(t, ISessionMarket.Reason.BadTerms);
        t = coinTerms();
        t.voucherSigner = address(0);
        refusedAs(t, ISessionMarket.Reason.BadTerms);
        t = coinTerms();
        t.outputPrice = 0;
        refusedAs(t, ISessionMarket.Reason.BadTerms);
        t = coinTerms();
        t.cancelBps = 501;
        refusedAs(t, ISessionMarket.Reason.BadTerms);
    }

    function test_RevertWhen_FeeIsNotTheMarkets() external {
        ISessionMarket.Terms memory t = coinTerms();
        t.feeBps = FEE_BPS - 1;
        refusedAs(t, ISessionMarket.Reason.WrongFee);
    }

    function test_RevertWhen_TimesAreOutOfBounds() external {
        ISessionMarket.Terms memory t = coinTerms();
        t.expiresAt = uint64(timestamp());
        refusedAs(t, ISessionMarket.Reason.BadTimes);
        t.expiresAt = uint64(timestamp() + 365 days + 1);
        refusedAs(t, ISessionMarket.Reason.BadTimes);
        t = coinTerms();
        t.grace = 15 minutes - 1;
        refusedAs(t, ISessionMarket.Reason.BadTimes);
        t.grace = 7 days + 1;
        refusedAs(t, ISessionMarket.Reason.BadTimes);
    }

    function test_RevertWhen_TokenIsNotAccepted() external {
        accept(address(token), 0, 0);
        refusedAs(tokenTerms(), ISessionMarket.Reason.TokenNotAccepted);
    }

    function test_RevertWhen_HostNeverRegistered() external {
        ISessionMarket.Terms memory t = coinTerms();
        t.host = stranger;
        refusedAs(t, ISessionMarket.Reason.HostInactive);
    }

    function test_RevertWhen_HostHasLeft() external {
        vm.prank(host);
        registry.unregister();
        refusedAs(coinTerms(), ISessionMarket.Reason.HostInactive);
    }

    function test_RevertWhen_HostSignerIsAnother() external {
        ISessionMarket.Terms memory t = coinTerms();
        t.hostSigner = stranger;
        refusedAs(t, ISessionMarket.Reason.WrongSigner);
    }

    function test_RevertWhen_PriceIsBelowFloor() external {
        ISessionMarket.Terms memory t = coinTerms();
        t.inputPrice = 1e14 - 1;
        refusedAs(t, ISessionMarket.Reason.PriceBelowFloor);
        t = coinTerms();
        t.outputPrice = 5e14 - 1;
        refusedAs(t, ISessionMarket.Reason.PriceBelowFloor);
    }

    function test_RevertWhen_ModelIsNotOffered() external {
        ISessionMarket.Terms memory t = coinTerms();
        t.modelId = keccak256("another model");
        refusedAs(t, ISessionMarket.Reason.PriceBelowFloor);
    }

    function test_RevertWhen_QuoteHasExpired() external {
        ISessionMarket.Terms memory t = cheapTerms();
        ISessionMarket.SignedQuote memory quote = quoteFor(t);
        skip(301);
        vm.expectRevert(abi.encodeWithSelector(ISessionMarket.SessionMarket_Expired.selector, quote.validUntil));
        openWith(t, quote);
    }

    function test_RevertWhen_QuoteIsByAnotherKey() external {
        ISessionMarket.Terms memory t = cheapTerms();
        ISessionMarket.SignedQuote memory quote = quoteFor(t);
        quote.signature = sign(strangerKey, Messages.quote(idOf(t), quote.validUntil));
        expectBadSignature();
        openWith(t, quote);
    }

    function test_RevertWhen_QuoteIsForOtherTerms() external {
        ISessionMarket.Terms memory t = cheapTerms();
        ISessionMarket.SignedQuote memory quote = quoteFor(t);
        t.outputPrice = 2;
        expectBadSignature();
        openWith(t, quote);
    }

    function test_RevertWhen_QuotedHostHasLeft() external {
        ISessionMarket.Terms memory t = cheapTerms();
        vm.prank(host);
        registry.unregister();
        expectRefused(ISessionMarket.Reason.HostInactive);
        openWith(t, quoteFor(t));
    }

    function test_WhenQuoteIsGood() external {
        ISessionMarket.Terms memory t = cheapTerms();
        ISessionMarket.SignedQuote memory quote = quoteFor(t);
        skip(300);
        openWith(t, quote);
        assertStatus(t, ISessionMarket.Status.Active);
    }

    function test_WhenQuoteIsForAModelNotOffered() external {
        ISessionMarket.Terms memory t = coinTerms();
        t.modelId = keccak256("another model");
        openWith(t, quoteFor(t));
        assertStatus(t, ISessionMarket.Status.Active);
    }

    function test_RevertWhen_DepositIsOutOfRange() external {
        expectOutOfRange(COIN_MIN - 1, COIN_MIN, COIN_MAX);
        open(coinTerms(), COIN_MIN - 1);
        expectOutOfRange(COIN_MAX + 1, COIN_MIN, COIN_MAX);
        open(coinTerms(), COIN_MAX + 1);
        expectOutOfRange(type(uint256).max, TOKEN_MIN, TOKEN_MAX);
        open(tokenTerms(), type(uint256).max);
    }

    function test_RevertWhen_ValueIsWrong() external {
        ISessionMarket.Terms memory t = coinTerms();
        expectWrongValue(1 ether - 1, 1 ether);
        vm.prank(renter);
        market.createSessionJob{value: 1 ether - 1}(t, 1 ether, noQuote());
        expectWrongValue(1 ether + 1, 1 ether);
        vm.prank(renter);
        market.createSessionJob{value: 1 ether + 1}(t, 1 ether, noQuote());
        t = tokenTerms();
        expectWrongValue(1, 0);
        vm.prank(renter);
        market.createSessionJob{value: 1}(t, TOKEN_DEPOSIT, noQuote());
    }

    function test_RevertWhen_TokenCannotBePulled() external {
        ISessionMarket.Terms memory t = tokenTerms();
        vm.prank(renter);
        token.approve(address(market), TOKEN_DEPOSIT - 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector, market, TOKEN_DEPOSIT - 1, TOKEN_DEPOSIT
            )
        );
        open(t);
    }

    function test_WhenEverythingIsInOrder_Coin() external {
        opens(coinTerms());
    }

    function test_WhenEverythingIsInOrder_Token() external {
        opens(tokenTerms());
    }

    function test_WhenAtTheBoundsOfEveryTerm() external {
        ISessionMarket.Terms memory t = coinTerms();
        (t.inputPrice, t.outputPrice, t.cancelBps, t.grace) = (1e14, 5e14, 500, 15 minutes);
        t.expiresAt = uint64(timestamp() + 365 days);
        open(t, COIN_MIN);
        t.salt = 1;
        (t.grace, t.expiresAt, t.cancelBps) = (7 days, uint64(timestamp() + 1), 0);
        open(t, COIN_MAX);
        assertStatus(t, ISessionMarket.Status.Active);
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_OpensWhatTheFloorsAndLimitsAllow(
        uint128 inputPrice,
        uint128 outputPrice,
        uint256 amount,
        uint256 duration,
        uint256 salt
    ) external {
        ISessionMarket.Terms memory t = tokenTerms();
        t.inputPrice = uint128(bound(inputPrice, 100_000, type(uint128).max));
        t.outputPrice = uint128(bound(outputPrice, 300_000, type(uint128).max));
        t.expiresAt = uint64(timestamp() + bound(duration, 1, 365 days));
        t.salt = salt;
        amount = bound(amount, TOKEN_MIN, TOKEN_MAX);
        uint256 before = token.balanceOf(renter);
        assertEq(open(t, amount), idOf(t), "id");
        assertEq(before - token.balanceOf(renter), amount, "paid");
        assertEq(details(t).deposit, amount, "deposit");
    }

    function opens(ISessionMarket.Terms memory t) private {
        uint256 amount = depositIn(t.token);
        uint256 before = holding(t.token, renter);
        vm.expectEmit(address(market));
        emit ISessionMarket.SessionJobCreated(idOf(t), renter, host, amount, t);
        assertEq(open(t), idOf(t), "id");
        assertEq(market.sessionIdOf(t), idOf(t), "sessionIdOf");
        assertEq(before - holding(t.token, renter), amount, "paid");
        assertEq(holding(t.token, address(market)), amount, "locked");
        ISessionMarket.SessionDetails memory d = details(t);
        assertStatus(t, ISessionMarket.Status.Active);
        assertEq(d.deposit, amount, "deposit");
        assertEq(uint256(d.settled) + d.closingAt + d.extensionHours + d.held, 0, "the rest");
        assertFalse(d.fromBalance, "fromBalance");
    }

    function cheapTerms() private view returns (ISessionMarket.Terms memory t) {
        t = coinTerms();
        t.inputPrice = 0;
        t.outputPrice = 1;
    }

    function openWith(ISessionMarket.Terms memory t, ISessionMarket.SignedQuote memory quote) private {
        vm.prank(t.renter);
        market.createSessionJob{value: COIN_DEPOSIT}(t, COIN_DEPOSIT, quote);
    }

    function refusedAs(ISessionMarket.Terms memory t, ISessionMarket.Reason reason) private {
        expectRefused(reason);
        open(t);
        // A quote waives floors, nothing else.
        if (reason == ISessionMarket.Reason.PriceBelowFloor) return;
        ISessionMarket.SignedQuote memory quote = quoteFor(t);
        expectRefused(reason);
        vm.prank(t.renter);
        market.createSessionJob{value: t.token == COIN ? COIN_DEPOSIT : 0}(t, depositIn(t.token), quote);
    }

    function expectIdUsed(ISessionMarket.Terms memory t, uint256 id) private {
        vm.expectRevert(abi.encodeWithSelector(ISessionMarket.SessionMarket_IdUsed.selector, id));
        open(t);
    }

    function expectOutOfRange(uint256 amount, uint256 min, uint256 max) private {
        vm.expectRevert(
            abi.encodeWithSelector(ISessionMarket.SessionMarket_DepositOutOfRange.selector, amount, min, max)
        );
    }

    function expectWrongValue(uint256 sent, uint256 expected) private {
        vm.expectRevert(abi.encodeWithSelector(ISessionMarket.SessionMarket_WrongValue.selector, sent, expected));
    }
}
