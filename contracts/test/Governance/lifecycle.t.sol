// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IGovernance} from "../../src/interfaces/IGovernance.sol";
import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {Deploy} from "../utils/Deploy.sol";
import {vm} from "../utils/Vm.sol";
import {GovernanceTest} from "./GovernanceTest.sol";
import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";
import {GovernorPreventLateQuorum} from "@openzeppelin/contracts/governance/extensions/GovernorPreventLateQuorum.sol";
import {GovernorSettings} from "@openzeppelin/contracts/governance/extensions/GovernorSettings.sol";

/// @notice `cancel` by id, which OpenZeppelin's interface lacks.
interface ICancel {
    function cancel(uint256 proposalId) external;
}

contract GovernanceLifecycleTest is GovernanceTest {
    function test_Describes() external view {
        assertEq(governor.name(), "Fabstir");
        assertEq(governor.votingDelay(), 1 days);
        assertEq(governor.votingPeriod(), 7 days);
        assertEq(governor.proposalThreshold(), 10_000e18);
        assertEq(governor.quorum(timestamp() - 1), 100_000e18);
        assertEq(GovernorPreventLateQuorum(payable(address(governor))).lateQuorumVoteExtension(), 1 days);
        assertEq(governance.supermajorityBps(), 8000);
        assertTrue(governor.proposalNeedsQueuing(0));
        assertEq(governor.clock(), timestamp());
        assertEq(governor.CLOCK_MODE(), "mode=timestamp");
        assertEq(power.getVotes(carol), 200_000e18);
    }

    function test_RevertWhen_ASettingIsOutOfBounds() external {
        IGovernance.GovernanceSettings memory s = standard();
        s.votingDelay = 1 hours - 1;
        expectOutOfRange(s, s.votingDelay, 1 hours, 7 days);
        s = standard();
        s.votingPeriod = 30 days + 1;
        expectOutOfRange(s, s.votingPeriod, 1 days, 30 days);
        s = standard();
        s.proposalThreshold = 100_000e18 + 1;
        expectOutOfRange(s, s.proposalThreshold, 0, 100_000e18);
        s = standard();
        s.quorumPercent = 51;
        expectOutOfRange(s, 51, 1, 50);
        s.quorumPercent = 0;
        expectOutOfRange(s, 0, 1, 50);
        s = standard();
        s.supermajorityBps = 5000;
        expectOutOfRange(s, 5000, 5001, 10_000);
    }

    function testFuzz_RevertWhen_BelowTheThreshold(uint256 votes) external {
        votes = bound(votes, 0, 10_000e18 - 1);
        give(stranger, votes);
        skip(1);
        vm.expectRevert(
            abi.encodeWithSelector(IGovernor.GovernorInsufficientProposerVotes.selector, stranger, votes, 10_000e18)
        );
        vm.prank(stranger);
        governance.proposeParameterUpdate(setFee(1), "Change the fee");
    }

    /// @notice From the proposal to the parameter, for any value the market accepts.
    function testFuzz_AProposalChangesAParameter(uint16 feeBps) external {
        feeBps = uint16(bound(feeBps, 0, 3000));
        uint256 id = proposeFee(feeBps);
        checkState(id, IGovernor.ProposalState.Pending);
        assertFalse(governance.needsSupermajority(id));
        startVoting();
        checkState(id, IGovernor.ProposalState.Active);
        vote(carol, id, FOR); // what is staked is quorum enough
        vote(bob, id, AGAINST);
        skip(7 days);
        checkState(id, IGovernor.ProposalState.Succeeded);
        vm.prank(stranger);
        governance.queue(id);
        checkState(id, IGovernor.ProposalState.Queued);
        skip(2 days - 1);
        vm.expectRevert();
        governance.execute(id);
        skip(1);
        assertEq(fee(), 1500);
        vm.prank(stranger);
        governance.execute(id);
        checkState(id, IGovernor.ProposalState.Executed);
        assertEq(fee(), feeBps);
    }

    function test_TellsWhatItWouldSet() external {
        vm.expectEmit(false, true, true, true, address(governance)); // the id is made in the call
        emit IGovernance.ParameterUpdateProposed(0, address(market), ISessionMarket.setFee.selector, "feeBps", 1000);
        proposeFee(1000);
    }

    function testFuzz_AllUpdatesApplyOrNone(bool good) external {
        IGovernance.ParameterUpdate[] memory updates = new IGovernance.ParameterUpdate[](2);
        updates[0] = setFee(1000)[0];
        updates[1] = IGovernance.ParameterUpdate(
            address(market), ISessionMarket.setFeeRecipient.selector, "feeRecipient", good ? uint160(alice) : 0
        );
        vm.prank(alice);
        uint256 id = governance.proposeParameterUpdate(updates, "Change both");
        carry(id);
        if (!good) vm.expectRevert(ISessionMarket.SessionMarket_ZeroAddress.selector);
        governance.execute(id);
        assertEq(fee(), good ? 1000 : 1500);
        assertEq(market.feeRecipient(), good ? alice : stranger);
    }

    function test_WithoutQuorumItIsDefeated() external {
        address dave = makeAddr("dave");
        give(dave, 100_000e18 - 1);
        uint256 id = proposeFee(1000);
        startVoting();
        vote(dave, id, FOR);
        skip(7 days);
        checkState(id, IGovernor.ProposalState.Defeated);
        vm.expectRevert();
        governance.queue(id);
    }

    function testFuzz_TheMajorityDecides(uint256 inFavour, uint256 against) external {
        inFavour = bound(inFavour, 1, 250_000e18);
        against = bound(against, 1, 250_000e18);
        (address dave, address erin) = (makeAddr("dave"), makeAddr("erin"));
        give(dave, inFavour);
        give(erin, against);
        uint256 id = proposeFee(1000);
        startVoting();
        vote(dave, id, FOR);
        vote(erin, id, AGAINST);
        vote(bob, id, ABSTAIN); // the quorum
        skip(7 days);
        bool succeeds = inFavour > against;
        checkState(id, succeeds ? IGovernor.ProposalState.Succeeded : IGovernor.ProposalState.Defeated);
    }

    function test_ALateQuorumProlongsTheVoting() external {
        uint256 id = proposeFee(1000);
        startVoting();
        uint256 deadline = governor.proposalDeadline(id);
        vm.warp(deadline - 1 hours);
        vm.expectEmit(address(governance));
        emit GovernorPreventLateQuorum.ProposalExtended(id, uint64(timestamp() + 1 days));
        vote(bob, id, FOR);
        assertEq(governor.proposalDeadline(id), timestamp() + 1 days);
        vm.warp(deadline + 1);
        vote(alice, id, AGAINST);
        skip(1 days);
        checkState(id, IGovernor.ProposalState.Defeated);
    }

    function test_RevertWhen_NeverProposed() external {
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorNonexistentProposal.selector, 7));
        governance.queue(7);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorNonexistentProposal.selector, 7));
        governance.execute(7);
    }

    function test_TheProposerWithdraws() external {
        uint256 id = proposeFee(1000);
        vm.prank(alice);
        ICancel(address(governance)).cancel(id);
        checkState(id, IGovernor.ProposalState.Canceled);
    }

    function test_SettingsChangeByProposal() external {
        pass(address(governor), abi.encodeCall(GovernorSettings.setVotingPeriod, (3 days)));
        assertEq(governor.votingPeriod(), 3 days);
        uint256 id = propose(address(governor), abi.encodeCall(GovernorSettings.setVotingPeriod, (1 hours)));
        carry(id);
        vm.expectRevert(abi.encodeWithSelector(IGovernance.Governance_OutOfRange.selector, 1 hours, 1 days, 30 days));
        governance.execute(id);
    }

    /// forge-config: default.isolate = true
    function test_Gas() external {
        uint256 id = proposeFee(1000);
        vm.snapshotGasLastCall("Governance", "proposeParameterUpdate");
        startVoting();
        vote(alice, id, FOR);
        vm.snapshotGasLastCall("Governance", "castVote, first");
        vote(carol, id, FOR);
        vm.snapshotGasLastCall("Governance", "castVote");
        vm.warp(governor.proposalDeadline(id) + 1);
        governance.queue(id);
        vm.snapshotGasLastCall("Governance", "queue");
        skip(2 days);
        governance.execute(id);
        vm.snapshotGasLastCall("Governance", "execute");
        vm.prank(emergency);
        timelock.executeEmergencyAction("pause", address(market));
        vm.snapshotGasLastCall("Governance", "executeEmergencyAction");
    }

    /// @dev A call of its own: a deployment that fails ends the function it is made in.
    function deploy(IGovernance.GovernanceSettings memory s) external {
        Deploy.governance(address(power), address(timelock), s);
    }

    function expectOutOfRange(IGovernance.GovernanceSettings memory s, uint256 value, uint256 min, uint256 max)
        private
    {
        vm.expectRevert(abi.encodeWithSelector(IGovernance.Governance_OutOfRange.selector, value, min, max));
        this.deploy(s);
    }
}
