// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Test} from "../utils/Test.sol";
import {vm} from "../utils/Vm.sol";
import {DevToken} from "./DevToken.sol";

/// @notice What renters sign is tested against this token, so its own signatures are tested against the standards.
contract DevTokenTest is Test {
    bytes32 private constant PERMIT =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
    string private constant FIELDS =
        "(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)";
    bytes32 private constant NONCE = keccak256("nonce");

    DevToken private token;
    address private owner;
    uint256 private key;
    address private payee;
    uint256 private time;

    function setUp() external {
        time = 1_800_000_000;
        vm.warp(time);
        token = new DevToken("Dev Dollar", "DEV", 6);
        (owner, key) = makeAccount("owner");
        payee = makeAddr("payee");
        token.mint(owner, 1000e6);
    }

    function testFuzz_HasTheDecimalsItWasGiven(uint8 decimals) external {
        assertEq(new DevToken("Odd", "ODD", decimals).decimals(), decimals);
    }

    function test_DomainIsLikeUsdcs() external view {
        bytes32 domain = keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
        bytes32 expected =
            keccak256(abi.encode(domain, keccak256("Dev Dollar"), keccak256("2"), block.chainid, address(token)));
        assertEq(token.DOMAIN_SEPARATOR(), expected);
    }

    /* EIP-2612 */

    function testFuzz_PermitApprovesOnce(uint256 value, bool asBytes) external {
        bytes memory signed = permitBy(key, value, 0, time);
        permit(value, time, signed, asBytes);
        assertEq(token.allowance(owner, payee), value);
        assertEq(token.nonces(owner), 1);
        vm.expectRevert(DevToken.DevToken_BadSignature.selector);
        permit(value, time, signed, asBytes);
    }

    function test_RevertWhen_PermitIsLateOrAnothers() external {
        bytes memory late = permitBy(key, 1, 0, time - 1);
        vm.expectRevert(abi.encodeWithSelector(DevToken.DevToken_Expired.selector, time - 1));
        token.permit(owner, payee, 1, time - 1, late);
        bytes memory anothers = permitBy(key + 1, 1, 0, time);
        vm.expectRevert(DevToken.DevToken_BadSignature.selector);
        token.permit(owner, payee, 1, time, anothers);
    }

    /* ERC-3009 */

    function testFuzz_ReceiveMovesOnce(uint256 value, bool asBytes) external {
        value = bound(value, 0, 1000e6);
        bytes memory signed = authorizationBy(key, "Receive", value, 0, time + 1);
        receiveAs(payee, value, 0, time + 1, signed, asBytes);
        assertEq(token.balanceOf(payee), value);
        assertTrue(token.authorizationState(owner, NONCE));
        vm.expectRevert(abi.encodeWithSelector(DevToken.DevToken_AuthorizationUsed.selector, NONCE));
        receiveAs(payee, value, 0, time + 1, signed, asBytes);
    }

    function test_RevertWhen_CallerIsNotThePayee() external {
        bytes memory signed = authorizationBy(key, "Receive", 1, 0, time + 1);
        vm.expectRevert(abi.encodeWithSelector(DevToken.DevToken_CallerNotPayee.selector, owner));
        receiveAs(owner, 1, 0, time + 1, signed, true);
    }

    function test_RevertWhen_OutsideItsTime() external {
        bytes memory signed = authorizationBy(key, "Receive", 1, time, time + 1);
        vm.expectRevert(abi.encodeWithSelector(DevToken.DevToken_NotYetValid.selector, time));
        receiveAs(payee, 1, time, time + 1, signed, true);
        signed = authorizationBy(key, "Receive", 1, 0, time);
        vm.expectRevert(abi.encodeWithSelector(DevToken.DevToken_Expired.selector, time));
        receiveAs(payee, 1, 0, time, signed, true);
    }

    function testFuzz_AnyoneSendsATransfer(uint256 value, bool asBytes) external {
        value = bound(value, 0, 1000e6);
        bytes memory signed = authorizationBy(key, "Transfer", value, 0, time + 1);
        if (asBytes) {
            token.transferWithAuthorization(owner, payee, value, 0, time + 1, NONCE, signed);
        } else {
            (uint8 v, bytes32 r, bytes32 s) = split(signed);
            token.transferWithAuthorization(owner, payee, value, 0, time + 1, NONCE, v, r, s);
        }
        assertEq(token.balanceOf(payee), value);
    }

    /// @dev One is not good for the other: else a receive could be sent ahead of its payee.
    function test_RevertWhen_AReceiveIsSentAsATransfer() external {
        bytes memory signed = authorizationBy(key, "Receive", 1, 0, time + 1);
        vm.expectRevert(DevToken.DevToken_BadSignature.selector);
        token.transferWithAuthorization(owner, payee, 1, 0, time + 1, NONCE, signed);
    }

    function test_CancelledAuthorizationIsUnusable() external {
        bytes32 typehash = keccak256("CancelAuthorization(address authorizer,bytes32 nonce)");
        token.cancelAuthorization(owner, NONCE, sign(key, keccak256(abi.encode(typehash, owner, NONCE))));
        bytes memory signed = authorizationBy(key, "Receive", 1, 0, time + 1);
        vm.expectRevert(abi.encodeWithSelector(DevToken.DevToken_AuthorizationUsed.selector, NONCE));
        receiveAs(payee, 1, 0, time + 1, signed, true);
    }

    /* HELPERS */

    function permit(uint256 value, uint256 deadline, bytes memory signed, bool asBytes) private {
        if (asBytes) return token.permit(owner, payee, value, deadline, signed);
        (uint8 v, bytes32 r, bytes32 s) = split(signed);
        token.permit(owner, payee, value, deadline, v, r, s);
    }

    function receiveAs(
        address caller,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes memory signed,
        bool asBytes
    ) private {
        vm.prank(caller);
        if (asBytes) {
            return token.receiveWithAuthorization(owner, payee, value, validAfter, validBefore, NONCE, signed);
        }
        (uint8 v, bytes32 r, bytes32 s) = split(signed);
        token.receiveWithAuthorization(owner, payee, value, validAfter, validBefore, NONCE, v, r, s);
    }

    function permitBy(uint256 signer, uint256 value, uint256 nonce, uint256 deadline)
        private
        view
        returns (bytes memory)
    {
        return sign(signer, keccak256(abi.encode(PERMIT, owner, payee, value, nonce, deadline)));
    }

    function authorizationBy(uint256 signer, string memory kind, uint256 value, uint256 validAfter, uint256 validBefore)
        private
        view
        returns (bytes memory)
    {
        bytes32 typehash = keccak256(bytes(string.concat(kind, "WithAuthorization", FIELDS)));
        return sign(signer, keccak256(abi.encode(typehash, owner, payee, value, validAfter, validBefore, NONCE)));
    }

    function sign(uint256 signer, bytes32 structHash) private view returns (bytes memory) {
        return signature(signer, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), structHash)));
    }

    function split(bytes memory signed) private pure returns (uint8 v, bytes32 r, bytes32 s) {
        (r, s) = abi.decode(signed, (bytes32, bytes32));
        v = uint8(signed[64]);
    }
}
