// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IERC5805} from "@openzeppelin/contracts/interfaces/IERC5805.sol";

/// @title VotingPower
/// @notice The one source of votes that governance reads: those of FAB in wallets and those of FAB that is staked, which
/// count by their tier. FAB that is staked is nobody's balance, so nothing counts twice.
/// @dev Keeps no state: both ledgers checkpoint by timestamp. The supply is FAB's own, so a quorum is a share of the
/// tokens there are, whatever tiers they are staked in.
contract VotingPower is IERC5805 {
    /// @notice The ledgers count time differently.
    error VotingPower_ClockMismatch();
    /// @notice Delegation is done where the votes are: at FAB for the balance, at the staking contract for the stake.
    error VotingPower_DelegateAtTheSource();

    /// @notice Votes of balances.
    IERC5805 public immutable fab;
    /// @notice Votes of stakes.
    IERC5805 public immutable staking;

    /// @param fab_ FAB.
    /// @param staking_ Where FAB is staked.
    constructor(address fab_, address staking_) {
        (fab, staking) = (IERC5805(fab_), IERC5805(staking_));
        if (keccak256(bytes(fab.CLOCK_MODE())) != keccak256(bytes(staking.CLOCK_MODE()))) {
            revert VotingPower_ClockMismatch();
        }
    }

    /// @notice Votes of now.
    function getVotes(address account) external view override returns (uint256) {
        return fab.getVotes(account) + staking.getVotes(account);
    }

    /// @notice Votes at the end of a past second.
    function getPastVotes(address account, uint256 timepoint) external view override returns (uint256) {
        return fab.getPastVotes(account, timepoint) + staking.getPastVotes(account, timepoint);
    }

    /// @notice FAB there was at the end of a past second.
    function getPastTotalSupply(uint256 timepoint) external view override returns (uint256) {
        return fab.getPastTotalSupply(timepoint);
    }

    /// @notice To whom an account delegated its balance.
    function delegates(address account) external view override returns (address) {
        return fab.delegates(account);
    }

    /// @notice Not here.
    function delegate(address) external pure override {
        revert VotingPower_DelegateAtTheSource();
    }

    /// @notice Not here.
    function delegateBySig(address, uint256, uint256, uint8, bytes32, bytes32) external pure override {
        revert VotingPower_DelegateAtTheSource();
    }

    /// @notice Seconds since the epoch.
    function clock() external view override returns (uint48) {
        return fab.clock();
    }

    /// @notice That the clock counts seconds.
    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() external view override returns (string memory) {
        return fab.CLOCK_MODE();
    }
}
