// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {vm} from "../utils/Vm.sol";
import {Messages} from "./utils/Messages.sol";
import {SessionMarketTest} from "./utils/SessionMarketTest.sol";

contract HoldsTest is SessionMarketTest {
    uint96 internal constant CAP = 30e6;

    /* HOLD */

    function test_RevertWhen_CallerIsNotTheProofSystem() external {
        ISessionMarket.Terms memory t = optedIn();
        address[4] memory others = [owner, host, renter, stranger];
        for (uint256 i; i < others.length; ++i) {
            expectUnauthorized(others[i]);
            vm.prank(others[i]);
            market.hold(t, 1);
            expectUnauthorized(others[i]);
            vm.prank(others[i]);
            market.payHeld(t, 1);
            expectUnauthorized(others[i]);
            vm.prank(others[i]);
            market.release(t, 1);
        }
    }

    function test_RevertGiven_SessionIsNotActive() external {
        ISessionMarket.Terms memory t = tokenTerms();
        expectNotActive(t, ISessionMarket.Status.None);
        hold(t, 1);
        t = optedIn();
        timeOut(t);
        expectNotActive(t, ISessionMarket.Status.TimedOut);
        hold(t, 1);
    }

    function test_RevertWhen_RenterDidNotOptIn() external {
        ISessionMarket.Terms memory t = tokenTerms();
        open(t);
        expectInsufficient(0, 1);
        hold(t, 1);
    }

    function test_RevertWhen_AboveTheCap() external {
        ISessionMarket.Terms memory t = optedIn();
        expectInsufficient(CAP, CAP + 1);
        hold(t, CAP + 1);
        hold(t, CAP - 5);
        expectInsufficient(5, 6);
        hold(t, 6);
        hold(t, 5);
        expectInsufficient(0, 1);
        hold(t, 1);
        pay(t, 7);
        hold(t, 7); // the cap is on what is outstanding
    }

    function test_RevertWhen_AboveTheUnspentDeposit() external {
        ISessionMarket.Terms memory t = optedIn();
        uint256 paid = settleTo(t, 90e6);
        expectInsufficient(TOKEN_DEPOSIT - paid, CAP);
        hold(t, CAP);
    }

    function test_WhenHeldVouchersCannotSpendIt() external {
        ISessionMarket.Terms memory t = optedIn();
        vm.expectEmit(address(market));
        emit ISessionMarket.Held(idOf(t), CAP);
        hold(t, CAP);
        assertEq(details(t).held, CAP, "held");
        assertEq(details(t).deposit, TOKEN_DEPOSIT - CAP, "deposit");
        market.settle(t, voucherFor(t, 0, type(uint64).max));
        assertEq(details(t).settled, TOKEN_DEPOSIT - CAP, "settled");
    }

    /* PAY */

    function test_RevertWhen_PayingMoreThanHeld() external {
        ISessionMarket.Terms memory t = optedIn();
        expectInsufficient(0, 1);
        pay(t, 1);
        hold(t, 10);
        expectInsufficient(10, 11);
        pay(t, 11);
    }

    function test_WhenPaidVoucherDoesNotPayAgain() external {
        ISessionMarket.Terms memory t = optedIn();
        hold(t, CAP);
        vm.expectEmit(address(market));
        emit ISessionMarket.HeldPaid(idOf(t), CAP);
        pay(t, CAP);
        assertEq(details(t).settled, CAP, "settled");
        assertEq(details(t).deposit, TOKEN_DEPOSIT, "deposit");
        assertEq(details(t).held, 0, "held");
        uint256 paid = settleTo(t, 40e6);
        assertEq(details(t).settled, paid, "no more than the voucher");
        assertEq(feeOf(host, address(token)), paid * FEE_BPS / 10_000, "fee");
    }

    function test_WhenPaidAfterTheEnd() external {
        ISessionMarket.Terms memory t = optedIn();
        hold(t, CAP);
        uint256 before = token.balanceOf(renter);
        vm.prank(host);
        market.completeSession(t, noVoucher());
        assertEq(token.balanceOf(renter) - before, TOKEN_DEPOSIT - CAP, "refund");
        pay(t, CAP);
        assertEq(netOf(host, address(token)) + feeOf(host, address(token)), CAP, "earned");
        assertEq(details(t).deposit, CAP, "deposit");
        assertEq(details(t).settled, CAP, "settled");
        assertStatus(t, ISessionMarket.Status.Completed);
    }

    /* RELEASE */

    function test_RevertWhen_ReleasingMoreThanHeld() external {
        ISessionMarket.Terms memory t = optedIn();
        hold(t, 10);
        expectInsufficient(10, 11);
        release(t, 11);
    }

    function test_GivenSessionIsActiveReleaseGoesToTheDeposit() external {
        ISessionMarket.Terms memory t = optedIn();
        hold(t, CAP);
        vm.expectEmit(address(market));
        emit ISessionMarket.HeldReleased(idOf(t), CAP);
        release(t, CAP);
        assertEq(details(t).deposit, TOKEN_DEPOSIT, "deposit");
        assertEq(details(t).held, 0, "held");
    }

    function test_GivenSessionHasEndedReleaseGoesToTheRenter() external {
        ISessionMarket.Terms memory t = optedIn();
        hold(t, CAP);
        timeOut(t);
        uint256 before = token.balanceOf(renter);
        release(t, CAP);
        assertEq(token.balanceOf(renter) - before, CAP, "refund");
        assertEq(details(t).deposit, 0, "deposit");
        assertEq(token.balanceOf(address(market)), 0, "nothing left");
    }

    function test_GivenSessionFromBalanceHasEndedReleaseGoesToTheBalance() external {
        ISessionMarket.Terms memory t = tokenTerms();
        t.proofCap = CAP;
        vm.prank(renter);
        market.deposit(address(token), TOKEN_DEPOSIT);
        ISessionMarket.Authorization memory a;
        a.deadline = uint64(timestamp());
        a.orderSignature = sign(renterKey, Messages.order(t, TOKEN_DEPOSIT, a.deadline));
        market.createSessionJobFor(t, TOKEN_DEPOSIT, a);
        hold(t, CAP);
        timeOut(t);
        release(t, CAP);
        assertEq(market.balanceOf(renter, address(token)), TOKEN_DEPOSIT, "balance");
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_HeldMoneyIsNeitherLostNorDoubled(uint96 held, uint96 paid, uint64 output, bool endFirst)
        external
    {
        ISessionMarket.Terms memory t = optedIn();
        held = uint96(bound(held, 0, CAP));
        paid = uint96(bound(paid, 0, held));
        output = uint64(bound(output, 0, 200_000_000));
        uint256 wallet = token.balanceOf(renter);
        hold(t, held);
        ISessionMarket.SignedVoucher memory v = voucherFor(t, 0, output);
        if (!endFirst) pay(t, paid);
        vm.prank(host);
        market.completeSession(t, v);
        if (endFirst) pay(t, paid);
        release(t, held - paid);
        uint256 earned = netOf(host, address(token)) + feeOf(host, address(token));
        assertEq(earned + token.balanceOf(renter) - wallet, TOKEN_DEPOSIT, "conserved");
        assertEq(earned, details(t).settled, "settled");
        assertEq(feeOf(host, address(token)), earned * FEE_BPS / 10_000, "fee");
    }

    function optedIn() private returns (ISessionMarket.Terms memory t) {
        t = tokenTerms();
        t.proofCap = CAP;
        open(t);
    }

    function hold(ISessionMarket.Terms memory t, uint96 amount) private {
        vm.prank(prover);
        market.hold(t, amount);
    }

    function pay(ISessionMarket.Terms memory t, uint96 amount) private {
        vm.prank(prover);
        market.payHeld(t, amount);
    }

    function release(ISessionMarket.Terms memory t, uint96 amount) private {
        vm.prank(prover);
        market.release(t, amount);
    }

    /// @dev Settles about this much, and says how much exactly.
    function settleTo(ISessionMarket.Terms memory t, uint256 amount) private returns (uint256) {
        market.settle(t, voucherFor(t, 0, uint64(amount * 1e6 / t.outputPrice)));
        return details(t).settled;
    }
}
