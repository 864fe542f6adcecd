// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IRevenueSplitter} from "../../../src/interfaces/IRevenueSplitter.sol";
import {DevToken} from "../../tokens/DevToken.sol";
import {Test} from "../../utils/Test.sol";
import {vm} from "../../utils/Vm.sol";

/// @notice Revenue in coin and in a token, divided and withdrawn at random, while recipients and shares change. No move may
/// revert.
contract RevenueSplitterHandler is Test {
    IRevenueSplitter internal immutable splitter;
    DevToken internal immutable token;
    address internal immutable owner;

    /// @notice What came in, and what was paid for each purpose.
    mapping(address asset => uint256) public received;
    mapping(address asset => uint256) public paid;
    /// @notice What each recipient, ever named, should have.
    mapping(address asset => mapping(address recipient => uint256)) public due;
    address[] public recipients;

    constructor(IRevenueSplitter splitter_, DevToken token_, address owner_, address[6] memory first) {
        (splitter, token, owner) = (splitter_, token_, owner_);
        for (uint256 i = 0; i < 6; i++) {
            recipients.push(first[i]);
        }
        vm.deal(address(this), type(uint128).max);
    }

    /* MOVES */

    function revenue(uint256 seed, uint256 amount) external {
        address asset = assets()[seed & 1];
        amount = bound(amount, 1, seed & 2 == 0 ? 20 : 1e24);
        received[asset] += amount;
        if (asset != address(0)) return token.mint(address(splitter), amount);
        (bool ok,) = address(splitter).call{value: amount}("");
        assertTrue(ok, "coin");
    }

    function distribute(uint256 seed) external {
        splitter.distribute(assets()[seed & 1]);
    }

    function withdraw(uint256 seed) external {
        (address asset, IRevenueSplitter.Purpose purpose) = (assets()[seed & 1], IRevenueSplitter.Purpose(seed % 6));
        uint256 expected = splitter.pendingOf(purpose, asset);
        uint256 amount = splitter.withdraw(purpose, asset);
        assertEq(amount, expected, "what was pending");
        paid[asset] += amount;
        due[asset][splitter.recipientOf(purpose)] += amount;
    }

    function rotate(uint256 seed) external {
        if (recipients.length == 16) return;
        address recipient = address(uint160(0xfee0000 + recipients.length));
        recipients.push(recipient);
        vm.prank(owner);
        splitter.setRecipient(IRevenueSplitter.Purpose(seed % 6), recipient);
    }

    function setShares(uint8 protocol, uint8 stakers, uint8 a, uint8 b, uint8 c) external {
        protocol = uint8(bound(protocol, 0, 30));
        stakers = uint8(bound(stakers, protocol == 0 ? 1 : 0, 30 - protocol));
        (a, b, c) = (uint8(bound(a, 0, 40)), uint8(bound(b, 0, 40)), uint8(bound(c, 0, 20)));
        IRevenueSplitter.Shares memory shares = IRevenueSplitter.Shares(protocol, stakers, a, b, c, 0, 100 - a - b - c);
        vm.prank(owner);
        splitter.setShares(shares);
    }

    /* READING */

    function assets() public view returns (address[2] memory) {
        return [address(0), address(token)];
    }

    function recipientCount() external view returns (uint256) {
        return recipients.length;
    }
}
