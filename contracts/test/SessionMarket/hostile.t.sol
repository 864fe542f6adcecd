// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {BlacklistToken} from "../tokens/BlacklistToken.sol";
import {FalseReturnToken} from "../tokens/FalseReturnToken.sol";
import {FeeOnTransferToken} from "../tokens/FeeOnTransferToken.sol";
import {GasBurnerToken} from "../tokens/GasBurnerToken.sol";
import {NoReturnToken} from "../tokens/NoReturnToken.sol";
import {RebasingToken} from "../tokens/RebasingToken.sol";
import {ReentrantToken} from "../tokens/ReentrantToken.sol";
import {ReturndataBombToken} from "../tokens/ReturndataBombToken.sol";
import {vm} from "../utils/Vm.sol";
import {ContractWallet} from "./utils/ContractWallet.sol";
import {SessionMarketTest} from "./utils/SessionMarketTest.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

/// @notice Attacks 6 to 8: wallets and tokens that misbehave.
contract HostileTest is SessionMarketTest {
    ContractWallet internal wallet;

    function setUp() public override {
        super.setUp();
        wallet = new ContractWallet();
        vm.deal(address(wallet), 100 ether);
    }

    /* 6: REENTRANCY */

    /// @dev While it is refunded the wallet calls each function that could move money: of this session, of another of its
    /// sessions, and of its accounts. Nothing comes of it but what it could have called before or after.
    function test_6_WalletReentersFromItsRefund() external {
        ISessionMarket.Terms memory other = walletTerms(100);
        openAs(other);
        act(0, abi.encodeCall(market.cancelSession, (other, requestAt(0, 0))));
        act(2 ether, abi.encodeCall(market.deposit, (COIN, 2 ether)));
        vm.warp(details(other).closingAt);

        bytes[] memory calls = new bytes[](8);
        for (uint256 i; i < calls.length; ++i) {
            ISessionMarket.Terms memory t = walletTerms(i);
            calls[0] = abi.encodeCall(market.triggerSessionTimeout, (t));
            calls[1] = abi.encodeCall(market.completeSession, (other, noVoucher()));
            calls[2] = abi.encodeCall(market.completeSession, (t, noVoucher()));
            calls[3] = abi.encodeCall(market.withdrawBalance, (COIN, 1 ether, address(wallet)));
            calls[4] = abi.encodeCall(market.withdraw, (COIN, address(wallet)));
            calls[5] = abi.encodeCall(market.topUp, (t, 0));
            calls[6] = abi.encodeCall(market.extendSession, (other, 0, 1));
            calls[7] = abi.encodeCall(market.cancelSession, (t, requestAt(0, 0)));
            openAs(t);
            wallet.arm(address(market), calls[i]);
            uint256 before = address(wallet).balance;
            vm.prank(host);
            market.completeSession(t, noVoucher());
            assertFalse(wallet.succeeded(), "got in");
            assertNotEq(wallet.answer(), bytes32(0));
            assertEq(address(wallet).balance - before, COIN_DEPOSIT, "refunded once");
        }
        assertStatus(other, ISessionMarket.Status.Active);
        assertEq(address(market).balance, COIN_DEPOSIT + 2 ether, "everything else is there");
    }

    /// @dev Without a guard, the books alone: the session it is paid from has ended, another pays what it owes and no more.
    function test_6_WalletTimesOutFromItsTimeout() external {
        ISessionMarket.Terms memory t = walletTerms(0);
        ISessionMarket.Terms memory other = walletTerms(1);
        openAs(t);
        openAs(other);
        act(2 ether, abi.encodeCall(market.deposit, (COIN, 2 ether)));
        vm.warp(t.expiresAt + t.grace);
        uint256 state = vm.snapshotState();

        wallet.arm(address(market), abi.encodeCall(market.triggerSessionTimeout, (t)));
        uint256 before = address(wallet).balance;
        market.triggerSessionTimeout(t);
        assertEq(wallet.answer(), ISessionMarket.SessionMarket_NotActive.selector, "ended");
        assertEq(address(wallet).balance - before, COIN_DEPOSIT, "once");

        assertTrue(vm.revertToState(state), "revertToState");
        wallet.arm(address(market), abi.encodeCall(market.triggerSessionTimeout, (other)));
        market.triggerSessionTimeout(t);
        uint256 waiting = netOf(address(wallet), COIN);
        assertEq(address(wallet).balance - before + waiting, 2 * COIN_DEPOSIT, "each once");
        assertEq(address(market).balance, 2 ether + waiting, "the balance is there");
    }

    function test_6_GuardRefusesFromEveryOtherPayout() external {
        ISessionMarket.Terms memory t = walletTerms(0);
        t.proofCap = 0.2 ether;
        wallet.arm(address(market), abi.encodeCall(market.deposit, (COIN, 0)));

        openAs(t);
        vm.prank(prover);
        market.hold(t, 0.2 ether);
        timeOut(t);
        vm.prank(prover);
        market.release(t, 0.1 ether);
        refusedByGuard("release");
        vm.prank(prover);
        market.payHeld(t, 0.1 ether);
        t = walletTerms(1);
        openAs(t);
        ISessionMarket.SignedClose memory c = closeFor(t, 0, 0);
        act(0, abi.encodeCall(market.completeSessionWithClose, (t, noVoucher(), c)));
        refusedByGuard("completeSessionWithClose");
        act(1 ether, abi.encodeCall(market.deposit, (COIN, 1 ether)));
        act(0, abi.encodeCall(market.withdrawBalance, (COIN, 1 ether, address(wallet))));
        refusedByGuard("withdrawBalance");
        vm.prank(owner);
        market.setFeeRecipient(address(wallet));
        address[] memory hosts = new address[](1);
        hosts[0] = host;
        market.sweepFees(hosts, COIN);
        refusedByGuard("sweepFees");
    }

    function test_6_WithdrawCannotBeDoubled() external {
        // There is money of others to take.
        vm.prank(stranger);
        market.deposit{value: 50 ether}(COIN, 50 ether);
        ISessionMarket.Terms memory t = coinTerms();
        open(t);
        market.settle(t, voucherFor(t, 0, 500_000_000));
        uint256 net = netOf(host, COIN);
        vm.prank(host);
        market.withdraw(COIN, address(wallet));
        assertEq(address(wallet).balance, 100 ether + net, "paid");
        bounceTo(address(wallet));
        net = netOf(address(wallet), COIN);
        wallet.arm(address(market), abi.encodeCall(market.withdraw, (COIN, address(wallet))));
        uint256 before = address(wallet).balance;
        act(0, abi.encodeCall(market.withdraw, (COIN, address(wallet))));
        assertFalse(wallet.succeeded(), "twice");
        assertEq(address(wallet).balance - before, net, "once");
    }

    function test_6_TokenReentersWhileItIsPulled() external {
        ReentrantToken hostile = new ReentrantToken(6);
        introduce(address(hostile));
        // The host earned some, which a nested withdrawal could take out of what is being measured.
        ISessionMarket.Terms memory t = termsIn(address(hostile));
        open(t);
        market.settle(t, voucherFor(t, 0, 100_000_000));

        bytes[5] memory calls = [
            abi.encodeCall(market.deposit, (address(hostile), 1e6)),
            abi.encodeCall(market.topUp, (t, 1e6)),
            abi.encodeCall(market.withdrawBalance, (address(hostile), 0, stranger)),
            abi.encodeCall(market.extendSession, (t, 0, 1)),
            abi.encodeCall(market.completeSession, (t, noVoucher()))
        ];
        for (uint256 i; i < calls.length; ++i) {
            hostile.arm(address(market), calls[i]);
            t.salt = 1000 + i;
            open(t);
            assertFalse(hostile.succeeded(), "got in");
            assertEq(
                hostile.returned(),
                abi.encodePacked(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector),
                "by the guard"
            );
        }
    }

    function test_6_TokenWithdrawsWhileADepositIsMeasured() external {
        ReentrantToken hostile = new ReentrantToken(6);
        introduce(address(hostile));
        ISessionMarket.Terms memory t = termsIn(address(hostile));
        // The token itself is a renter, with a refund that it refused and can withdraw from within a transfer.
        t.renter = address(hostile);
        hostile.mint(address(hostile), 1000e6);
        vm.prank(address(hostile));
        hostile.approve(address(market), type(uint256).max);
        open(t);
        vm.mockCallRevert(
            address(hostile), abi.encodeWithSelector(hostile.transfer.selector, address(hostile), TOKEN_DEPOSIT), ""
        );
        vm.prank(host);
        market.completeSession(t, noVoucher());
        vm.clearMockedCalls();
        assertEq(netOf(address(hostile), address(hostile)), TOKEN_DEPOSIT, "bounced");

        ISessionMarket.Terms memory measured = termsIn(address(hostile));
        hostile.arm(address(market), abi.encodeCall(market.withdraw, (address(hostile), stranger)));
        vm.expectRevert(abi.encodeWithSelector(ISessionMarket.SessionMarket_TokenShortfall.selector, 0, TOKEN_DEPOSIT));
        open(measured);
    }

    function test_6_TokenTimesOutASessionWhileADepositIsMeasured() external {
        ReentrantToken hostile = new ReentrantToken(6);
        introduce(address(hostile));
        ISessionMarket.Terms memory over = termsIn(address(hostile));
        open(over);
        vm.warp(over.expiresAt + over.grace);
        hostile.arm(address(market), abi.encodeCall(market.triggerSessionTimeout, (over)));
        ISessionMarket.Terms memory measured = termsIn(address(hostile));
        vm.expectRevert(abi.encodeWithSelector(ISessionMarket.SessionMarket_TokenShortfall.selector, 0, TOKEN_DEPOSIT));
        open(measured);
    }

    /* 7: REFUNDS THAT NOBODY TAKES */

    function test_7_RejectedRefundWaits() external {
        refundWaits(ContractWallet.Mood.Rejecting);
    }

    function test_7_GasBurningRefundWaits() external {
        refundWaits(ContractWallet.Mood.BurningGas);
    }

    function test_7_BombingRefundWaits() external {
        refundWaits(ContractWallet.Mood.Bombing);
    }

    function test_7_BlacklistedRenterWaitsAndHostIsPaid() external {
        BlacklistToken usd = new BlacklistToken(6);
        introduce(address(usd));
        ISessionMarket.Terms memory t = termsIn(address(usd));
        open(t);
        usd.setBlacklisted(renter, true);
        tokenRefundWaits(t);
        usd.setBlacklisted(renter, false);
        takesItLater(address(usd));
    }

    function test_7_GasBurningTokenWaitsAndHostIsPaid() external {
        GasBurnerToken hostile = new GasBurnerToken(6);
        introduce(address(hostile));
        ISessionMarket.Terms memory t = termsIn(address(hostile));
        open(t);
        hostile.setBurning(renter, true);
        uint256 gas = gasleft();
        tokenRefundWaits(t);
        assertLt(gas - gasleft(), 400_000, "bounded");
        hostile.setBurning(renter, false);
        takesItLater(address(hostile));
    }

    function test_7_ReturndataBombWaitsAndHostIsPaid() external {
        ReturndataBombToken hostile = new ReturndataBombToken(6);
        introduce(address(hostile));
        ISessionMarket.Terms memory t = termsIn(address(hostile));
        open(t);
        hostile.setBomb(renter, 50_000);
        uint256 gas = gasleft();
        tokenRefundWaits(t);
        assertLt(gas - gasleft(), 400_000, "bounded");
        hostile.setBomb(renter, 0);
        takesItLater(address(hostile));
    }

    /// @dev Whatever gas the caller gives, the call reverts or the refund arrives: it never bounces for want of gas.
    function test_7_CallerCannotStarveARefund() external {
        ISessionMarket.Terms memory t = walletTerms(0);
        openAs(t);
        wallet.setMood(ContractWallet.Mood.Busy);
        vm.warp(t.expiresAt + t.grace);
        bool delivered;
        for (uint256 gas = 20_000; gas < 150_000; gas += 500) {
            uint256 state = vm.snapshotState();
            vm.cool(address(wallet));
            (bool ok,) = address(market).call{gas: gas}(abi.encodeCall(market.triggerSessionTimeout, (t)));
            if (ok) {
                assertEq(netOf(address(wallet), COIN), 0, "bounced");
                delivered = true;
            }
            assertTrue(vm.revertToState(state), "revertToState");
        }
        assertTrue(delivered, "never delivered");
    }

    function test_7_CallerCannotStarveATokenRefund() external {
        ISessionMarket.Terms memory t = tokenTerms();
        open(t);
        vm.warp(t.expiresAt + t.grace);
        bool delivered;
        for (uint256 gas = 20_000; gas < 300_000; gas += 500) {
            uint256 state = vm.snapshotState();
            vm.cool(address(token));
            (bool ok,) = address(market).call{gas: gas}(abi.encodeCall(market.triggerSessionTimeout, (t)));
            if (ok) {
                assertEq(netOf(renter, address(token)), 0, "bounced");
                delivered = true;
            }
            assertTrue(vm.revertToState(state), "revertToState");
        }
        assertTrue(delivered, "never delivered");
    }

    /* 8: TOKENS */

    function test_8_TokenThatReturnsNothing() external {
        wholeLife(address(new NoReturnToken(6)));
    }

    function test_8_TokenWithoutDecimals() external {
        wholeLife(address(new BlacklistToken(0)));
    }

    function test_8_TokenWithTwoDecimals() external {
        wholeLife(address(new BlacklistToken(2)));
    }

    function test_8_TokenWithThirtySixDecimals() external {
        wholeLife(address(new BlacklistToken(36)));
    }

    function test_8_LargestAmounts() external {
        BlacklistToken large = new BlacklistToken(36);
        introduce(address(large));
        accept(address(large), 1, type(uint96).max);
        large.mint(renter, type(uint128).max);
        ISessionMarket.Terms memory t = termsIn(address(large));
        t.outputPrice = type(uint128).max;
        open(t, type(uint96).max);
        market.settle(t, voucherFor(t, type(uint64).max, type(uint64).max));
        assertEq(details(t).settled, type(uint96).max, "settled");
        vm.expectRevert(abi.encodeWithSelector(ISessionMarket.SessionMarket_DepositOutOfRange.selector, 1, 0, 0));
        extend(t, 1, 0);
        uint256 net = netOf(host, address(large));
        vm.prank(host);
        market.withdraw(address(large), host);
        assertEq(large.balanceOf(host), net, "withdrawn");
    }

    function test_8_TokenThatAnswersFalse() external {
        FalseReturnToken liar = new FalseReturnToken(6);
        introduce(address(liar));
        ISessionMarket.Terms memory t = termsIn(address(liar));
        liar.setRefusing(true);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(liar)));
        open(t);
        liar.setRefusing(false);
        open(t);
        liar.setRefusing(true);
        tokenRefundWaits(t);
        vm.expectRevert(
            abi.encodeWithSelector(ISessionMarket.SessionMarket_TransferFailed.selector, address(liar), renter)
        );
        vm.prank(renter);
        market.withdraw(address(liar), renter);
        liar.setRefusing(false);
        takesItLater(address(liar));
    }

    function test_8_TokenThatTakesAFee() external {
        FeeOnTransferToken taxed = new FeeOnTransferToken(6, 100);
        introduce(address(taxed));
        ISessionMarket.Terms memory t = termsIn(address(taxed));
        bytes memory short = abi.encodeWithSelector(
            ISessionMarket.SessionMarket_TokenShortfall.selector, TOKEN_DEPOSIT * 99 / 100, TOKEN_DEPOSIT
        );
        vm.expectRevert(short);
        open(t);
        vm.expectRevert(short);
        vm.prank(renter);
        market.deposit(address(taxed), TOKEN_DEPOSIT);
        taxed.setFee(0);
        open(t);
        taxed.setFee(100);
        vm.expectRevert(short);
        extend(t, TOKEN_DEPOSIT, 0);
        vm.expectRevert(short);
        vm.prank(renter);
        market.topUp(t, TOKEN_DEPOSIT);
    }

    function test_8_TokenThatTakesEverything() external {
        FeeOnTransferToken taxed = new FeeOnTransferToken(6, 10_000);
        introduce(address(taxed));
        vm.expectRevert(abi.encodeWithSelector(ISessionMarket.SessionMarket_TokenShortfall.selector, 0, TOKEN_DEPOSIT));
        open(termsIn(address(taxed)));
    }

    /// @dev Nothing can make up for a token that shrinks; what grows is nobody's. Sessions in other tokens do not notice.
    function test_8_TokenThatRebases() external {
        RebasingToken rebasing = new RebasingToken(6);
        introduce(address(rebasing));
        ISessionMarket.Terms memory t = termsIn(address(rebasing));
        ISessionMarket.Terms memory honest = tokenTerms();
        open(t);
        open(honest);
        rebasing.rebase(0.5e18);
        uint256 before = token.balanceOf(renter);
        timeOut(t); // the refund is refused by the token, and waits
        assertEq(netOf(renter, address(rebasing)), TOKEN_DEPOSIT, "waits");
        timeOut(honest);
        assertEq(token.balanceOf(renter) - before, TOKEN_DEPOSIT, "honest");
        rebasing.rebase(2e18);
        takesItLater(address(rebasing));
    }

    function test_8_TokenThatReturnsAShortAnswer() external {
        BlacklistToken usd = new BlacklistToken(6);
        introduce(address(usd));
        ISessionMarket.Terms memory t = termsIn(address(usd));
        open(t);
        vm.mockCall(address(usd), abi.encodeWithSelector(usd.transfer.selector), hex"01");
        tokenRefundWaits(t);
        vm.clearMockedCalls();
        takesItLater(address(usd));
    }

    function test_8_TokenThatIsGone() external {
        BlacklistToken usd = new BlacklistToken(6);
        introduce(address(usd));
        ISessionMarket.Terms memory t = termsIn(address(usd));
        open(t);
        bytes memory code = address(usd).code;
        vm.etch(address(usd), "");
        tokenRefundWaits(t);
        vm.etch(address(usd), code);
        takesItLater(address(usd));
    }

    /* WALLETS */

    function walletTerms(uint256 salt) private view returns (ISessionMarket.Terms memory t) {
        t = coinTerms();
        t.renter = address(wallet);
        t.salt = salt;
    }

    function openAs(ISessionMarket.Terms memory t) private {
        act(COIN_DEPOSIT, abi.encodeCall(market.createSessionJob, (t, COIN_DEPOSIT, noQuote())));
    }

    function act(uint256 value, bytes memory payload) private {
        wallet.execute(address(market), value, payload);
    }

    function refusedByGuard(string memory where) private {
        assertFalse(wallet.succeeded(), where);
        assertEq(wallet.answer(), ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector, where);
        wallet.arm(address(market), abi.encodeCall(market.deposit, (COIN, 0)));
    }

    /// @dev Leaves the wallet with a refund that bounced.
    function bounceTo(address account) private {
        ISessionMarket.Terms memory t = walletTerms(4242);
        openAs(t);
        ContractWallet(payable(account)).setMood(ContractWallet.Mood.Rejecting);
        vm.prank(host);
        market.completeSession(t, noVoucher());
        assertEq(netOf(account, COIN), COIN_DEPOSIT, "bounced");
    }

    function refundWaits(ContractWallet.Mood mood) private {
        ISessionMarket.Terms memory t = walletTerms(0);
        openAs(t);
        wallet.setMood(mood);
        ISessionMarket.SignedVoucher memory v = voucherFor(t, 0, 400_000_000);
        uint256 gas = gasleft();
        vm.expectEmit(address(market));
        emit ISessionMarket.RefundBounced(idOf(t), address(wallet), 0.6 ether);
        vm.prank(host);
        market.completeSession(t, v);
        assertLt(gas - gasleft(), 250_000, "bounded");
        assertEq(netOf(host, COIN), 0.34 ether, "the host is paid");
        assertEq(netOf(address(wallet), COIN), 0.6 ether, "the refund waits");
        assertEq(details(t).deposit, details(t).settled, "ended");
        act(0, abi.encodeCall(market.withdraw, (COIN, stranger)));
        assertEq(stranger.balance, 10_000.6 ether, "withdrawn elsewhere");
    }

    /* TOKENS */

    function tokenRefundWaits(ISessionMarket.Terms memory t) private {
        ISessionMarket.SignedVoucher memory v = voucherFor(t, 0, 100_000_000);
        vm.prank(host);
        market.completeSession(t, v);
        assertEq(netOf(host, t.token), 51e6, "the host is paid");
        assertEq(netOf(renter, t.token), 40e6, "the refund waits");
    }

    function takesItLater(address asset) private {
        uint256 amount = netOf(renter, asset);
        uint256 before = holding(asset, renter);
        vm.prank(renter);
        market.withdraw(asset, renter);
        assertApproxEqAbs(holding(asset, renter) - before, amount, 1);
    }

    /// @dev Opens, tops up, extends, settles, completes, withdraws and sweeps, to the last unit.
    function wholeLife(address asset) private {
        introduce(asset);
        ISessionMarket.Terms memory t = termsIn(asset);
        uint256 before = holding(asset, renter);
        open(t);
        vm.prank(renter);
        market.topUp(t, 5e6);
        extend(t, 7e6, 1);
        market.settle(t, voucherFor(t, 1000, 10_000_000));
        ISessionMarket.SignedVoucher memory v = voucherFor(t, 1000, 20_000_000);
        vm.prank(hostSigner);
        market.completeSession(t, v);
        vm.prank(renter);
        market.deposit(asset, 3e6);
        vm.prank(renter);
        market.withdrawBalance(asset, 3e6, renter);
        uint256 paid = grossOf(t, 1000, 20_000_000);
        assertEq(before - holding(asset, renter), paid, "renter");
        vm.prank(host);
        market.withdraw(asset, host);
        address[] memory hosts = new address[](1);
        hosts[0] = host;
        market.sweepFees(hosts, asset);
        assertEq(holding(asset, treasury), paid * FEE_BPS / 10_000, "treasury");
        assertEq(holding(asset, host), paid - paid * FEE_BPS / 10_000, "host");
        assertEq(holding(asset, address(market)), 0, "nothing left");
    }
}
