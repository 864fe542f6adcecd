// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {vm} from "../utils/Vm.sol";
import {FabTokenTest} from "./FabTokenTest.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

contract FabTokenVotesTest is FabTokenTest {
    bytes32 private constant PERMIT =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");

    function testFuzz_ClockIsTheTimestamp(uint48 now_) external {
        vm.warp(now_);
        assertEq(fab.clock(), now_);
        assertEq(fab.CLOCK_MODE(), "mode=timestamp");
    }

    function testFuzz_VotesFollowTheBalance(uint256 moved, uint256 burnt) external {
        moved = bound(moved, 0, SUPPLY);
        burnt = bound(burnt, 0, SUPPLY - moved);
        assertEq(fab.getVotes(holder), 0);
        vm.startPrank(holder);
        fab.delegate(holder);
        assertEq(fab.getVotes(holder), SUPPLY);
        fab.transfer(stranger, moved);
        fab.burn(burnt);
        vm.stopPrank();
        assertEq(fab.getVotes(holder), SUPPLY - moved - burnt);
        assertEq(fab.getVotes(stranger), 0);
        vm.prank(stranger);
        fab.delegate(holder);
        assertEq(fab.getVotes(holder), SUPPLY - burnt);
    }

    function testFuzz_PastVotesAreThoseOfTheSecond(uint256 later) external {
        uint256 start = timestamp();
        later = bound(later, 2, 100 * YEAR);
        vm.prank(holder);
        fab.delegate(holder);
        skip(later);
        vm.prank(holder);
        fab.transfer(stranger, 1);
        skip(1);
        assertEq(fab.getPastVotes(holder, start - 1), 0);
        assertEq(fab.getPastVotes(holder, start), SUPPLY);
        assertEq(fab.getPastVotes(holder, start + later - 1), SUPPLY);
        assertEq(fab.getPastVotes(holder, start + later), SUPPLY - 1);
    }

    function testFuzz_PermitApprovesOnce(uint256 value, uint256 deadline) external {
        deadline = bound(deadline, timestamp(), type(uint256).max);
        (address owner, uint256 key) = makeAccount("signing owner");
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, permitDigest(owner, value, 0, deadline));
        fab.permit(owner, stranger, value, deadline, v, r, s);
        assertEq(fab.allowance(owner, stranger), value);
        assertEq(fab.nonces(owner), 1);

        vm.expectPartialRevert(ERC20Permit.ERC2612InvalidSigner.selector);
        fab.permit(owner, stranger, value, deadline, v, r, s);
    }

    function test_RevertWhen_PermitIsLateOrAnothers() external {
        (address owner, uint256 key) = makeAccount("signing owner");
        uint256 late = timestamp() - 1;
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, permitDigest(owner, 1, 0, late));
        vm.expectRevert(abi.encodeWithSelector(ERC20Permit.ERC2612ExpiredSignature.selector, late));
        fab.permit(owner, stranger, 1, late, v, r, s);

        (v, r, s) = vm.sign(key, permitDigest(holder, 1, 0, timestamp()));
        vm.expectRevert(abi.encodeWithSelector(ERC20Permit.ERC2612InvalidSigner.selector, owner, holder));
        fab.permit(holder, stranger, 1, timestamp(), v, r, s);
    }

    function permitDigest(address owner, uint256 value, uint256 nonce, uint256 deadline)
        private
        view
        returns (bytes32)
    {
        bytes32 structHash = keccak256(abi.encode(PERMIT, owner, stranger, value, nonce, deadline));
        return keccak256(abi.encodePacked(hex"1901", fab.DOMAIN_SEPARATOR(), structHash));
    }
}
