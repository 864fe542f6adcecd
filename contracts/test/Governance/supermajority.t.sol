// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IBuyback} from "../../src/interfaces/IBuyback.sol";
import {IGovernance} from "../../src/interfaces/IGovernance.sol";
import {Uniswap, WrappedCoin} from "../Buyback/Uniswap.sol";
import {Deploy} from "../utils/Deploy.sol";
import {vm} from "../utils/Vm.sol";
import {GovernanceTest} from "./GovernanceTest.sol";
import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";

contract GovernanceSupermajorityTest is GovernanceTest {
    bytes32 private constant IMPLEMENTATION = 0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;

    IBuyback private buyback;
    address private router;

    function setUp() public override {
        super.setUp();
        router = Uniswap.router(Uniswap.factory(), address(new WrappedCoin()));
        IBuyback.Settings memory settings = IBuyback.Settings(5000, 500, 30 minutes, 1 days);
        buyback = Deploy.buyback(address(fab), address(staking), router, address(timelock), settings);
    }

    function test_IsNeededForWhatChangesThePowers() external {
        checkNeeded(address(buyback), abi.encodeCall(UUPSUpgradeable.upgradeToAndCall, (address(1), "")));
        checkNeeded(address(market), abi.encodeCall(Ownable.transferOwnership, (alice)));
        checkNeeded(address(market), abi.encodeCall(Ownable.renounceOwnership, ()));
        checkNeeded(address(1), abi.encodeCall(IAccessControl.grantRole, (0, alice)));
        checkNeeded(address(1), abi.encodeCall(IAccessControl.revokeRole, (0, alice)));
        checkNeeded(address(governor), "");
        checkNeeded(address(timelock), "");
        assertFalse(governance.needsSupermajority(propose(address(buyback), "")));
        assertFalse(governance.needsSupermajority(proposeFee(1)));
    }

    /// @notice One such call among others is enough.
    function test_IsNeededIfOneCallNeedsIt() external {
        (address[] memory targets, bytes[] memory calls) = (new address[](3), new bytes[](3));
        (targets[0], targets[1], targets[2]) = (address(market), address(timelock), address(timelock));
        vm.prank(alice);
        assertTrue(governance.needsSupermajority(governor.propose(targets, new uint256[](3), calls, "Several")));
    }

    function testFuzz_IsFourFifthsOfTheVotes(uint256 inFavour, uint256 against) external {
        inFavour = bound(inFavour, 1, 250_000e18);
        against = bound(against, 0, 250_000e18);
        checkVotes(inFavour, against, inFavour >= 4 * against);
    }

    function test_ExactlyFourFifthsPassAndAVoteLessDoesNot() external {
        uint256 id = vm.snapshotState();
        checkVotes(200_000e18, 50_000e18, true);
        vm.revertToState(id);
        checkVotes(200_000e18 - 1, 50_000e18, false);
    }

    function test_UpgradesAContractInUse() external {
        address next = Deploy.buybackImplementation(address(fab), address(staking), router);
        pass(address(buyback), abi.encodeCall(UUPSUpgradeable.upgradeToAndCall, (next, "")));
        assertEq(address(uint160(uint256(vm.load(address(buyback), IMPLEMENTATION)))), next);
        assertEq(buyback.settings().window, 30 minutes);
        assertEq(Ownable(address(buyback)).owner(), address(timelock));
    }

    /// @notice With three quarters of the votes: the role that would let it upgrade is out of reach as well.
    function test_ASimpleMajorityCannotGetRoundIt() external {
        bytes32 proposer = keccak256("PROPOSER_ROLE");
        uint256 id = propose(address(timelock), abi.encodeCall(IAccessControl.grantRole, (proposer, alice)));
        startVoting();
        vote(alice, id, FOR);
        vote(bob, id, AGAINST);
        skip(8 days);
        checkState(id, IGovernor.ProposalState.Defeated);
        vm.expectRevert();
        governance.queue(id);
        assertFalse(IAccessControl(address(timelock)).hasRole(proposer, alice));
    }

    function checkNeeded(address target, bytes memory call) private {
        uint256 id = vm.snapshotState();
        vm.expectEmit(false, false, false, false, address(governance));
        emit IGovernance.SupermajorityRequired(0);
        assertTrue(governance.needsSupermajority(propose(target, call)));
        vm.revertToState(id);
    }

    /// @dev With a quorum of abstentions, which do not count.
    function checkVotes(uint256 inFavour, uint256 against, bool passes) private {
        (address dave, address erin) = (makeAddr("dave"), makeAddr("erin"));
        give(dave, inFavour);
        give(erin, against);
        uint256 id = propose(address(buyback), abi.encodeCall(UUPSUpgradeable.upgradeToAndCall, (address(1), "")));
        startVoting();
        vote(dave, id, FOR);
        vote(erin, id, AGAINST);
        vote(alice, id, ABSTAIN);
        skip(7 days);
        checkState(id, passes ? IGovernor.ProposalState.Succeeded : IGovernor.ProposalState.Defeated);
    }
}
