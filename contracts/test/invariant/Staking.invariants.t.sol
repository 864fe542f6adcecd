// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IFabToken} from "../../src/interfaces/IFabToken.sol";
import {IStaking} from "../../src/interfaces/IStaking.sol";
import {DevToken} from "../tokens/DevToken.sol";
import {Deploy} from "../utils/Deploy.sol";
import {Test} from "../utils/Test.sol";
import {Tiers} from "../utils/Tiers.sol";
import {vm} from "../utils/Vm.sol";
import {StakingHandler} from "./handlers/StakingHandler.sol";
import {IERC5805} from "@openzeppelin/contracts/interfaces/IERC5805.sol";

/// @notice The invariants S1 to S6 of README.md, in its order.
contract StakingInvariants is Test {
    IFabToken internal fab;
    IStaking internal staking;
    StakingHandler internal handler;

    function setUp() external {
        vm.warp(1_800_000_000);
        fab = Deploy.fabToken(address(this), address(this));
        staking = Deploy.staking(address(this), address(fab), Tiers.standard(), 1000, 7 days);
        DevToken usd = new DevToken("Dollar", "USD", 6);
        staking.addRewardToken(address(usd));
        staking.addRewardToken(address(0));
        handler = new StakingHandler(staking, fab, usd);
        for (uint256 i = 0; i < handler.STAKERS(); i++) {
            assertTrue(fab.transfer(handler.stakers(i), handler.WALLET()));
        }
        assertTrue(fab.transfer(address(handler), fab.balanceOf(address(this))));

        targetContract(address(handler));
        bytes4[] memory moves = new bytes4[](7);
        moves[0] = handler.stake.selector;
        moves[1] = handler.unstake.selector;
        moves[2] = handler.compound.selector;
        moves[3] = handler.claim.selector;
        moves[4] = handler.reward.selector;
        moves[5] = handler.delegate.selector;
        moves[6] = handler.wait.selector;
        targetSelectors(address(handler), moves);
    }

    /// @dev One campaign for all, since Foundry plays a campaign of its own for each function named so.
    function invariant_S1toS5() external view {
        checkStakesAndWeightsAdd();
        checkLocksAreTheLongest();
        checkHoldsStakesAndRewards();
        checkNobodyEarnsWhatIsNotThere();
        checkVotesAreThoseOfTheStakes();
    }

    /// @dev S1.
    function checkStakesAndWeightsAdd() private view {
        uint256 stakes;
        uint256 weights;
        for (uint256 i = 0; i < handler.STAKERS(); i++) {
            address account = handler.stakers(i);
            IStaking.Position memory position = staking.positionOf(account);
            assertEq(position.amount, handler.staked(account), "S1: stake");
            assertEq(position.weight, position.amount * uint256(tier(position.amount).rewardBps), "S1: weight");
            stakes += position.amount;
            weights += position.weight;
        }
        assertEq(staking.totalStaked(), stakes, "S1: total");
        assertEq(staking.totalWeight(), weights, "S1: total weight");
    }

    /// @dev S2.
    function checkLocksAreTheLongest() private view {
        for (uint256 i = 0; i < handler.STAKERS(); i++) {
            address account = handler.stakers(i);
            assertEq(staking.positionOf(account).lockedUntil, handler.lockedUntil(account), "S2");
        }
    }

    /// @dev S3.
    function checkHoldsStakesAndRewards() private view {
        for (uint256 t = 0; t < 3; t++) {
            address token = handler.tokenAt(t);
            uint256 unpaid = handler.rewarded(token) - handler.paid(token);
            uint256 stakes = token == address(fab) ? staking.totalStaked() : 0;
            assertEq(handler.balance(token, address(staking)), stakes + unpaid, "S3: balance");
            assertEq(staking.rewardState(token).paid, handler.paid(token), "S3: paid");
            assertLe(staking.rewardState(token).received, handler.rewarded(token), "S3: received");
        }
    }

    /// @dev S4: less than a unit of each account is kept back, and of each token less than a millionth.
    function checkNobodyEarnsWhatIsNotThere() private view {
        for (uint256 t = 0; t < 3; t++) {
            address token = handler.tokenAt(t);
            IStaking.RewardState memory state = staking.rewardState(token);
            uint256 due;
            for (uint256 i = 0; i < handler.STAKERS(); i++) {
                due += staking.claimable(handler.stakers(i), token);
            }
            uint256 shared = uint256(state.received) - state.undistributed;
            assertLe(state.paid + due, shared, "S4: too much");
            assertGe(state.paid + due + handler.STAKERS(), shared, "S4: too little");
        }
    }

    /// @dev S5.
    function checkVotesAreThoseOfTheStakes() private view {
        IERC5805 ledger = IERC5805(address(staking));
        uint256 votes;
        uint256 units;
        for (uint256 i = 0; i < handler.STAKERS(); i++) {
            address account = handler.stakers(i);
            uint256 amount = handler.staked(account);
            units += amount * tier(amount).votesBps / 10_000;
            votes += ledger.getVotes(account);
            uint256 delegated;
            for (uint256 j = 0; j < handler.STAKERS(); j++) {
                address other = handler.stakers(j);
                if (ledger.delegates(other) == account) delegated += staking.positionOf(other).votes;
            }
            assertEq(ledger.getVotes(account), delegated, "S5: delegated");
        }
        assertEq(votes, units, "S5: all");
    }

    /// @dev S6: at the end of every run, whatever happened in it.
    function afterInvariant() external {
        uint256 cost;
        skip(4 * 365 days);
        for (uint256 t = 0; t < 3; t++) {
            staking.distribute(handler.tokenAt(t));
        }
        skip(7 days);
        for (uint256 i = 0; i < handler.STAKERS(); i++) {
            address account = handler.stakers(i);
            uint256 amount = handler.staked(account);
            uint256 before = fab.balanceOf(account);
            vm.startPrank(account);
            if (amount != 0) staking.unstake(amount, account);
            assertEq(fab.balanceOf(account), before + amount, "S6: stake");
            staking.claim(staking.rewardTokens(), account);
            vm.stopPrank();
            cost += handler.leftBehind(account);
        }
        assertEq(staking.totalStaked(), 0, "S6: left behind");
        for (uint256 t = 0; t < 3; t++) {
            IStaking.RewardState memory state = staking.rewardState(handler.tokenAt(t));
            uint256 rest = handler.balance(handler.tokenAt(t), address(staking));
            assertApproxEqAbs(rest, state.undistributed, handler.STAKERS());
        }
        assertGe(handler.rewarded(address(fab)), cost, "S6: costs are rewards");
    }

    function tier(uint256 amount) private view returns (IStaking.Tier memory) {
        return staking.tiers()[staking.tierOf(amount)];
    }
}
