// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IRevenueSplitter} from "../../src/interfaces/IRevenueSplitter.sol";
import {DevToken} from "../tokens/DevToken.sol";
import {Deploy} from "../utils/Deploy.sol";
import {Test} from "../utils/Test.sol";
import {RevenueSplitterHandler} from "./handlers/RevenueSplitterHandler.sol";

/// @notice The invariants D1 to D4 of README.md, in its order.
contract RevenueSplitterInvariants is Test {
    IRevenueSplitter internal splitter;
    DevToken internal token;
    RevenueSplitterHandler internal handler;

    function setUp() external {
        address owner = makeAddr("owner");
        address[6] memory recipients;
        for (uint256 i = 0; i < 6; i++) {
            recipients[i] = address(uint160(0xfee0000 + i));
        }
        splitter = Deploy.revenueSplitter(owner, recipients);
        token = new DevToken("Dev Dollar", "DEV", 6);
        handler = new RevenueSplitterHandler(splitter, token, owner, recipients);
        targetContract(address(handler));
        bytes4[] memory moves = new bytes4[](5);
        moves[0] = handler.revenue.selector;
        moves[1] = handler.distribute.selector;
        moves[2] = handler.withdraw.selector;
        moves[3] = handler.rotate.selector;
        moves[4] = handler.setShares.selector;
        targetSelectors(address(handler), moves);
    }

    /// @dev One campaign for all, since Foundry plays a campaign of its own for each function named so.
    function invariant_D1toD3() external view {
        for (uint256 a = 0; a < 2; a++) {
            address asset = handler.assets()[a];
            uint256 inside = holding(asset, address(splitter));
            assertEq(handler.received(asset), handler.paid(asset) + inside, "D1: in = out + inside");
            uint256 pending;
            for (uint256 i = 0; i < 6; i++) {
                pending += splitter.pendingOf(IRevenueSplitter.Purpose(i), asset);
            }
            assertLe(pending, inside, "D2: owed");
            assertLt(inside - pending, 6, "D2: left over");
            for (uint256 i = 0; i < handler.recipientCount(); i++) {
                address recipient = handler.recipients(i);
                assertEq(holding(asset, recipient), handler.due(asset, recipient), "D3: recipient");
            }
        }
    }

    /// @dev D4: at the end of every run, whatever happened in it.
    function afterInvariant() external {
        for (uint256 a = 0; a < 2; a++) {
            address asset = handler.assets()[a];
            for (uint256 i = 0; i < 6; i++) {
                splitter.withdraw(IRevenueSplitter.Purpose(i), asset);
            }
            assertLt(holding(asset, address(splitter)), 6, "D4: left behind");
        }
    }

    function holding(address asset, address account) private view returns (uint256) {
        return asset == address(0) ? account.balance : token.balanceOf(account);
    }
}
