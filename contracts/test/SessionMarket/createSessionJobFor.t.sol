// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {DevToken} from "../tokens/DevToken.sol";
import {vm} from "../utils/Vm.sol";
import {ContractWallet} from "./utils/ContractWallet.sol";
import {Messages} from "./utils/Messages.sol";
import {SessionMarketTest} from "./utils/SessionMarketTest.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

contract CreateSessionJobForTest is SessionMarketTest {
    bytes internal constant PERMIT =
        "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)";
    bytes internal constant RECEIVE =
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)";

    function setUp() public override {
        super.setUp();
        vm.prank(renter);
        market.deposit(address(token), 1000e6);
        vm.prank(renter);
        market.deposit{value: 10 ether}(COIN, 10 ether);
    }

    /* ORDERS */

    function test_RevertWhen_OrderHasExpired() external {
        ISessionMarket.Terms memory t = tokenTerms();
        ISessionMarket.Authorization memory a = orderBy(renterKey, t);
        skip(10 minutes + 1);
        vm.expectRevert(abi.encodeWithSelector(ISessionMarket.SessionMarket_Expired.selector, a.deadline));
        openFor(t, a);
    }

    function test_RevertWhen_TermsAreRefused() external {
        ISessionMarket.Terms memory t = tokenTerms();
        t.host = stranger;
        ISessionMarket.Authorization memory a = orderBy(renterKey, t);
        expectRefused(ISessionMarket.Reason.HostInactive);
        openFor(t, a);
        t = tokenTerms();
        t.renter = address(0);
        a = orderBy(renterKey, t);
        a.orderSignature = "";
        expectRefused(ISessionMarket.Reason.BadTerms);
        openFor(t, a);
        vm.prank(owner);
        market.pause();
        t = tokenTerms();
        a = orderBy(renterKey, t);
        vm.expectRevert(ISessionMarket.SessionMarket_Paused.selector);
        openFor(t, a);
    }

    /* BALANCE */

    function test_WhenOrderIsByRenter() external {
        ISessionMarket.Terms memory t = tokenTerms();
        uint256 wallet = token.balanceOf(renter);
        ISessionMarket.Authorization memory a = orderBy(renterKey, t);
        vm.expectEmit(address(market));
        emit ISessionMarket.SessionJobCreated(idOf(t), renter, host, TOKEN_DEPOSIT, t);
        assertEq(market.createSessionJobFor(t, TOKEN_DEPOSIT, a), idOf(t), "id");
        assertEq(market.balanceOf(renter, address(token)), 1000e6 - TOKEN_DEPOSIT, "balance");
        assertTrue(details(t).fromBalance, "fromBalance");

        vm.prank(host);
        market.completeSession(t, noVoucher());
        assertEq(market.balanceOf(renter, address(token)), 1000e6, "refund");
        assertEq(token.balanceOf(renter), wallet, "wallet");
    }

    function test_WhenOrderIsByRenter_Coin() external {
        ISessionMarket.Terms memory t = coinTerms();
        openFor(t, orderBy(renterKey, t));
        assertEq(market.balanceOf(renter, COIN), 9 ether, "balance");
        timeOut(t);
        assertEq(market.balanceOf(renter, COIN), 10 ether, "refund");
    }

    function test_WhenQuoteComesWithOrder() external {
        ISessionMarket.Terms memory t = tokenTerms();
        t.outputPrice = 1;
        ISessionMarket.Authorization memory a = orderBy(renterKey, t);
        a.quote = quoteFor(t);
        openFor(t, a);
        assertStatus(t, ISessionMarket.Status.Active);
    }

    function test_RevertGiven_DelegateIsUnknown() external {
        ISessionMarket.Terms memory t = tokenTerms();
        expectNotDelegate();
        openFor(t, orderBy(delegateKey, t));
    }

    function test_RevertGiven_DelegateHasExpired() external {
        ISessionMarket.Terms memory t = tokenTerms();
        delegateFor(address(token), uint96(TOKEN_DEPOSIT), uint64(timestamp()));
        ISessionMarket.Authorization memory a = orderBy(delegateKey, t);
        skip(1);
        expectNotDelegate();
        openFor(t, a);
    }

    function test_RevertGiven_DelegateIsRevoked() external {
        ISessionMarket.Terms memory t = tokenTerms();
        delegateFor(address(token), uint96(TOKEN_DEPOSIT), type(uint64).max);
        delegateFor(address(token), 0, type(uint64).max);
        expectNotDelegate();
        openFor(t, orderBy(delegateKey, t));
    }

    function test_RevertGiven_DelegateIsForAnotherToken() external {
        ISessionMarket.Terms memory t = tokenTerms();
        delegateFor(COIN, 1 ether, type(uint64).max);
        expectNotDelegate();
        openFor(t, orderBy(delegateKey, t));
    }

    function test_RevertGiven_DelegateIsAnotherRenters() external {
        ISessionMarket.Terms memory t = tokenTerms();
        vm.prank(stranger);
        market.authorizeDelegate(delegate, address(token), uint96(TOKEN_DEPOSIT), type(uint64).max);
        expectNotDelegate();
        openFor(t, orderBy(delegateKey, t));
    }

    function test_RevertGiven_CapIsTooLow() external {
        ISessionMarket.Terms memory t = tokenTerms();
        delegateFor(address(token), uint96(TOKEN_DEPOSIT - 1), type(uint64).max);
        expectInsufficient(TOKEN_DEPOSIT - 1, TOKEN_DEPOSIT);
        openFor(t, orderBy(delegateKey, t));
    }

    function test_GivenCapSuffices() external {
        ISessionMarket.Terms memory t = tokenTerms();
        delegateFor(address(token), uint96(TOKEN_DEPOSIT + 5), uint64(timestamp() + 1 days));
        openFor(t, orderBy(delegateKey, t));
        (uint96 cap, uint64 expiry) = market.delegateOf(renter, delegate, address(token));
        assertEq(cap, 5, "cap");
        assertEq(expiry, timestamp() + 1 days, "expiry");
        vm.prank(host);
        market.completeSession(t, noVoucher());
        (cap,) = market.delegateOf(renter, delegate, address(token));
        assertEq(cap, 5, "cap after the refund");
        t.salt = 1;
        expectInsufficient(5, TOKEN_DEPOSIT);
        openFor(t, orderBy(delegateKey, t));
    }

    function test_WhenRenterIsAContract() external {
        ContractWallet wallet = new ContractWallet();
        ISessionMarket.Terms memory t = tokenTerms();
        t.renter = address(wallet);
        token.mint(address(wallet), TOKEN_DEPOSIT);
        wallet.execute(address(token), 0, abi.encodeCall(token.approve, (address(market), TOKEN_DEPOSIT)));
        wallet.execute(address(market), 0, abi.encodeCall(market.deposit, (address(token), TOKEN_DEPOSIT)));

        ISessionMarket.Authorization memory a = orderBy(strangerKey, t);
        a.orderSignature = "seven words that only the wallet knows";
        expectBadSignature();
        openFor(t, a);
        wallet.approve(Messages.digest(address(market), Messages.order(t, TOKEN_DEPOSIT, a.deadline)), a.orderSignature);
        openFor(t, a);
        assertStatus(t, ISessionMarket.Status.Active);
    }

    function test_RevertWhen_SignatureIsMalformed() external {
        ISessionMarket.Terms memory t = tokenTerms();
        ISessionMarket.Authorization memory a = orderBy(renterKey, t);
        a.orderSignature = abi.encodePacked(a.orderSignature, uint8(0));
        expectBadSignature();
        openFor(t, a);
        a.orderSignature = "";
        expectBadSignature();
        openFor(t, a);
    }

    function test_RevertWhen_OrderIsForAnotherDeposit() external {
        ISessionMarket.Terms memory t = tokenTerms();
        ISessionMarket.Authorization memory a = orderBy(renterKey, t);
        vm.expectPartialRevert(ISessionMarket.SessionMarket_DelegateNotAuthorized.selector);
        market.createSessionJobFor(t, TOKEN_DEPOSIT + 1, a);
    }

    function test_RevertWhen_BalanceIsShort() external {
        ISessionMarket.Terms memory t = tokenTerms();
        vm.prank(renter);
        market.withdrawBalance(address(token), 950e6, renter);
        expectInsufficient(50e6, TOKEN_DEPOSIT);
        openFor(t, orderBy(renterKey, t));
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_DelegateNeverSpendsAboveItsCap(uint96 cap, uint256[5] memory amounts) external {
        cap = uint96(bound(cap, 1, 1000e6));
        delegateFor(address(token), cap, type(uint64).max);
        uint256 spent;
        ISessionMarket.Terms memory t = tokenTerms();
        for (uint256 i; i < amounts.length; ++i) {
            t.salt = i;
            uint256 amount = bound(amounts[i], TOKEN_MIN, 400e6);
            ISessionMarket.Authorization memory a = orderFor(delegateKey, t, amount);
            (bool ok,) = address(market).call(abi.encodeCall(market.createSessionJobFor, (t, amount, a)));
            assertEq(ok, spent + amount <= cap, "opened");
            if (ok) spent += amount;
        }
        (uint96 left,) = market.delegateOf(renter, delegate, address(token));
        assertEq(left, cap - spent, "cap left");
        assertEq(market.balanceOf(renter, address(token)), 1000e6 - spent, "balance");
    }

    /* PERMIT */

    function test_RevertWhen_CoinComesByPermitOrAuthorization() external {
        ISessionMarket.Terms memory t = coinTerms();
        ISessionMarket.Authorization memory a = orderBy(renterKey, t);
        a.funding = ISessionMarket.Funding.Permit;
        expectRefused(ISessionMarket.Reason.TokenNotAccepted);
        openFor(t, a);
        a.funding = ISessionMarket.Funding.Authorization;
        expectRefused(ISessionMarket.Reason.TokenNotAccepted);
        openFor(t, a);
    }

    function test_RevertWhen_PermitComesWithoutRentersOrder() external {
        ISessionMarket.Terms memory t = tokenTerms();
        delegateFor(address(token), type(uint96).max, type(uint64).max);
        ISessionMarket.Authorization memory a = permitBy(renterKey, t);
        a.orderSignature = sign(delegateKey, Messages.order(t, TOKEN_DEPOSIT, a.deadline));
        expectBadSignature();
        openFor(t, a);
        a.orderSignature = "";
        expectBadSignature();
        openFor(t, a);
    }

    function test_WhenPermitIsGood() external {
        ISessionMarket.Terms memory t = tokenTerms();
        disallow();
        uint256 wallet = token.balanceOf(renter);
        openFor(t, permitBy(renterKey, t));
        assertEq(wallet - token.balanceOf(renter), TOKEN_DEPOSIT, "wallet");
        assertEq(market.balanceOf(renter, address(token)), 1000e6, "balance");
        assertFalse(details(t).fromBalance, "fromBalance");
    }

    function test_WhenPermitWasUsedAlready() external {
        ISessionMarket.Terms memory t = tokenTerms();
        disallow();
        ISessionMarket.Authorization memory a = permitBy(renterKey, t);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(renterKey, permitDigest(a.validBefore));
        vm.prank(stranger);
        token.permit(renter, address(market), TOKEN_DEPOSIT, a.validBefore, v, r, s);
        openFor(t, a);
        assertStatus(t, ISessionMarket.Status.Active);
    }

    function test_WhenPermitIsMissingAndAllowanceSuffices() external {
        ISessionMarket.Terms memory t = tokenTerms();
        ISessionMarket.Authorization memory a = permitBy(renterKey, t);
        a.fundingSignature = "";
        openFor(t, a);
        assertStatus(t, ISessionMarket.Status.Active);
    }

    function test_RevertWhen_PermitIsBadAndAllowanceIsMissing() external {
        ISessionMarket.Terms memory t = tokenTerms();
        disallow();
        ISessionMarket.Authorization memory a = permitBy(strangerKey, t);
        vm.expectPartialRevert(IERC20Errors.ERC20InsufficientAllowance.selector);
        openFor(t, a);
    }

    function test_WhenOrderWithPermitIsByAContract() external {
        ContractWallet wallet = new ContractWallet();
        ISessionMarket.Terms memory t = tokenTerms();
        t.renter = address(wallet);
        token.mint(address(wallet), TOKEN_DEPOSIT);
        wallet.execute(address(token), 0, abi.encodeCall(token.approve, (address(market), TOKEN_DEPOSIT)));
        ISessionMarket.Authorization memory a = permitBy(strangerKey, t);
        a.orderSignature = "the wallet's own";
        a.fundingSignature = "";
        wallet.approve(Messages.digest(address(market), Messages.order(t, TOKEN_DEPOSIT, a.deadline)), a.orderSignature);
        openFor(t, a);
        assertStatus(t, ISessionMarket.Status.Active);
    }

    /* AUTHORIZATION */

    function test_WhenAuthorizationIsGood() external {
        ISessionMarket.Terms memory t = tokenTerms();
        disallow();
        uint256 wallet = token.balanceOf(renter);
        openFor(t, authorizationBy(renterKey, t));
        assertEq(wallet - token.balanceOf(renter), TOKEN_DEPOSIT, "wallet");
        assertFalse(details(t).fromBalance, "fromBalance");
    }

    function test_WhenAuthorizationIsByAContract() external {
        ContractWallet wallet = new ContractWallet();
        ISessionMarket.Terms memory t = tokenTerms();
        t.renter = address(wallet);
        token.mint(address(wallet), TOKEN_DEPOSIT);
        ISessionMarket.Authorization memory a = authorizationBy(strangerKey, t);
        a.fundingSignature = "not sixty-five bytes";
        wallet.approve(receiveDigest(t, a), a.fundingSignature);
        openFor(t, a);
        assertStatus(t, ISessionMarket.Status.Active);
    }

    function test_RevertWhen_AuthorizationIsForSomethingElse() external {
        ISessionMarket.Terms memory t = tokenTerms();
        ISessionMarket.Authorization memory a = authorizationBy(renterKey, t);
        ISessionMarket.Terms memory other = tokenTerms();
        other.voucherSigner = stranger;
        tokenRefuses(other, a);
        other = tokenTerms();
        other.outputPrice += 1;
        tokenRefuses(other, a);
        other = tokenTerms();
        other.salt += 1;
        tokenRefuses(other, a);
        a.deadline += 1;
        tokenRefuses(t, a);
        a.deadline -= 1;
        openFor(t, a);
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_WhatWasSignedOpensNothingElse(uint8 field, uint256 by, bool permit) external {
        disallow();
        ISessionMarket.Terms memory t = tokenTerms();
        ISessionMarket.Authorization memory a = permit ? permitBy(renterKey, t) : authorizationBy(renterKey, t);
        (uint256 amount, uint256 wallet) = (TOKEN_DEPOSIT, token.balanceOf(renter));
        field %= 9;
        by = bound(by, 1, 100);
        if (field == 0) t.voucherSigner = address(uint160(t.voucherSigner) + uint160(by));
        if (field == 1) t.inputPrice += uint128(by);
        if (field == 2) t.outputPrice += uint128(by);
        if (field == 3) t.expiresAt += uint64(by);
        if (field == 4) t.grace += uint32(by);
        if (field == 5) t.cancelBps = uint16(t.cancelBps + by);
        if (field == 6) t.salt += by;
        if (field == 7) a.deadline += uint64(by);
        if (field == 8) amount += by;
        vm.prank(stranger);
        (bool ok,) = address(market).call(abi.encodeCall(market.createSessionJobFor, (t, amount, a)));
        assertFalse(ok, "opened");
        assertEq(token.balanceOf(renter), wallet, "wallet");
    }

    function tokenRefuses(ISessionMarket.Terms memory t, ISessionMarket.Authorization memory a) private {
        vm.expectRevert(DevToken.DevToken_BadSignature.selector);
        openFor(t, a);
    }

    /* MESSAGES */

    function orderBy(uint256 key, ISessionMarket.Terms memory t)
        private
        view
        returns (ISessionMarket.Authorization memory)
    {
        return orderFor(key, t, depositIn(t.token));
    }

    function orderFor(uint256 key, ISessionMarket.Terms memory t, uint256 amount)
        private
        view
        returns (ISessionMarket.Authorization memory a)
    {
        a.funding = ISessionMarket.Funding.Balance;
        a.deadline = uint64(timestamp() + 10 minutes);
        a.orderSignature = sign(key, Messages.order(t, amount, a.deadline));
    }

    function permitBy(uint256 key, ISessionMarket.Terms memory t)
        private
        view
        returns (ISessionMarket.Authorization memory a)
    {
        a = orderBy(renterKey, t);
        a.funding = ISessionMarket.Funding.Permit;
        a.validBefore = timestamp() + 5 minutes;
        a.fundingSignature = signature(key, permitDigest(a.validBefore));
    }

    function authorizationBy(uint256 key, ISessionMarket.Terms memory t)
        private
        view
        returns (ISessionMarket.Authorization memory a)
    {
        a.funding = ISessionMarket.Funding.Authorization;
        a.deadline = uint64(timestamp() + 10 minutes);
        a.validAfter = timestamp() - 1;
        a.validBefore = timestamp() + 5 minutes;
        a.fundingSignature = signature(key, receiveDigest(t, a));
    }

    function permitDigest(uint256 deadline) private view returns (bytes32) {
        bytes32 structHash =
            keccak256(abi.encode(keccak256(PERMIT), renter, market, TOKEN_DEPOSIT, token.nonces(renter), deadline));
        return keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), structHash));
    }

    function receiveDigest(ISessionMarket.Terms memory t, ISessionMarket.Authorization memory a)
        private
        view
        returns (bytes32)
    {
        bytes32 nonce = Messages.digest(address(market), Messages.order(t, TOKEN_DEPOSIT, a.deadline));
        bytes32 structHash = keccak256(
            abi.encode(keccak256(RECEIVE), t.renter, market, TOKEN_DEPOSIT, a.validAfter, a.validBefore, nonce)
        );
        return keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), structHash));
    }

    /* CALLS */

    function openFor(ISessionMarket.Terms memory t, ISessionMarket.Authorization memory a) private {
        uint256 amount = depositIn(t.token);
        vm.prank(stranger);
        market.createSessionJobFor(t, amount, a);
    }

    function delegateFor(address asset, uint96 cap, uint64 expiry) private {
        vm.prank(renter);
        market.authorizeDelegate(delegate, asset, cap, expiry);
    }

    function disallow() private {
        vm.prank(renter);
        token.approve(address(market), 0);
    }

    function expectNotDelegate() private {
        vm.expectRevert(abi.encodeWithSelector(ISessionMarket.SessionMarket_DelegateNotAuthorized.selector, delegate));
    }
}
