// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IRevenueSplitter} from "../../src/interfaces/IRevenueSplitter.sol";
import {DevToken} from "../tokens/DevToken.sol";
import {Deploy} from "../utils/Deploy.sol";
import {Test} from "../utils/Test.sol";
import {vm} from "../utils/Vm.sol";

/// @notice A splitter with the default shares, and a recipient for each purpose.
abstract contract RevenueSplitterTest is Test {
    address internal constant COIN = address(0);

    IRevenueSplitter internal splitter;
    DevToken internal token;
    address internal owner;
    address internal stranger;
    address[6] internal recipients;

    /// @dev Of 1,500: 5 of 15 parts, and 10 of them 30, 20, 20, 20 and 10 percent.
    uint256[6] internal weights = [uint256(500), 300, 200, 200, 200, 100];

    function setUp() public virtual {
        (owner, stranger) = (makeAddr("owner"), makeAddr("stranger"));
        for (uint256 i = 0; i < 6; i++) {
            recipients[i] = makeAddr(string.concat("recipient", vm.toString(i)));
        }
        splitter = Deploy.revenueSplitter(owner, recipients);
        token = new DevToken("Dev Dollar", "DEV", 6);
        vm.deal(address(this), type(uint128).max);
    }

    function receiveRevenue(address asset, uint256 amount) internal {
        if (asset != COIN) return token.mint(address(splitter), amount);
        (bool ok,) = address(splitter).call{value: amount}("");
        assertTrue(ok, "the splitter takes coin");
    }

    function setShares(IRevenueSplitter.Shares memory shares) internal {
        vm.prank(owner);
        splitter.setShares(shares);
    }

    function holding(address asset, address account) internal view returns (uint256) {
        return asset == COIN ? account.balance : token.balanceOf(account);
    }

    function purpose(uint256 index) internal pure returns (IRevenueSplitter.Purpose) {
        return IRevenueSplitter.Purpose(index);
    }

    function credits(address asset) internal view returns (uint256 sum) {
        for (uint256 i = 0; i < 6; i++) {
            sum += splitter.creditOf(purpose(i), asset);
        }
    }
}
