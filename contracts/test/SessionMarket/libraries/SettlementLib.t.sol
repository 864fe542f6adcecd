// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {SettlementLib} from "../../../src/libraries/SettlementLib.sol";
import {Test} from "../../utils/Test.sol";
import {vm} from "../../utils/Vm.sol";

/// @notice Runs `vectors/settlement.json`, as `fabstir-core` does.
contract SettlementLibTest is Test {
    string internal json;

    function setUp() external {
        json = vm.readFile("../vectors/settlement.json");
    }

    function test_Gross() external view {
        uint256[] memory expected = column(".gross.gross");
        uint256[] memory gross = grossOf(".gross");
        assertGt(expected.length, 0, "no vectors");
        assertEq(gross, expected);
    }

    function test_Payable() external view {
        uint256[] memory expected = column(".payable.paid");
        uint256[] memory gross = grossOf(".payable");
        uint256[] memory deposit = column(".payable.deposit");
        assertGt(expected.length, 0, "no vectors");
        for (uint256 i; i < expected.length; ++i) {
            assertEq(SettlementLib.paidUpTo(gross[i], deposit[i]), expected[i], "paid");
        }
    }

    function test_Fee() external view {
        uint256[] memory expected = column(".fee.fee");
        uint256[] memory paid = column(".fee.paid");
        uint256[] memory feeBps = column(".fee.fee_bps");
        assertGt(expected.length, 0, "no vectors");
        for (uint256 i; i < expected.length; ++i) {
            assertEq(fee(paid[i], feeBps[i]), expected[i], "fee");
        }
    }

    function test_Increments() external view {
        uint256[] memory gross = grossOf(".increments");
        uint256[] memory deposit = column(".increments.deposit");
        uint256[] memory feeBps = column(".increments.fee_bps");
        uint256[] memory before = column(".increments.settled_before");
        uint256[] memory afterwards = column(".increments.settled_after");
        uint256[] memory fees = column(".increments.fee");
        uint256[] memory net = column(".increments.host");
        assertGt(gross.length, 0, "no vectors");
        for (uint256 i; i < gross.length; ++i) {
            uint256 paid = SettlementLib.paidUpTo(gross[i], deposit[i]);
            uint256 settled = paid > before[i] ? paid : before[i];
            uint256 added = fee(settled, feeBps[i]) - fee(before[i], feeBps[i]);
            assertEq(settled, afterwards[i], "settled");
            assertEq(added, fees[i], "fee");
            assertEq(settled - before[i] - added, net[i], "net");
        }
    }

    function test_Cancellation() external view {
        uint256[] memory agreed = column(".cancellation.agreed");
        uint256[] memory unspent = column(".cancellation.unspent");
        uint256[] memory cancelBps = column(".cancellation.cancel_bps");
        assertGt(agreed.length, 0, "no vectors");
        for (uint256 i; i < agreed.length; ++i) {
            assertEq(SettlementLib.cancellationFeeDown(unspent[i], uint16(cancelBps[i])), agreed[i], "agreed");
        }
    }

    function testFuzz_GrossNeverOverflows(uint64 input, uint64 output, uint128 inputPrice, uint128 outputPrice)
        external
        pure
    {
        uint256 exact = uint256(input) * inputPrice + uint256(output) * outputPrice;
        assertEq(SettlementLib.grossDown(input, output, inputPrice, outputPrice), exact / 1e6, "gross");
    }

    function testFuzz_FeeByDifferenceSumsToTheFeeOfTheSum(uint96 first, uint96 second, uint16 feeBps) external pure {
        feeBps = uint16(bound(feeBps, 0, 10_000));
        (first, second) = first < second ? (first, second) : (second, first);
        uint256 added = SettlementLib.feeDown(second, feeBps) - SettlementLib.feeDown(first, feeBps);
        assertLe(added, uint256(second) - first, "no more than what was added");
        assertEq(SettlementLib.feeDown(first, feeBps) + added, uint256(second) * feeBps / 10_000, "sum");
    }

    function grossOf(string memory group) private view returns (uint256[] memory gross) {
        uint256[] memory input = column(string.concat(group, ".input_tokens"));
        uint256[] memory output = column(string.concat(group, ".output_tokens"));
        uint256[] memory inputPrice = column(string.concat(group, ".input_price"));
        uint256[] memory outputPrice = column(string.concat(group, ".output_price"));
        gross = new uint256[](input.length);
        for (uint256 i; i < input.length; ++i) {
            gross[i] = SettlementLib.grossDown(
                uint64(input[i]), uint64(output[i]), uint128(inputPrice[i]), uint128(outputPrice[i])
            );
        }
    }

    function fee(uint256 paid, uint256 feeBps) private pure returns (uint256) {
        return SettlementLib.feeDown(uint96(paid), uint16(feeBps));
    }

    function column(string memory path) private view returns (uint256[] memory) {
        return vm.parseJsonUintArray(json, path);
    }
}
