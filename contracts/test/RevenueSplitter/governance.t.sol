// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IRevenueSplitter} from "../../src/interfaces/IRevenueSplitter.sol";
import {Deploy} from "../utils/Deploy.sol";
import {vm} from "../utils/Vm.sol";
import {RevenueSplitterTest} from "./RevenueSplitterTest.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

contract RevenueSplitterGovernanceTest is RevenueSplitterTest {
    function test_Defaults() external view {
        IRevenueSplitter.Shares memory s = splitter.shares();
        assertEq(abi.encode(s), abi.encode(IRevenueSplitter.Shares(10, 5, 30, 20, 20, 20, 10)));
        for (uint256 i = 0; i < 6; i++) {
            assertEq(splitter.recipientOf(purpose(i)), recipients[i]);
        }
        assertEq(Ownable(address(splitter)).owner(), owner);
    }

    function testFuzz_RevertWhen_CallerIsNotTheOwner(address caller) external {
        vm.assume(caller != owner);
        IRevenueSplitter.Shares memory s = splitter.shares();
        bytes memory notOwner = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller);
        vm.startPrank(caller);
        vm.expectRevert(notOwner);
        splitter.setShares(s);
        vm.expectRevert(notOwner);
        splitter.setRecipient(purpose(0), caller);
        vm.stopPrank();
    }

    function testFuzz_RevertWhen_PartsAreRefused(uint8 protocol, uint8 stakers) external {
        uint256 parts = uint256(protocol) + stakers;
        vm.assume(parts == 0 || parts > 30);
        vm.expectRevert(IRevenueSplitter.RevenueSplitter_BadShares.selector);
        setShares(IRevenueSplitter.Shares(protocol, stakers, 30, 20, 20, 20, 10));
    }

    function testFuzz_RevertWhen_PercentAreRefused(uint8[5] memory p) external {
        vm.assume(uint256(p[0]) + p[1] + p[2] + p[3] + p[4] != 100);
        vm.expectRevert(IRevenueSplitter.RevenueSplitter_BadShares.selector);
        setShares(IRevenueSplitter.Shares(10, 5, p[0], p[1], p[2], p[3], p[4]));
    }

    function test_RevertWhen_ARecipientIsZero() external {
        vm.expectRevert(IRevenueSplitter.RevenueSplitter_ZeroAddress.selector);
        vm.prank(owner);
        splitter.setRecipient(purpose(0), address(0));
        for (uint256 i = 0; i < 6; i++) {
            address[6] memory list = recipients;
            list[i] = address(0);
            vm.expectRevert(IRevenueSplitter.RevenueSplitter_ZeroAddress.selector);
            Deploy.revenueSplitter(owner, list);
        }
    }

    function testFuzz_NewSharesDivideWhatIsNotDividedYet(uint256 before, uint256 after_, uint8 protocol, uint8 stakers)
        external
    {
        before = bound(before, 1, type(uint120).max);
        after_ = bound(after_, 0, type(uint120).max);
        protocol = uint8(bound(protocol, 0, 30));
        stakers = uint8(bound(stakers, protocol == 0 ? 1 : 0, 30 - protocol));
        receiveRevenue(COIN, before);
        splitter.distribute(COIN);
        uint256 leftOver = before - credits(COIN);

        IRevenueSplitter.Shares memory s = IRevenueSplitter.Shares(protocol, stakers, 100, 0, 0, 0, 0);
        vm.expectEmit(address(splitter));
        emit IRevenueSplitter.SharesSet(s);
        setShares(s);
        receiveRevenue(COIN, after_);
        assertEq(splitter.distribute(COIN), after_ + leftOver);
        uint256 parts = uint256(protocol) + stakers;
        uint256 fresh = after_ + leftOver;
        assertEq(splitter.creditOf(purpose(0), COIN), before / 3 + fresh * stakers / parts, "stakers");
        assertEq(splitter.creditOf(purpose(1), COIN), before / 5 + fresh * protocol / parts, "development");
        assertEq(splitter.creditOf(purpose(5), COIN), before / 15, "reserve");
    }

    function testFuzz_Recipients(uint256 which, address recipient) external {
        vm.assume(recipient != address(0));
        vm.expectEmit(address(splitter));
        emit IRevenueSplitter.RecipientSet(purpose(which % 6), recipient);
        vm.prank(owner);
        splitter.setRecipient(purpose(which % 6), recipient);
        assertEq(splitter.recipientOf(purpose(which % 6)), recipient);
    }
}
