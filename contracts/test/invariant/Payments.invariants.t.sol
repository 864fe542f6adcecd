// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ICircuitBreaker} from "../../src/interfaces/ICircuitBreaker.sol";
import {IPayments} from "../../src/interfaces/IPayments.sol";
import {DevToken} from "../tokens/DevToken.sol";
import {Deploy} from "../utils/Deploy.sol";
import {Test} from "../utils/Test.sol";
import {vm} from "../utils/Vm.sol";
import {PaymentsHandler} from "./handlers/PaymentsHandler.sol";

/// @notice The invariants P1 to P4 of README.md, in its order.
contract PaymentsInvariants is Test {
    IPayments internal payments;
    PaymentsHandler internal handler;

    function setUp() external {
        vm.warp(1_800_000_000);
        payments = Deploy.payments(address(this), address(0x6A), ICircuitBreaker.BreakerSettings(5, 10 minutes, 3, 10));
        handler = new PaymentsHandler(payments, new DevToken("Dollar", "USD", 6), address(0x6A));
        targetContract(address(handler));
        bytes4[] memory moves = new bytes4[](7);
        moves[0] = handler.createStream.selector;
        moves[1] = handler.withdrawStream.selector;
        moves[2] = handler.cancelStream.selector;
        moves[3] = handler.payBatch.selector;
        moves[4] = handler.withdraw.selector;
        moves[5] = handler.setLevel.selector;
        moves[6] = handler.wait.selector;
        targetSelectors(address(handler), moves);
    }

    /// @dev One campaign for all, since Foundry plays a campaign of its own for each function named so.
    function invariant_P1toP3() external view {
        for (uint256 t = 0; t < 2; t++) {
            address token = handler.tokenOf(t == 0);
            uint256 owed;
            for (uint256 id = 1; id <= payments.streamCount(); id++) {
                IPayments.Stream memory stream = payments.streamOf(id);
                assertLe(stream.withdrawn, payments.flowedOf(id), "P2: taken before it flowed");
                assertLe(payments.flowedOf(id), stream.amount, "P2: more than there was");
                if (stream.token == token) owed += stream.amount - stream.withdrawn;
            }
            for (uint256 i = 0; i < 3; i++) {
                owed += payments.balanceOf(handler.accounts(i), token);
            }
            uint256 held = handler.holding(token, address(payments));
            assertEq(held, owed, "P1");
            assertEq(held, handler.paidIn(token) - handler.paidOut(token), "P3");
        }
    }

    /// @dev P4: at the end of every run, with every entrance stopped.
    function afterInvariant() external {
        ICircuitBreaker(address(payments)).pause();
        skip(40 days);
        for (uint256 id = 1; id <= payments.streamCount(); id++) {
            IPayments.Stream memory stream = payments.streamOf(id);
            if (payments.flowedOf(id) == stream.withdrawn) continue;
            vm.prank(stream.recipient);
            payments.withdrawStream(id, address(0x5E));
        }
        for (uint256 i = 0; i < 6; i++) {
            (address account, address token) = (handler.accounts(i / 2), handler.tokenOf(i % 2 == 0));
            if (payments.balanceOf(account, token) == 0) continue;
            vm.prank(account);
            payments.withdraw(token, address(0x5E));
        }
        assertEq(handler.holding(address(0), address(payments)), 0, "P4: coin");
        assertEq(handler.holding(handler.tokenOf(false), address(payments)), 0, "P4: dollars");
    }
}
