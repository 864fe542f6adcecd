// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IFabToken} from "../../src/interfaces/IFabToken.sol";
import {IGovernance, IGovernanceTimelock} from "../../src/interfaces/IGovernance.sol";
import {INodeRegistry} from "../../src/interfaces/INodeRegistry.sol";
import {ISessionMarket} from "../../src/interfaces/ISessionMarket.sol";
import {IStaking} from "../../src/interfaces/IStaking.sol";
import {Deploy} from "../utils/Deploy.sol";
import {Test} from "../utils/Test.sol";
import {Tiers} from "../utils/Tiers.sol";
import {vm} from "../utils/Vm.sol";
import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import {IERC5805} from "@openzeppelin/contracts/interfaces/IERC5805.sol";

/// @notice The whole of governance over the real contracts. Alice and bob hold 300,000 and 100,000 FAB, carol stakes
/// 100,000 in the highest tier, which is 200,000 votes.
abstract contract GovernanceTest is Test {
    address internal constant COIN = address(0);
    uint8 internal constant AGAINST = 0;
    uint8 internal constant FOR = 1;
    uint8 internal constant ABSTAIN = 2;

    IFabToken internal fab;
    IStaking internal staking;
    IERC5805 internal power;
    INodeRegistry internal registry;
    ISessionMarket internal market;
    IGovernance internal governance;
    IGovernor internal governor; // the same contract, as OpenZeppelin's
    IGovernanceTimelock internal timelock;

    address internal alice;
    address internal bob;
    address internal carol;
    address internal emergency;
    address internal stranger;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        (alice, bob, carol) = (makeAddr("alice"), makeAddr("bob"), makeAddr("carol"));
        (emergency, stranger) = (makeAddr("emergency"), makeAddr("stranger"));
        timelock = Deploy.timelock(2 days, address(this));
        fab = Deploy.fabToken(address(timelock), address(this));
        staking = Deploy.staking(address(timelock), address(fab), Tiers.standard(), 1000, 7 days);
        power = Deploy.votingPower(address(fab), address(staking));
        governance = Deploy.governance(address(power), address(timelock), standard());
        governor = IGovernor(address(governance));
        Deploy.handOver(address(timelock), address(governance), emergency);
        registry = Deploy.nodeRegistry(address(timelock), address(fab), 1000e18, 7 days, 4096);
        market = Deploy.sessionMarket(address(timelock), address(registry), address(0), stranger, 1500);
        give(alice, 300_000e18);
        give(bob, 100_000e18);
        fab.transfer(carol, 100_000e18);
        vm.startPrank(carol);
        fab.approve(address(staking), 100_000e18);
        staking.stake(100_000e18);
        vm.stopPrank();
        skip(1);
    }

    function standard() internal pure returns (IGovernance.GovernanceSettings memory) {
        return IGovernance.GovernanceSettings({
            votingDelay: 1 days,
            votingPeriod: 7 days,
            proposalThreshold: 10_000e18,
            quorumPercent: 10,
            lateQuorumExtension: 1 days,
            supermajorityBps: 8000
        });
    }

    /// @dev Hands out FAB that votes.
    function give(address account, uint256 amount) internal {
        fab.transfer(account, amount);
        vm.prank(account);
        IVotes(address(fab)).delegate(account);
    }

    /* PROPOSING */

    function setFee(uint256 feeBps) internal view returns (IGovernance.ParameterUpdate[] memory updates) {
        updates = new IGovernance.ParameterUpdate[](1);
        updates[0] = IGovernance.ParameterUpdate(address(market), ISessionMarket.setFee.selector, "feeBps", feeBps);
    }

    function proposeFee(uint256 feeBps) internal returns (uint256 id) {
        vm.prank(alice);
        return governance.proposeParameterUpdate(setFee(feeBps), "Change the fee");
    }

    function propose(address target, bytes memory call) internal returns (uint256) {
        (address[] memory targets, bytes[] memory calls) = (new address[](1), new bytes[](1));
        (targets[0], calls[0]) = (target, call);
        vm.prank(alice);
        return governor.propose(targets, new uint256[](1), calls, "Do it");
    }

    /* VOTING AND EXECUTING */

    function startVoting() internal {
        skip(1 days + 1);
    }

    function vote(address voter, uint256 id, uint8 support) internal {
        vm.prank(voter);
        governance.castVote(id, support);
    }

    /// @dev Everybody is for it; it is queued, and its time comes.
    function carry(uint256 id) internal {
        startVoting();
        vote(alice, id, FOR);
        vote(bob, id, FOR);
        vote(carol, id, FOR);
        queue(id);
    }

    function queue(uint256 id) internal {
        vm.warp(governor.proposalDeadline(id) + 1);
        governance.queue(id);
        skip(2 days);
    }

    function pass(address target, bytes memory call) internal {
        uint256 id = propose(target, call);
        carry(id);
        governance.execute(id);
    }

    function checkState(uint256 id, IGovernor.ProposalState expected) internal view {
        assertEq(uint256(governor.state(id)), uint256(expected));
    }

    function fee() internal view returns (uint256) {
        return market.getSessionRequirements(COIN).feeBps;
    }
}
