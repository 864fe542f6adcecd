// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {vm} from "../utils/Vm.sol";
import {ContractWallet} from "./utils/ContractWallet.sol";
import {SessionMarketTest} from "./utils/SessionMarketTest.sol";

contract PaymentsTest is SessionMarketTest {
    /* WITHDRAW */

    function test_RevertWhen_EarningsGoToZero() external {
        earn(COIN, 0.5 ether);
        vm.expectRevert(ISessionMarket.SessionMarket_ZeroAddress.selector);
        vm.prank(host);
        market.withdraw(COIN, address(0));
    }

    function test_RevertGiven_NothingIsEarned() external {
        expectInsufficient(0, 1);
        vm.prank(host);
        market.withdraw(COIN, host);
        earn(COIN, 0.5 ether);
        expectInsufficient(0, 1);
        vm.prank(host);
        market.withdraw(address(token), host);
        expectInsufficient(0, 1);
        vm.prank(hostSigner);
        market.withdraw(COIN, hostSigner);
    }

    function test_RevertWhen_RecipientRefusesEarnings() external {
        earn(COIN, 0.5 ether);
        ContractWallet wallet = new ContractWallet();
        wallet.setMood(ContractWallet.Mood.Rejecting);
        vm.expectRevert(
            abi.encodeWithSelector(ISessionMarket.SessionMarket_TransferFailed.selector, COIN, address(wallet))
        );
        vm.prank(host);
        market.withdraw(COIN, address(wallet));
        assertEq(netOf(host, COIN), 0.425 ether, "still there");
    }

    function testFuzz_PaysNetAndLeavesTheFee(bool coin, uint256 paid) external {
        address asset = coin ? COIN : address(token);
        paid = coin ? bound(paid, 1e9, COIN_DEPOSIT) / 1e9 * 1e9 : bound(paid, 1, TOKEN_DEPOSIT);
        earn(asset, paid);
        (uint256 net, uint256 fee) = market.earningsOf(host, asset);
        uint256 before = holding(asset, stranger);
        vm.expectEmit(address(market));
        emit ISessionMarket.Withdrawn(host, asset, stranger, net);
        vm.prank(host);
        market.withdraw(asset, stranger);
        assertEq(holding(asset, stranger) - before, net, "paid");
        assertEq(netOf(host, asset), 0, "net");
        assertEq(feeOf(host, asset), fee, "fee");
    }

    /* SWEEP */

    function test_GivenNoFees() external {
        vm.recordLogs();
        market.sweepFees(one(host), COIN);
        market.sweepFees(new address[](0), COIN);
        assertEq(vm.getRecordedLogs().length, 0, "logs");
    }

    function test_RevertWhen_FeeRecipientRefuses() external {
        earn(COIN, 0.5 ether);
        ContractWallet wallet = new ContractWallet();
        wallet.setMood(ContractWallet.Mood.Rejecting);
        vm.prank(owner);
        market.setFeeRecipient(address(wallet));
        vm.expectRevert(
            abi.encodeWithSelector(ISessionMarket.SessionMarket_TransferFailed.selector, COIN, address(wallet))
        );
        market.sweepFees(one(host), COIN);
        assertEq(feeOf(host, COIN), 0.075 ether, "still there");
    }

    function testFuzz_SweepsEachFeeOnce(bool coin, uint256 paid) external {
        address asset = coin ? COIN : address(token);
        paid = coin ? bound(paid, 1e10, COIN_DEPOSIT) / 1e9 * 1e9 : bound(paid, 10, TOKEN_DEPOSIT);
        earn(asset, paid);
        (uint256 net, uint256 fee) = market.earningsOf(host, asset);
        address[] memory hosts = new address[](3);
        (hosts[0], hosts[1], hosts[2]) = (host, stranger, host);
        vm.expectEmit(address(market));
        emit ISessionMarket.FeesSwept(asset, treasury, fee);
        vm.prank(stranger);
        market.sweepFees(hosts, asset);
        assertEq(holding(asset, treasury), fee, "swept");
        assertEq(feeOf(host, asset), 0, "fee");
        assertEq(netOf(host, asset), net, "net");
    }

    /// @dev The host is paid exactly this much, fee included.
    function earn(address asset, uint256 paid) private {
        ISessionMarket.Terms memory t = termsIn(asset);
        t.outputPrice = asset == COIN ? 1e15 : 1e6; // 1e9 a token, or 1
        open(t);
        market.settle(t, voucherFor(t, 0, uint64(asset == COIN ? paid / 1e9 : paid)));
    }

    function one(address account) private pure returns (address[] memory list) {
        list = new address[](1);
        list[0] = account;
    }
}
