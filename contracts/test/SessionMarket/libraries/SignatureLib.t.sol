// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {SignatureLib} from "../../../src/libraries/SignatureLib.sol";
import {Test} from "../../utils/Test.sol";
import {vm} from "../../utils/Vm.sol";
import {Harness} from "./Harness.sol";

/// @notice Answers to `isValidSignature` as hostile as they come.
contract OddSigner {
    bytes internal answer;
    bool internal burning;

    function set(bytes calldata answer_, bool burning_) external {
        (answer, burning) = (answer_, burning_);
    }

    fallback(bytes calldata) external returns (bytes memory) {
        if (burning) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        return answer;
    }
}

/// @notice Runs the signatures of `vectors/messages.json`, as `fabstir-core` does.
contract SignatureLibTest is Test {
    bytes4 internal constant MAGIC = 0x1626ba7e;

    string internal json;
    Harness internal harness;

    function setUp() external {
        json = vm.readFile("../vectors/messages.json");
        harness = new Harness();
    }

    /* ECDSA */

    function test_SignaturesOfEveryMessage() external view {
        string[5] memory groups = [".voucher", ".close_request", ".order", ".close", ".quote"];
        for (uint256 g; g < groups.length; ++g) {
            recoversAll(groups[g]);
        }
    }

    function test_UnusualSignaturesThatAreGood() external view {
        recoversAll(".accepted");
    }

    function test_RefusedSignatures() external view {
        bytes32[] memory digests = vm.parseJsonBytes32Array(json, ".refused.digest");
        bytes[] memory signatures = vm.parseJsonBytesArray(json, ".refused.signature");
        address[] memory recovered = vm.parseJsonAddressArray(json, ".refused.recovered");
        address[] memory expected = vm.parseJsonAddressArray(json, ".refused.expected_signer");
        string[] memory names = vm.parseJsonStringArray(json, ".refused.name");
        assertGt(names.length, 0, "no vectors");
        for (uint256 i; i < names.length; ++i) {
            address signer = harness.recover(digests[i], signatures[i]);
            assertEq(signer, recovered[i], names[i]);
            // Nobody is never expected: openings refuse a zero address.
            assertTrue(signer == address(0) || signer != expected[i], names[i]);
        }
    }

    function testFuzz_Recovers(uint256 key, bytes32 digest) external view {
        key = bound(key, 1, 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140);
        assertEq(harness.recover(digest, signature(key, digest)), vm.addr(key), "signer");
    }

    function testFuzz_OtherLengthsRecoverToNobody(bytes32 digest, bytes calldata junk) external view {
        vm.assume(junk.length != 65);
        assertEq(harness.recover(digest, junk), address(0), "signer");
    }

    /* ERC-1271 */

    function test_ContractsAnswer() external {
        OddSigner signer = new OddSigner();
        answers(signer, abi.encode(MAGIC), true);
        answers(signer, abi.encodePacked(abi.encode(MAGIC), new bytes(100_000)), true); // only one word is read
        answers(signer, abi.encode(bytes4(0xffffffff)), false);
        answers(signer, abi.encode(true), false);
        answers(signer, abi.encodePacked(MAGIC), false); // too short
        answers(signer, abi.encodePacked(MAGIC, bytes28(uint224(1))), false); // dirty
        answers(signer, "", false);
        assertFalse(harness.isValidERC1271(address(0xE0A), 0, ""), "an account without code");
    }

    function test_ContractThatBurnsGas() external {
        OddSigner signer = new OddSigner();
        signer.set("", true);
        uint256 gas = gasleft();
        assertFalse(harness.isValidERC1271(address(signer), 0, ""), "burning");
        assertLt(gas - gasleft(), SignatureLib.ERC1271_GAS + 50_000, "bounded");
    }

    function answers(OddSigner signer, bytes memory answer, bool expected) private {
        signer.set(answer, false);
        assertEq(harness.isValidERC1271(address(signer), bytes32("digest"), "signature"), expected);
    }

    function recoversAll(string memory group) private view {
        bytes32[] memory digests = vm.parseJsonBytes32Array(json, string.concat(group, ".digest"));
        bytes[] memory signatures = vm.parseJsonBytesArray(json, string.concat(group, ".signature"));
        address[] memory signers = vm.parseJsonAddressArray(json, string.concat(group, ".signer"));
        assertGt(digests.length, 0, "no vectors");
        for (uint256 i; i < digests.length; ++i) {
            assertEq(harness.recover(digests[i], signatures[i]), signers[i], group);
        }
    }
}
