// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IFabToken} from "../../src/interfaces/IFabToken.sol";
import {IStaking} from "../../src/interfaces/IStaking.sol";
import {DevToken} from "../tokens/DevToken.sol";
import {Deploy} from "../utils/Deploy.sol";
import {Test} from "../utils/Test.sol";
import {Tiers} from "../utils/Tiers.sol";
import {vm} from "../utils/Vm.sol";
import {IERC5805} from "@openzeppelin/contracts/interfaces/IERC5805.sol";

/// @notice A staking contract with the standard tiers, two stakers with 400,000 FAB each, and rewards in FAB, dollars and
/// the coin.
abstract contract StakingTest is Test {
    address internal constant COIN = address(0);
    uint256 internal constant WALLET = 400_000e18;
    uint32 internal constant PERIOD = 7 days;

    IFabToken internal fab;
    IStaking internal staking;
    IERC5805 internal votes; // the same contract, as a ledger of votes
    DevToken internal usd;

    address internal governance;
    address internal alice;
    address internal bob;
    address internal stranger;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        (governance, stranger) = (makeAddr("governance"), makeAddr("stranger"));
        (alice, bob) = (makeAddr("alice"), makeAddr("bob"));
        fab = Deploy.fabToken(governance, address(this));
        staking = Deploy.staking(governance, address(fab), Tiers.standard(), 1000, PERIOD);
        votes = IERC5805(address(staking));
        usd = new DevToken("Dollar", "USD", 6);
        vm.startPrank(governance);
        staking.addRewardToken(address(usd));
        staking.addRewardToken(COIN);
        vm.stopPrank();
        fund(alice);
        fund(bob);
    }

    function fund(address account) internal {
        fab.transfer(account, WALLET);
        vm.prank(account);
        fab.approve(address(staking), type(uint256).max);
    }

    function stake(address account, uint256 amount) internal {
        vm.prank(account);
        staking.stake(amount);
    }

    function unstake(address account, uint256 amount) internal {
        vm.prank(account);
        staking.unstake(amount, account);
    }

    function unstakeEarly(address account, uint256 amount) internal {
        vm.prank(account);
        staking.unstakeEarly(amount, account);
    }

    /// @dev A reward of `amount` of `token` comes in and is taken into the books.
    function reward(address token, uint256 amount) internal {
        if (token == COIN) {
            vm.deal(address(staking), address(staking).balance + amount);
        } else if (token == address(fab)) {
            fab.transfer(address(staking), amount);
        } else {
            usd.mint(address(staking), amount);
        }
        assertEq(staking.distribute(token), amount);
    }

    function claim(address account, address token) internal returns (uint256 amount) {
        uint256 before = balance(token, account);
        vm.prank(account);
        staking.claim(one(token), account);
        return balance(token, account) - before;
    }

    function balance(address token, address account) internal view returns (uint256) {
        return token == COIN ? account.balance : IFabToken(token).balanceOf(account);
    }

    function one(address token) internal pure returns (address[] memory list) {
        list = new address[](1);
        list[0] = token;
    }

    /// @dev The tier of an amount, written down a second time.
    function tierFor(uint256 amount)
        internal
        pure
        returns (uint8 tier, uint256 lock, uint256 rewardBps, uint256 votesBps)
    {
        if (amount < 5000e18) return (0, 0, 5000, 5000);
        if (amount < 10_000e18) return (1, 30 days, 7500, 7500);
        if (amount < 50_000e18) return (2, 90 days, 10_000, 10_000);
        if (amount < 100_000e18) return (3, 180 days, 12_500, 15_000);
        return (4, 365 days, 15_000, 20_000);
    }
}
