// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {vm} from "../utils/Vm.sol";
import {PaymentEscrowTest} from "./PaymentEscrowTest.sol";

contract PaymentEscrowGasTest is PaymentEscrowTest {
    /// forge-config: default.isolate = true
    function test_Gas_OneLife() external {
        create(COIN, 1 ether);
        uint256 id = create(COIN, 1 ether);
        record("create, coin");
        create(address(token), AMOUNT);
        record("create, token");
        vm.prank(operator);
        escrow.assignHost(id, host);
        record("assign");
        vm.prank(operator);
        escrow.markDelivered(id);
        record("deliver");
        vm.prank(renter);
        escrow.releaseEscrow(id);
        record("release");
        vm.prank(host);
        payments.withdraw(COIN, host);
        record("withdraw, coin");
        escrow.sweepFees(COIN);
        record("sweep, coin");
    }

    /// forge-config: default.isolate = true
    function test_Gas_OtherEnds() external {
        uint256 id = disputed();
        vm.prank(renter);
        escrow.agreeToRefund(id);
        record("agree to a refund");
        vm.prank(arbiter);
        escrow.resolveDispute(id, renter);
        record("resolve, renter wins");
        id = delivered();
        vm.prank(renter);
        escrow.disputeEscrow(id);
        record("dispute");
        id = assigned();
        vm.prank(operator);
        escrow.abandonEscrow(id);
        record("abandon");
        id = assigned();
        skip(TIME + 1);
        escrow.refundEscrow(id);
        record("refund, too late");
        address[] memory assets = new address[](1);
        assets[0] = address(token);
        vm.prank(renter);
        payments.withdrawMany(assets, renter);
        record("withdraw many, one token");
    }

    function record(string memory what) private {
        vm.snapshotGasLastCall("PaymentEscrow", what);
    }
}
