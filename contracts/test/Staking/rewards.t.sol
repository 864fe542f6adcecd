// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IStaking} from "../../src/interfaces/IStaking.sol";
import {vm} from "../utils/Vm.sol";
import {StakingTest} from "./StakingTest.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Errors} from "@openzeppelin/contracts/utils/Errors.sol";

/// @notice A token whose balances are whatever its test says.
contract LyingToken {
    mapping(address account => uint256) public balanceOf;

    function setBalance(address account, uint256 amount) external {
        balanceOf[account] = amount;
    }
}

/// @notice A staker that takes no coin.
contract Unpayable {
    function claim(IStaking staking, address[] calldata tokens) external {
        staking.claim(tokens, address(this));
    }

    function stake(IStaking staking, address fab, uint256 amount) external {
        (bool ok,) = fab.call(abi.encodeWithSignature("approve(address,uint256)", staking, amount));
        require(ok, "approve");
        staking.stake(amount);
    }
}

contract StakingRewardsTest is StakingTest {
    /* DISTRIBUTE */

    function testFuzz_RevertWhen_TokenIsUnknown(address token) external {
        vm.assume(token != address(fab) && token != address(usd) && token != COIN);
        bytes memory unknown = abi.encodeWithSelector(IStaking.Staking_UnknownToken.selector, token);
        vm.expectRevert(unknown);
        staking.distribute(token);
        vm.expectRevert(unknown);
        staking.claimable(alice, token);
        vm.expectRevert(unknown);
        staking.rewardState(token);
        vm.expectRevert(unknown);
        staking.claim(one(token), alice);
    }

    function test_TakesNothingWhenNothingCameIn() external {
        stake(alice, 1e18);
        assertEq(staking.distribute(address(usd)), 0);
        assertEq(staking.distribute(address(fab)), 0);
        assertEq(staking.rewardState(address(usd)).received, 0);
    }

    /// @dev A stake is not mistaken for a reward, nor a reward in FAB for a stake.
    function testFuzz_SharesByWeight(uint256 a, uint256 b, uint256 amount, uint256 which) external {
        address token = staking.rewardTokens()[which % 3];
        a = bound(a, 1e12, WALLET);
        b = bound(b, 1e12, WALLET);
        amount = bound(amount, 1, 100_000e18);
        stake(alice, a);
        stake(bob, b);
        reward(token, amount);
        skip(PERIOD);
        uint256 weight = staking.positionOf(alice).weight;
        uint256 share = amount * weight / staking.totalWeight();
        assertApproxEqAbs(claim(alice, token), share, 1);
        assertApproxEqAbs(claim(bob, token), amount - share, 1);
        assertEq(staking.rewardState(token).undistributed, 0);
    }

    function testFuzz_SharesOutEvenly(uint256 amount, uint256 elapsed) external {
        amount = bound(amount, 1, 100_000e6);
        elapsed = bound(elapsed, 0, 2 * PERIOD);
        stake(alice, 1e18);
        reward(address(usd), amount);
        skip(elapsed);
        uint256 due = elapsed < PERIOD ? amount * elapsed / PERIOD : amount;
        assertApproxEqAbs(staking.claimable(alice, address(usd)), due, 1);
        assertEq(staking.rewardState(address(usd)).undistributed, amount - due);
        assertEq(staking.rewardState(address(usd)).finishAt, 1_800_000_000 + uint256(PERIOD));
    }

    function testFuzz_MoreOnTopFinishesAtTheAverage(uint256 first, uint256 second, uint256 elapsed) external {
        first = bound(first, 1, 1e12);
        second = bound(second, 1, 1e12);
        elapsed = bound(elapsed, 0, PERIOD - 1);
        stake(alice, 1e18);
        reward(address(usd), first);
        skip(elapsed);
        uint256 left = first - first * elapsed / PERIOD;
        reward(address(usd), second);
        uint256 average = (left * (PERIOD - elapsed) + second * PERIOD) / (left + second);
        assertEq(staking.rewardState(address(usd)).finishAt, timestamp() + average);
        skip(average);
        assertApproxEqAbs(staking.claimable(alice, address(usd)), first + second, 1);
    }

    /// @notice With a finish simply put off by each reward, a stranger's dust would keep most from ever being paid.
    function test_DustCannotPutTheFinishOff() external {
        stake(alice, 1e18);
        reward(address(usd), 1000e6);
        for (uint256 day = 0; day < 7; day++) {
            skip(1 days);
            reward(address(usd), 1);
        }
        assertGe(staking.claimable(alice, address(usd)), 999.9e6);
    }

    function testFuzz_GivenNobodyStaked_NothingIsLost(uint256 idle, uint256 gap, bool taken) external {
        idle = bound(idle, 1, 365 days);
        gap = bound(gap, 1, 365 days);
        usd.mint(address(staking), 1000e6);
        if (taken) assertEq(staking.distribute(address(usd)), 1000e6);
        skip(idle);
        if (!taken) assertEq(staking.distribute(address(usd)), 1000e6);
        stake(alice, 1e18);
        skip(PERIOD / 2);
        unstake(alice, 1e18);
        assertApproxEqAbs(staking.claimable(alice, address(usd)), 500e6, 1);
        skip(gap);
        assertEq(staking.rewardState(address(usd)).undistributed, 500e6);
        stake(bob, 2e18);
        skip(PERIOD / 2);
        assertApproxEqAbs(claim(bob, address(usd)), 500e6, 1);
        assertApproxEqAbs(claim(alice, address(usd)), 500e6, 1);
    }

    /* CLAIM */

    function test_RevertWhen_RecipientIsZero() external {
        vm.expectRevert(IStaking.Staking_ZeroAddress.selector);
        vm.prank(alice);
        staking.claim(one(COIN), address(0));
    }

    function test_PaysEachTokenToWhomTheStakerSays() external {
        stake(alice, 1e18);
        reward(address(fab), 7e18);
        reward(address(usd), 7e6);
        reward(COIN, 7 ether);
        skip(PERIOD);
        address[] memory tokens = staking.rewardTokens();
        vm.expectEmit(address(staking));
        emit IStaking.RewardPaid(alice, COIN, stranger, 7 ether - 1); // the last fraction of a unit is kept
        vm.prank(alice);
        staking.claim(tokens, stranger);
        assertApproxEqAbs(fab.balanceOf(stranger), 7e18, 1);
        assertApproxEqAbs(usd.balanceOf(stranger), 7e6, 1);
        assertApproxEqAbs(stranger.balance, 7 ether, 1);
        vm.prank(alice);
        staking.claim(tokens, stranger); // nothing twice
        assertApproxEqAbs(stranger.balance, 7 ether, 1);
        assertEq(staking.rewardState(COIN).paid, stranger.balance);
    }

    /// @notice Fractions of a unit are kept from one claim to the next.
    function testFuzz_ClaimingOftenLosesNothing(uint256 claims) external {
        claims = bound(claims, 2, 100);
        stake(alice, 1e18);
        stake(bob, 2e18);
        reward(address(usd), 100);
        uint256 taken;
        for (uint256 i = 0; i < claims; i++) {
            skip(PERIOD / claims + 1);
            taken += claim(alice, address(usd));
        }
        assertEq(taken, 33);
    }

    function test_RevertWhen_TheCoinIsRefused() external {
        Unpayable staker = new Unpayable();
        fab.transfer(address(staker), 1e18);
        staker.stake(staking, address(fab), 1e18);
        reward(COIN, 1 ether);
        skip(PERIOD);
        vm.expectRevert(Errors.FailedCall.selector);
        staker.claim(staking, one(COIN));
        assertApproxEqAbs(staking.claimable(address(staker), COIN), 1 ether, 1);
    }

    /// @notice Staking around a distribution, without risk and for a moment, would otherwise skim it.
    function test_AStakeForAMomentEarnsNothing() external {
        stake(alice, 1e18);
        stake(bob, 4999e18);
        reward(address(usd), 1000e6);
        unstake(bob, 4999e18);
        assertEq(staking.claimable(bob, address(usd)), 0);
        skip(PERIOD);
        assertApproxEqAbs(staking.claimable(alice, address(usd)), 1000e6, 1);
    }

    /* REWARD TOKENS */

    function testFuzz_RevertWhen_CallerIsNotOwner(address caller) external {
        vm.assume(caller != governance);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller));
        vm.prank(caller);
        staking.addRewardToken(address(1));
    }

    function test_RevertWhen_TokenIsKnownOrThereAreEight() external {
        vm.startPrank(governance);
        vm.expectRevert(abi.encodeWithSelector(IStaking.Staking_KnownToken.selector, COIN));
        staking.addRewardToken(COIN);
        for (uint160 i = 1; i <= 5; i++) {
            vm.expectEmit(address(staking));
            emit IStaking.RewardTokenAdded(address(i));
            staking.addRewardToken(address(i));
        }
        vm.expectRevert(IStaking.Staking_TooManyTokens.selector);
        staking.addRewardToken(address(6));
        assertEq(staking.rewardTokens().length, 8);
    }

    /* HOSTILE TOKENS */

    function test_GivenATokenThatLies_StakesStillLeave() external {
        LyingToken token = new LyingToken();
        vm.prank(governance);
        staking.addRewardToken(address(token));
        stake(alice, 1);
        token.setBalance(address(staking), 1000);
        assertEq(staking.distribute(address(token)), 1000);
        token.setBalance(address(staking), 10);
        assertEq(staking.distribute(address(token)), 0);
        token.setBalance(address(staking), type(uint256).max);
        assertEq(staking.distribute(address(token)), type(uint128).max - 1000);
        skip(PERIOD);
        assertEq(staking.distribute(address(token)), 0);
        unstake(alice, 1);
        assertApproxEqAbs(staking.claimable(alice, address(token)), type(uint128).max, 1);
    }
}
