// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISessionMarket} from "../../../src/interfaces/ISessionMarket.sol";
import {MessageLib} from "../../../src/libraries/MessageLib.sol";
import {Deploy} from "../../utils/Deploy.sol";
import {Test} from "../../utils/Test.sol";
import {vm} from "../../utils/Vm.sol";
import {Harness} from "./Harness.sol";

/// @notice Runs what the market reads of `vectors/messages.json`, as `fabstir-core` does.
contract MessageLibTest is Test {
    string internal json;
    Harness internal harness;

    function setUp() external {
        json = vm.readFile("../vectors/messages.json");
        harness = new Harness();
    }

    function test_TypeHashes() external view {
        string[] memory names = vm.parseJsonStringArray(json, ".types.name");
        bytes32[] memory hashes = vm.parseJsonBytes32Array(json, ".types.type_hash");
        uint256 found;
        for (uint256 i; i < names.length; ++i) {
            bytes32 ours = typeHashOf(names[i]);
            if (ours == 0) continue;
            assertEq(hashes[i], ours, names[i]);
            found++;
        }
        assertEq(found, 6, "types");
    }

    function test_Terms() external view {
        bytes32[] memory expected = words(".terms.struct_hash");
        ISessionMarket.Terms[] memory terms = allTerms();
        assertGt(expected.length, 0, "no vectors");
        for (uint256 i; i < expected.length; ++i) {
            assertEq(harness.hashTerms(terms[i]), expected[i], "terms");
        }
    }

    /// @dev The market that ships, at the addresses and on the chains of the vectors.
    function test_SessionIds() external {
        uint256[] memory ids = numbers(".terms.session_id");
        uint256[] memory chains = numbers(".terms.chain_id");
        address[] memory markets = vm.parseJsonAddressArray(json, ".terms.market");
        ISessionMarket.Terms[] memory terms = allTerms();
        ISessionMarket shipped = Deploy.sessionMarket(address(1), address(2), address(3), address(4), 0);
        for (uint256 i; i < ids.length; ++i) {
            vm.chainId(chains[i]);
            if (markets[i].code.length == 0) vm.etch(markets[i], address(shipped).code);
            assertEq(ISessionMarket(markets[i]).sessionIdOf(terms[i]), ids[i], "session id");
        }
    }

    function test_Orders() external view {
        bytes32[] memory expected = words(".order.struct_hash");
        uint256[] memory rows = numbers(".order.terms");
        uint256[] memory amounts = numbers(".order.deposit");
        uint256[] memory deadlines = numbers(".order.deadline");
        bytes32[] memory terms = words(".terms.struct_hash");
        assertGt(expected.length, 0, "no vectors");
        for (uint256 i; i < expected.length; ++i) {
            assertEq(MessageLib.hashOrder(terms[rows[i]], amounts[i], uint64(deadlines[i])), expected[i], "order");
        }
    }

    function test_Vouchers() external view {
        bytes32[] memory expected = words(".voucher.struct_hash");
        (uint256[] memory ids, uint256[] memory inputs, uint256[] memory outputs) = counts(".voucher");
        bytes32[] memory heads = words(".voucher.head");
        assertGt(expected.length, 0, "no vectors");
        for (uint256 i; i < expected.length; ++i) {
            bytes32 hash = MessageLib.hashVoucher(ids[i], uint64(inputs[i]), uint64(outputs[i]), heads[i]);
            assertEq(hash, expected[i], "voucher");
        }
    }

    function test_Closes() external view {
        bytes32[] memory expected = words(".close.struct_hash");
        (uint256[] memory ids, uint256[] memory inputs, uint256[] memory outputs) = counts(".close");
        uint256[] memory deadlines = numbers(".close.deadline");
        assertGt(expected.length, 0, "no vectors");
        for (uint256 i; i < expected.length; ++i) {
            bytes32 hash = MessageLib.hashClose(ids[i], uint64(inputs[i]), uint64(outputs[i]), uint64(deadlines[i]));
            assertEq(hash, expected[i], "close");
        }
    }

    function test_CloseRequests() external view {
        bytes32[] memory expected = words(".close_request.struct_hash");
        (uint256[] memory ids, uint256[] memory inputs, uint256[] memory outputs) = counts(".close_request");
        uint256[] memory deadlines = numbers(".close_request.deadline");
        assertGt(expected.length, 0, "no vectors");
        for (uint256 i; i < expected.length; ++i) {
            bytes32 hash =
                MessageLib.hashCloseRequest(ids[i], uint64(inputs[i]), uint64(outputs[i]), uint64(deadlines[i]));
            assertEq(hash, expected[i], "close request");
        }
    }

    function test_Quotes() external view {
        bytes32[] memory expected = words(".quote.struct_hash");
        uint256[] memory ids = numbers(".quote.session_id");
        uint256[] memory dates = numbers(".quote.valid_until");
        assertGt(expected.length, 0, "no vectors");
        for (uint256 i; i < expected.length; ++i) {
            assertEq(MessageLib.hashQuote(ids[i], uint64(dates[i])), expected[i], "quote");
        }
    }

    function typeHashOf(string memory name) private pure returns (bytes32) {
        bytes32 key = keccak256(bytes(name));
        if (key == keccak256("Terms")) return MessageLib.TERMS_TYPEHASH;
        if (key == keccak256("Order")) return MessageLib.ORDER_TYPEHASH;
        if (key == keccak256("Voucher")) return MessageLib.VOUCHER_TYPEHASH;
        if (key == keccak256("Close")) return MessageLib.CLOSE_TYPEHASH;
        if (key == keccak256("CloseRequest")) return MessageLib.CLOSE_REQUEST_TYPEHASH;
        if (key == keccak256("Quote")) return MessageLib.QUOTE_TYPEHASH;
        return 0; // the market reads no others
    }

    function allTerms() private view returns (ISessionMarket.Terms[] memory list) {
        list = new ISessionMarket.Terms[](numbers(".terms.salt").length);
        fillParties(list);
        uint256[] memory inputPrices = numbers(".terms.input_price");
        uint256[] memory outputPrices = numbers(".terms.output_price");
        uint256[] memory expiries = numbers(".terms.expires_at");
        uint256[] memory graces = numbers(".terms.grace");
        uint256[] memory fees = numbers(".terms.fee_bps");
        uint256[] memory cancels = numbers(".terms.cancel_bps");
        uint256[] memory caps = numbers(".terms.proof_cap");
        uint256[] memory salts = numbers(".terms.salt");
        for (uint256 i; i < list.length; ++i) {
            list[i].inputPrice = uint128(inputPrices[i]);
            list[i].outputPrice = uint128(outputPrices[i]);
            list[i].expiresAt = uint64(expiries[i]);
            list[i].grace = uint32(graces[i]);
            list[i].feeBps = uint16(fees[i]);
            list[i].cancelBps = uint16(cancels[i]);
            list[i].proofCap = uint128(caps[i]);
            list[i].salt = salts[i];
        }
    }

    function fillParties(ISessionMarket.Terms[] memory list) private view {
        address[] memory renters = addresses(".terms.renter");
        address[] memory hosts = addresses(".terms.host");
        address[] memory hostSigners = addresses(".terms.host_signer");
        address[] memory voucherSigners = addresses(".terms.voucher_signer");
        address[] memory tokens = addresses(".terms.token");
        bytes32[] memory models = words(".terms.model_id");
        for (uint256 i; i < list.length; ++i) {
            (list[i].renter, list[i].host, list[i].hostSigner) = (renters[i], hosts[i], hostSigners[i]);
            (list[i].voucherSigner, list[i].token, list[i].modelId) = (voucherSigners[i], tokens[i], models[i]);
        }
    }

    function counts(string memory group)
        private
        view
        returns (uint256[] memory ids, uint256[] memory inputs, uint256[] memory outputs)
    {
        ids = numbers(string.concat(group, ".session_id"));
        inputs = numbers(string.concat(group, ".input_tokens"));
        outputs = numbers(string.concat(group, ".output_tokens"));
    }

    function numbers(string memory path) private view returns (uint256[] memory) {
        return vm.parseJsonUintArray(json, path);
    }

    function words(string memory path) private view returns (bytes32[] memory) {
        return vm.parseJsonBytes32Array(json, path);
    }

    function addresses(string memory path) private view returns (address[] memory) {
        return vm.parseJsonAddressArray(json, path);
    }
}
