// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title IGovernance
/// @notice Proposals, votes and their execution: OpenZeppelin's Governor over `VotingPower` and the timelock, and what is
/// Fabstir's own on top of it. `GovernanceTimelock` owns every contract; only what passed here moves it.
/// @dev Times are Unix seconds, votes base units of FAB. `support` is 0 against, 1 for, 2 abstain.
interface IGovernance {
    /* TYPES */

    /// @notice What governance starts with. All but the last can be changed by itself, within the same bounds.
    struct GovernanceSettings {
        uint48 votingDelay; // 1 hour to 7 days; 1 day by default
        uint32 votingPeriod; // 1 to 30 days; 7 days by default
        uint256 proposalThreshold; // at most 100,000 FAB; 10,000 FAB by default
        uint256 quorumPercent; // 1 to 50; 10 by default
        uint48 lateQuorumExtension; // at most the voting period; 1 day by default
        uint256 supermajorityBps; // 5,001 to 10,000; 8,000 by default
    }

    /// @notice One setting of one contract: a function that takes one word.
    struct ParameterUpdate {
        address targetContract;
        bytes4 functionSelector;
        string parameterName; // for whoever reads the proposal
        uint256 newValue; // as the word the function takes: numbers, addresses and booleans alike
    }

    /* EVENTS */

    /// @notice A proposal would set this. Follows the Governor's own `ProposalCreated`.
    event ParameterUpdateProposed(
        uint256 indexed proposalId,
        address indexed target,
        bytes4 indexed selector,
        string parameterName,
        uint256 newValue
    );
    /// @notice A proposal would change code, roles, owners or governance itself: it passes by supermajority only.
    event SupermajorityRequired(uint256 indexed proposalId);

    /* ERRORS */

    /// @notice A setting of governance outside its bounds.
    error Governance_OutOfRange(uint256 value, uint256 min, uint256 max);

    /* CALLS */

    /// @notice Proposes to set parameters. Caller: anyone with `proposalThreshold` votes a second ago.
    function proposeParameterUpdate(ParameterUpdate[] calldata updates, string calldata description)
        external
        returns (uint256 proposalId);

    /// @notice Queues a proposal that succeeded. Anyone may call.
    function queue(uint256 proposalId) external;

    /// @notice Executes a proposal whose time in the queue is over. Anyone may call.
    function execute(uint256 proposalId) external payable;

    /// @notice Votes with what the caller had when the voting began.
    function castVote(uint256 proposalId, uint8 support) external returns (uint256 weight);

    /* VIEWS */

    /// @notice Whether a proposal passes by supermajority only.
    function needsSupermajority(uint256 proposalId) external view returns (bool);

    /// @notice Part of the votes for and against that must be for, in such a proposal; basis points.
    function supermajorityBps() external view returns (uint256);
}

/// @title IPausable
/// @notice What the emergency role can do to a contract, and what undoes it.
interface IPausable {
    /// @notice Stops what is new.
    function pause() external;

    /// @notice Undoes it.
    function unpause() external;
}

/// @title IGovernanceTimelock
/// @notice Owns every contract: executes what governance decided, two days later; and pauses at once when the emergency
/// role says so, for 7 days at most, with at least as long between two pauses of a contract.
/// @dev No contract's pause stops an exit, so neither can the emergency role.
interface IGovernanceTimelock {
    /* EVENTS */

    /// @notice A contract was paused until then.
    event EmergencyPaused(address indexed target, address indexed by, uint256 until);
    /// @notice An emergency pause is over.
    event EmergencyEnded(address indexed target, address indexed by);

    /* ERRORS */

    /// @notice The emergency role can do nothing but pause.
    error Timelock_UnknownAction(string action);
    /// @notice Too soon after the last emergency of this contract.
    error Timelock_Resting(uint256 until);
    /// @notice The contract is not paused by an emergency.
    error Timelock_NoEmergency(address target);
    /// @notice Only the emergency role may end the pause before this.
    error Timelock_NotOver(uint256 until);
    /// @notice A delay outside its bounds.
    error Timelock_OutOfRange(uint256 value, uint256 min, uint256 max);

    /* CALLS */

    /// @notice Calls `pause()` on a contract the timelock owns. Caller: the emergency role.
    /// @param action Must be "pause".
    function executeEmergencyAction(string calldata action, address target) external;

    /// @notice Calls `unpause()`. Caller: the emergency role, or anyone once the time is over.
    function endEmergency(address target) external;

    /* VIEWS */

    /// @notice Until when a contract is paused by an emergency, and whether it still is.
    function emergencyOf(address target) external view returns (uint256 until, bool active);
}
