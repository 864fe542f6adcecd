// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IGovernance} from "./interfaces/IGovernance.sol";
import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {GovernorCountingSimple} from "@openzeppelin/contracts/governance/extensions/GovernorCountingSimple.sol";
import {GovernorPreventLateQuorum} from "@openzeppelin/contracts/governance/extensions/GovernorPreventLateQuorum.sol";
import {GovernorSettings} from "@openzeppelin/contracts/governance/extensions/GovernorSettings.sol";
import {GovernorStorage} from "@openzeppelin/contracts/governance/extensions/GovernorStorage.sol";
import {GovernorTimelockControl} from "@openzeppelin/contracts/governance/extensions/GovernorTimelockControl.sol";
import {GovernorVotes} from "@openzeppelin/contracts/governance/extensions/GovernorVotes.sol";
import {
    GovernorVotesQuorumFraction
} from "@openzeppelin/contracts/governance/extensions/GovernorVotesQuorumFraction.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";

/// @title Governance
/// @notice OpenZeppelin's Governor with bounds on its settings, parameter proposals and the supermajority rule;
/// `IGovernance` says what is ours.
/// @dev A simple majority could otherwise give itself the power to upgrade, by a new owner, a new role or new rules of
/// voting: so whatever touches code, owners, roles, this contract or the timelock needs the supermajority. A call made by
/// another contract on the way does not come from the timelock, so it has no such power.
contract Governance is
    IGovernance,
    Governor,
    GovernorSettings,
    GovernorCountingSimple,
    GovernorStorage,
    GovernorVotes,
    GovernorVotesQuorumFraction,
    GovernorPreventLateQuorum,
    GovernorTimelockControl
{
    /* CONSTANTS AND IMMUTABLES */

    uint256 private constant BPS = 10_000;
    uint256 private constant MAX_THRESHOLD = 100_000e18;

    /// @inheritdoc IGovernance
    uint256 public immutable override supermajorityBps;

    /* STORAGE */

    /// @inheritdoc IGovernance
    mapping(uint256 proposalId => bool) public override needsSupermajority;

    /* CONSTRUCTION */

    /// @param votes_ `VotingPower`.
    /// @param timelock_ Executes; this contract must get its proposer and canceller roles.
    constructor(IVotes votes_, TimelockController timelock_, GovernanceSettings memory s)
        Governor("Fabstir")
        GovernorSettings(s.votingDelay, s.votingPeriod, s.proposalThreshold)
        GovernorVotes(votes_)
        GovernorVotesQuorumFraction(s.quorumPercent)
        GovernorPreventLateQuorum(s.lateQuorumExtension)
        GovernorTimelockControl(timelock_)
    {
        _checkRange(s.supermajorityBps, BPS / 2 + 1, BPS);
        supermajorityBps = s.supermajorityBps;
    }

    /* PROPOSALS */

    /// @inheritdoc IGovernance
    function proposeParameterUpdate(ParameterUpdate[] calldata updates, string calldata description)
        external
        override
        returns (uint256 proposalId)
    {
        address[] memory targets = new address[](updates.length);
        bytes[] memory calls = new bytes[](updates.length);
        for (uint256 i = 0; i < updates.length; i++) {
            targets[i] = updates[i].targetContract;
            calls[i] = abi.encodeWithSelector(updates[i].functionSelector, updates[i].newValue);
        }
        proposalId = propose(targets, new uint256[](updates.length), calls, description);
        for (uint256 i = 0; i < updates.length; i++) {
            ParameterUpdate calldata u = updates[i];
            emit ParameterUpdateProposed(proposalId, u.targetContract, u.functionSelector, u.parameterName, u.newValue);
        }
    }

    function _propose(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calls,
        string memory description,
        address proposer
    ) internal override(Governor, GovernorStorage) returns (uint256 proposalId) {
        proposalId = super._propose(targets, values, calls, description, proposer);
        for (uint256 i = 0; i < targets.length; i++) {
            if (_isConstitutional(targets[i], bytes4(calls[i]))) {
                needsSupermajority[proposalId] = true;
                emit SupermajorityRequired(proposalId);
                break;
            }
        }
    }

    function _isConstitutional(address target, bytes4 selector) private view returns (bool) {
        return target == address(this) || target == timelock() || selector == UUPSUpgradeable.upgradeToAndCall.selector
            || selector == Ownable.transferOwnership.selector || selector == Ownable.renounceOwnership.selector
            || selector == IAccessControl.grantRole.selector || selector == IAccessControl.revokeRole.selector;
    }

    function _voteSucceeded(uint256 proposalId)
        internal
        view
        override(Governor, GovernorCountingSimple)
        returns (bool)
    {
        if (!needsSupermajority[proposalId]) return super._voteSucceeded(proposalId);
        (uint256 against, uint256 inFavour,) = proposalVotes(proposalId);
        return inFavour * BPS >= (inFavour + against) * supermajorityBps;
    }

    /// @inheritdoc IGovernance
    function queue(uint256 proposalId) public override(IGovernance, GovernorStorage) {
        super.queue(proposalId);
    }

    /// @inheritdoc IGovernance
    function execute(uint256 proposalId) public payable override(IGovernance, GovernorStorage) {
        super.execute(proposalId);
    }

    /// @inheritdoc IGovernance
    function castVote(uint256 proposalId, uint8 support) public override(IGovernance, Governor) returns (uint256) {
        return super.castVote(proposalId, support);
    }

    /* SETTINGS, WITHIN BOUNDS */

    function _setVotingDelay(uint48 delay) internal override {
        _checkRange(delay, 1 hours, 7 days);
        super._setVotingDelay(delay);
    }

    function _setVotingPeriod(uint32 period) internal override {
        _checkRange(period, 1 days, 30 days);
        super._setVotingPeriod(period);
    }

    function _setProposalThreshold(uint256 threshold) internal override {
        _checkRange(threshold, 0, MAX_THRESHOLD);
        super._setProposalThreshold(threshold);
    }

    function _updateQuorumNumerator(uint256 percent) internal override {
        _checkRange(percent, 1, 50);
        super._updateQuorumNumerator(percent);
    }

    function _checkRange(uint256 value, uint256 min, uint256 max) private pure {
        if (value < min || value > max) revert Governance_OutOfRange(value, min, max);
    }

    /* OVERRIDES THAT SOLIDITY ASKS FOR */

    /// @notice Least votes to propose with.
    function proposalThreshold() public view override(Governor, GovernorSettings) returns (uint256) {
        return super.proposalThreshold();
    }

    /// @notice What a proposal is doing.
    function state(uint256 proposalId) public view override(Governor, GovernorTimelockControl) returns (ProposalState) {
        return super.state(proposalId);
    }

    /// @notice Always: the timelock executes.
    function proposalNeedsQueuing(uint256 proposalId)
        public
        view
        override(Governor, GovernorTimelockControl)
        returns (bool)
    {
        return super.proposalNeedsQueuing(proposalId);
    }

    /// @notice When the voting ends, late quorum included.
    function proposalDeadline(uint256 proposalId)
        public
        view
        override(Governor, GovernorPreventLateQuorum)
        returns (uint256)
    {
        return super.proposalDeadline(proposalId);
    }

    function _tallyUpdated(uint256 proposalId) internal override(Governor, GovernorPreventLateQuorum) {
        super._tallyUpdated(proposalId);
    }

    function _queueOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calls,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) returns (uint48) {
        return super._queueOperations(proposalId, targets, values, calls, descriptionHash);
    }

    function _executeOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calls,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) {
        super._executeOperations(proposalId, targets, values, calls, descriptionHash);
    }

    function _cancel(address[] memory targets, uint256[] memory values, bytes[] memory calls, bytes32 descriptionHash)
        internal
        override(Governor, GovernorTimelockControl)
        returns (uint256)
    {
        return super._cancel(targets, values, calls, descriptionHash);
    }

    function _executor() internal view override(Governor, GovernorTimelockControl) returns (address) {
        return super._executor();
    }
}
