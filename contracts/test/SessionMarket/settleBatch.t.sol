// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {vm} from "../utils/Vm.sol";
import {SessionMarketTest} from "./utils/SessionMarketTest.sol";

contract SettleBatchTest is SessionMarketTest {
    function test_WhenEmpty() external {
        assertEq(market.settleBatch(new ISessionMarket.Settlement[](0)).length, 0, "reasons");
    }

    function test_WhenItemsAreGoodAndBad() external {
        ISessionMarket.Settlement[] memory items = new ISessionMarket.Settlement[](7);
        items[0] = item(0, 100, 100); // good
        items[1] = item(1, 100, 100);
        items[1].voucher.outputTokens = 101; // tampered
        items[2] = item(2, 0, 0); // adds nothing
        items[3] = item(3, 100, 100);
        vm.prank(host);
        market.completeSession(items[3].terms, noVoucher()); // ended
        items[4] = item(4, 100, 100);
        items[4].terms.salt = 99; // never opened
        items[5] = item(0, 300, 300); // the first again, further on
        items[6] = item(0, 200, 200); // and backwards

        vm.expectEmit(address(market));
        emit ISessionMarket.SettlementSkipped(idOf(items[1].terms), 1, ISessionMarket.Reason.BadSignature);
        vm.expectEmit(address(market));
        emit ISessionMarket.SettlementSkipped(idOf(items[2].terms), 2, ISessionMarket.Reason.NothingNew);
        vm.expectEmit(address(market));
        emit ISessionMarket.SettlementSkipped(idOf(items[3].terms), 3, ISessionMarket.Reason.NotActive);
        ISessionMarket.Reason[] memory reasons = market.settleBatch(items);

        assertReason(reasons[0], ISessionMarket.Reason.Ok);
        assertReason(reasons[1], ISessionMarket.Reason.BadSignature);
        assertReason(reasons[2], ISessionMarket.Reason.NothingNew);
        assertReason(reasons[3], ISessionMarket.Reason.NotActive);
        assertReason(reasons[4], ISessionMarket.Reason.NotActive);
        assertReason(reasons[5], ISessionMarket.Reason.Ok);
        assertReason(reasons[6], ISessionMarket.Reason.NothingNew);
        assertEq(details(items[0].terms).settled, grossOf(items[0].terms, 300, 300), "settled");
        (uint256 net, uint256 fee) = market.earningsOf(host, address(token));
        assertEq(net + fee, grossOf(items[0].terms, 300, 300), "earned");
    }

    /// @dev What a batch pays is what its items would be paid one by one, bad ones left out.
    /// forge-config: default.fuzz.runs = 64
    function testFuzz_PaysLikeSettle(uint64[6] memory outputs, uint256 bad) external {
        ISessionMarket.Settlement[] memory items = new ISessionMarket.Settlement[](outputs.length);
        uint256 expected;
        for (uint256 i; i < outputs.length; ++i) {
            uint64 output = uint64(bound(outputs[i], 0, 300_000_000));
            items[i] = item(i, 0, output);
            uint256 gross = grossOf(items[i].terms, 0, output);
            if (gross == 0 || bad >> i & 1 == 1) {
                items[i].voucher.signature[10] ^= 0x01;
            } else {
                expected += gross < TOKEN_DEPOSIT ? gross : TOKEN_DEPOSIT;
            }
        }
        ISessionMarket.Reason[] memory reasons = market.settleBatch(items);
        for (uint256 i; i < outputs.length; ++i) {
            assertEq(reasons[i] == ISessionMarket.Reason.Ok, details(items[i].terms).settled != 0, "reason");
        }
        (uint256 net, uint256 fee) = market.earningsOf(host, address(token));
        assertEq(net + fee, expected, "earned");
    }

    /// @dev A voucher for the session with this salt, which is opened if it was not.
    function item(uint256 salt, uint64 inputTokens, uint64 outputTokens)
        private
        returns (ISessionMarket.Settlement memory)
    {
        ISessionMarket.Terms memory t = tokenTerms();
        t.salt = salt;
        if (details(t).status == ISessionMarket.Status.None) open(t);
        return ISessionMarket.Settlement(t, voucherFor(t, inputTokens, outputTokens));
    }
}
