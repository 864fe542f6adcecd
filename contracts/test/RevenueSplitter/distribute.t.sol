// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IRevenueSplitter} from "../../src/interfaces/IRevenueSplitter.sol";
import {BlacklistToken} from "../tokens/BlacklistToken.sol";
import {RebasingToken} from "../tokens/RebasingToken.sol";
import {vm} from "../utils/Vm.sol";
import {RevenueSplitterTest} from "./RevenueSplitterTest.sol";
import {Errors} from "@openzeppelin/contracts/utils/Errors.sol";

/// @notice A recipient that wants to be paid again while it is paid.
contract Again {
    IRevenueSplitter private immutable splitter;

    constructor(IRevenueSplitter splitter_) {
        splitter = splitter_;
    }

    receive() external payable {
        try splitter.withdraw(IRevenueSplitter.Purpose.Stakers, address(0)) {} catch {}
    }
}

contract RevenueSplitterDistributeTest is RevenueSplitterTest {
    function test_NothingCameIn() external {
        vm.recordLogs();
        assertEq(splitter.distribute(COIN), 0);
        assertEq(splitter.withdraw(purpose(0), address(token)), 0);
        assertEq(vm.getRecordedLogs().length, 0);
    }

    /// @dev The page's numbers: of a session's 100 dollars the host keeps 85, the protocol 10, stakers 5.
    function test_WorkedExample() external {
        receiveRevenue(address(token), 15e6);
        uint256[6] memory expected = [uint256(5e6), 3e6, 2e6, 2e6, 2e6, 1e6];
        vm.expectEmit(address(splitter));
        emit IRevenueSplitter.RevenueDistributed(address(token), 15e6, expected);
        assertEq(splitter.distribute(address(token)), 15e6);
        for (uint256 i = 0; i < 6; i++) {
            assertEq(splitter.creditOf(purpose(i), address(token)), expected[i]);
        }
    }

    function testFuzz_SharesAreExactHoweverOftenItIsDivided(uint128[5] memory amounts, bool[5] memory divide, bool coin)
        external
    {
        address asset = coin ? COIN : address(token);
        uint256 total;
        for (uint256 i = 0; i < 5; i++) {
            uint256 amount = bound(amounts[i], 0, type(uint120).max);
            total += amount;
            receiveRevenue(asset, amount);
            if (divide[i]) splitter.distribute(asset);
        }
        for (uint256 i = 0; i < 6; i++) {
            assertEq(splitter.pendingOf(purpose(i), asset), total * weights[i] / 1500, "pending");
        }
        vm.prank(stranger);
        splitter.distribute(asset);
        for (uint256 i = 0; i < 6; i++) {
            assertEq(splitter.creditOf(purpose(i), asset), total * weights[i] / 1500, "share");
        }
        assertLt(total - credits(asset), 6, "left over");
    }

    function test_DividingEveryBaseUnitTakesNothingFromAnybody() external {
        for (uint256 i = 0; i < 1500; i++) {
            receiveRevenue(COIN, 1);
            splitter.distribute(COIN);
        }
        for (uint256 i = 0; i < 6; i++) {
            assertEq(splitter.creditOf(purpose(i), COIN), weights[i]);
        }
    }

    function testFuzz_PaysTheRecipientOfTheDay(uint256 amount, uint256 which, bool rotate, bool coin) external {
        amount = bound(amount, 1500, type(uint120).max);
        which = which % 6;
        address asset = coin ? COIN : address(token);
        receiveRevenue(asset, amount);
        splitter.distribute(asset);
        address recipient = recipients[which];
        if (rotate) {
            recipient = stranger;
            vm.prank(owner);
            splitter.setRecipient(purpose(which), stranger);
        }
        receiveRevenue(asset, amount);
        uint256 due = 2 * amount * weights[which] / 1500;
        vm.expectEmit(address(splitter));
        emit IRevenueSplitter.RevenueWithdrawn(purpose(which), asset, recipient, due);
        assertEq(splitter.withdraw(purpose(which), asset), due);
        assertEq(holding(asset, recipient), due);
        assertEq(splitter.withdraw(purpose(which), asset), 0);
        assertEq(splitter.pendingOf(purpose(which), asset), 0);
    }

    function test_WhatComesAfterAWithdrawalIsDividedAsWell() external {
        receiveRevenue(COIN, 1500);
        splitter.withdraw(purpose(0), COIN);
        receiveRevenue(COIN, 1500);
        assertEq(splitter.distribute(COIN), 1500);
        assertEq(splitter.creditOf(purpose(0), COIN), 500);
        assertEq(splitter.creditOf(purpose(1), COIN), 600);
    }

    function test_ARecipientThatRefusesHarmsNobodyElse() external {
        vm.prank(owner);
        splitter.setRecipient(purpose(1), address(this)); // takes no coin
        receiveRevenue(COIN, 1500);
        vm.expectRevert(Errors.FailedCall.selector);
        splitter.withdraw(purpose(1), COIN);
        assertEq(splitter.withdraw(purpose(0), COIN), 500);
        vm.prank(owner);
        splitter.setRecipient(purpose(1), stranger);
        assertEq(splitter.withdraw(purpose(1), COIN), 300);
        assertEq(stranger.balance, 300);
    }

    function test_ABlockedRecipientIsReplaced() external {
        BlacklistToken strict = new BlacklistToken(6);
        strict.mint(address(splitter), 1500);
        strict.setBlacklisted(recipients[2], true);
        vm.expectRevert();
        splitter.withdraw(purpose(2), address(strict));
        assertEq(splitter.withdraw(purpose(3), address(strict)), 200);
        vm.prank(owner);
        splitter.setRecipient(purpose(2), stranger);
        assertEq(splitter.withdraw(purpose(2), address(strict)), 200);
    }

    function test_ARecipientThatCallsBackIsPaidOnce() external {
        Again again = new Again(splitter);
        vm.prank(owner);
        splitter.setRecipient(purpose(0), address(again));
        receiveRevenue(COIN, 1500);
        splitter.withdraw(purpose(0), COIN);
        assertEq(address(again).balance, 500);
        assertEq(address(splitter).balance, 1000);
    }

    /// @dev What shrinks brings nothing, and reverts not, until it has grown again.
    function test_ATokenThatShrinks() external {
        RebasingToken elastic = new RebasingToken(6);
        elastic.mint(address(splitter), 3000);
        splitter.distribute(address(elastic));
        elastic.rebase(0.5e18);
        assertEq(splitter.distribute(address(elastic)), 0);
        assertEq(splitter.withdraw(purpose(0), address(elastic)), 1000);
        elastic.rebase(4e18);
        assertGt(splitter.distribute(address(elastic)), 0);
    }

    /// forge-config: default.isolate = true
    function test_Gas() external {
        receiveRevenue(address(token), 15e6);
        splitter.distribute(address(token));
        vm.snapshotGasLastCall("RevenueSplitter", "distribute, first of a token");
        receiveRevenue(address(token), 15e6);
        splitter.distribute(address(token));
        vm.snapshotGasLastCall("RevenueSplitter", "distribute");
        splitter.withdraw(purpose(0), address(token));
        vm.snapshotGasLastCall("RevenueSplitter", "withdraw, token");
    }
}
